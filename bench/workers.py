"""Measure 1, 2, 4 and 8 workers on one PostgreSQL, and its queue beside two libraries.

    python bench/workers.py [--json] [--keep] [--parts scale,assigner,beside] [--quick]
                            [--bloat-minutes 60]

Real `monitor run` processes work on one real server (fsync=on, synchronous_commit=on), which this
program starts; feeds and receivers are one process on loopback, each a host of its own. The parts:

scale     with each number of workers: polls that bring nothing (304), polls that bring one new
          article, articles placed, webhooks settled; each phase alone, the next one's work waits.
assigner  the same placing by one worker, beside few and many open stories.
beside    one job = claim, insert an article and a match in a transaction, complete: the product's
          store, procrastinate and pgqueuer, with as many workers, in turns; filling not counted.
bloat     a paced load for some minutes: the tables' size, dead rows, and size after VACUUM FULL.

`worker_cpu_ms` and `database_cpu_ms` are CPU per unit (utime + stime of the process trees in
/proc; of the server the postmaster, its living children and those it has waited for). On a larger
machine `per_s` grows until one of them, times the rate, fills the cores it has: on this one all
parties share the cores, the load's own share stands beside (`press_cpu_ms`, `bench_cpu_ms`).
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from _beside import beside
from _bloat import bloat
from _lab import RESULTS, keep, machine
from _postgres import DURABLE, DurableServer
from _scale import Load, assigner, measure, newsroom

PARTS = ("scale", "assigner", "beside")
FULL = Load(feeds=2_000, items=10, deliveries=4_000)
QUICK = Load(feeds=200, items=5, deliveries=400)


def main() -> int:
    """Measure and print."""
    options = arguments()
    load = QUICK if options.quick else FULL
    counts = [int(one) for one in options.workers.split(",")]
    parts = [] if options.bloat_minutes else options.parts.split(",")
    found: dict[str, Any] = {}
    with DurableServer() as server:
        found["postgresql"] = f"{server.version} {DURABLE}"
        if "scale" in parts:
            with newsroom(server, load) as site:
                figures = measure(server, site, load, counts, options.rounds)
            found["scale"] = {"feeds": load.feeds, "articles": load.feeds * load.items, **figures}
        if "assigner" in parts:
            sizes = [1_000, 2_000] if options.quick else [4_000, 20_000, 60_000]
            found["assigner"] = assigner(server, load, sizes)
        if "beside" in parts:
            jobs = 200 if options.quick else 2_000
            found["beside"] = beside(server, jobs, counts, options.rounds)
        if options.bloat_minutes:
            found["bloat"] = bloat(server, options.bloat_minutes)
    show(found, as_json=options.json)
    if options.keep:
        keep(
            "workers", kept() | {name: {"of": machine(), "is": one} for name, one in found.items()}
        )
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--keep", action="store_true", help="keep the result in bench/results/")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--workers", default="1,2,4,8")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, to try it out")
    parser.add_argument("--bloat-minutes", type=float, default=0, help="only this part, so long")
    return parser.parse_args()


def kept() -> dict[str, Any]:
    """Give the parts of the last result: they may be measured one at a time."""
    file = RESULTS / "workers.json"
    found = json.loads(file.read_text("utf-8")) if file.exists() else {}
    found.pop("machine", None)
    return found


def show(found: dict[str, Any], *, as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        print(json.dumps(found))
        return
    print(machine())
    for part, figures in found.items():
        print(f"\n{part}")
        _show(figures, "  ")


def _show(figures: Any, indent: str) -> None:
    if not isinstance(figures, dict):
        for line in figures if isinstance(figures, list) else [figures]:
            print(indent, line)
        return
    for name, one in figures.items():
        is_deep = isinstance(one, dict) and any(isinstance(v, dict) for v in one.values())
        print(f"{indent}{name:<18}", "" if is_deep else one)
        if is_deep:
            _show(one, indent + "  ")


if __name__ == "__main__":
    sys.exit(main())
