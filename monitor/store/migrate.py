"""Bring a database to the schema of this version, once, whoever asks first."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from monitor.errors import StoreConflict, StoreError
from monitor.store import copies, fulltext
from monitor.store.engine import Store, Tx
from monitor.store.tables import Base, WorkspaceRow

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6D6F6E69746F72  # "monitor": the advisory lock that one migrating process holds

_TRIES = 5
_LOCK_SECONDS: float = 5  # all who want a table stand behind a change that waits for it
_PAUSE_SECONDS: float = 3  # between tries, for those who stood behind

RESTORING = "restoring "
"""Stands before the revision while a restore on PostgreSQL is not done: nothing may start."""


def upgrade(store: Store, on_copied: Callable[[Path], None] | None = None) -> str:
    """Migrate to the newest schema in one transaction, and give its revision.

    Another process that migrates at the same time is waited for. A SQLite file that holds a
    schema is copied before it is changed, and `on_copied` gets the copy. Raises StoreError if the
    database comes from a newer version of this program, the copy finds no room, or others hold
    the tables of a PostgreSQL database through all tries.
    """
    for _ in range(_TRIES - 1):
        with suppress(StoreConflict):
            return _upgrade(store, on_copied)
        time.sleep(_PAUSE_SECONDS)
    try:
        return _upgrade(store, on_copied)
    except StoreConflict as error:
        msg = (
            f"{error}. The schema was not changed: a long transaction holds its tables, a backup "
            "perhaps. Let it end, or end it (pg_stat_activity names it), and start again"
        )
        raise StoreError(msg) from error


def _upgrade(store: Store, on_copied: Callable[[Path], None] | None) -> str:
    with store.write() as tx:
        if not store.is_sqlite:
            lock(tx)
        refuse_newer(tx)
        if not is_current(tx):
            copy = _copied(store, current(tx))
            if not store.is_sqlite:
                tx.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
            _advance_or_undo(tx, copy)
            if copy is not None and on_copied is not None:
                on_copied(copy)
        return current(tx) or ""


def _advance_or_undo(tx: Tx, copy: Path | None) -> None:
    """Migrate; if it fails the copy goes, or each new try would leave one more."""
    try:
        advance(tx)
    except BaseException:  # rolled back: the database itself is what the copy is
        if copy is not None:
            copy.unlink(missing_ok=True)
        raise


def lock(tx: Tx) -> None:
    """Keep others from migrating, and so from starting, until this transaction ends."""
    tx.execute(text("SET LOCAL statement_timeout = 0"))  # an index may take its time
    idle = "SET LOCAL idle_in_transaction_session_timeout = 0"  # while psql or SQLite is at work
    tx.execute(text(idle))
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def advance(tx: Tx) -> None:
    """Migrate in a transaction that is open already."""
    command.upgrade(_config(tx), "head")


def _copied(store: Store, revision: str | None) -> Path | None:
    """Copy a SQLite file beside itself: the transaction that is open keeps others from writing."""
    if not store.is_sqlite or revision is None or not store.url.database:
        return None
    source = Path(store.url.database)
    copy = copies.unused(source.with_name(f"{source.stem}-schema-{revision}{source.suffix}"))
    copies.require_room(source.parent, 2 * source.stat().st_size)  # the change may take as much
    copies.copy_sqlite(source, copy)
    return copy


def refuse_newer(tx: Tx) -> None:
    """Raise StoreError if the database has a newer schema that this program may not work in."""
    found = current(tx)
    if found is not None and found.startswith(RESTORING):
        raise StoreError("a restore was cut off half-way; run it again: monitor db restore FILE")
    if found is not None and found not in _known() and not _is_open(tx):
        msg = f"the database has schema {found}, made by a newer version of this program"
        raise StoreError(msg)


def require_known(revision: str, backup: str) -> None:
    """Raise StoreError if a backup's revision is none of those this program knows."""
    if revision not in _known():
        msg = (
            f"{backup} has schema {revision}, made by a newer version of this program: bring this "
            "program to that version, or restore an older backup"
        )
        raise StoreError(msg)


def is_current(tx: Tx) -> bool:
    """Tell whether the database has the newest schema, or a newer one that is open to us."""
    found = current(tx)
    return is_newest(tx) or (found is not None and found not in _known())


def is_newest(tx: Tx) -> bool:
    """Tell whether the database has the newest schema this program knows."""
    return current(tx) == head()


def head() -> str:
    """Name the newest schema this program knows."""
    return _scripts().get_current_head() or ""


def _known() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}


def _is_open(tx: Tx) -> bool:
    """Tell whether a newer schema says that programs of ours may still work in it."""
    return tx.execute(select(WorkspaceRow.open_to)).scalar_one_or_none() in _known()


def current(tx: Tx) -> str | None:
    """Give the database's revision, None for an empty one."""
    return MigrationContext.configure(tx).get_current_revision()


def differences(tx: Tx) -> list[object]:
    """List where the database differs from the tables as drawn: empty after `upgrade`."""
    ours = {
        "compare_type": True,
        "include_name": lambda name, *_: not fulltext.is_engines_own(name),
    }
    context = MigrationContext.configure(tx, opts=ours)
    return list(compare_metadata(context, Base.metadata))


def _config(tx: Tx) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = tx
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS))
