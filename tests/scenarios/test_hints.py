"""Workers on one PostgreSQL: a hint wakes another at once, and none is needed."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from services.http_site import HttpSite
from services.in_process import told
from services.listeners import PATIENCE_SECONDS, until_at_work, until_listeners
from services.pgbouncer import PgBouncer
from services.product import Workspace, item, rss
from services.webhook_sink import WebhookSink

from monitor import app
from monitor.schedule import Lanes
from monitor.settings import load_settings
from monitor.store import migrate
from monitor.store.hints import Hints

MANY = 12


@pytest.fixture
def feed(site: HttpSite) -> str:
    """Give the address of a feed with nothing in it yet."""
    return site.put("/feed", rss())


def configured(folder: Path, url: str, feed: str, sink: WebhookSink) -> Workspace:
    """Give a worker's own copy of the one workspace."""
    environment = {"MONITOR_DATABASE_URL": url, "MONITOR_PORT": "0"}
    made = Workspace(folder, environment)
    made.configure(feeds={"dawn": feed}, webhook=sink.url, tell="newsroom: now")
    return made


@asynccontextmanager
async def worker(made: Workspace) -> AsyncIterator[Lanes]:
    """Be a worker that does what it is told or hinted, and never looks by itself."""
    environ = made.environment
    settings = load_settings(made.folder, environ)
    store = app.open_store(settings)
    migrate.upgrade(store)
    box: list[Lanes] = []

    def wake(name: str) -> None:
        box[0].wake(name)

    hints = Hints(store, wake)
    async with app.open_ports(settings, store, environ=environ, wake=hints.wake) as ports:
        watched = app.Workspace(settings, environ, ports)
        await ports.in_thread(watched.start)
        async with asyncio.TaskGroup() as group:
            box.append(Lanes(ports, group, lambda: ports.in_thread(watched.look)))
            hinting = group.create_task(hints.run())
            yield box[0]
            hinting.cancel()
            await box[0].stop(8.0)
    store.close()


def news(number: int) -> str:
    name = f"acme{number}"
    return item(name, host="dawn.test", title=f"Acme in {name}", body=told(name))


async def test_news_is_sent_by_another_worker_that_was_only_hinted(
    tmp_path: Path, pg_url: str, feed: str, site: HttpSite, sink: WebhookSink
) -> None:
    finding = configured(tmp_path / "a", pg_url, feed, sink)
    sending = configured(tmp_path / "b", pg_url, feed, sink)
    async with worker(finding) as one, worker(sending) as other:
        await until_listeners(pg_url, 2)
        await one.run_pass(["polls", "place"])  # the baseline, told to nobody
        site.put("/feed", rss(news(1)))
        await make_due(pg_url)
        other.schedule(AsyncIOScheduler(timezone="UTC"))  # never started: only hints wake it
        await one.run_pass(["polls", "place"])
        assert sink.hits.all == ()
        await sink.hits.arrived(1, PATIENCE_SECONDS)


async def make_due(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as server:
        await server.execute("UPDATE feed SET next_poll_at = now() - interval '1 minute'")


@contextmanager
def running(*made: Workspace) -> Iterator[list[str]]:
    """Run workers as processes; at the end each is stopped, and its log is in the list."""
    logs: list[str] = []
    with ExitStack() as stack:
        processes = [stack.enter_context(one.start("run")) for one in made]
        try:
            yield logs
            for process in processes:
                process.send_signal(signal.SIGTERM)
            logs += ["".join(process.communicate(timeout=30)) for process in processes]
            assert [process.returncode for process in processes] == [0] * len(processes), logs
        finally:
            for process in processes:
                process.kill()


def ids(sink: WebhookSink) -> Counter[str]:
    return Counter(hit.headers["webhook-id"] for hit in sink.hits.all)


@pytest.mark.slow
async def test_a_worker_whose_connections_are_killed_works_on_and_hears_again(
    tmp_path: Path, pg_url: str, feed: str, site: HttpSite, sink: WebhookSink
) -> None:
    workers = [configured(tmp_path / name, pg_url, feed, sink) for name in "ab"]
    assert workers[0].run("run", "--once").returncode == 0
    site.put("/feed", rss(*map(news, range(MANY))))
    with running(*workers) as logs:
        await until_listeners(pg_url, 2)
        async with await psycopg.AsyncConnection.connect(pg_url, autocommit=True) as server:
            await server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await make_due(pg_url)
        await sink.hits.arrived(MANY, PATIENCE_SECONDS)
        await until_listeners(pg_url, 2)
    assert set(ids(sink).values()) == {1}
    assert len(sink.hits.all) == MANY
    for log in logs:
        assert len(re.findall("hints lost", log)) == len(re.findall("hints back", log)) == 1


@pytest.mark.slow
@pytest.mark.pgbouncer
async def test_workers_behind_a_pooler_lose_nothing_and_tell_nothing_twice(
    tmp_path: Path,
    pgbouncer: PgBouncer,
    pg_url: str,
    feed: str,
    site: HttpSite,
    sink: WebhookSink,
) -> None:
    pooled = pgbouncer.url(pg_url)
    workers = [configured(tmp_path / name, pooled, feed, sink) for name in "ab"]
    assert workers[0].run("run", "--once").returncode == 0
    site.put("/feed", rss(*map(news, range(MANY))))
    with running(*workers) as logs:
        await until_at_work(pg_url, 2)
        await make_due(pg_url)
        await sink.hits.arrived(MANY, PATIENCE_SECONDS)
    assert len(sink.hits.all) == MANY
    assert set(ids(sink).values()) == {1}
    for log in logs:
        assert "lane failed" not in log
