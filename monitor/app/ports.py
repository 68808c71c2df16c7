"""Open everything the corridor needs from outside, and close it in the end."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from monitor import __version__
from monitor.app.lock import folder_problem
from monitor.clock import Clock, FollowingClock, system_clock
from monitor.deliver.connections import Connections
from monitor.errors import ConfigError, StoreError
from monitor.fetch.hosts import HostGate
from monitor.fetch.robots import Robots
from monitor.match.engine import Engine
from monitor.net.child import ChildPool
from monitor.net.guard import AddressGuard
from monitor.net.session import open_session
from monitor.normalise.source_book import SourceBook
from monitor.pipeline.failpoints import Failpoints
from monitor.pipeline.ports import Current, Network, Ports, Terms
from monitor.pipeline.tally import Tally
from monitor.settings import Settings
from monitor.store.engine import Store
from monitor.store.lease import lease_clock
from monitor.workspace import read_templates

PRODUCT = "MediaMonitor"


def open_store(settings: Settings, *, is_read_only: bool = False) -> Store:
    """Open the workspace's database; nothing connects yet.

    Raises ConfigError for a folder that cannot be made.
    """
    try:
        return Store(settings.database_url, is_read_only=is_read_only)
    except OSError as error:
        folder = Path(make_url(settings.database_url).database or "").parent
        raise ConfigError((folder_problem(folder, error),)) from error


def _wake_nobody(_: str) -> None:
    """Take a hint where no lanes run."""


@asynccontextmanager
async def open_ports(
    settings: Settings,
    store: Store,
    *,
    environ: Mapping[str, str],
    clock: Clock | None = None,
    wake: Callable[[str], None] = _wake_nobody,
) -> AsyncIterator[Ports]:
    """Open everything the corridor needs, and close it in the end.

    Without a `clock` it is the database's where that has one (see `open_clock`).
    """
    async with AsyncExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(4, thread_name_prefix="store"))
        network = await open_network(stack, settings)
        if clock is None:
            clock = await asyncio.to_thread(open_clock, store)
        tally = Tally()
        store.on_error(lambda: tally.add("database_errors"))
        yield Ports(
            store=store,
            clock=clock,
            terms=Terms(
                channels=settings.channels,
                backfill=settings.defaults.backfill,
                public_url=settings.web.public_url,
                limits=settings.limits,
                retention=settings.retention,
            ),
            current=Current(
                engine=Engine(()),
                sources={source.key: source for source in settings.sources},
                book=SourceBook(settings.sources),
                templates=read_templates(settings.workspace),
            ),
            network=network,
            threads=threads,
            failpoints=Failpoints(environ.get("MONITOR_FAILPOINT", "")),
            tally=tally,
            holder=f"{os.uname().nodename}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
            wake=wake,
        )


def open_clock(store: Store) -> Clock:
    """Give the clock that all workers on a database share: the server's, or on SQLite our own.

    The beat keeps it in step with the server; until one can be asked it is our own.
    """
    if store.is_sqlite:
        return system_clock
    clock = FollowingClock()
    with suppress(StoreError), store.read() as tx:
        clock.sync(lease_clock(tx, clock()))
    return clock


async def open_network(stack: AsyncExitStack, settings: Settings) -> Network:
    """Open what reaches out; it closes with the stack."""
    limits = settings.limits
    session = await stack.enter_async_context(
        open_session(settings.network, limits, user_agent=f"{PRODUCT}/{__version__}")
    )
    children = ChildPool(
        size=2,
        cpu_seconds=limits.child_cpu_seconds,
        memory_bytes=limits.child_memory_bytes,
        wall_seconds=3.0 * limits.child_cpu_seconds,
    )
    stack.push_async_callback(children.aclose)
    return Network(
        session=session,
        gate=HostGate(is_ours=AddressGuard(settings.network).is_allowed_literal),
        robots=Robots(PRODUCT),
        children=children,
        connections=Connections(
            session=session,
            smtp=settings.smtp,
            limits=limits,
            data_dir=settings.data_dir,
            ca_file=settings.network.ca_file,
        ),
    )
