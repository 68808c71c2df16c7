"""Measure what grouping costs with many live articles: CPU an article, memory, taking over.

    python bench/stories_scale.py [--articles FILE] [--live N ...] [--takeover N]
                                  [--engines sqlite,postgresql] [--json] [--keep]

FILE holds real articles, JSON Lines `{id, title, body}` (default: the shared ones); they are
recombined into as many as wanted. Each number of live articles has a process of its own:

    cpu_ms    of placing one more article, over 1,000 of them: mean, median, p99
    rss_kb    by which the process grew, a live story and a live article; what was warm before
              (model, words remembered) is left out
    traced_kb the same by tracemalloc, which counts what the objects take; in a process apart

Taking over is what a new assigner does on a database with as many live articles: CPU and wall
seconds until it can place the next one, and the database server's CPU.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path

import structlog
from _lab import ROOT, keep, machine
from _postgres import DurableServer
from _recombined import SPAN, START, Recombined

from monitor.group.index import StoryIndex
from monitor.model.article import Article
from monitor.model.keys import StoryId
from monitor.model.story import Placement, Relation
from monitor.store import articles, migrate, placing, profiles, seating
from monitor.store.engine import Store
from monitor.store.profiles import Kept

sys.path.insert(0, str(ROOT / "tests"))

from services.assigner import Desk

SHARED = Path(os.environ.get("MONITOR_TEST_SHARED", ROOT.parent / "shared"))
ARTICLES = SHARED / "data" / "articles" / "articles.jsonl"
SERIES = (1_000, 10_000, 50_000, 100_000)
TRACED = 10_000  # tracing takes long, and what an article takes depends little on their number
TAKEN_OVER = 50_000
PLACED = 1_000  # articles whose placing is timed
WARM = 1_000  # articles read before anything is measured
BATCH = 500
PAGE = os.sysconf("SC_PAGE_SIZE")


def story_of(event: int) -> StoryId:
    """Name an event's story."""
    return StoryId(f"sto_{event:020d}")


def resident_kb() -> float:
    """Give the memory that this process occupies, garbage collected."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1024


def warm(path: Path) -> None:
    """Fill the caches that any process fills, whatever it holds."""
    index = StoryIndex()
    for article, _ in islice(Recombined(path, WARM, seed=2), WARM):
        index.place(article, now=article.first_seen_at)


def fill(index: StoryIndex, stream: Iterator[tuple[Article, int]], count: int) -> None:
    """Hold articles in the stories of their events, as on taking over."""
    seen: set[int] = set()
    for article, event in islice(stream, count):
        index.restore(
            article, story_of(event), Relation.EVENT if event in seen else Relation.FIRST
        )
        seen.add(event)
    index.settle()


def measure(path: Path, live: int) -> dict[str, float]:
    """Measure one number of live articles."""
    warm(path)
    stream = iter(Recombined(path, live + PLACED))
    index, before = StoryIndex(), resident_kb()
    fill(index, stream, live)
    grown = resident_kb() - before
    held = index.open_story_count
    taken, joined = [], 0
    for article, _ in islice(stream, PLACED):
        start = time.thread_time_ns()
        placement = index.place(article, now=article.first_seen_at)
        index.regrouping(placement)
        taken.append((time.thread_time_ns() - start) / 1e6)
        joined += not placement.is_new
    return {
        "live": live,
        "stories": held,
        "cpu_ms_mean": round(statistics.mean(taken), 2),
        "cpu_ms_median": round(statistics.median(taken), 2),
        "cpu_ms_p99": round(statistics.quantiles(taken, n=100)[98], 2),
        "rss_kb_a_story": round(grown / held, 2),
        "rss_kb_an_article": round(grown / live, 2),
        "joined_percent": round(100 * joined / PLACED, 1),
    }


def trace(path: Path, live: int) -> dict[str, float]:
    """Measure by tracemalloc what a live story and a live article take."""
    warm(path)
    stream = iter(Recombined(path, live + PLACED))
    gc.collect()
    tracemalloc.start()
    before, index = tracemalloc.get_traced_memory()[0], StoryIndex()
    fill(index, stream, live)
    gc.collect()
    grown = (tracemalloc.get_traced_memory()[0] - before) / 1024
    return {
        "live": live,
        "traced_kb_a_story": round(grown / index.open_story_count, 2),
        "traced_kb_an_article": round(grown / live, 2),
    }


def seat_all(store: Store, path: Path, live: int) -> None:
    """Store as many articles in the stories of their events, with what grouping read of them."""
    migrate.upgrade(store)
    stream, seen, index = iter(Recombined(path, live)), set[int](), StoryIndex()
    left = live
    while batch := list(islice(stream, min(left, BATCH))):
        left -= len(batch)
        with store.write() as tx:
            ids = articles.add(tx, [article for article, _ in batch], is_baseline=False)
            kept = {}
            for article, event in batch:
                relation = Relation.EVENT if event in seen else Relation.FIRST
                seen.add(event)
                placement = Placement(
                    article=article.key,
                    story=story_of(event),
                    relation=relation,
                    score=0.9,
                    threshold=0.5,
                    model="bench",
                )
                number, now = ids[article.key], article.first_seen_at
                seating.seat(tx, number, article, placement, now=now)
                index.restore(article, placement.story, relation)
                kept[number] = Kept(1, index.stored(article.key))
            profiles.put(tx, kept)
            placing.mark_placed(tx, list(ids.values()))


def take_over(url: str, live: int) -> dict[str, float]:
    """Let a new assigner take over; give what it took until it is ready."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with closing(Store(url)) as store:
        desk = Desk(store, START + SPAN + timedelta(hours=1))
        wall, cpu = time.perf_counter(), time.process_time()
        desk.assigner.place_due()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"live": live, "cpu_s": round(cpu, 2), "wall_s": round(wall, 2)}


@contextmanager
def database(engine: str) -> Iterator[tuple[str, DurableServer | None]]:
    """Have an empty database, and its server."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/monitor.db", None
        return
    with DurableServer() as server:
        server.execute('create database "scale"')
        yield server.product_url("scale"), server


def measure_takeover(engine: str, path: Path, live: int) -> dict[str, float]:
    """Measure taking over on one database."""
    with database(engine) as (url, server):
        with closing(Store(url)) as store:
            seat_all(store, path, live)
        used = server.cpu_seconds() if server else 0.0
        took = apart(["--url", url, "--takeover", str(live)])
        if server:
            took["server_cpu_s"] = round(server.cpu_seconds() - used, 2)
        return took


def apart(arguments: Sequence[str]) -> dict[str, float]:
    """Measure in a process of its own: nothing is warm, no other's memory is in the figures."""
    command = [sys.executable, __file__, *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    print(output.strip(), file=sys.stderr, flush=True)  # the next may take minutes
    return dict(json.loads(output))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the series and taking over, or one part of it for the process that does."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=Path, default=ARTICLES, help="JSON Lines of real ones")
    parser.add_argument("--live", type=int, nargs="*", default=SERIES, help="numbers to measure")
    parser.add_argument("--takeover", type=int, default=TAKEN_OVER, help="live articles; 0: none")
    parser.add_argument("--engines", default="sqlite,postgresql", help="that are taken over")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--keep", action="store_true", help="keep them in bench/results")
    for internal in ("--one", "--traced"):
        parser.add_argument(internal, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    path = options.articles
    if options.one or options.traced or options.url:
        print(json.dumps(part(options)))
        return 0
    source = ["--articles", str(path)]
    runs = [apart([*source, "--one", str(live)]) for live in options.live]
    traced = [apart([*source, "--traced", str(n)]) for n in options.live if n <= TRACED]
    engines = options.engines.split(",") if options.takeover else []
    taken = {engine: measure_takeover(engine, path, options.takeover) for engine in engines}
    figures: dict[str, object] = {"runs": runs, "traced": traced, "takeover": taken}
    if options.keep:
        keep("stories-scale", figures)
    print(json.dumps(figures, indent=None if options.json else 1))
    if not options.json:
        print(machine(), file=sys.stderr)
    return 0


def part(options: argparse.Namespace) -> dict[str, float]:
    """Measure what a process was started for."""
    if options.one:
        return measure(options.articles, options.one)
    if options.traced:
        return trace(options.articles, options.traced)
    return take_over(options.url, options.takeover)


if __name__ == "__main__":
    sys.exit(main())
