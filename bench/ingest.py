"""Measure the CPU a feed costs us, beside lemon24/reader on the same feeds.

    python bench/ingest.py [--json] [--feeds 300] [--items 50] [--rounds 3] [--keep]

Three kinds of run: `first`, all is new; `not_modified`, all answer 304; `unchanged`, all answer
200 with the bytes of before. Ours fetches, parses, cleans, matches (with the shipped rules) and
stores; grouping is another transaction, given apart as `place`. Each run is a process of its own
with a database of its own, the two take turns, and medians are given: CPU milliseconds a feed, of
the process and its children.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from _lab import ROOT, cpu_seconds, keep, machine, program

if TYPE_CHECKING:
    from monitor.app import Workspace
    from monitor.pipeline.ports import Ports

PHASES = ("first", "not_modified", "unchanged")
PEERS = ("ours", "reader")


class Stopwatch:
    """Take the CPU time of this process and its children between two looks."""

    def __init__(self) -> None:
        self._at = cpu_seconds(os.getpid())

    def lap(self) -> float:
        """Give the CPU seconds since the last lap."""
        before, self._at = self._at, cpu_seconds(os.getpid())
        return self._at - before


def ours(base: str, feeds: int, folder: Path) -> dict[str, float]:
    """Run our own corridor, from the address of a feed to stored and matched articles."""
    import uvloop

    from monitor.logs import configure_logs

    configure_logs(is_verbose=False)
    for name in ("rules", "seeds", "templates"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "monitor.yaml").write_text(
        "channels: {mailbox: {kind: file, path: data/mail, digest: {cron: '0 8 * * *'}}}\n"
        "network: {allow_private: ['127.0.0.0/8']}\n"
    )
    return uvloop.run(_ours(base, feeds, folder))


async def _ours(base: str, feeds: int, folder: Path) -> dict[str, float]:
    from monitor.app import Workspace, open_ports, open_store
    from monitor.settings import load_settings
    from monitor.store import migrate

    list_feeds(folder, base, feeds, "etag")
    settings = load_settings(folder, {})
    store, clock = open_store(settings), LeapingClock()
    migrate.upgrade(store)
    async with open_ports(settings, store, environ={}, clock=clock) as ports:
        workspace = Workspace(settings, {}, ports)
        workspace.start()
        list_kind = partial(list_feeds, folder, base, feeds)
        found = await _phases(ports, workspace, clock, list_kind)
    store.close()
    return found


async def _phases(
    ports: Ports, workspace: Workspace, clock: LeapingClock, list_kind: Callable[[str], None]
) -> dict[str, float]:
    from monitor.pipeline.assigner import Assigner
    from monitor.schedule import Lanes

    watch, found = Stopwatch(), {}
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, lambda: ports.in_thread(workspace.look))

        async def polled(kind: str) -> float:
            list_kind(kind)
            workspace.force()
            await ports.in_thread(workspace.look)
            clock.leap()
            watch.lap()
            await lanes.run_pass(("polls",))
            used = watch.lap()
            check(ports)
            return used

        found["first"] = await polled("etag")
        watch.lap()
        assigner = Assigner(ports)
        while await ports.in_thread(assigner.place_due):
            pass
        found["place"] = watch.lap()
        found["not_modified"] = await polled("etag")
        await polled("plain")  # other addresses: the bytes come for the first time
        found["unchanged"] = await polled("plain")
    return found


class LeapingClock:
    """Tell the time, some hours ahead: after a leap every feed is due."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def leap(self) -> None:
        """Go on by two hours."""
        self._ahead += timedelta(hours=2)


def list_feeds(folder: Path, base: str, feeds: int, kind: str) -> None:
    """Write sources.yaml."""
    lines = [
        f"  p{n}: {{name: Paper {n}, domains: [paper{n}.test], lang: en, "
        f"feeds: ['{base}/{kind}/{n}.xml']}}"
        for n in range(feeds)
    ]
    (folder / "sources.yaml").write_text("\n".join(["sources:", *lines, ""]))


def check(ports: Ports) -> None:
    """End the run if a feed was not polled, or failed: nothing was measured then."""
    from monitor.store import feeds

    with ports.store.read() as tx:
        states = feeds.list_states(tx)
    for state in states:
        if state.last_error or state.last_ok_at is None:
            raise SystemExit(f"{state.url}: {state.last_error or 'not polled'}")


def peer(base: str, feeds: int, folder: Path) -> dict[str, float]:
    """Run lemon24/reader over the same feeds."""
    from reader import make_reader

    found: dict[str, float] = {}

    def update(kind: str) -> float:
        with make_reader(str(folder / f"{kind}.sqlite")) as reader:
            if not reader.get_feed_counts().total:
                for number in range(feeds):
                    reader.add_feed(f"{base}/{kind}/{number}.xml")
            watch = Stopwatch()
            reader.update_feeds(workers=20, scheduled=False)
            used = watch.lap()
            broken = reader.get_feed_counts().broken
            if broken:
                raise SystemExit(f"reader: {broken} feeds failed")
            return used

    found["first"] = update("etag")
    found["not_modified"] = update("etag")
    update("plain")
    found["unchanged"] = update("plain")
    return found


RUNS: dict[str, Callable[[str, int, Path], dict[str, float]]] = {"ours": ours, "reader": peer}


def one_run(who: str, base: str, feeds: int) -> dict[str, float]:
    """Run one side in a process of its own; give CPU seconds by phase."""
    with program(Path(__file__), "--side", who, "--base", base, "--feeds", str(feeds)) as process:
        said, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"{who} failed")
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def measure(feeds: int, items: int, words: int, rounds: int) -> dict[str, dict[str, float]]:
    """Let both sides run in turn; give the medians in CPU milliseconds a feed."""
    taken: dict[str, list[dict[str, float]]] = {who: [] for who in PEERS}
    serving = Path(__file__).with_name("_feeds.py")
    with program(serving, str(feeds), str(items), str(words)) as site:
        assert site.stdout is not None
        base = site.stdout.readline().strip()
        for number in range(rounds):
            for who in PEERS if number % 2 == 0 else reversed(PEERS):
                print(f"round {number + 1} of {rounds}: {who} ...", file=sys.stderr)
                taken[who].append(one_run(who, base, feeds))

    def middle(who: str, phase: str) -> float:
        return round(1000 * statistics.median(run[phase] for run in taken[who]) / feeds, 3)

    found = {phase: {f"{who}_ms": middle(who, phase) for who in PEERS} for phase in PHASES}
    found["place"] = {"ours_ms": middle("ours", "place")}
    return found


def main() -> int:
    """Measure, or be one side of the measurement."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--items", type=int, default=50)
    parser.add_argument("--words", type=int, default=110, help="words of an item")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="keep the result in bench/results/")
    parser.add_argument("--side", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--base", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(RUNS[options.side](options.base, options.feeds, Path(folder))))
        return 0
    found = measure(options.feeds, options.items, options.words, options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        print(machine())
        for phase in PHASES:
            us, them = found[phase]["ours_ms"], found[phase]["reader_ms"]
            print(f"{phase:13} ours {us:8.3f} ms   reader {them:8.3f} ms   {them / us:6.1f} x")
        print(f"{'place':13} ours {found['place']['ours_ms']:8.3f} ms (grouping; reader has none)")
    if options.keep:
        shape = {"feeds": options.feeds, "items": options.items, "rounds": options.rounds}
        keep("ingest", {**shape, "cpu_ms_per_feed": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
