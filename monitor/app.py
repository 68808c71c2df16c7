"""Put the parts together: the composition root."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor import __version__
from monitor.clock import Clock, system_clock
from monitor.deliver.connections import Connections
from monitor.errors import ConfigError, LockError, StoreError
from monitor.fetch.hosts import HostGate
from monitor.fetch.robots import Robots
from monitor.fetch.schedule import START_INTERVAL
from monitor.match.engine import Engine
from monitor.match.load import LoadedRules, load_rules
from monitor.model.keys import ChannelName
from monitor.model.problem import Problem
from monitor.model.rule import Tell
from monitor.net.child import ChildPool
from monitor.net.session import open_session
from monitor.normalise.source_book import SourceBook
from monitor.pipeline.failpoints import Failpoints
from monitor.pipeline.ports import Current, Network, Ports, Tally, Terms
from monitor.pipeline.rules import Adopted, adopt
from monitor.pipeline.seeds import SeedReport, ingest_seeds
from monitor.pipeline.summary import Summary, summarise
from monitor.schedule import OFFLINE, Lanes
from monitor.settings import Defaults, Settings, load_settings
from monitor.store import claims, feeds, migrate, roles
from monitor.store.engine import Store
from monitor.web.server import Health, serve
from monitor.workspace import (
    fingerprint,
    read_rules,
    read_seeds,
    read_templates,
    seeds_fingerprint,
)

log = structlog.get_logger()

PRODUCT = "MediaMonitor"
DRAIN_SECONDS = 8.0
BEAT_SECONDS = 10.0


def workspace_rules(settings: Settings) -> LoadedRules:
    """Load the workspace's rules, with all problems of all files."""
    return load_workspace_rules(settings.workspace, settings)


def load_workspace_rules(workspace: Path, settings: Settings | None) -> LoadedRules:
    """Load a workspace's rules; without settings every channel passes for known."""
    rules, lists = read_rules(workspace)
    defaults = settings.defaults if settings else Defaults()
    loaded = load_rules(
        rules.texts,
        lists.texts,
        channels=channel_schedules(settings) if settings else _EveryChannel(),
        default_tell=defaults.tell if settings else ((ChannelName("mailbox"), Tell.DIGEST),),
        default_again=defaults.again,
        workspace_has=lambda path: (workspace / path).exists(),
    )
    unreadable = {**rules.unreadable, **lists.unreadable}
    faults = tuple(
        Problem(file=file, what=why, code="unreadable") for file, why in unreadable.items()
    )
    return replace(loaded, problems=(*faults, *loaded.problems))


class _EveryChannel(dict[ChannelName, bool]):
    """Stand for channels that are not known, because monitor.yaml cannot be read."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: ChannelName) -> bool:
        return True


def channel_schedules(settings: Settings) -> Mapping[ChannelName, bool]:
    """Say of each channel whether it has a digest schedule."""
    return {channel.name: channel.schedule is not None for channel in settings.channels}


def open_store(settings: Settings, *, is_read_only: bool = False) -> Store:
    """Open the workspace's database; nothing connects yet."""
    return Store(settings.database_url, is_read_only=is_read_only)


def _wake_nobody(_: str) -> None:
    """Take a hint where no lanes run."""


@asynccontextmanager
async def open_ports(
    settings: Settings,
    store: Store,
    *,
    environ: Mapping[str, str],
    clock: Clock = system_clock,
    wake: Callable[[str], None] = _wake_nobody,
) -> AsyncIterator[Ports]:
    """Open everything the corridor needs, and close it in the end."""
    limits = settings.limits
    async with AsyncExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(4, thread_name_prefix="store"))
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
        connections = Connections(
            session=session,
            smtp=settings.smtp,
            limits=limits,
            data_dir=settings.data_dir,
            ca_file=settings.network.ca_file,
        )
        yield Ports(
            store=store,
            clock=clock,
            terms=Terms(
                channels=settings.channels,
                backfill=settings.defaults.backfill,
                public_url=settings.web.public_url,
                limits=limits,
            ),
            current=Current(
                engine=Engine(()),
                sources={source.key: source for source in settings.sources},
                book=SourceBook(settings.sources),
                templates=read_templates(settings.workspace),
            ),
            network=Network(
                session=session,
                gate=HostGate(min_gap_seconds=_gap_seconds(settings)),
                robots=Robots(PRODUCT),
                children=children,
                connections=connections,
            ),
            threads=threads,
            failpoints=Failpoints(environ.get("MONITOR_FAILPOINT", "")),
            tally=Tally(),
            holder=f"{os.uname().nodename}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
            wake=wake,
        )


def _gap_seconds(settings: Settings) -> float:
    """Give the least time between two starts at one host: none where only our own are polled."""
    return 0.0 if settings.network.allow_private else 1.0


@dataclass
class Workspace:
    """Watch the workspace's files and put what changed into force."""

    settings: Settings
    environ: Mapping[str, str]
    ports: Ports
    forget_index: Callable[[], None] = lambda: None
    _files: tuple[tuple[str, int, int], ...] = ()
    _seeds: tuple[tuple[str, int, int], ...] = ()
    _is_forced: bool = field(default=False)

    def start(self) -> tuple[Adopted, SeedReport]:
        """Put rules and sources in force and read the seeds."""
        self._files = fingerprint(self.settings.workspace)
        self._sync_feeds()
        loaded = workspace_rules(self.settings)
        adopted = adopt(self.ports, loaded.rules, loaded.problems, is_start=True)
        return adopted, self._read_seeds()

    def force(self) -> None:
        """Read everything again at the next look (SIGHUP)."""
        self._is_forced = True

    def look(self) -> int:
        """Reload what changed since the last look; always 0: there is nothing to repeat."""
        found = fingerprint(self.settings.workspace)
        if found != self._files or self._is_forced:
            self._files, self._is_forced = found, False
            self._reload()
        if seeds_fingerprint(self.settings.workspace) != self._seeds:
            self._read_seeds()
            self.ports.wake("place")
        return 0

    def _reload(self) -> None:
        self._reload_sources()
        self.ports.current.templates = read_templates(self.settings.workspace)
        loaded = workspace_rules(self.settings)
        adopt(self.ports, loaded.rules, loaded.problems, is_start=False)
        self.forget_index()
        self.ports.wake("place")

    def _reload_sources(self) -> None:
        try:
            fresh = load_settings(self.settings.workspace, self.environ)
        except ConfigError as error:
            log.error("configuration not loaded", errors=[str(p) for p in error.problems[:5]])
            return
        self.settings = _with_sources(self.settings, fresh)
        current = self.ports.current
        current.sources = {source.key: source for source in self.settings.sources}
        current.book = SourceBook(self.settings.sources)
        self._sync_feeds()

    def _sync_feeds(self) -> None:
        wanted = [(s.key, url) for s in self.settings.sources for url in s.feeds]
        with self.ports.store.write() as tx:
            feeds.sync(tx, wanted, now=self.ports.now(), interval=START_INTERVAL)

    def _read_seeds(self) -> SeedReport:
        self._seeds = seeds_fingerprint(self.settings.workspace)
        return ingest_seeds(self.ports, read_seeds(self.settings.workspace))


def _with_sources(settings: Settings, fresh: Settings) -> Settings:
    """Take over sources; what the composition was made of needs a restart."""
    return replace(settings, sources=fresh.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Be told what happens while running; the command line prints it."""

    on_ready: Callable[[Summary, str], None]
    on_polled: Callable[[Summary], None]
    on_stopped: Callable[[bool], None]


async def run(
    settings: Settings, talk: Talk, *, environ: Mapping[str, str], is_once: bool = False
) -> Summary:
    """Run the service until SIGTERM or SIGINT, or one full pass with `is_once`.

    Raises LockError if another run holds the workspace's SQLite file, StoreError if the database
    cannot be used.
    """
    store = open_store(settings)
    async with AsyncExitStack() as stack:
        stack.callback(store.close)
        if store.is_sqlite and store.url.database:
            stack.enter_context(_Lock(Path(store.url.database + ".lock")))
        await asyncio.to_thread(migrate.upgrade, store)
        if store.is_sqlite:  # the lock says that whoever held a lease is dead
            with store.write() as tx:
                claims.expire_all(tx, now=system_clock())
        lanes_box: list[Lanes] = []
        ports = await stack.enter_async_context(
            open_ports(
                settings,
                store,
                environ=environ,
                wake=lambda name: lanes_box[0].wake(name) if lanes_box else None,
            )
        )
        stack.callback(_give_up, ports)
        return await _run(settings, ports, talk, lanes_box, environ, is_once=is_once)


async def _run(
    settings: Settings,
    ports: Ports,
    talk: Talk,
    lanes_box: list[Lanes],
    environ: Mapping[str, str],
    *,
    is_once: bool,
) -> Summary:
    workspace = Workspace(settings, environ, ports)
    stop = asyncio.Event()
    _on_signals(stop, workspace)
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, lambda: ports.in_thread(workspace.look))
        scheduler = AsyncIOScheduler(timezone="UTC")
        workspace.forget_index = lanes.assigner.forget
        async with AsyncExitStack() as stack:
            health = Health(
                ports=ports,
                lanes=lambda: _failures(lanes),
                is_scheduling=lambda: scheduler.running,
            )
            address = ""
            if not is_once:
                address = await serve(stack, settings.web, health)
            _, seeds = await ports.in_thread(workspace.start)
            lanes_box.append(lanes)
            if is_once:
                await lanes.run_pass()
                await lanes.stop(DRAIN_SECONDS)
                return await ports.in_thread(summarise, ports, seeds)
            await lanes.run_pass(OFFLINE)  # the seeds first: they need no network
            talk.on_ready(await ports.in_thread(summarise, ports, seeds), address)
            await _serve(lanes, scheduler, ports, stop, talk, seeds)
            return await ports.in_thread(summarise, ports, seeds)
    raise AssertionError("unreachable")


def _failures(lanes: Lanes) -> dict[str, str]:
    return {lane.name: lane.failure for lane in lanes.lanes.values() if lane.failure}


async def _serve(
    lanes: Lanes,
    scheduler: AsyncIOScheduler,
    ports: Ports,
    stop: asyncio.Event,
    talk: Talk,
    seeds: SeedReport,
) -> None:
    """Let the lanes run until a stop is asked for; then cancel fetches and drain sends."""
    lanes.schedule(scheduler)
    scheduler.start()
    try:
        await _until_polled(lanes, ports, stop)
        if not stop.is_set():
            talk.on_polled(await ports.in_thread(summarise, ports, seeds))
        while not stop.is_set():
            await _beat(ports, stop)
    finally:
        scheduler.shutdown(wait=False)
        talk.on_stopped(await lanes.stop(DRAIN_SECONDS))


async def _until_polled(lanes: Lanes, ports: Ports, stop: asyncio.Event) -> None:
    """Wait until the feeds that were due at the start were polled once."""
    await lanes.lanes["polls"].run()
    while not stop.is_set():
        await _beat(ports, stop, seconds=0.2)
        if lanes.polls.is_idle and not await ports.in_thread(_due, ports):
            return


def _due(ports: Ports) -> int:
    with ports.store.read() as tx:
        return feeds.count_due(tx, now=ports.now())


async def _beat(ports: Ports, stop: asyncio.Event, seconds: float = BEAT_SECONDS) -> None:
    """Leave a sign of life, then wait."""
    try:
        await ports.in_thread(_write_beat, ports)
    except StoreError as error:
        log.error("no sign of life could be left", reason=str(error))
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _write_beat(ports: Ports) -> None:
    now = ports.now()
    facts = {"version": __version__, "rules": len(ports.current.engine.rules)}
    with ports.store.write() as tx:
        roles.beat(tx, ports.holder, now=now, started_at=now, facts=facts)


def _give_up(ports: Ports) -> None:
    try:
        with ports.store.write() as tx:
            roles.give_up(tx, ports.holder)
    except StoreError as error:
        log.error("roles not given up: they run out by themselves", reason=str(error))


def _on_signals(stop: asyncio.Event, workspace: Workspace) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, workspace.force)


class _Lock:
    """Hold a lock file beside the SQLite file: one `run` a workspace."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            msg = f"another `monitor run` (process {holder}) works on {self._path.parent}"
            raise LockError(msg) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def __exit__(self, *_: object) -> None:
        self._file.close()
