"""Serve /healthz, /readyz and /metrics.

Bodies are plain JSON or Prometheus text; they hold numbers, names of lanes and fixed words, never
an address, a title or a secret, so they may be served beyond loopback without authentication. What
an error said is in the log.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from monitor import __version__
from monitor.errors import ConfigError, StoreError
from monitor.model.problem import Problem
from monitor.pipeline.overdue import overdue
from monitor.pipeline.ports import Ports
from monitor.settings import Web
from monitor.web.metrics import exposition

log = structlog.get_logger()

T = TypeVar("T")

ANSWER_SECONDS = 3.0
"""How long the database may take before it counts as failing."""

METRICS_SECONDS = 8.0
"""The same for metrics, which count whole tables; Prometheus gives up after 10 s."""

_NO_DATABASE = "it cannot be used: the log says why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Hold what the answers are made of; `lanes` says which of them fail or hang."""

    ports: Ports
    lanes: Callable[[], Mapping[str, str]]
    is_scheduling: Callable[[], bool]
    threads: Executor
    """Threads of its own: answers must come when the workers' threads all wait."""

    async def ask(self, work: Callable[[Ports], T], within_seconds: float) -> T:
        """Ask the database; raises StoreError if it refuses or takes too long."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within_seconds):
                return await loop.run_in_executor(self.threads, work, self.ports)
        except TimeoutError as error:
            msg = f"the database did not answer within {within_seconds:.0f} s"
            raise StoreError(msg) from error


@contextmanager
def answering_threads() -> Iterator[Executor]:
    """Give threads for answers; one that hangs is not waited for."""
    threads = ThreadPoolExecutor(2, thread_name_prefix="web")
    try:
        yield threads
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Say where the server listens; `taken_port` is the default port if it had to give way."""

    url: str
    """As `http://host:port`."""
    port: int
    taken_port: int | None = None

    def __str__(self) -> str:
        return self.url


async def serve(stack: AsyncExitStack, settings: Web, health: Health) -> Address:
    """Listen until the stack closes, and give the address.

    If the default port is taken any free one serves; a port that was asked for and is taken
    raises ConfigError.
    """
    runner = web.AppRunner(
        application(health), access_log=None, handle_signals=False, shutdown_timeout=1.0
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    taken_port = None
    try:
        port = await _listen(runner, settings.host, settings.port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or settings.is_port_set:
            raise ConfigError((_port_problem(settings, error),)) from error
        port, taken_port = await _listen(runner, settings.host, 0), settings.port
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return Address(url=f"http://{host}:{port}", port=port, taken_port=taken_port)


def application(health: Health) -> web.Application:
    """Build the application."""
    app = web.Application(client_max_size=64 * 1024)
    for path, answer in (("/healthz", _healthz), ("/readyz", _readyz), ("/metrics", _metrics)):
        app.router.add_get(path, _handler(answer, health))
    return app


def _handler(
    answer: Callable[[Health], Awaitable[web.Response]], health: Health
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(_: web.Request) -> web.Response:
        return await answer(health)

    return handle


async def _listen(runner: web.AppRunner, host: str, port: int) -> int:
    site = web.TCPSite(runner, host, port)
    await site.start()
    bound: int = runner.addresses[-1][1]
    return bound


def _port_problem(settings: Web, error: OSError) -> Problem:
    return Problem(
        file="monitor.yaml",
        what=f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}",
        cure="stop what uses it, or set another web.port (or MONITOR_PORT)",
        code="port-taken",
    )


async def _healthz(_: Health) -> web.Response:
    """Say that the process lives: its event loop answers."""
    return web.json_response({"status": "ok", "version": __version__})


async def _readyz(health: Health) -> web.Response:
    """Say whether work gets done: database, scheduler, lanes, nothing overdue."""
    faults = dict(health.lanes())
    if not health.is_scheduling():
        faults["scheduler"] = "it does not run yet"
    try:
        faults |= await health.ask(overdue, ANSWER_SECONDS)
    except StoreError as error:
        log.warning("not ready", reason=str(error))
        faults["database"] = _NO_DATABASE
    status = 503 if faults else 200
    answer = {"status": "failing" if faults else "ok", "faults": faults}
    return web.json_response(answer, status=status)


async def _metrics(health: Health) -> web.Response:
    try:
        body = await health.ask(exposition, METRICS_SECONDS)
    except StoreError as error:
        log.warning("no metrics", reason=str(error))
        raise web.HTTPServiceUnavailable(text=f"database: {_NO_DATABASE}\n") from error
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
