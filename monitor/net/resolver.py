"""Look names up in threads that never hold up the end of the process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

LOOKUPS = 8  # threads at once; the loop's own pool has 6 on two cores and the store needs it
_Infos = list[tuple[Any, ...]]


class DaemonResolver(AbstractResolver):
    """Ask the system's resolver, each time in a daemon thread, a few at once."""

    def __init__(self, lookups: int = LOOKUPS) -> None:
        self._turns = asyncio.Semaphore(lookups)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give a name's addresses; raise OSError if there are none."""
        async with self._turns:
            infos = await _in_thread(
                lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
            )
        return [_result(host, info) for info in infos if info[4]]

    async def close(self) -> None:
        """Hold nothing, so close nothing."""


async def _in_thread(look_up: Callable[[], _Infos]) -> _Infos:
    """Run a look-up; a cancelled waiter leaves the thread behind, to end by itself."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_Infos] = loop.create_future()

    def settle(infos: _Infos | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(infos or [])

    def work() -> None:
        infos, error = _attempt(look_up)
        try:
            loop.call_soon_threadsafe(settle, infos, error)
        except RuntimeError:  # the loop was closed meanwhile: nobody waits
            return

    threading.Thread(target=work, name="look-up", daemon=True).start()
    return await answer


def _attempt(look_up: Callable[[], _Infos]) -> tuple[_Infos | None, Exception | None]:
    try:
        return look_up(), None
    except OSError as error:
        return None, error
    except UnicodeError as error:  # a label over 63 characters fails in the idna codec
        return None, socket.gaierror(socket.EAI_NONAME, f"not a host name: {error}")


def _result(host: str, info: tuple[Any, ...]) -> ResolveResult:
    family, _, protocol, _, address = info
    scope = f"%{address[3]}" if family == socket.AF_INET6 and address[3] else ""
    return ResolveResult(
        hostname=host,
        host=f"{address[0]}{scope}" if "%" not in address[0] else address[0],
        port=address[1],
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
