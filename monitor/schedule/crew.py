"""A crew works on what was claimed, a bounded number side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

import structlog

from monitor.errors import StoreError

log = structlog.get_logger()

C = TypeVar("C")

GATHER_SECONDS = 0.05
"""How long ended tasks wait for others to end, so that more is claimed at a time."""


class Crew(Generic[C]):
    """Work on at most `size` claims side by side; a defect is logged and costs that claim."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        size: int,
        work: Callable[[C], Coroutine[Any, Any, None]],
        on_done: Callable[[], None],
    ) -> None:
        """Start tasks in `group`; `on_done` is called soon after some have ended."""
        self._group = group
        self._size = size
        self._work = work
        self._on_done = on_done
        self.failure = ""
        """Why a claim failed, until one that was begun later is done."""
        self._failures = 0
        self.cut: list[C] = []
        """Claims that a stop left undone."""
        self._tasks: dict[asyncio.Task[None], C] = {}
        self._is_gathering = False
        self._is_closed = False

    @property
    def free(self) -> int:
        """Count the tasks that may be started now."""
        return self._size - len(self._tasks)

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing runs."""
        return not self._tasks

    def start(self, claimed: C) -> None:
        """Start work on a claim; once the crew is closed the claim is cut instead."""
        if self._is_closed:
            self.cut.append(claimed)
            return
        task = self._group.create_task(self._guarded(claimed))
        self._tasks[task] = claimed
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        claimed = self._tasks.pop(task)
        if task.cancelled():
            self.cut.append(claimed)
        if self.is_idle:
            self._on_done()
        elif not self._is_gathering:
            self._is_gathering = True
            task.get_loop().call_later(GATHER_SECONDS, self._tell)

    def _tell(self) -> None:
        self._is_gathering = False
        self._on_done()

    async def _guarded(self, claimed: C) -> None:
        failures = self._failures
        try:
            await self._work(claimed)
        except StoreError as error:
            self._fail(str(error))
            log.error("work failed", reason=self.failure)
        # One feed, page or delivery must not stop the others; its lease brings it back.
        except Exception as error:
            self._fail(f"{type(error).__name__}: {error}")
            log.exception("work failed")
        else:
            if failures == self._failures:  # none has failed since this began
                self.failure = ""

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self._failures += 1

    async def drain(self) -> None:
        """Wait until nothing runs."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def close(self) -> None:
        """Start nothing more."""
        self._is_closed = True

    def cancel(self) -> None:
        """Cancel what runs."""
        for task in self._tasks:
            task.cancel()
