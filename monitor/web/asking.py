"""Ask the database without ever waiting long, and keep what it said for a little while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

from monitor.clock import monotonic_seconds
from monitor.errors import StoreError

T = TypeVar("T")


class Asker(Generic[T]):
    """Ask one question, one at a time: who asks meanwhile waits for the same answer.

    So a database that hangs holds one thread, however often it is asked.
    """

    def __init__(
        self,
        work: Callable[[], T],
        threads: Executor,
        *,
        keep_seconds: float,
        gives_old: bool = False,
    ) -> None:
        """`work` asks in one of `threads`; an answer is given again for `keep_seconds`.

        With `gives_old` an older one is given while a new one is being looked for: only the
        first who asks waits.
        """
        self._work = work
        self._threads = threads
        self._keep_seconds = keep_seconds
        self._gives_old = gives_old
        self._kept: tuple[float, T] | None = None
        self._asking: asyncio.Future[tuple[float, T]] | None = None

    async def answer(self, within_seconds: float) -> T:
        """Give the answer; raises StoreError if the database refuses or takes too long."""
        kept = self._kept
        if kept is not None and monotonic_seconds() - kept[0] < self._keep_seconds:
            return kept[1]
        asking = self._begun()
        if kept is not None and self._gives_old:
            return kept[1]
        await asyncio.wait((asking,), timeout=within_seconds)
        if not asking.done():
            msg = f"the database did not answer within {within_seconds:.0f} s"
            raise StoreError(msg)
        return asking.result()[1]

    def _begun(self) -> asyncio.Future[tuple[float, T]]:
        """Give the question that is on its way, or send one."""
        asking = self._asking
        if asking is None or asking.done():
            asking = asyncio.get_running_loop().run_in_executor(self._threads, self._timed)
            asking.add_done_callback(self._keep)
            self._asking = asking
        return asking

    def _timed(self) -> tuple[float, T]:
        answer = self._work()
        return monotonic_seconds(), answer

    def _keep(self, asked: asyncio.Future[tuple[float, T]]) -> None:
        if not asked.cancelled() and asked.exception() is None:
            self._kept = asked.result()
