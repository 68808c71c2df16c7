"""Make the database ready: the schema of this version, and nothing left of who died here."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from monitor.app.clock_steps import set_back
from monitor.app.database import prepare_database
from monitor.clock import system_clock
from monitor.errors import ConfigError, StoreLogin, StoreUnready
from monitor.model.problem import Problem
from monitor.store import beats, claims, steps
from monitor.store.engine import Store

log = structlog.get_logger()

UNREADY_SECONDS = 3.0
"""How long a start waits before it asks a server again that is not there yet."""


async def prepared(store: Store, stop: asyncio.Event, *, is_patient: bool) -> bool:
    """Make the database ready; who is patient waits for its server: False if a stop came first."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(_prepare, store)
            return True
        except StoreLogin as error:
            cure = "correct MONITOR_DATABASE_URL, or database.url in monitor.yaml"
            problem = Problem(file="database", what=str(error), cure=cure, code="database-login")
            raise ConfigError((problem,)) from error
        except StoreUnready as error:
            if not is_patient:
                raise
            log.warning("waiting for the database", reason=str(error))
        with suppress(TimeoutError):
            async with asyncio.timeout(UNREADY_SECONDS):
                await stop.wait()
    return False


def _prepare(store: Store) -> None:
    prepare_database(store)
    if store.is_sqlite:  # the lock says that whoever held a lease is dead
        now = system_clock()
        with store.write() as tx:
            beats.forget_all(tx)
            set_back(tx, steps.ahead(tx, now), now)
            claims.expire_all(tx, now=now)
