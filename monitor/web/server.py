"""Serve /healthz, /readyz and /metrics.

Bodies are plain JSON or Prometheus text; they hold numbers, names of lanes and channels and fixed
words, never an address, a title or a secret, so they may be served beyond loopback without
authentication. What an error said is in the log.
"""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from monitor import __version__
from monitor.errors import ConfigError, StoreError
from monitor.model.problem import Problem
from monitor.pipeline.overdue import overdue
from monitor.pipeline.ports import Ports
from monitor.pipeline.workers import counted, read_workers
from monitor.settings import Web
from monitor.web.asking import Asker
from monitor.web.figures import Queues, Totals, read_queues, read_totals
from monitor.web.metrics import exposition

log = structlog.get_logger()

T = TypeVar("T")

ANSWER_SECONDS = 3.0
"""How long the database may take before it counts as failing."""

METRICS_SECONDS = 2.0
"""The same for each of the two questions of a scrape; Prometheus gives up after 10 s."""

QUEUES_KEPT_SECONDS = 2.0
"""How long a scrape may find what the one before read: servers often come in pairs."""

TOTALS_KEPT_SECONDS = 60.0
"""The same for what is counted over whole tables; then it is counted anew behind the scrape."""

_NO_DATABASE = "it cannot be used: the log says why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Hold what the answers are made of; `lanes` says which of them fail or hang."""

    ports: Ports
    lanes: Callable[[], Mapping[str, str]]
    is_scheduling: Callable[[], bool]
    threads: Executor
    """Threads of its own: answers must come when the workers' threads all wait."""
    revision: str | None = None

    def asker(
        self, work: Callable[[Ports], T], *, keep_seconds: float = 0.0, gives_old: bool = False
    ) -> Asker[T]:
        """Give who asks the database one question."""
        asking = partial(work, self.ports)
        return Asker(asking, self.threads, keep_seconds=keep_seconds, gives_old=gives_old)


@contextmanager
def answering_threads() -> Iterator[Executor]:
    """Give threads for answers; one that hangs is not waited for."""
    threads = ThreadPoolExecutor(3, thread_name_prefix="web")  # one for each question
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
    pages: dict[str, Callable[[web.Request], Awaitable[web.Response]]] = {
        "/healthz": partial(_healthz, health),
        "/readyz": _Readiness(health).answer,
        "/metrics": _Metrics(health).answer,
    }
    for path, answer in pages.items():
        app.router.add_get(path, answer)
    return app


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


async def _healthz(health: Health, _: web.Request) -> web.Response:
    """Say that the process lives: its event loop answers."""
    revision = {"revision": health.revision} if health.revision else {}
    return web.json_response({"status": "ok", "version": __version__, **revision})


class _Readiness:
    """Say whether work gets done: database, scheduler, lanes, nothing overdue.

    How many workers there are, and how many of them differ, is said besides: another's trouble
    makes no worker unready.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._standing = health.asker(_standing)

    async def answer(self, _: web.Request) -> web.Response:
        faults = dict(self._health.lanes())
        workers: Mapping[str, int] = {}
        if not self._health.is_scheduling():
            faults["scheduler"] = "it does not run yet"
        try:
            late, workers = await self._standing.answer(ANSWER_SECONDS)
            faults |= late
        except StoreError as error:
            log.warning("not ready", reason=str(error))
            faults["database"] = _NO_DATABASE
        status = "failing" if faults else "ok"
        answer = {"status": status, "faults": faults, "workers": workers}
        return web.json_response(answer, status=503 if faults else 200)


def _standing(ports: Ports) -> tuple[dict[str, str], Mapping[str, int]]:
    late = overdue(ports)
    with ports.store.read() as tx:
        return late, counted(read_workers(tx, now=ports.now()))


class _Metrics:
    """Say what Prometheus asks for; without a database what is known without it."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._queues = health.asker(read_queues, keep_seconds=QUEUES_KEPT_SECONDS)
        self._totals = health.asker(read_totals, keep_seconds=TOTALS_KEPT_SECONDS, gives_old=True)

    async def answer(self, _: web.Request) -> web.Response:
        queues: Queues | None = None
        totals: Totals | None = None
        try:
            queues = await self._queues.answer(METRICS_SECONDS)
            totals = await self._totals.answer(METRICS_SECONDS)
        except StoreError as error:
            log.warning("metrics without the database", reason=str(error))
        body = exposition(self._health.ports, self._health.lanes(), queues, totals)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
