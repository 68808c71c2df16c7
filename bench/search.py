"""Measure how soon a search over many stored articles answers, on SQLite and on PostgreSQL.

    python bench/search.py FILE [--json] [--articles 100000] [--rounds 5] [--engine ...] [--keep]

FILE holds articles, JSON Lines `{id, title, body}`; they are stored again and again, each copy
with words of its own, until there are as many as wanted. Each query is asked in a process that
has just started, like the command's: wall and CPU time until the first result, and until all (of
a common one until the first 20, the command's limit). On PostgreSQL the server's CPU counts too.
Medians. `--keep` keeps each engine as soon as it is measured, beside what is kept of the other.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from _lab import keep, kept, machine, program
from _postgres import DurableServer

if TYPE_CHECKING:
    from monitor.model.article import Article
    from monitor.store.engine import Store

LIMIT = 20
BATCH = 500
SAY_EVERY = 10_000
NEVER = 10**9
QUERIES = {
    "selective": ("copy7 AND (government OR company OR film OR match)", NEVER),
    "selective near": ('(broadband NEAR/3 "in the UK") AND title:(UK OR broadband)', NEVER),
    "rare wildcard": ("copy3* AND theat*", NEVER),
    "common": ("government", LIMIT),
    "common words": ("said AND people AND NOT copy1", LIMIT),
    "nothing": ("government AND submarin* AND copy7", NEVER),
    "no index": ("*onomics", LIMIT),
}
"""Each with how many results are waited for."""

FIGURES = ("first_s", "all_s", "first_cpu_s", "all_cpu_s")


def made(path: Path, count: int) -> Iterator[Article]:
    """Make articles of those in a file: the copies of one differ by a word."""
    from monitor.model.article import Article, TextState
    from monitor.model.keys import SourceKey, article_key, digest_of
    from monitor.model.source import Source

    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    papers = [Source(key=SourceKey(f"p{n}"), name=f"Paper {n}", lang="en") for n in range(80)]
    for number in range(count):
        text, copy = lines[number % len(lines)], number // len(lines)
        body = f"{text['body']}\n\nNumber {number} of copy{copy} by agency{number % 997}."
        at, url = start + timedelta(minutes=number), f"https://paper.test/{number}"
        yield Article(
            key=article_key("bench", str(number)),
            feed="https://paper.test/feed",
            source=papers[number % len(papers)],
            url=url,
            canonical_url=url,
            title=text["title"],
            body=body,
            lang="en",
            published_at=at,
            first_seen_at=at,
            fetched_at=at,
            text_state=TextState.FULL,
            text_hash=digest_of(text["title"], body),
        )


def fill(store: Store, path: Path, count: int) -> dict[str, float]:
    """Store and index articles; give what each took of this process's CPU, in microseconds."""
    from sqlalchemy import update

    from monitor.store import articles, fulltext, migrate
    from monitor.store.tables import ArticleRow

    migrate.upgrade(store)
    stream, adding, indexing, done = made(path, count), 0.0, 0.0, 0
    while batch := list(islice(stream, BATCH)):
        with store.write() as tx:
            began = time.process_time()
            ids = articles.add(tx, batch, is_baseline=True)
            added = time.process_time()
            fulltext.put(tx, [(ids[article.key], article) for article in batch])
            indexing += time.process_time() - added
            adding += added - began
            of_these = ArticleRow.id.in_(list(ids.values()))
            placed = {"place_due": False, **fulltext.INDEXED}
            tx.execute(update(ArticleRow).where(of_these).values(**placed))
        done += len(batch)
        if done % SAY_EVERY == 0:
            print(f"{done:,} of {count:,} articles stored ...", file=sys.stderr)
    return {"store_us": round(1e6 * adding / count), "index_us": round(1e6 * indexing / count)}


def ask(url: str, query: str, wanted: int) -> dict[str, float]:
    """Ask once, as the command does, and take the times."""
    from monitor.match.ask import read_query
    from monitor.match.lists import TermLists
    from monitor.pipeline.archive import search
    from monitor.store.engine import Store

    node = read_query(query, TermLists({})).node
    assert node is not None
    with closing(Store(url, is_read_only=True)) as store:
        wall, cpu, found = time.perf_counter(), time.process_time(), 0
        first = 0.0, 0.0
        for _ in islice(search(store, node), wanted):
            found += 1
            if found == 1:
                first = time.perf_counter() - wall, time.process_time() - cpu
        all_s, all_cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    if not found:  # nothing comes first
        first = all_s, all_cpu_s
    return {
        "found": found,
        "first_s": first[0],
        "all_s": all_s,
        "first_cpu_s": first[1],
        "all_cpu_s": all_cpu_s,
    }


def asked(url: str, server: DurableServer | None, rounds: int) -> dict[str, dict[str, object]]:
    """Ask each query in processes of their own, in turns; give the medians."""
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in QUERIES}
    for number in range(rounds):
        for name in QUERIES:
            print(f"round {number + 1} of {rounds}: {name} ...", file=sys.stderr)
            before = server.cpu_seconds() if server else 0.0
            with program(Path(__file__), "-", "--ask", name, "--url", url) as process:
                said, _ = process.communicate()
            one = json.loads(said)
            if server:
                one["server_cpu_s"] = server.cpu_seconds() - before
            taken[name].append(one)
    return {name: {"query": QUERIES[name][0], **middle(runs)} for name, runs in taken.items()}


def middle(runs: list[dict[str, float]]) -> dict[str, float]:
    """Give the median of each figure."""
    return {name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]}


def on_sqlite(path: Path, count: int, rounds: int) -> dict[str, object]:
    """Measure on a file."""
    from monitor.store.engine import Store

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "monitor.db")
        url = f"sqlite:///{file}"
        with closing(Store(url)) as store:
            cost = fill(store, path, count)
            sizes = sqlite_bytes(store, count)
        return {"cpu_per_article": cost, **sizes, "queries": asked(url, None, rounds)}


def sqlite_bytes(store: Store, count: int) -> dict[str, object]:
    """Give the bytes of an article in the file, and in its index."""
    with store.read() as tx:
        size = "SELECT sum(pgsize) FROM dbstat"
        whole = tx.exec_driver_sql(size).scalar_one()
        index = tx.exec_driver_sql(
            f"{size} WHERE name LIKE 'article_terms%' OR name LIKE 'article_fts%'"
        ).scalar_one()
    return {"bytes_per_article": {"all": round(whole / count), "index": round(index / count)}}


def on_postgresql(path: Path, count: int, rounds: int) -> dict[str, object]:
    """Measure on a server of our own."""
    from monitor.store.engine import Store

    with DurableServer() as server:
        server.execute('create database "archive"')
        url = server.product_url("archive")
        with closing(Store(url)) as store:
            cost = fill(store, path, count)
        server.execute("VACUUM ANALYZE", "archive")
        size = "select pg_total_relation_size('{}')"
        whole = int(str(server.one("select pg_database_size('archive')", "archive")))
        index = int(str(server.one(size.format("article_terms"), "archive")))
        sizes = {"all": round(whole / count), "index": round(index / count)}
        return {
            "version": server.version,
            "cpu_per_article": cost,
            "bytes_per_article": sizes,
            "queries": asked(url, server, rounds),
        }


ENGINES = {"sqlite": on_sqlite, "postgresql": on_postgresql}


def show(name: str, found: dict[str, object]) -> None:
    """Print one engine's figures."""
    print(found["machine"])
    print(f"{name}: {found['cpu_per_article']}, {found['bytes_per_article']}")
    queries = found["queries"]
    assert isinstance(queries, dict)
    for kind, one in queries.items():
        times = "  ".join(f"{figure} {one[figure]:6.3f}" for figure in FIGURES)
        print(f"  {kind:16} found {one['found']:6.0f}  {times}")


def main() -> int:
    """Measure, or ask once."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--keep", action="store_true", help="keep the result in bench/results/")
    parser.add_argument("--ask", choices=QUERIES, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        print(json.dumps(ask(options.url, *QUERIES[options.ask])))
        return 0
    figures = {}
    for name in options.engine or ENGINES:
        found = ENGINES[name](options.file, options.articles, options.rounds)
        load = [round(one, 1) for one in os.getloadavg()]
        counts = {"articles": options.articles, "rounds": options.rounds, "load": load}
        figures[name] = {"machine": machine(), **counts, **found}
        if options.keep:
            keep("search", {**kept("search"), name: figures[name]})
    if options.json:
        print(json.dumps(figures))
    else:
        for name, one in figures.items():
            show(name, one)
    return 0


if __name__ == "__main__":
    sys.exit(main())
