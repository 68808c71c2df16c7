"""Run the lanes: APScheduler ticks, a lane works one run at a time, a wake makes it look again.

What is due stands in the database; a tick only looks. So a missed tick costs a second and nothing
else (`misfire_grace_time=None`, `coalesce`): APScheduler's defaults would skip a late job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from monitor.errors import StoreError
from monitor.pipeline import compose, dispatch, ingest, pages
from monitor.pipeline.place import Assigner
from monitor.pipeline.ports import Ports
from monitor.pipeline.settler import Settler

log = structlog.get_logger()


ALL = ("polls", "pages", "place", "compose", "sends")
"""The lanes of a full pass, in the order of an article's way."""

OFFLINE = ("place", "compose", "sends")


class Lane:
    """Do one kind of work when woken; a wake during a run makes another run follow."""

    def __init__(self, name: str, work: Callable[[], Awaitable[int]]) -> None:
        """`work` does what is due and gives how much it was; 0 ends the run."""
        self.name = name
        self.failure = ""
        self._work = work
        self._is_running = False
        self._again = False

    async def run(self) -> int:
        """Work until nothing is due; give how much was done."""
        if self._is_running:
            self._again = True
            return 0
        self._is_running, done = True, 0
        try:
            while number := await self._guarded():
                done += number
            while self._again:
                self._again = False
                done += await self._guarded()
        finally:
            self._is_running = False
        return done

    async def _guarded(self) -> int:
        try:
            number = await self._work()
        except StoreError as error:
            self._fail(str(error))
            return 0
        # One lane's defect must not stop the others: it is logged whole and tried again.
        except Exception as error:
            log.exception("lane failed", lane=self.name)
            self._fail(f"{type(error).__name__}: {error}")
            return 0
        self.failure = ""
        return number

    def _fail(self, reason: str) -> None:
        self.failure = reason
        log.error("lane failed", lane=self.name, reason=reason)


GATHER_SECONDS = 0.05
"""How long ended tasks wait for others to end, so that more is claimed at a time."""


class Crew:
    """Run at most `size` tasks side by side; a task's defect is logged and costs that task."""

    def __init__(self, group: asyncio.TaskGroup, size: int, on_done: Callable[[], None]) -> None:
        """Start tasks in `group`; `on_done` is called soon after some have ended."""
        self._group = group
        self._size = size
        self._on_done = on_done
        self.failure = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_gathering = False

    @property
    def free(self) -> int:
        """Count the tasks that may be started now."""
        return self._size - len(self._tasks)

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing runs."""
        return not self._tasks

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task."""
        if self.is_idle:
            self.failure = ""
        task = self._group.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self.is_idle:
            self._on_done()
        elif not self._is_gathering:
            self._is_gathering = True
            task.get_loop().call_later(GATHER_SECONDS, self._tell)

    def _tell(self) -> None:
        self._is_gathering = False
        self._on_done()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except StoreError as error:
            self.failure = str(error)
            log.error("work failed", reason=str(error))
        # One feed, page or delivery must not stop the others; its lease brings it back.
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            log.exception("work failed")

    async def drain(self, timeout_seconds: float | None = None) -> bool:
        """Wait until nothing runs; False if time ran out before."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout_seconds)
        return not self._tasks

    def cancel(self) -> None:
        """Cancel what runs."""
        for task in self._tasks:
            task.cancel()


class Lanes:
    """Hold all lanes of a process and their crews."""

    def __init__(
        self, ports: Ports, group: asyncio.TaskGroup, reload: Callable[[], Awaitable[int]]
    ) -> None:
        """`reload` looks whether the workspace's files have changed."""
        self._ports = ports
        self._group = group
        self._takes_wakes = False
        self.assigner = Assigner(ports)
        self._settler = Settler(ports)
        self.polls = Crew(group, ingest.POLL_AT_MOST, lambda: self.wake("polls"))
        self.page_fetches = Crew(group, pages.FETCH_AT_MOST, lambda: self.wake("pages"))
        self.sends = Crew(group, dispatch.SEND_AT_MOST, lambda: self.wake("sends"))
        self.lanes = {
            "reload": Lane("reload", reload),
            "polls": Lane("polls", self._poll),
            "pages": Lane("pages", self._fetch_pages),
            "place": Lane("place", self._place),
            "compose": Lane("compose", self._compose),
            "sends": Lane("sends", self._send),
        }

    @property
    def failures(self) -> dict[str, str]:
        """Say whose latest work failed, and why."""
        crews = {"polls": self.polls, "pages": self.page_fetches, "sends": self.sends}
        found = {name: crew.failure for name, crew in crews.items() if crew.failure}
        return found | {lane.name: lane.failure for lane in self.lanes.values() if lane.failure}

    def wake(self, name: str) -> None:
        """Hint that a lane has work; before `schedule` and after `stop` nothing is woken."""
        if self._takes_wakes:
            self._group.create_task(self._run_quietly(name))

    async def _run_quietly(self, name: str) -> None:
        await self.lanes[name].run()

    def schedule(self, scheduler: AsyncIOScheduler, every_seconds: float = 1.0) -> None:
        """Let every lane look for work each second, and at once when woken."""
        self._takes_wakes = True
        for name in self.lanes:
            scheduler.add_job(
                self._run_quietly,
                IntervalTrigger(seconds=every_seconds),
                args=(name,),
                id=name,
                misfire_grace_time=None,
                coalesce=True,
                max_instances=2,  # a run in progress makes the second return at once
            )

    async def run_pass(self, names: Sequence[str] = ALL) -> None:
        """Do all that is due now in these lanes, and what becomes due there by doing it."""
        while True:
            done = 0
            for name in names:
                done += await self.lanes[name].run()
                for crew in (self.polls, self.page_fetches, self.sends):
                    await crew.drain()
            if not done:
                return

    async def stop(self, drain_seconds: float) -> bool:
        """Cancel fetches, let sends end within a time; False if some had to be cut."""
        self._takes_wakes = False
        for crew in (self.polls, self.page_fetches):
            crew.cancel()
        is_clean = await self.sends.drain(drain_seconds)
        if not is_clean:
            self.sends.cancel()
        return is_clean

    async def _poll(self) -> int:
        if not (free := self.polls.free):
            return 0
        claimed = await ingest.claim_feeds(self._ports, free)
        for feed in claimed:
            self.polls.start(ingest.poll(self._ports, self._settler, feed))
        return len(claimed)

    async def _fetch_pages(self) -> int:
        if not (free := self.page_fetches.free):
            return 0
        claimed = await pages.claim_pages(self._ports, free)
        for page in claimed:
            self.page_fetches.start(pages.fetch(self._ports, page))
        return len(claimed)

    async def _place(self) -> int:
        placed = await self._ports.in_thread(self.assigner.place_due)
        if placed:
            self.wake("sends")
            self.wake("compose")
        return placed

    async def _compose(self) -> int:
        composed = await self._ports.in_thread(compose.compose_due, self._ports)
        if composed:
            self.wake("sends")
        return composed

    async def _send(self) -> int:
        if not (free := self.sends.free):
            return 0
        claimed = await dispatch.claim_deliveries(self._ports, free)
        for delivery in claimed:
            self.sends.start(dispatch.send(self._ports, delivery))
        return len(claimed)
