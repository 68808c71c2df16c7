"""Take turns at each host: few at once, a gap between starts, first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from monitor.clock import monotonic_seconds
from monitor.errors import HostBusy
from monitor.fetch.address import host_of

MAX_PAUSE_SECONDS = 86_400.0


class HostGate:
    """Let at most `max_per_host` exchanges run at a host, their starts `min_gap_seconds` apart.

    One gate serves one event loop. A host is forgotten as soon as nothing runs, waits or is to be
    remembered there.
    """

    def __init__(self, max_per_host: int = 2, min_gap_seconds: float = 1.0) -> None:
        self._max_per_host = max_per_host
        self._min_gap = min_gap_seconds
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(
        self, url: str, *, max_wait_seconds: float | None = None
    ) -> AsyncIterator[None]:
        """Wait for the turn of `url`'s host, and hold it for the block.

        Raises HostBusy if the turn does not come within `max_wait_seconds` (None: wait as long as
        needed), at once if the host is paused for longer: no lease should be slept away.
        """
        name = host_of(url)
        host = self._hosts.setdefault(name, _Host(name))
        pause = host.paused_until - monotonic_seconds()
        if max_wait_seconds is not None and pause > max_wait_seconds:
            raise HostBusy(name, wait_seconds=pause)
        try:
            async with asyncio.timeout(max_wait_seconds):
                await self._enter(host)
        except TimeoutError:
            raise HostBusy(name) from None
        try:
            yield
        finally:
            host.running -= 1
            self._advance(host)

    def pause(self, host: str, until: datetime, *, now: datetime) -> None:
        """Start nothing at a host (or a URL's host) before `until`, at most one day from now."""
        name = host_of(host) or host_of(f"http://{host}")
        seconds = min((until - now).total_seconds(), MAX_PAUSE_SECONDS)
        if seconds <= 0:
            return
        state = self._hosts.setdefault(name, _Host(name))
        state.paused_until = max(state.paused_until, monotonic_seconds() + seconds)
        self._advance(state)

    def pause_seconds(self, url: str) -> float:
        """Give how long the host of a URL is still paused; 0.0 if it is not."""
        host = self._hosts.get(host_of(url))
        return max(host.paused_until - monotonic_seconds(), 0.0) if host else 0.0

    async def _enter(self, host: _Host) -> None:
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        host.waiting.append(admitted)
        self._advance(host)
        try:
            await admitted
        except BaseException:
            if admitted.done() and not admitted.cancelled():
                host.running -= 1  # admitted and cancelled in the same moment
            elif admitted in host.waiting:
                host.waiting.remove(admitted)
            self._advance(host)
            raise

    def _advance(self, host: _Host) -> None:
        """Admit whoever may go now, and come back when the next may."""
        while host.waiting and host.running < self._max_per_host:
            delay = host.opens_at - monotonic_seconds()
            if delay > 0:
                break
            admitted = host.waiting.popleft()
            if admitted.done():
                continue  # cancelled while it waited
            host.running += 1
            host.next_start = monotonic_seconds() + self._min_gap
            admitted.set_result(None)
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
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.next_start = 0.0
        self.paused_until = 0.0
        self.timer: asyncio.TimerHandle | None = None

    @property
    def opens_at(self) -> float:
        return max(self.next_start, self.paused_until)
