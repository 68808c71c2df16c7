"""Write what polls brought: articles one feed at a time, mere settlements many at once.

Most polls bring nothing new. A transaction each would cost more than the exchange itself: what
waits while one is committed goes into the next (group commit). The others match and write under
one lock: threads side by side win nothing there and cost a quarter more CPU.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from monitor.errors import StoreError
from monitor.pipeline.ports import Ports
from monitor.store import feeds
from monitor.store.feeds import ClaimedFeed, Polled

log = structlog.get_logger()


class Settler:
    """Write for many polls; what a poll asked for is done when the call returns."""

    def __init__(self, ports: Ports) -> None:
        """Serve one event loop."""
        self._ports = ports
        self._waiting: list[_Waiting] = []
        self._keeping = asyncio.Lock()
        self._settling = asyncio.Lock()

    async def keep(self, work: Callable[[], None]) -> None:
        """Run a feed's T1 in a thread, when it is its turn."""
        async with self._keeping:
            await self._ports.in_thread(work)

    async def settle(self, feed: ClaimedFeed, polled: Polled) -> None:
        """Settle a poll that failed in nothing; a claim that was lost meanwhile stays lost.

        Raises StoreError if the database refuses; the lease then brings the feed back.
        """
        mine = _Waiting(feed, polled, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        async with self._settling:
            if not mine.done.done():  # nobody took it along
                await self._commit()
        await mine.done

    async def _commit(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            lost = await self._ports.in_thread(self._write, batch)
            if lost:
                log.warning("polls outlived their leases", polls=lost)
            _resolve(batch, None)
        except StoreError as error:
            _resolve(batch, error)
        finally:
            for one in batch:
                one.done.cancel()  # a stop: the others are being cancelled as well

    def _write(self, batch: Sequence[_Waiting]) -> int:
        with self._ports.store.write() as tx:
            return len(batch) - feeds.settle_many(tx, [(one.feed, one.polled) for one in batch])


@dataclass(frozen=True, slots=True)
class _Waiting:
    feed: ClaimedFeed
    polled: Polled
    done: asyncio.Future[None]


def _resolve(batch: Sequence[_Waiting], error: StoreError | None) -> None:
    for one in batch:
        if one.done.done():
            continue  # its poll was cancelled meanwhile
        if error is None:
            one.done.set_result(None)
        else:
            one.done.set_exception(error)
