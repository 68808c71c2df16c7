"""Run the lanes: APScheduler ticks, a lane works one run at a time, a wake makes it look again.

What is due stands in the database; a tick only looks. So a missed tick costs a second and nothing
else (`misfire_grace_time=None`, `coalesce`): APScheduler's defaults would skip a late job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.errors import StoreError
from monitor.memory import give_back
from monitor.pipeline import compose, dispatch, ingest, pages
from monitor.pipeline.assigner import Assigner
from monitor.pipeline.indexer import Indexer
from monitor.pipeline.ports import Ports
from monitor.pipeline.release import release
from monitor.pipeline.retention import Retention
from monitor.pipeline.settler import Settler
from monitor.schedule.beat import Heart
from monitor.schedule.crew import Crew
from monitor.schedule.every import Every
from monitor.schedule.lane import Lane
from monitor.store.beats import BEAT_INTERVAL
from monitor.store.feeds import ClaimedFeed
from monitor.store.outbox import ClaimedDelivery
from monitor.store.pages import ClaimedPage

log = structlog.get_logger()

C = TypeVar("C")

ALL = ("polls", "pages", "place", "compose", "sends", "index", "retention")
"""The lanes of a full pass, in the order of an article's way."""

OFFLINE = ("place", "compose", "sends")

LOOK_SECONDS = 1.0
_BEAT_SECONDS = BEAT_INTERVAL.total_seconds()

HUNG_AFTER = timedelta(minutes=5)
"""When a lane counts as hung: new rules may look back over a large archive for minutes."""

CUT_SECONDS = 0.5
"""How long a send that is cut may take to let go."""


class Lanes:
    """Hold all lanes of a process and their crews."""

    def __init__(
        self, ports: Ports, group: asyncio.TaskGroup, reload: Callable[[], Awaitable[int]]
    ) -> None:
        """`reload` looks whether the workspace's files have changed."""
        self._ports = ports
        self._group = group
        self._takes_wakes = False
        self._runs: set[asyncio.Task[None]] = set()
        self._started_at = ports.now()
        self.assigner = Assigner(ports)
        self._heart = Heart(ports, lambda: self.failures)
        self.indexer = Indexer(ports)
        self.retention = Retention(ports)
        self.polls: Crew[ClaimedFeed] = Crew(
            group,
            ingest.POLL_AT_MOST,
            partial(ingest.poll, ports, Settler(ports)),
            partial(self.wake, "polls"),
        )
        self.page_fetches: Crew[ClaimedPage] = Crew(
            group, pages.FETCH_AT_MOST, partial(pages.fetch, ports), partial(self.wake, "pages")
        )
        self.sends: Crew[ClaimedDelivery] = Crew(
            group,
            dispatch.SEND_AT_MOST,
            partial(dispatch.send, ports),
            partial(self.wake, "sends"),
        )
        self._crews: dict[str, Crew[Any]] = {
            "polls": self.polls,
            "pages": self.page_fetches,
            "sends": self.sends,
        }
        works: dict[str, Callable[[], Awaitable[int | None]]] = {
            "reload": reload,
            "polls": partial(self._claim, self.polls, ingest.claim_feeds),
            "pages": partial(self._claim, self.page_fetches, pages.claim_pages),
            "place": self._place,
            "compose": self._compose,
            "sends": partial(self._claim, self.sends, dispatch.claim_deliveries),
            "index": partial(ports.in_thread, self.indexer.index_due),
            "retention": partial(ports.in_thread, self.retention.remove_due),
            "beat": self._beat,
        }
        self.lanes = {name: Lane(name, work, ports.clock) for name, work in works.items()}

    @property
    def failures(self) -> dict[str, str]:
        """Say whose latest work failed, and why."""
        found = {name: crew.failure for name, crew in self._crews.items() if crew.failure}
        return found | {lane.name: lane.failure for lane in self.lanes.values() if lane.failure}

    @property
    def faults(self) -> dict[str, str]:
        """Say in fixed words which lanes fail or hang."""
        now = self._ports.now()
        hung = {
            lane.name: f"it has not come back from its work for {now - ended_at}"
            for lane in self.lanes.values()
            if now - (ended_at := lane.ended_at or self._started_at) > HUNG_AFTER
        }
        return hung | dict.fromkeys(self.failures, "it failed: the log says why")

    def wake(self, name: str) -> None:
        """Hint that a lane has work; before `schedule` and after `stop` nothing is woken."""
        if self._takes_wakes:
            self.begin_run(name)

    def begin_run(self, name: str) -> asyncio.Task[None]:
        """Begin a run of one lane; a stop lets it end."""
        return self._begin(self._run(name))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin a run, in our own group: the scheduler's end must not cut it half-way."""
        task = self._group.create_task(work)
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)
        return task

    async def _run(self, name: str) -> None:
        await self.lanes[name].run()

    async def _tick(self, name: str) -> None:
        self.wake(name)

    def schedule(self, scheduler: AsyncIOScheduler) -> None:
        """Let every lane look for work each second, and at once when woken."""
        self._takes_wakes = True
        for name in self.lanes:
            scheduler.add_job(
                self._tick,
                Every(timedelta(seconds=_BEAT_SECONDS if name == "beat" else LOOK_SECONDS)),
                args=(name,),
                id=name,
                misfire_grace_time=None,
                coalesce=True,
            )
        self.wake("beat")

    def begin_pass(self, names: Sequence[str] = ALL) -> asyncio.Task[None]:
        """Begin to do all that is due now in these lanes; a stop lets it end early."""
        return self._begin(self.run_pass(names))

    async def run_pass(self, names: Sequence[str] = ALL) -> None:
        """Do all that is due now in these lanes, and what becomes due there by doing it."""
        while True:
            done = 0
            for name in names:
                done += await self.lanes[name].run()
                for crew in self._crews.values():
                    await crew.drain()
            if not done:
                return

    async def stop(self, drain_seconds: float) -> bool:
        """Begin nothing more, cancel fetches, let runs and sends end within a time.

        What was claimed and not done is let go of: it is due again at once. False if a send had
        to be cut.
        """
        self._takes_wakes = False
        for lane in self.lanes.values():
            lane.close()
        for crew in self._crews.values():
            crew.close()
        self.polls.cancel()
        self.page_fetches.cancel()
        await self._ended(drain_seconds)
        is_clean = self.sends.is_idle
        if not is_clean:
            self.sends.cancel()
            await self._ended(CUT_SECONDS)
        if self._runs:  # the database hangs, or long work: it must not hold the stop
            self._ports.store.cut()
        await self._let_go()
        return is_clean

    async def _ended(self, within_seconds: float) -> None:
        """Wait until no run and no crew is at work, or time has run out."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while self._runs:
                    await asyncio.wait(set(self._runs))
                for crew in self._crews.values():
                    await crew.drain()

    async def _let_go(self) -> None:
        feeds, fetches, owed = self.polls.cut, self.page_fetches.cut, self.sends.cut
        if not (feeds or fetches or owed):
            return
        try:
            await self._ports.in_thread(release, self._ports, feeds, fetches, owed)
        except StoreError as error:
            log.error("claims not let go of: their leases run out", reason=str(error))

    async def _claim(
        self, crew: Crew[C], claim: Callable[[Ports, int], Awaitable[Sequence[C]]]
    ) -> int | None:
        if not (free := crew.free):
            return None
        claimed = await claim(self._ports, free)
        for one in claimed:
            crew.start(one)
        return len(claimed)

    async def _place(self) -> int:
        placed = await self._ports.in_thread(self.assigner.place_due)
        if placed:
            self._ports.wake("sends")
            self._ports.wake("compose")
        return placed

    async def _compose(self) -> int:
        composed = await self._ports.in_thread(compose.compose_due, self._ports)
        if composed:
            self._ports.wake("sends")
        return composed

    async def _beat(self) -> int:
        """Leave a sign of life, and give free memory back; always 0: nothing is to be repeated."""
        await self._ports.in_thread(give_back)
        await self._ports.in_thread(self._heart.beat)
        return 0
