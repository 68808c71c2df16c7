"""Run the product under steady load for hours, and see whether it grows.

    python bench/soak.py --hours 1.5 [--database sqlite|postgresql|URL] [--json] [--keep]

One real `monitor run` process; a driver lets its feeds fall due far more often than in service
(POLLS_PER_SECOND), and rewrites a rule every few minutes, which makes it look back and build its
index of open stories anew. The world (bench/_world.py) publishes articles, newer texts of old ones
and pages; some feeds fail or are hostile, one webhook hangs, one refuses now and then; digests go
out each minute and each five; mails go to a real SMTP server. /healthz, /readyz and /metrics are
read as a watcher would.

An article is held in memory while its story is open, 14 days: one that only adds articles must
grow. So the live set is kept as large as it was at first: what came before the newest LIVE
articles is dated back by 15 days, as if time had passed, and the product lets go of it by itself.
What the live set grew all the same is stated beside the slope, by the weight of an article.

Judged after the warm-up (the first half, at most half an hour): the slope of the process's own
memory (Theil-Sen) below 1 MB an hour, as many files and threads in the last third as in the first,
the write-ahead log of SQLite below 64 MB. Exit 1 if one is missed. MALLOC_ARENA_MAX and the like
are passed on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import combinations, cycle
from pathlib import Path
from typing import Any

import psutil
from _desk import Desk
from _lab import ROOT, keep, machine, program
from _postgres import DurableServer, environment

FEEDS, ITEMS, RULES, SHARE = 100, 20, 20, 0.5
LIVE = FEEDS * ITEMS
POLLS_PER_SECOND = 5
SAMPLE_SECONDS = 10.0
RELOAD_SECONDS = 180.0
WARM_UP_SHARE, WARM_UP_AT_MOST_SECONDS = 0.5, 1_800.0
MAX_SLOPE_MB_PER_HOUR = 1.0
MAX_WAL_MB = 64.0
FLAT_COUNT, FLAT_SHARE = 3, 0.05  # a third's median may differ by the larger of both
KEPT_POINTS = 120
POINTS_PER_LINE = 6  # one in a minute is shown while it runs
STOP_SECONDS = 30.0  # to be seen how long it takes; Docker waits 10
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

Point = dict[str, float]


def write_workspace(folder: Path, port: int, smtp_port: int, bad: list[str]) -> None:
    """Write a workspace with every kind of channel."""
    (folder / "rules").mkdir()
    (folder / "templates").symlink_to(ROOT / "templates")
    hooks = "\n".join(
        f"  {name}: {{kind: webhook, secret: '{SECRET}', "
        f"url: 'http://127.2.0.{at}:{port}/{name}'}}"
        for at, name in enumerate(("hook", "flaky", "stuck"), 1)
    )
    (folder / "monitor.yaml").write_text(
        f"channels:\n{hooks}\n"
        "  mailbox: {kind: file, path: data/mail, digest: {cron: '* * * * *'}}\n"
        "  desk: {kind: email, to: [desk@example.org], from: monitor@example.org, "
        "digest: {cron: '*/5 * * * *'}}\n"
        f"smtp: {{host: localhost, port: {smtp_port}, security: none}}\n"
        "network: {allow_private: ['127.0.0.0/8', '::1/128']}\n"
        "defaults: {again: every}\n"
    )
    living = [f"http://127.1.0.{n + 1}:{port}/feed/{n}.xml" for n in range(FEEDS)]
    broken = [f"http://127.1.1.{n + 1}:{port}/bad/{kind}" for n, kind in enumerate(bad)]
    lines = [
        f"  s{n}: {{name: Paper {n}, domains: [paper{n}.test], lang: en, feeds: ['{url}']}}"
        for n, url in enumerate((*living, *broken))
    ]
    (folder / "sources.yaml").write_text("\n".join(["sources:", *lines, ""]))
    tells = ("hook: now", "flaky: now", "desk: both", "mailbox: digest", "hook: now, stuck: now")
    for n in range(RULES):
        write_rule(folder, f"watch{n}", f"Watchword{n}", tells[n % len(tells)])


def write_rule(folder: Path, name: str, word: str, tell: str) -> None:
    """Write a rule, all at once."""
    draft = folder / "rules" / f"{name}.tmp"
    draft.write_text(f"title: {name}\nmatch:\n  what: {word}\ntell: {{{tell}}}\n")
    draft.rename(draft.with_suffix(".yaml"))


@contextmanager
def database(asked: str, folder: Path) -> Iterator[str]:
    """Give the database's URL; a server of our own is started for "postgresql"."""
    if asked == "sqlite":
        yield f"sqlite:///{folder / 'data' / 'monitor.db'}"
    elif asked == "postgresql":
        with DurableServer() as server:
            yield server.product_url("postgres")
    else:
        yield asked.replace("postgresql://", "postgresql+psycopg://", 1)


@contextmanager
def product(folder: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the product; it is killed in the end if nobody stopped it."""
    settings = {
        "MONITOR_DATA": str(folder / "data"),
        "MONITOR_DATABASE_URL": url,
        "MONITOR_PORT": "0",
    }
    command = [sys.executable, "-m", "monitor", "run", "--workspace", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment() | settings, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def address_in(log: Path) -> str:
    """Read from the log where the product listens; "" while it does not say."""
    for line in log.read_text("utf-8", "replace").splitlines():
        if line.startswith("{") and (fact := json.loads(line)).get("event") == "running":
            return str(fact["address"])
    return ""


@dataclass
class Soak:
    """Drive the load and keep the series."""

    folder: Path
    process: subprocess.Popen[bytes]
    desk: Desk
    address: str
    series: list[Point] = field(default_factory=list)
    reloads: int = 0

    def run(self, seconds: float) -> None:
        """Load the product for so long."""
        ids, start, second = cycle(self.desk.feed_ids()), time.monotonic(), 0
        while (now := time.monotonic() - start) < seconds:
            if self.process.poll() is not None:
                raise SystemExit(f"the product ended with {self.process.returncode}")
            while second < now:
                self.desk.make_feeds_due([next(ids) for _ in range(POLLS_PER_SECOND)])
                second += 1
            if now >= len(self.series) * SAMPLE_SECONDS:
                self.desk.retire(LIVE)
                self.watch()
                self.series.append({"s": round(now, 1), **self.point()})
                if len(self.series) % POINTS_PER_LINE == 1:
                    print(self.series[-1], file=sys.stderr, flush=True)
            if now >= (self.reloads + 1) * RELOAD_SECONDS:
                self.reload()
            time.sleep(0.2)

    def reload(self) -> None:
        """Change a rule, so that it looks back, and put one in the place of another."""
        self.reloads += 1
        write_rule(self.folder, "changing", f"Watchword{self.reloads % RULES}", "desk: digest")
        write_rule(self.folder, f"new{self.reloads}", f"Watchword{self.reloads % 3}", "hook: now")
        (self.folder / "rules" / f"new{self.reloads - 1}.yaml").unlink(missing_ok=True)

    def watch(self) -> None:
        """Ask what a watcher asks; that it is not ready is its answer, not ours."""
        for path in ("healthz", "readyz", "metrics"):
            try:
                urllib.request.urlopen(f"{self.address}/{path}", timeout=10).read()
            except urllib.error.HTTPError as error:
                error.close()

    def point(self) -> Point:
        """Look at the process and the database."""
        own = psutil.Process(self.process.pid)
        children = [_pss(child) for child in own.children(recursive=True)]
        articles, live = self.desk.live()
        return {
            "rss_mb": round(own.memory_info().rss / 2**20, 2),
            "pss_mb": round(_pss(own), 2),
            "children": len(children),
            "children_pss_mb": round(sum(children), 2),
            "fds": own.num_fds(),
            "threads": own.num_threads(),
            "articles": articles,
            "live": live,
            **self.desk.sizes(),
        }


def _pss(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss) / 2**20
    except psutil.Error:  # it ended while we looked
        return 0.0


def slope_per_hour(series: list[Point], name: str) -> float:
    """Give the median of the slopes between all points (Theil-Sen): an outlier moves nothing."""
    slopes = [(b[name] - a[name]) / (b["s"] - a["s"]) for a, b in combinations(series, 2)]
    return 3600 * statistics.median(slopes)


def is_flat(series: list[Point], name: str) -> bool:
    """Tell whether a count is in the last third what it was in the first."""
    first, last = thirds(series, name)
    return last - first <= max(FLAT_COUNT, FLAT_SHARE * first)


def thirds(series: list[Point], name: str) -> tuple[float, float]:
    """Give a value's medians in the first and the last third."""
    third = max(1, len(series) // 3)
    early, late = series[:third], series[-third:]
    return (
        statistics.median(one[name] for one in early),
        statistics.median(one[name] for one in late),
    )


def judge(series: list[Point], seconds: float, kb_each: float) -> dict[str, Any]:
    """Give the figures after the warm-up and the verdict."""
    warm_up = min(WARM_UP_SHARE * seconds, WARM_UP_AT_MOST_SECONDS)
    warm = [one for one in series if one["s"] >= warm_up]
    slope, live = slope_per_hour(warm, "rss_mb"), slope_per_hour(warm, "live")
    wal = max(one["wal_mb"] for one in series)
    misses = []
    if slope >= MAX_SLOPE_MB_PER_HOUR:
        misses.append(f"memory grows by {slope:.2f} MB an hour")
    misses += [f"{name} are not flat" for name in ("fds", "threads") if not is_flat(warm, name)]
    if wal >= MAX_WAL_MB:
        misses.append(f"the write-ahead log had {wal:.0f} MB")
    return {
        "warm_up_s": warm_up,
        "rss_slope_mb_per_hour": round(slope, 3),
        "rss_mb_first_and_last_third": thirds(warm, "rss_mb"),
        "rss_mb_max": max(one["rss_mb"] for one in series),
        "children_pss_mb_max": max(one["children_pss_mb"] for one in series),
        "live_articles_per_hour": round(live, 1),
        "kb_per_live_article": kb_each,
        "slope_of_live_articles_mb_per_hour": round(live * kb_each / 1024, 3),
        "fds_first_and_last_third": thirds(warm, "fds"),
        "threads_first_and_last_third": thirds(warm, "threads"),
        "wal_mb_max": wal,
        "database_slope_mb_per_hour": round(slope_per_hour(warm, "database_mb"), 2),
        "misses": misses,
    }


def soak(asked: str, seconds: float) -> dict[str, Any]:
    """Run it and give the result."""
    from _world import BAD

    world = Path(__file__).with_name("_world.py")
    arguments = map(str, (FEEDS, ITEMS, RULES, SHARE))
    with (
        tempfile.TemporaryDirectory() as name,
        program(world, *arguments) as served,
        database(asked, Path(name)) as url,
    ):
        assert served.stdout is not None
        port, smtp_port = map(int, served.stdout.readline().split())
        folder = Path(name)
        write_workspace(folder, port, smtp_port, list(BAD))
        with product(folder, url) as process:
            address = started(folder / "log", process)
            desk = Desk(url)
            this = Soak(folder, process, desk, address)
            this.run(seconds)
            stop = stopped(process)
            did = desk.done()
            desk.close()
        kb_each = weighed(url)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/figures") as answer:
            did |= json.load(answer)
    result = judge(this.series, seconds, kb_each)
    if stop["exit"] != 0:
        result["misses"].append(f"the stop was not clean: {stop}")
    step = -(-len(this.series) // KEPT_POINTS)
    return {
        "database": asked if asked in {"sqlite", "postgresql"} else "given",
        "hours": round(seconds / 3600, 3),
        **result,
        "reloads": this.reloads,
        "stop": stop,
        "did": did,
        "series": this.series[::step],
    }


def started(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait until the product runs; give its address."""
    end = time.monotonic() + 60
    while not (address := address_in(log)):
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"the product did not start: {log.read_text()[-2000:]}")
        time.sleep(0.2)
    return address


def stopped(process: subprocess.Popen[bytes]) -> dict[str, float | None]:
    """Ask the product to stop; give the seconds it took and its exit code, None if it did not."""
    start = time.monotonic()
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    return {"stop_s": round(time.monotonic() - start, 1), "exit": process.poll()}


def weighed(url: str) -> float:
    """Give the KB that one article of the live set takes in memory; 0.0 if that fails.

    The hours before must not be lost by it: its error goes to stderr.
    """
    command = [sys.executable, str(Path(__file__).with_name("_weigh.py")), url]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    return float(json.loads(done.stdout)["kb_each"]) if done.returncode == 0 else 0.0


def main() -> int:
    """Run, print, and give 1 if a goal was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=1.5)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or a URL")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--keep", action="store_true", help="keep the result in bench/results/")
    options = parser.parse_args()
    result = soak(options.database, 3600 * options.hours)
    if options.json:
        print(json.dumps(result))
    else:
        print(machine())
        for name, value in result.items():
            if name != "series":
                print(f"{name:<36}", value)
    if options.keep:
        name = "soak" if result["database"] == "sqlite" else "soak-postgresql"
        keep(name, result)
    return 1 if result["misses"] else 0


if __name__ == "__main__":
    sys.exit(main())
