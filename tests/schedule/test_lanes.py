"""Lanes: what a stop meets half-way is ended or let go of."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from services.product import Workspace as Files
from services.refusal import refusing
from sqlalchemy import select

from monitor.app import open_ports, open_store
from monitor.errors import StoreError
from monitor.model.keys import SourceKey
from monitor.pipeline.ports import Ports
from monitor.pipeline.workers import read_workers, troubles
from monitor.schedule import Lanes
from monitor.settings import load_settings
from monitor.store import feeds, migrate
from monitor.store.tables import FeedRow

LONG = timedelta(minutes=6)


@pytest.fixture
async def ports(tmp_path: Path) -> AsyncIterator[Ports]:
    """Give the ports of a workspace in which one feed is due."""
    files = Files(tmp_path)
    files.configure()
    settings = load_settings(files.folder, {})
    store = open_store(settings)
    migrate.upgrade(store)
    async with open_ports(settings, store, environ={}) as opened:
        wanted = [(SourceKey("dawn"), "http://127.0.0.1:1/feed")]
        with store.write() as tx:
            feeds.sync(tx, wanted, now=opened.now(), interval=timedelta(hours=1))
        yield opened
    store.close()


async def nothing() -> int:
    return 0


async def test_a_claim_that_a_stop_meets_half_way_is_let_go_of(ports: Ports) -> None:
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, nothing)
        with held(ports):
            lanes.begin_pass(["polls"])
            await asyncio.sleep(0)  # the claim has begun, and waits for its turn to write
            stopping = group.create_task(lanes.stop(5.0))
            await asyncio.sleep(0)
        assert await stopping
    with ports.store.read() as tx:
        (row,) = tx.execute(select(FeedRow.__table__.columns)).all()
    assert row.fence == 1  # it was claimed
    assert (row.claimed_until, row.crashes) == (None, 0)


class held:  # noqa: N801 - reads as a function
    """Hold the one writer until the end of the block."""

    def __init__(self, ports: Ports) -> None:
        self._ports, self._end, self._begun = ports, threading.Event(), threading.Event()

    def __enter__(self) -> None:
        self._thread = threading.Thread(target=self._hold)
        self._thread.start()
        self._begun.wait(10)

    def _hold(self) -> None:
        with self._ports.store.write():
            self._begun.set()
            self._end.wait(10)

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(10)


async def test_a_run_is_not_cut_with_whoever_waits_for_it(ports: Ports) -> None:
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, nothing)
        with held(ports):
            waiting = group.create_task(asyncio.wait((lanes.begin_run("polls"),)))
            await asyncio.sleep(0)  # the claim has begun, and waits for its turn to write
            waiting.cancel()
            stopping = group.create_task(lanes.stop(5.0))
            await asyncio.sleep(0)
        assert await stopping
    with ports.store.read() as tx:
        assert tx.execute(select(FeedRow.fence, FeedRow.claimed_until)).all() == [(1, None)]


async def test_a_lane_that_fails_is_said_in_status_until_it_works(ports: Ports) -> None:
    reasons = [StoreError("no such column")]

    async def fail_once() -> int:
        if reasons:
            raise reasons.pop()
        return 0

    def said() -> list[tuple[str, str, str]]:
        with ports.store.read() as tx:
            found = troubles(read_workers(tx, now=ports.now()))
            return [(one.kind, one.subject, one.reason) for one in found]

    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, fail_once)
        await lanes.run_pass(["reload", "beat"])
        assert said() == [("lane", "reload", "no such column")]
        await lanes.run_pass(["reload", "beat"])
        assert said() == []


async def test_nothing_is_woken_after_a_stop(ports: Ports) -> None:
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, nothing)
        await lanes.stop(1.0)
        lanes.wake("polls")
        assert await lanes.lanes["polls"].run() == 0
    with ports.store.read() as tx:
        assert tx.execute(select(FeedRow.fence)).scalar_one() == 0


async def test_a_cancelled_caller_waits_for_its_thread(ports: Ports) -> None:
    begun, end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        end.wait(10)
        ended.set()

    async with asyncio.TaskGroup() as group:
        working = group.create_task(ports.in_thread(work))
        await asyncio.to_thread(begun.wait, 10)
        working.cancel()
        await asyncio.sleep(0)
        assert not working.done()
        end.set()
    assert ended.is_set()
    assert working.cancelled()


async def test_a_lane_that_hangs_is_a_fault_and_so_is_one_that_fails(ports: Ports) -> None:
    later = replace(ports, clock=lambda: ports.now() + LONG)

    async def fail() -> int:
        raise StoreError("at 10.0.0.1")

    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, fail)
        await lanes.run_pass(["reload", "place", "compose", "pages", "sends", "beat"])
        assert lanes.faults == {"reload": "it failed: the log says why"}
        lanes._ports = later
        assert set(lanes.faults) == set(lanes.lanes)
        assert "it has not come back" in lanes.faults["polls"]


async def test_a_beat_that_cannot_be_written_is_a_fault(ports: Ports) -> None:
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, nothing)
        with refusing(ports.store):
            await lanes.lanes["beat"].run()
        assert list(lanes.faults) == ["beat"]
        await lanes.lanes["beat"].run()
        assert lanes.faults == {}


async def test_a_late_tick_is_made_up_for_and_many_are_one(ports: Ports) -> None:
    scheduler = AsyncIOScheduler(timezone="UTC")
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, nothing)
        lanes.schedule(scheduler)
        jobs = scheduler.get_jobs()
        scheduler.start()
        assert {job.id for job in jobs} == set(lanes.lanes)
        assert all(job.misfire_grace_time is None and job.coalesce for job in jobs)
        scheduler.shutdown(wait=False)
        await lanes.stop(5.0)
