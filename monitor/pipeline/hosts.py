"""Keep what a host asked for, so that no other process asks it earlier."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.errors import FetchError
from monitor.fetch.hosts import MAX_PAUSE_SECONDS
from monitor.net.hosts import host_of
from monitor.pipeline.ports import Ports
from monitor.store import hosts


async def pause_host(ports: Ports, url: str, error: Exception, now: datetime) -> None:
    """Note a Retry-After for all processes; within this one the gate has it already."""
    seconds = error.retry_after_seconds if isinstance(error, FetchError) else None
    if not seconds:
        return
    until = now + timedelta(seconds=min(seconds, MAX_PAUSE_SECONDS))

    def work() -> None:
        with ports.store.write() as tx:
            hosts.pause(tx, host_of(url), until, now=now)

    await ports.in_thread(work)
