"""Measure how long it takes from an item's first serving in its feed to its webhook.

    python bench/latency.py [--json] [--feeds 1000] [--rules 50] [--seconds 100] [--keep]

The real `monitor run` polls local feeds, each a host of its own; matching items go to a local
webhook at once, grouping on. `steady`: the feeds fall due evenly over SECONDS, as they do in
service; `burst`: all fall due at one moment, as after a long stop. How often a feed is polled is
not in the figures: they begin when the item is served. CPU is the process's and its children's,
for each new article: its poll, matching, grouping, and its share of the webhooks.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from _lab import ROOT, cpu_seconds, keep, machine, program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.store.engine import Store

ITEMS = 10
WORDS = 300
SHARE = 0.2  # of the new items are looked for by a rule
PATIENCE_SECONDS = 600.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def write_workspace(folder: Path, port: int, feeds: int, rules: int) -> None:
    """Write the workspace: sources, rules and the webhook."""
    (folder / "rules").mkdir()
    (folder / "templates").symlink_to(ROOT / "templates")
    (folder / "monitor.yaml").write_text(
        f"channels:\n  hook: {{kind: webhook, url: 'http://127.0.0.1:{port}/hook', "
        f"secret: '{SECRET}'}}\nnetwork: {{allow_private: ['127.0.0.0/8']}}\n"
        "defaults: {tell: {hook: now}, again: every}\n"
    )
    lines = [
        f"  p{n}: {{name: Paper {n}, domains: [paper{n}.test], lang: en, "
        f"feeds: ['http://127.0.{n // 200}.{n % 200 + 1}:{port}/feed/{n}.xml']}}"
        for n in range(feeds)
    ]
    (folder / "sources.yaml").write_text("\n".join(["sources:", *lines, ""]))
    for n in range(rules):
        (folder / "rules" / f"watch{n}.yaml").write_text(
            f"title: Watchword {n}\nmatch:\n  what: Watchword{n} OR (prosecut* NEAR/5 nobody{n})\n"
            f"exclude: [never{n}]\n"
        )


@contextmanager
def monitor(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the product on a workspace."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
    environ = {**kept, "PYTHONPATH": str(ROOT), "MONITOR_PORT": "0"}
    command = [sys.executable, "-m", "monitor", "run", "--workspace", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, cwd=folder, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def wait_for(what: str, is_done: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something holds; give up with the run."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_done():
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"{what}: not reached")
        time.sleep(0.5)


class Told:
    """Gather what the newsroom has seen arrive."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/figures"
        self.seconds: list[float] = []
        self.published = 0

    def is_all(self) -> bool:
        """Take the latencies since the last look along; tell whether none is missing."""
        with urllib.request.urlopen(self._address) as answer:
            found = json.load(answer)
        self.seconds += found["latencies"]
        self.published = found["published"]
        return not found["untold"]


def make_due(store: Store, seconds: float) -> None:
    """Let every feed fall due once, evenly over some seconds from now on."""
    from sqlalchemy import select, update

    from monitor.store.tables import FeedRow

    start = datetime.now(UTC)
    with store.write() as tx:
        ids = tx.execute(select(FeedRow.id)).scalars().all()
        for at, feed in enumerate(ids):
            moment = start + timedelta(seconds=seconds * at / len(ids))
            tx.execute(update(FeedRow).where(FeedRow.id == feed).values(next_poll_at=moment))


def is_placed(store: Store, least: int) -> bool:
    """Tell whether so many articles are stored and the assigner has looked at all."""
    from monitor.store import articles

    with store.read() as tx:
        counts = articles.counts(tx)
    return counts["articles"] >= least and not counts["unplaced"]


def measure(feeds: int, rules: int, seconds: float) -> dict[str, dict[str, float]]:
    """Run the product and give the figures by phase."""
    from monitor.store.engine import Store

    newsroom = Path(__file__).with_name("_newsroom.py")
    arguments = map(str, (feeds, ITEMS, WORDS, rules, SHARE))
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name, program(newsroom, *arguments) as site:
        assert site.stdout is not None
        port, folder = int(site.stdout.readline()), Path(name)
        write_workspace(folder, port, feeds, rules)
        database = folder / "data" / "monitor.db"
        store = Store(f"sqlite:///{database}")
        with monitor(folder) as process:
            wait_for("start", database.exists, process)
            print(f"the first poll of {feeds} feeds ...", file=sys.stderr)
            wait_for("first poll", lambda: is_placed(store, feeds * ITEMS), process)
            for number, (phase, spread) in enumerate((("steady", seconds), ("burst", 0.0)), 1):
                print(f"{phase} ...", file=sys.stderr)
                least = feeds * (ITEMS + number)
                found[phase] = one_phase(store, process, Told(port), least, spread)
        store.close()
    return found


def one_phase(
    store: Store,
    process: subprocess.Popen[bytes],
    told: Told,
    least: int,
    spread: float,
) -> dict[str, float]:
    """Let all feeds fall due once; give percentiles in seconds and the CPU of an article."""
    told.is_all()
    before, published = cpu_seconds(process.pid), told.published
    make_due(store, spread)
    wait_for("placed", lambda: is_placed(store, least), process)
    wait_for("webhooks", told.is_all, process)
    taken = cpu_seconds(process.pid) - before
    shares = statistics.quantiles(told.seconds, n=100, method="inclusive")
    return {
        "told": len(told.seconds),
        "p50_s": round(shares[49], 3),
        "p99_s": round(shares[98], 3),
        "max_s": round(max(told.seconds), 3),
        "cpu_ms_per_article": round(1000 * taken / (told.published - published), 2),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--rules", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=100, help="over which feeds fall due")
    parser.add_argument("--keep", action="store_true", help="keep the result in bench/results/")
    options = parser.parse_args()
    found = measure(options.feeds, options.rules, options.seconds)
    if options.json:
        print(json.dumps(found))
    else:
        print(machine())
        for phase, one in found.items():
            print(phase.ljust(7), "  ".join(f"{name} {value}" for name, value in one.items()))
    if options.keep:
        shape = {name: getattr(options, name) for name in ("feeds", "rules", "seconds")}
        keep("latency", {**shape, **found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
