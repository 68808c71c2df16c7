"""Run real workers on one database, and measure what they get done and what it costs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from _lab import ROOT, cpu_of
from _postgres import DurableServer, environment

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENCE_SECONDS = 1_800.0
LOOK_SECONDS = 0.2
STOP_SECONDS = 20.0
WINDOW = (0.1, 0.9)  # what is measured of a phase: neither its start nor its tail


@dataclass(frozen=True)
class Site:
    """Be the workspace that all workers share, and the press that feeds it."""

    folder: Path
    port: int
    pid: int
    channels: tuple[str, ...]

    def publish(self, edition: int) -> None:
        """Let the feeds hold an edition."""
        address = f"http://127.0.0.1:{self.port}/edition/{edition}"
        urllib.request.urlopen(urllib.request.Request(address, method="POST")).close()


def write_workspace(folder: Path, port: int, feeds: int, rules: int, channels: int) -> None:
    """Write a workspace in which each feed and each receiver has a host of its own."""
    (folder / "rules").mkdir()
    (folder / "templates").symlink_to(ROOT / "templates")
    hooks = [
        f"  hook{n}: {{kind: webhook, url: 'http://127.2.0.{n + 1}:{port}/hook', "
        f"secret: '{SECRET}'}}"
        for n in range(channels)
    ]
    private = "network: {allow_private: ['127.0.0.0/8']}"
    text = "\n".join(["channels:", *hooks, private, "defaults: {again: every}", ""])
    (folder / "monitor.yaml").write_text(text)
    lines = [
        f"  p{n}: {{name: Paper {n}, domains: [paper{n}.test], lang: en, "
        f"feeds: ['http://127.1.{n // 250}.{n % 250 + 1}:{port}/feed/{n}.xml']}}"
        for n in range(feeds)
    ]
    (folder / "sources.yaml").write_text("\n".join(["sources:", *lines, ""]))
    for n in range(rules):
        (folder / "rules" / f"watch{n}.yaml").write_text(
            f"title: Watchword {n}\nmatch:\n  what: Watchword{n} OR (prosecut* NEAR/5 nobody{n})\n"
            f"exclude: [never{n}]\ntell: {{hook{n % channels}: now}}\n"
        )


class Fleet:
    """Be the workers that run."""

    def __init__(self, processes: list[subprocess.Popen[bytes]]) -> None:
        self.pids = [process.pid for process in processes]
        self._processes = processes

    def check(self) -> None:
        """Give the benchmark up if a worker has ended."""
        for process in self._processes:
            if process.poll() is not None:
                raise SystemExit(f"a worker ended with {process.returncode}")


@contextmanager
def fleet(site: Site, url: str, count: int) -> Iterator[Fleet]:
    """Run workers, each with a data folder and a port of its own; they are stopped in the end."""
    processes = [_worker(site, url, number) for number in range(count)]
    try:
        yield Fleet(processes)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _worker(site: Site, url: str, number: int) -> subprocess.Popen[bytes]:
    data = site.folder / f"data-{number}"
    data.mkdir(exist_ok=True)
    settings = {"MONITOR_DATA": str(data), "MONITOR_PORT": "0", "MONITOR_DATABASE_URL": url}
    command = [sys.executable, "-m", "monitor", "run", "--workspace", str(site.folder)]
    with (data / "log").open("wb") as log:
        return subprocess.Popen(
            command, env=environment() | settings, cwd=site.folder, stdout=log, stderr=log
        )


@dataclass(frozen=True)
class Sample:
    """Be how far a phase was at a moment, and the CPU seconds used until then."""

    at: float
    left: int
    used: Mapping[str, float]


class Meter:
    """Read the CPU of the workers, the server, the press and of this program itself."""

    def __init__(self, workers: Fleet, server: DurableServer, press: int) -> None:
        self.workers = workers
        self._families = {"database": [server.pid], "press": [press], "worker": workers.pids}

    def sample(self, left: int = 0) -> Sample:
        """Read all at one moment."""
        pids = [pid for family in self._families.values() for pid in family]
        times = iter(cpu_of(pids))
        used = {name: sum(next(times) for _ in pids) for name, pids in self._families.items()}
        return Sample(time.monotonic(), left, {**used, "bench": time.process_time()})


def idle(meter: Meter, seconds: float) -> dict[str, float]:
    """Measure what workers cost that have nothing to do, in percent of one core."""
    before = meter.sample()
    time.sleep(seconds)
    after = meter.sample()
    spent = {name: 100 * (after.used[name] - was) for name, was in before.used.items()}
    share = (after.at - before.at) * len(meter.workers.pids)
    return {
        "worker_core_percent_each": round(spent["worker"] / share, 2),
        "database_core_percent_each": round(spent["database"] / share, 2),
    }


def phase(
    meter: Meter, begin: Callable[[], object], left: Callable[[], int], total: int
) -> tuple[list[Sample], dict[str, float]]:
    """Let work begin and watch until none is left; give all samples and the figures.

    Figures are of what was done between a tenth and nine tenths of the work, so neither the first
    look of the workers nor the last straggler counts: units a second, CPU milliseconds a unit of
    each party, and how many of the cores were busy with all of it.
    """
    begin()
    samples = [meter.sample(total)]
    while samples[-1].left > 0:
        meter.workers.check()
        if samples[-1].at - samples[0].at > PATIENCE_SECONDS:
            raise SystemExit(f"{samples[-1].left} of {total} were not done")
        time.sleep(LOOK_SECONDS)
        samples.append(meter.sample(left()))
    return samples, _figures(samples, total)


def _figures(samples: list[Sample], total: int) -> dict[str, float]:
    first, last = (
        next(one for one in samples if total - one.left >= share * total) for share in WINDOW
    )
    if first.left == last.left:  # it went by between two looks
        first, last = samples[0], samples[-1]
    done, seconds = first.left - last.left, last.at - first.at
    spent = {name: last.used[name] - was for name, was in first.used.items()}
    costs = {f"{name}_cpu_ms": round(1000 * one / done, 3) for name, one in spent.items()}
    busy = sum(spent.values()) / seconds
    return {"per_s": round(done / seconds, 1), **costs, "cores_busy": round(busy, 2)}


def wait_until(what: str, holds: Callable[[], bool], workers: Fleet) -> float:
    """Wait until something holds; give the seconds."""
    start = time.monotonic()
    while not holds():
        workers.check()
        if time.monotonic() - start > PATIENCE_SECONDS:
            raise SystemExit(f"{what}: not reached")
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - start


def cores() -> int:
    """Count the cores that all share."""
    return os.cpu_count() or 1
