"""A lane does one kind of work, one run at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from monitor.clock import Clock
from monitor.errors import StoreError

log = structlog.get_logger()


class Lane:
    """Do one kind of work when woken; a wake during a run makes another run follow."""

    def __init__(self, name: str, work: Callable[[], Awaitable[int | None]], clock: Clock) -> None:
        """`work` does what is due and gives how much it was; 0 ends the run.

        None ends it too: nothing could be looked at, which cures no failure.
        """
        self.name = name
        self.failure = ""
        self.ended_at: datetime | None = None
        """When it last came back from its work, however that went."""
        self._clock = clock
        self._work = work
        self._is_running = False
        self._again = False
        self._is_closed = False

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

    def close(self) -> None:
        """Begin nothing more: what is being done is the last."""
        self._is_closed = True

    async def _guarded(self) -> int:
        if self._is_closed:
            return 0
        try:
            number = await self._work()
        except StoreError as error:
            self.failure = str(error)
            log.error("lane failed", lane=self.name, reason=self.failure)
            return 0
        # One lane's defect must not stop the others: it is logged whole and tried again.
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            log.exception("lane failed", lane=self.name)
            return 0
        finally:
            self.ended_at = self._clock()
        if number is not None:
            self.failure = ""
        return number or 0
