"""Be one worker that drains a queue of domain inserts: ours, procrastinate's or pgqueuer's.

    python bench/_queues.py fill ENGINE URL JOBS
    python bench/_queues.py work ENGINE URL

A job inserts an article of 2 kB and a match, by the same store functions, in one transaction and
in a thread, as the product does. Ours settles its claim in that transaction; the libraries
complete the job in one of their own. `work` prints "ready", begins at a line on stdin, prints the
number of its jobs and the moment of the last (monotonic seconds), and ends at the next line.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from _lab import ROOT  # noqa: F401 - puts the product on the path

from monitor.model.article import Article, Origin, Precision, TextState
from monitor.model.keys import ArticleKey, Revision, RuleId, SourceKey
from monitor.model.rule import Finding, Match
from monitor.model.source import Source
from monitor.store import articles, feeds, rule_matches
from monitor.store.engine import Store, Tx
from monitor.store.feeds import ClaimedFeed, Polled

THREADS = 4  # as the product has
BATCH = 50  # feeds the product claims at a time when its crew is idle
LEASE = timedelta(seconds=60)
INTERVAL = timedelta(minutes=15)
NOW = datetime.now(UTC)
BODY = "The committee has asked for a report on the matter by the end of the week. " * 27
SOURCE = Source(key=SourceKey("paper"), name="Paper")


def insert(tx: Tx, number: int) -> None:
    """Insert the article and the match of a job."""
    article = Article(
        key=ArticleKey(f"{number:032x}"),
        feed="https://paper.test/feed",
        source=SOURCE,
        url=f"https://paper.test/{number}",
        canonical_url=f"https://paper.test/{number}",
        title=f"Committee asks for report number {number}",
        has_real_title=True,
        body=BODY,
        author="",
        tags=(),
        lang="en",
        published_at=NOW,
        published_precision=Precision.SECOND,
        first_seen_at=NOW,
        fetched_at=NOW,
        text_state=TextState.FULL,
        text_hash=f"{number:064x}",
        origin=Origin.FEED,
    )
    finding = Finding(line="what", clause="report", text="report", spans=())
    match = Match(
        rule_id=RuleId("reports"),
        revision=Revision("1"),
        article=article.key,
        findings=(finding,),
    )
    ids = articles.add(tx, [article], is_baseline=False)
    rule_matches.add(tx, ids[article.key], [match], is_quiet=False, now=NOW)


class Engine(ABC):
    """Be a queue."""

    def __init__(self, url: str) -> None:
        self.store = Store(url.replace("postgresql://", "postgresql+psycopg://", 1))
        self.url = url
        self.holder = f"bench-{os.getpid()}"
        self.threads = ThreadPoolExecutor(THREADS)
        self.done, self.last_at = 0, time.monotonic()

    @abstractmethod
    async def fill(self, jobs: int) -> None:
        """Make the queue and put jobs into it."""

    @abstractmethod
    async def drain(self, ready: Callable[[], None]) -> None:
        """Connect, say `ready`, which returns when it is time, and work until none is left."""

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Do a job's transaction."""
        await asyncio.get_running_loop().run_in_executor(self.threads, work)
        self.done += 1
        self.last_at = time.monotonic()

    def insert_alone(self, number: int) -> None:
        """Do the domain's part of a job."""
        with self.store.write() as tx:
            insert(tx, number)


class Ours(Engine):
    """Claim rows of the domain, and settle each with its insert, as T1 does."""

    async def fill(self, jobs: int) -> None:
        """Owe polls."""
        wanted = [(SOURCE.key, f"https://paper{n}.test/feed") for n in range(jobs)]
        with self.store.write() as tx:
            feeds.sync(tx, wanted, now=datetime.now(UTC), interval=INTERVAL)

    async def drain(self, ready: Callable[[], None]) -> None:
        """Claim and settle."""
        self.store.check()
        ready()
        loop = asyncio.get_running_loop()
        while claimed := await loop.run_in_executor(self.threads, self._claim):
            for feed in claimed:  # one at a time, as the product's T1
                await self.in_thread(lambda feed=feed: self._job(feed))

    def _claim(self) -> tuple[ClaimedFeed, ...]:
        now = datetime.now(UTC)
        with self.store.read() as tx:
            if not feeds.count_due(tx, now=now):
                return ()
        with self.store.write() as tx:
            return feeds.claim_due(tx, holder=self.holder, now=now, lease=LEASE, limit=BATCH)

    def _job(self, feed: ClaimedFeed) -> None:
        now = datetime.now(UTC)
        polled = Polled(at=now, next_poll_at=now + INTERVAL, interval=INTERVAL, new_articles=1)
        with self.store.write() as tx:
            insert(tx, feed.id)
            feeds.settle(tx, feed, polled)


class Procrastinate(Engine):
    """Let procrastinate call us."""

    def __init__(self, url: str) -> None:
        from procrastinate import App, PsycopgConnector

        super().__init__(url)
        self.app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=10))

        @self.app.task(name="insert")
        async def job(number: int) -> None:
            await self.in_thread(lambda: self.insert_alone(number))

        self.job = job

    async def fill(self, jobs: int) -> None:
        """Defer jobs."""
        async with self.app.open_async():
            await self.app.schema_manager.apply_schema_async()
            await self.job.batch_defer_async(*({"number": n} for n in range(jobs)))

    async def drain(self, ready: Callable[[], None]) -> None:
        """Run its worker until it has caught up."""
        self.store.check()
        async with self.app.open_async():
            ready()
            await self.app.run_worker_async(
                wait=False, concurrency=10, install_signal_handlers=False
            )


class PgQueuer(Engine):
    """Let pgqueuer call us."""

    async def fill(self, jobs: int) -> None:
        """Enqueue jobs."""
        import asyncpg
        from pgqueuer import Queries

        connection = await asyncpg.connect(self.url)
        queries = Queries.from_asyncpg_connection(connection)
        await queries.install()
        payloads = [str(n).encode() for n in range(jobs)]
        await queries.enqueue(["insert"] * jobs, payloads, [0] * jobs)
        await connection.close()

    async def drain(self, ready: Callable[[], None]) -> None:
        """Run its manager until the queue is drained."""
        import asyncpg
        import pgqueuer
        from pgqueuer.types import QueueExecutionMode

        self.store.check()
        connection = await asyncpg.connect(self.url)
        queue = pgqueuer.PgQueuer.from_asyncpg_connection(connection)

        @queue.entrypoint("insert")
        async def job(job: pgqueuer.Job) -> None:
            number = int(job.payload or b"")
            await self.in_thread(lambda: self.insert_alone(number))

        ready()
        await queue.run(
            mode=QueueExecutionMode.drain,
            batch_size=10,
            dequeue_timeout=timedelta(seconds=0.1),
        )


ENGINES: dict[str, type[Engine]] = {
    "ours": Ours,
    "procrastinate": Procrastinate,
    "pgqueuer": PgQueuer,
}


def _ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def main() -> None:
    """Fill or work."""
    logging.getLogger("procrastinate").setLevel(logging.ERROR)  # this module is no package
    verb, name, url, *jobs = sys.argv[1:]
    engine = ENGINES[name](url)
    if verb == "fill":
        asyncio.run(engine.fill(int(jobs[0])))
        return
    asyncio.run(engine.drain(_ready))
    print(engine.done, engine.last_at, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
