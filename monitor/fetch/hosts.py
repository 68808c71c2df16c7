"""Take turns at each host: few at once, a gap between starts, first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from monitor.clock import monotonic_seconds
from monitor.errors import FetchError, HostBusy
from monitor.net.hosts import host_of

MAX_PAUSE_SECONDS = 86_400.0


class HostGate:
    """Let at most `max_per_host` exchanges run at a host, their starts `min_gap_seconds` apart.

    Hosts of which `is_ours` holds, by name or literal address, need no gap.
    One gate serves one event loop. A host is forgotten as soon as nothing runs, waits or is to be
    remembered there.
    """

    def __init__(
        self,
        max_per_host: int = 2,
        min_gap_seconds: float = 1.0,
        is_ours: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._max_per_host = max_per_host
        self._min_gap = min_gap_seconds
        self._is_ours = is_ours
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(
        self, url: str, *, max_wait_seconds: float | None = None
    ) -> AsyncIterator[None]:
        """Wait for the turn of `url`'s host, and hold it for the block.

        Raises HostBusy if the turn does not come within `max_wait_seconds` (None: wait as long as
        needed), at once if the host is paused for longer: no lease should be slept away. A block
        that fails with a `retry_after_seconds` pauses the host for all others.
        """
        name = host_of(url)
        host = self._hosts.setdefault(name, _Host(name))
        pause = host.paused_until - monotonic_seconds()
        if max_wait_seconds is not None and pause > max_wait_seconds:
            raise HostBusy(name, wait_seconds=pause)
        try:
            async with asyncio.timeout(max_wait_seconds):
                await self._enter(host, max_wait_seconds)
        except TimeoutError:
            raise HostBusy(name) from None
        try:
            yield
        except FetchError as error:
            self.pause(url, error.retry_after_seconds or 0.0)
            raise
        finally:
            host.running -= 1
            self._advance(host)

    def pause(self, url: str, seconds: float) -> None:
        """Start nothing at a URL's host for so long, at most a day."""
        seconds = min(seconds, MAX_PAUSE_SECONDS)
        if not seconds > 0:
            return
        name = host_of(url)
        state = self._hosts.setdefault(name, _Host(name))
        state.paused_until = max(state.paused_until, monotonic_seconds() + seconds)
        for waiting in state.waiting:
            if waiting.max_seconds is not None and seconds > waiting.max_seconds:
                waiting.refuse(HostBusy(name, wait_seconds=seconds))
        self._advance(state)

    async def _enter(self, host: _Host, max_seconds: float | None) -> None:
        waiting = _Waiting(max_seconds)
        host.waiting.append(waiting)
        self._advance(host)
        try:
            await waiting.admitted
        except BaseException:
            if waiting in host.waiting:
                host.waiting.remove(waiting)
            elif waiting.is_admitted:
                host.running -= 1  # admitted and cancelled in the same moment
            self._advance(host)
            raise

    def _advance(self, host: _Host) -> None:
        """Admit whoever may go now, and come back when the next may."""
        while host.waiting and host.running < self._max_per_host:
            delay = host.opens_at - monotonic_seconds()
            if delay > 0:
                break
            waiting = host.waiting.popleft()
            if waiting.admitted.done():
                continue  # cancelled or refused while it waited
            host.running += 1
            gap = 0.0 if self._is_ours(host.name) else self._min_gap
            host.next_start = monotonic_seconds() + gap
            waiting.admitted.set_result(None)
        self._wake_later(host)

    def _wake_later(self, host: _Host) -> None:
        if host.timer is not None:
            host.timer.cancel()
            host.timer = None
        delay = host.opens_at - monotonic_seconds()
        is_idle = not host.running and not host.waiting
        if is_idle and delay <= 0:
            self._hosts.pop(host.name, None)
        elif is_idle or (host.waiting and host.running < self._max_per_host):
            # a millisecond more: a timer may fire a clock's tick early
            loop = asyncio.get_running_loop()
            host.timer = loop.call_later(max(delay, 0.0) + 0.001, self._advance, host)


class _Host:
    def __init__(self, name: str) -> None:
        self.name = name
        self.running = 0
        self.waiting: deque[_Waiting] = deque()
        self.next_start = 0.0
        self.paused_until = 0.0
        self.timer: asyncio.TimerHandle | None = None

    @property
    def opens_at(self) -> float:
        return max(self.next_start, self.paused_until)


class _Waiting:
    def __init__(self, max_seconds: float | None) -> None:
        self.max_seconds = max_seconds
        self.admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_admitted(self) -> bool:
        done = self.admitted
        return done.done() and not done.cancelled() and done.exception() is None

    def refuse(self, error: HostBusy) -> None:
        if not self.admitted.done():
            self.admitted.set_exception(error)
