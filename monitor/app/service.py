"""Run the service: from the first signal handler to the last drained send."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.app.clock_steps import watch_clock
from monitor.app.lock import LockFile
from monitor.app.ports import open_ports, open_store
from monitor.app.prepare import prepared
from monitor.app.reload import Workspace
from monitor.clock import StepWatch
from monitor.errors import MonitorError, StoreError, WorkError
from monitor.pipeline.ports import Ports
from monitor.pipeline.release import give_up
from monitor.pipeline.summary import Summary, summarise
from monitor.schedule import ALL, OFFLINE, Lanes, end_ticks
from monitor.settings import Settings
from monitor.store import feeds
from monitor.store.hints import Hints
from monitor.web.server import Address, Health, answering_threads, serve

log = structlog.get_logger()

P = ParamSpec("P")

DRAIN_SECONDS = 8.0
"""How long a stop waits for sends under way."""

CUT_AFTER_SECONDS = 8.8
"""After how long a stop waits for the database no longer: Docker kills after 10 s."""

LEAVE_AFTER_SECONDS = 9.5
"""After how long a stop leaves a thread that nothing can end: one that waits for a connection."""

FOLLOW_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Be told what happens while running; the command line prints it, where somebody reads it.

    `on_ready` gets where the service listens; `on_stopped` whether no send had to be cut.
    """

    on_ready: Callable[[Summary, Address], None] = lambda *_: None
    on_polled: Callable[[Summary], None] = lambda _: None
    on_stopped: Callable[[bool], None] = lambda _: None


class Signals:
    """Hear SIGTERM and SIGINT (stop) and SIGHUP from the first moment on.

    SIGHUP reloads, but where a terminal was at the start it says that the terminal is closed: then
    it stops, for nobody could stop it any more, nor see that it runs.
    """

    def __init__(self, on_overdue: Callable[[], None]) -> None:
        """`on_overdue` is called when a stop takes longer than it may."""
        self.stop = asyncio.Event()
        self.on_reload: Callable[[], None] = lambda: None
        self._on_overdue = on_overdue
        self._overdue: list[threading.Timer] = []
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ask_to_stop)
        loop.add_signal_handler(
            signal.SIGHUP, self.ask_to_stop if _ends_with_its_terminal() else self._reload
        )

    def ask_to_stop(self) -> None:
        """Begin a stop, as a signal does."""
        if not self.stop.is_set():
            self.stop.set()
            # by threads of their own, for the loop may be gone
            for seconds, work in (
                (CUT_AFTER_SECONDS, self._on_overdue),
                (LEAVE_AFTER_SECONDS, _leave),
            ):
                overdue = threading.Timer(seconds, work)
                overdue.daemon = True
                overdue.start()
                self._overdue.append(overdue)

    def close(self) -> None:
        """Be content: the stop has come to its end in time."""
        for overdue in self._overdue:
            overdue.cancel()

    def _reload(self) -> None:
        self.on_reload()


def _leave() -> None:
    """End the process now: by then nothing is under way that its leases would not bring back."""
    log.warning("left at once: the database still hangs")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _ends_with_its_terminal() -> bool:
    """Tell whether a terminal is there, and nobody asked to outlive it (nohup ignores SIGHUP)."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return False
    return any(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


async def run(
    settings: Settings, talk: Talk, *, environ: Mapping[str, str], is_once: bool = False
) -> Summary:
    """Run the service until SIGTERM or SIGINT, or one full pass with `is_once`.

    A database server that is not there yet is waited for, but not for one pass. Raises ConfigError
    if it refuses our login or the port that was asked for is taken, LockError if another run holds
    the workspace's SQLite file, StoreError if the database cannot be used, and StoreBroken after a
    stop that the disk has brought about.
    """
    store = open_store(settings)
    signals = Signals(on_overdue=store.cut)
    loop = asyncio.get_running_loop()
    store.on_broken = lambda: loop.call_soon_threadsafe(signals.ask_to_stop)
    async with AsyncExitStack() as stack:
        stack.callback(signals.close)
        stack.callback(store.close)
        if store.is_sqlite and store.url.database:
            stack.enter_context(LockFile(Path(store.url.database + ".lock")))
        if not await prepared(store, signals.stop, is_patient=not is_once):
            log.info("stopped", is_clean=True)
            _say(talk.on_stopped, True)
            return Summary()
        lanes_box: list[Lanes] = []
        hints = Hints(store, lambda name: lanes_box[0].wake(name) if lanes_box else None)
        loop = asyncio.get_running_loop()

        def wake(name: str) -> None:  # a reload wakes lanes from its thread
            loop.call_soon_threadsafe(hints.wake, name)

        ports = await stack.enter_async_context(
            open_ports(settings, store, environ=environ, wake=wake)
        )
        stack.push_async_callback(_give_up, ports)
        workspace = Workspace(settings, environ, ports)
        signals.on_reload = workspace.force
        service = _Service(workspace, ports, talk, signals.stop, lanes_box)
        summary = await _ungrouped(service.once() if is_once else service.run(hints))
        store.refuse_broken()
        return summary
    raise AssertionError("unreachable")


async def _ungrouped(work: Coroutine[Any, Any, Summary]) -> Summary:
    """Raise an error of ours as it is: a TaskGroup wraps even its body's own."""
    try:
        return await work
    except ExceptionGroup as errors:
        first: Exception = errors
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        if errors.split(MonitorError)[1] is not None:  # a defect among them: show all
            raise
        raise first from None


class _Service:
    """Hold what one run is made of."""

    def __init__(
        self,
        workspace: Workspace,
        ports: Ports,
        talk: Talk,
        stop: asyncio.Event,
        lanes_box: list[Lanes],
    ) -> None:
        self._workspace = workspace
        self._ports = ports
        self._talk = talk
        self._stop = stop
        self._lanes_box = lanes_box

    async def once(self) -> Summary:
        """Do one full pass, or as much of it as a stop allows."""
        async with asyncio.TaskGroup() as group:
            lanes = self._lanes(group)
            await self._start(lanes)
            is_whole = await self._passed(lanes, ALL)
            is_clean = await lanes.stop(DRAIN_SECONDS)
            if not is_whole:
                _say(self._talk.on_stopped, is_clean)
                return await self._last_summary()
            if lanes.failures:
                raise WorkError(_undone(lanes.failures))
            return await self._summary()
        raise AssertionError("unreachable")

    async def run(self, hints: Hints) -> Summary:
        """Listen, do what needs no network, then let the lanes run until a stop."""
        scheduler = AsyncIOScheduler(timezone="UTC")
        async with asyncio.TaskGroup() as group, AsyncExitStack() as stack:
            lanes = self._lanes(group)
            health = Health(
                ports=self._ports,
                lanes=lambda: lanes.faults,
                is_scheduling=lambda: scheduler.running,
                threads=stack.enter_context(answering_threads()),
                revision=self._workspace.settings.web.revision,
            )
            address = await serve(stack, self._workspace.settings.web, health)
            await self._start(lanes)
            try:
                if await self._passed(lanes, OFFLINE):
                    summary = await self._summary()
                    log.info(
                        "running",
                        address=address.url,
                        taken_port=address.taken_port,
                        rules=summary.rules,
                        feeds=summary.feeds,
                    )
                    _say(self._talk.on_ready, summary, address)
                    lanes.schedule(scheduler)
                    scheduler.start()
                    watching = [
                        group.create_task(self._follow(lanes)),
                        group.create_task(watch_clock(self._ports, scheduler, StepWatch())),
                        group.create_task(hints.run()),
                    ]
                    await self._stop.wait()
                    for task in watching:
                        task.cancel()
            finally:
                end_ticks(scheduler)
                is_clean = await lanes.stop(DRAIN_SECONDS)
                log.info("stopped", is_clean=is_clean)
                _say(self._talk.on_stopped, is_clean)
            return await self._last_summary()
        raise AssertionError("unreachable")

    def _lanes(self, group: asyncio.TaskGroup) -> Lanes:
        return Lanes(self._ports, group, lambda: self._ports.in_thread(self._workspace.look))

    async def _start(self, lanes: Lanes) -> None:
        await self._ports.in_thread(self._workspace.start)
        self._lanes_box.append(lanes)

    async def _summary(self) -> Summary:
        return await self._ports.in_thread(summarise, self._ports)

    async def _last_summary(self) -> Summary:
        """Sum up after a stop, which the database must not turn into a failure."""
        try:
            return await self._summary()
        except StoreError as error:
            log.error("not summed up", reason=str(error))
            return Summary()

    async def _passed(self, lanes: Lanes, names: Sequence[str]) -> bool:
        """Do what is due in these lanes; False if a stop was asked for before it was done."""
        working = lanes.begin_pass(names)
        async with asyncio.TaskGroup() as group:
            stopping = group.create_task(self._stop.wait())
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
        return working.done()

    async def _follow(self, lanes: Lanes) -> None:
        """Say so when the feeds that were due at the start were polled once."""
        # waited for, not awaited: if this is cut the run must not be, or its claims are lost
        await asyncio.wait((lanes.begin_run("polls"),))
        try:
            while True:
                await asyncio.sleep(FOLLOW_SECONDS)
                if lanes.polls.is_idle and not await self._ports.in_thread(_due, self._ports):
                    break
            summary = await self._summary()
            log.info("first polls done", feeds=summary.feeds, failing=summary.feeds_failing)
            _say(self._talk.on_polled, summary)
        except StoreError as error:
            log.error("the first polls could not be followed", reason=str(error))


def _say(saying: Callable[P, None], *facts: P.args, **named: P.kwargs) -> None:
    """Tell the command line; what cannot be printed must not end the work."""
    try:
        saying(*facts, **named)
    except OSError as error:
        log.warning("nothing could be said", reason=str(error))


def _undone(failures: Mapping[str, str]) -> str:
    reasons = "; ".join(sorted(set(failures.values())))
    return f"Not all could be done ({reasons}). Nothing is lost: the next run goes on from here."


def _due(ports: Ports) -> int:
    with ports.store.read() as tx:
        return feeds.count_due(tx, now=ports.now())


async def _give_up(ports: Ports) -> None:
    try:
        await ports.in_thread(give_up, ports)
    except StoreError as error:
        log.error("roles not given up: they run out by themselves", reason=str(error))
