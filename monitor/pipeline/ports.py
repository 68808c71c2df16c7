"""Name what the corridor needs from outside: one value that the composition root fills."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

import aiohttp
import structlog

from monitor.clock import Clock
from monitor.deliver.connections import Connections
from monitor.errors import StoreConflict
from monitor.fetch.hosts import HostGate
from monitor.fetch.robots import Robots
from monitor.match.engine import Engine
from monitor.model.delivery import Channel
from monitor.model.keys import ChannelName, RuleId, SourceKey
from monitor.model.network import Limits
from monitor.model.retention import Retention
from monitor.model.rule import Rule
from monitor.model.source import Source
from monitor.net.child import ChildPool
from monitor.normalise.source_book import SourceBook
from monitor.pipeline.failpoints import Failpoints
from monitor.pipeline.tally import Tally
from monitor.store.engine import Store

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 3
"""How often work is done that had to give way to another transaction, before it counts as failed.

A lease brings it back then, as after any failure of the database.
"""

_AGAIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Be the settings that decisions depend on."""

    channels: tuple[Channel, ...]
    backfill: timedelta
    public_url: str | None
    limits: Limits
    retention: Retention = Retention()

    @property
    def lease(self) -> timedelta:
        """Give the length of a lease."""
        return timedelta(seconds=self.limits.lease_seconds)

    def channel(self, name: ChannelName) -> Channel | None:
        """Find a channel by its name."""
        return next((channel for channel in self.channels if channel.name == name), None)


@dataclass(slots=True)
class Current:
    """Hold what is reloaded while running: whole immutable values, swapped."""

    engine: Engine
    sources: Mapping[SourceKey, Source]
    book: SourceBook
    templates: Mapping[str, str]

    def source(self, key: SourceKey) -> Source:
        """Give a listed source; one that was just taken out goes by its key alone."""
        return self.sources.get(key) or Source(key=key, name=key, is_listed=False)

    def rule(self, rule_id: RuleId) -> Rule | None:
        """Find a rule in force."""
        return self.rules.get(rule_id)

    @property
    def rules(self) -> dict[RuleId, Rule]:
        """Give the rules in force by id."""
        return {loaded.rule.id: loaded.rule for loaded in self.engine.rules}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Hold what talks to the outside."""

    session: aiohttp.ClientSession
    gate: HostGate
    robots: Robots
    children: ChildPool
    connections: Connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Be all that the corridor reaches the world through.

    `wake(lane)` hints that a lane has work, from any thread; a lane looks by itself every second
    anyway.
    """

    store: Store
    clock: Clock
    terms: Terms
    current: Current
    network: Network
    threads: Executor
    failpoints: Failpoints
    tally: Tally
    holder: str
    wake: Callable[[str], None]

    def now(self) -> datetime:
        """Read the clock."""
        return self.clock()

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking work, such as a transaction, in a thread.

        A thread cannot be stopped: a cancelled caller goes on when the work has ended, so that
        nothing is committed behind the back of whoever cleans up. Work that had to give way to
        another transaction (a deadlock) is done again, `TRIES` times in all.
        """
        loop = asyncio.get_running_loop()
        working = loop.run_in_executor(self.threads, lambda: _insisting(work, *args, **kwargs))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            await asyncio.wait((working,))
            if not working.cancelled() and (error := working.exception()):
                log.error("work failed during a stop", reason=str(error))
            raise


def _insisting(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do work whose transactions may have to give way: nothing of such a one was written."""
    for _ in range(TRIES - 1):
        try:
            return work(*args, **kwargs)
        except StoreConflict as error:
            log.warning("transaction gave way", reason=str(error))
            time.sleep(random.random() * _AGAIN_SECONDS)  # noqa: S311 - or both meet again
    return work(*args, **kwargs)
