"""Open the corridor on a workspace within the test's own process, on a clock of the test's.

async with opened(workspace, clock=Watch(now)) as ports:
    ...                                       # rules are in force, the database is migrated
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from services.product import Workspace

from monitor import app
from monitor.clock import Clock, system_clock
from monitor.match.engine import Engine
from monitor.pipeline.ports import Ports
from monitor.settings import load_settings
from monitor.store import migrate, rules


class Watch:
    """Be a clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Move the hands on."""
        self.now += timedelta(**by)


@asynccontextmanager
async def opened(made: Workspace, clock: Clock = system_clock) -> AsyncIterator[Ports]:
    """Open everything, with the workspace's rules in force."""
    settings = load_settings(made.folder, made.environment)
    store = app.open_store(settings)
    migrate.upgrade(store)
    try:
        async with app.open_ports(settings, store, environ=made.environment, clock=clock) as ports:
            engine = Engine(app.workspace_rules(settings).rules)
            ports.current.engine = engine
            with store.write() as tx:  # as the assigner does, when they have looked back
                for loaded in engine.rules:
                    rules.keep(tx, loaded.rule, now=ports.now())
            yield ports
    finally:
        store.close()
