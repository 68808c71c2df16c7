"""Run the test services in a thread of their own.

A service then answers while the test itself blocks (it waits for a product that runs as a
subprocess) and equally while the test is a coroutine.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class Arrivals(Generic[T]):
    """Collect what arrived, in order, and let a test wait for it without sleeping."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._changed = threading.Condition()

    def add(self, item: T) -> None:
        """Append an item and wake those who wait."""
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    @property
    def all(self) -> tuple[T, ...]:
        """List what arrived so far."""
        with self._changed:
            return tuple(self._items)

    def clear(self) -> None:
        """Forget what arrived."""
        with self._changed:
            self._items.clear()

    def wait_for(self, count: int, within_seconds: float = 10.0) -> tuple[T, ...]:
        """Block until at least `count` arrived; raise AssertionError if they did not in time."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) >= count, within_seconds)
            assert len(self._items) >= count, f"{len(self._items)} of {count} arrived"
            return tuple(self._items)

    async def arrived(self, count: int, within_seconds: float = 10.0) -> tuple[T, ...]:
        """Wait as `wait_for` does, from a coroutine."""
        return await asyncio.to_thread(self.wait_for, count, within_seconds)


class Service(ABC):
    """Be a server in a thread: `with` or `async with` starts and stops it.

    Subclasses implement `_open` and `_close`; both run in the service's own loop.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    async def _open(self) -> None:
        """Begin to serve."""

    @abstractmethod
    async def _close(self) -> None:
        """Let go of all that was opened."""

    def call(self, work: Coroutine[Any, Any, T], within_seconds: float = 10.0) -> T:
        """Run a coroutine in the service's loop and give its result."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within_seconds)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self.call(self._open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.call(self._close())
        finally:
            self._stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.__exit__)

    def _stop(self) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self.call(_cancel_the_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


async def _cancel_the_rest() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
    await asyncio.sleep(0)  # lets aborted transports run their connection_lost
