"""Hints: other workers are told of work, and nothing that befalls the connection matters."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from typing import Any

import psycopg
import pytest
from services.listeners import until_listeners
from services.pgbouncer import PgBouncer
from services.postgres import OwnServer, database_on
from structlog.testing import capture_logs

from monitor.store.engine import Store
from monitor.store.hints import LANES, Hints

PATIENCE_SECONDS = 30.0


class Worker:
    """Be one worker's hints, and the lanes they woke."""

    def __init__(self, url: str) -> None:
        self.store = Store(url.replace("postgresql:", "postgresql+psycopg:"))
        self.woken: asyncio.Queue[str] = asyncio.Queue()
        self.hints = Hints(self.store, self.woken.put_nowait)

    async def next(self) -> str:
        return await asyncio.wait_for(self.woken.get(), PATIENCE_SECONDS)


@asynccontextmanager
async def listening(*urls: str, beside: int = 0) -> AsyncIterator[list[Worker]]:
    """Let workers tell and hear until the end of the block; all are connected at its beginning.

    `beside` counts those that listen already.
    """
    workers = [Worker(url) for url in urls]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.hints.run()) for one in workers]
        await until_listeners(urls[0], beside + len(workers))
        yield workers
        for task in tasks:
            task.cancel()
    for one in workers:
        one.store.close()


async def until_logged(logged: list[Any], event: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(event in line["event"] for line in logged):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_hint_wakes_the_others_and_its_own_lane_once(pg_url: str) -> None:
    async with listening(pg_url, pg_url) as (one, other):
        one.hints.wake("sends")
        assert await other.next() == "sends"
        other.hints.wake("place")  # it comes behind what the server told the first of itself
        assert [await one.next(), await one.next()] == ["sends", "place"]
        assert await other.next() == "place"


async def test_of_several_hosts_the_one_that_writes_is_listened_to(pg_url: str) -> None:
    where, name = pg_url.removeprefix("postgresql://").rsplit("/", 1)
    user, address = where.split("@")
    several = f"postgresql://{user}@/{name}?host=127.0.0.1:1&host={address}"
    several += "&target_session_attrs=read-write"
    async with listening(pg_url, several) as (there, elsewhere):
        there.hints.wake("pages")
        assert [await one.next() for one in (there, elsewhere)] == ["pages", "pages"]


async def test_hints_carry_nothing_and_name_a_lane_once(pg_url: str) -> None:
    async with (
        await psycopg.AsyncConnection.connect(pg_url, autocommit=True) as outsider,
        listening(pg_url) as (one,),
    ):
        for lane in (*LANES, "polls"):
            await outsider.execute(f"LISTEN monitor_{lane}".encode())
        for _ in range(100):
            one.hints.wake("polls")  # nobody else's: a feed is due by the clock
            one.hints.wake("place")
        one.hints.wake("sends")
        heard = [note async for note in outsider.notifies(stop_after=2, timeout=PATIENCE_SECONDS)]
        told = sorted((note.channel, note.payload) for note in heard)
        assert told == [("monitor_place", ""), ("monitor_sends", "")]


async def test_a_connection_that_is_killed_comes_back(pg_url: str) -> None:
    with capture_logs() as logged:
        async with listening(pg_url, pg_url) as (one, other):
            for pid in await until_listeners(pg_url, 2):
                await terminate(pg_url, pid)
            await until_logged(logged, "hints back")
            await until_listeners(pg_url, 2)
            one.hints.wake("compose")
            assert await other.next() == "compose"
    said = [line["event"].split(":")[0] for line in logged]
    assert sorted(said) == ["hints back"] * 2 + ["hints lost"] * 2


async def terminate(url: str, pid: int) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as killing:
        await killing.execute("SELECT pg_terminate_backend(%s)", (pid,))


async def test_a_loss_is_said_once_however_often_it_is_tried_again() -> None:
    tries: asyncio.Queue[None] = asyncio.Queue()

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.put_nowait(None)
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        worker = Worker(f"postgresql://m@127.0.0.1:{port}/m?sslmode=disable&gssencmode=disable")
        with capture_logs() as logged:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(worker.hints.run())
                for _ in range(3):
                    await asyncio.wait_for(tries.get(), PATIENCE_SECONDS)
                task.cancel()
    assert [line["event"].split(":")[0] for line in logged] == ["hints lost"]


@pytest.fixture
def own() -> Iterator[OwnServer]:
    """Give a server that a test may stop."""
    with OwnServer() as server:
        yield server


async def test_a_server_that_is_away_is_waited_for(own: OwnServer) -> None:
    with database_on(own) as url:
        for mode in ("fast", "immediate"):
            own.stop(mode)
            with capture_logs() as logged:
                waiting = Worker(url)
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(waiting.hints.run())
                    await until_logged(logged, "hints lost")
                    own.start()
                    await until_listeners(url, 1)
                    async with listening(url, beside=1) as (other,):
                        other.hints.wake("sends")
                        assert await waiting.next() == "sends"
                    task.cancel()
            assert sum("hints lost" in line["event"] for line in logged) == 1


async def test_a_stop_does_not_wait_for_a_server_that_hangs(own: OwnServer) -> None:
    with database_on(own) as url:
        worker = Worker(url)
        task = asyncio.ensure_future(worker.hints.run())  # noqa: TID251
        (pid,) = await until_listeners(url, 1)
        os.kill(pid, signal.SIGSTOP)
        try:
            worker.hints.wake("sends")
            while worker.hints._told:  # noqa: ASYNC110 - then it is said, and not answered
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,), timeout=4)
            assert task.cancelled()
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_who_is_alone_has_nobody_to_tell(tmp_path: object) -> None:
    with closing(Store(f"sqlite:///{tmp_path}/monitor.db")) as store:
        woken: list[str] = []
        hints = Hints(store, woken.append)
        hints.wake("sends")
        await asyncio.wait_for(hints.run(), PATIENCE_SECONDS)
        assert woken == ["sends"]


@pytest.mark.pgbouncer
async def test_behind_a_pooler_nothing_is_told_nor_asked(
    pgbouncer: PgBouncer, pg_url: str
) -> None:
    pooled = Worker(pgbouncer.url(pg_url))
    with capture_logs() as logged:
        await asyncio.wait_for(pooled.hints.run(), PATIENCE_SECONDS)
    assert [line["event"].split(":")[0] for line in logged] == ["hints off"]
    async with listening(pg_url) as (direct,):
        direct.hints.wake("sends")
        assert await direct.next() == "sends"
    assert "got packet 'A'" not in pgbouncer.log  # as it says of a hint that nobody takes
