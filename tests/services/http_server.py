"""Serve HTTP on loopback from a thread, with answers that misbehave on request."""

from __future__ import annotations

import asyncio
import functools
import gzip
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from services.loop_thread import Service

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Hit:
    """Keep one request as it arrived."""

    method: str
    path: str
    headers: CIMultiDictProxy[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """Say what to answer; `behaviour`, if given, answers instead of the rest."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    behaviour: Behaviour | None = None

    async def give(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        if self.behaviour:
            return await self.behaviour(request)
        return web.Response(status=self.status, body=self.body, headers=CIMultiDict(self.headers))


class HttpServer(Service):
    """Be an HTTP server on loopback; subclasses implement `_answer`."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__()
        self.host, self.port = "127.0.0.1", port

    @property
    def base(self) -> str:
        """Give the address without a trailing slash."""
        return f"http://{self.host}:{self.port}"

    @abstractmethod
    async def _answer(self, request: web.Request, hit: Hit) -> web.StreamResponse:
        """Answer a request that was read whole."""

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.BaseRequest)
        body = await request.read()
        hit = Hit(request.method, request.path_qs, request.headers, body)
        try:
            return await self._answer(request, hit)  # type: ignore[arg-type]
        except ConnectionError:  # the client has gone: nobody is left to answer
            raise asyncio.CancelledError from None

    async def _open(self) -> None:
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        await self._runner.cleanup()


def redirect(to: str, status: int = 302) -> Answer:
    """Point elsewhere."""
    return Answer(status=status, headers=(("Location", to),))


def _write_raw(request: web.Request, content: bytes) -> None:
    if request.transport is None:
        raise ConnectionResetError
    request.transport.write(content)  # type: ignore[attr-defined]


async def _hang(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def _reset(request: web.Request) -> web.StreamResponse:
    """Promise 1000 bytes, give some, reset the connection."""
    _write_raw(request, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome")
    await asyncio.sleep(0.05)
    if request.transport is not None:
        request.transport.abort()  # type: ignore[attr-defined]
    raise asyncio.CancelledError


async def _drip_headers(request: web.Request) -> web.StreamResponse:
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 100_000:
        _write_raw(request, bytes([byte]))
        await asyncio.sleep(0.05)
    raise asyncio.CancelledError


async def _drip_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_length = 100_000
    await response.prepare(request)
    for _ in range(100_000):
        await response.write(b"x")
        await asyncio.sleep(0.05)
    return response


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)


async def _bomb(request: web.Request) -> web.StreamResponse:
    """Answer 100 MB of zeros in some 100 kB of gzip."""
    return web.Response(body=_packed_zeros(), headers={"Content-Encoding": "gzip"})


@functools.cache
def _packed_zeros() -> bytes:
    return gzip.compress(bytes(1_000_000)) * 100  # members in a row are one stream


HANG = Answer(behaviour=_hang)
RESET = Answer(behaviour=_reset)
DRIP_HEADERS = Answer(behaviour=_drip_headers)
DRIP_BODY = Answer(behaviour=_drip_body)
ENDLESS = Answer(behaviour=_endless)
BOMB = Answer(behaviour=_bomb)
