"""Look at the database before anything works on it: is it sound, is it ours, is it here."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import structlog

from monitor.clock import monotonic_seconds
from monitor.errors import ConfigError, StoreError
from monitor.model.problem import Problem
from monitor.store import copies, migrate, places, restored
from monitor.store.engine import Store, Tx

log = structlog.get_logger()

LOOK_SECONDS = 1.0
"""How long a start looks for damage in a SQLite file; `monitor db check` looks at all of it."""

_LOOK_STEPS = 10_000
"""After how many steps of SQLite's machine the time is looked at."""


def prepare_database(store: Store) -> None:
    """Check the database, bring it to this schema, and say what a start has to say of it.

    Raises StoreError if it cannot be used, ConfigError if its data was moved elsewhere.
    """
    if store.is_sqlite:
        _look_at_file(Path(store.url.database or ""))
    revision = migrate.upgrade(
        store, on_copied=lambda copy: log.warning("database copied before its change", copy=copy)
    )
    with store.read() as tx:
        refuse_moved(tx, store)
        log.info("database opened", engine=_engine_of(tx), schema=revision)
        if pause := restored.pause(tx):
            log.warning("delivery is paused", reason=pause.reason, answer=restored.ANSWERS)


def _look_at_file(database: Path) -> None:
    places.refuse_network(database)
    if not database.exists():
        return
    stop_at = monotonic_seconds() + LOOK_SECONDS
    try:
        with copies.open_to_read(database) as connection:
            connection.set_progress_handler(lambda: monotonic_seconds() > stop_at, _LOOK_STEPS)
            faults = copies.structure_faults(connection, is_quick=True)
    except sqlite3.OperationalError as error:  # interrupted, or busy: then it says so when used
        log.info("database looked at in part", reason=str(error))
        return
    except sqlite3.DatabaseError as error:
        faults = (str(error),)
    if faults:
        raise StoreError(copies.damaged(database, "; ".join(faults)))


def refuse_moved(tx: Tx, store: Store) -> None:
    """Raise ConfigError if `db move` has taken the data elsewhere."""
    where = restored.moved_to(tx)
    if where is not None:
        name = Path(store.url.database or "").name
        what = f"the data of {name} was moved to {where}"
        cure = "name that database: MONITOR_DATABASE_URL, or database.url in monitor.yaml"
        problem = Problem(file="database", what=what, cure=cure, code="database-moved")
        raise ConfigError((problem,))


def _engine_of(tx: Tx) -> str:
    if tx.dialect.name == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}"
    return f"PostgreSQL {tx.exec_driver_sql('SHOW server_version').scalar_one()}"
