"""Put a backup in the place of a database: all of it or nothing, whenever this is killed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, text, update

from monitor.errors import StoreError
from monitor.store import beats, copies, migrate, restored
from monitor.store.copies import DUMP_MAGIC, SQLITE_MAGIC, Progress, no_progress
from monitor.store.dumps import Tools
from monitor.store.engine import Store, Tx
from monitor.store.tables import Base, BeatRow

ALIVE_FOR = timedelta(minutes=1)
"""A process that left a sign of life within this time is taken to be at work."""

_PRIMARY = 0xFF  # the part of SQLite's error codes that names the kind
_DAMAGES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

Answer = Callable[[Tx], None]
"""Settle, in the restored database, what the restore means for delivery."""


def require_kind(backup: Path, *, is_sqlite: bool) -> None:
    """Raise StoreError unless a file looks like a backup of this kind of database."""
    try:
        with backup.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        msg = f"{backup} cannot be read: {error.strerror}"
        raise StoreError(msg) from error
    if start == SQLITE_MAGIC and not is_sqlite:
        msg = (
            f"{backup} is a SQLite file, the database is on PostgreSQL: restore it into a "
            "workspace on SQLite, and then: monitor db move --to URL"
        )
        raise StoreError(msg)
    if start.startswith(DUMP_MAGIC) and is_sqlite:
        msg = f"{backup} is an archive of PostgreSQL, and the database a SQLite file"
        raise StoreError(msg)
    if not (start == SQLITE_MAGIC or start.startswith(DUMP_MAGIC)):
        msg = f"{backup} is no backup: it was made neither by SQLite nor by pg_dump"
        raise StoreError(msg)


def into_sqlite(
    database: Path,
    backup: Path,
    *,
    now: datetime,
    answer: Answer | None = None,
    progress: Progress = no_progress,
) -> Path | None:
    """Put a backup in the place of a file that no process runs on; give where that one is kept.

    None if there was none. Raises StoreError, and then the database is as it was.
    """
    if copies.is_part_of(backup, database):
        raise StoreError("this is the database itself, not a backup of it")
    copies.require_sound(backup)
    draft = database.with_name(f"{database.name}.restoring")
    try:
        copies.copy_sqlite(backup, draft, progress)
        store = Store(f"sqlite:///{draft}")
        try:
            with store.write() as tx:
                _make_ready(tx, str(backup), now, answer)
        finally:
            store.close()
        copies.sync(draft)
        kept = _set_aside(database, now)
        draft.replace(database)
        copies.sync(database.parent)
        return kept
    except OSError as error:
        msg = f"the backup could not be put in place: {error}"
        raise StoreError(msg) from error
    finally:
        for end in ("", *copies.SIDE_FILES):
            draft.with_name(draft.name + end).unlink(missing_ok=True)


def _make_ready(tx: Tx, name: str, now: datetime, answer: Answer | None) -> None:
    """Bring a restored database to this program's schema and mark it."""
    revision = migrate.current(tx)
    if revision is None:
        msg = f"{name} is no backup of this program: it holds none of its tables"
        raise StoreError(msg)
    migrate.require_known(revision, name)
    if not migrate.is_newest(tx):
        migrate.advance(tx)
    tx.execute(delete(BeatRow))
    for table in Base.metadata.sorted_tables:  # whoever had a lease is stopped
        if "claimed_until" in table.columns and table.columns["claimed_until"].nullable:
            tx.execute(update(table).values(claimed_until=None))
    restored.note_restore(tx, now=now)
    if answer is not None:
        answer(tx)


def _set_aside(database: Path, now: datetime) -> Path | None:
    """Give a database a second name, under which it stays; its log is folded into it first."""
    if not database.exists():
        return None
    _fold_log(database)
    name = f"{database.stem}-replaced-{now:%Y%m%dT%H%M%SZ}{database.suffix}"
    kept = copies.unused(database.with_name(name))
    for end in copies.SIDE_FILES:  # a log that stayed would be read into the restored database
        side = database.with_name(database.name + end)
        if side.exists():
            side.rename(kept.with_name(kept.name + end))
    try:
        kept.hardlink_to(database)  # so that no moment is without a database
    except OSError:
        shutil.copy2(database, kept)
    return kept


def _fold_log(database: Path) -> None:
    """Bring what a database's log holds into its file; raises StoreError.

    Not for a damaged file: that one is kept with its log, as it was.
    """
    try:
        with closing(sqlite3.connect(database)) as connection:
            is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        if error.sqlite_errorcode & _PRIMARY in _DAMAGES:
            return
        msg = f"{database} cannot be set aside: {error}. Nothing was restored"
        raise StoreError(msg) from error
    if is_busy:
        msg = (
            f"{database} cannot be set aside: another program has it open. End that one, and "
            "restore again; nothing was restored"
        )
        raise StoreError(msg)


def into_postgresql(
    store: Store, archive: Path, *, tools: Tools, now: datetime, answer: Answer | None = None
) -> None:
    """Put an archive's content in the place of all our tables, in one transaction.

    A lock keeps processes from starting meanwhile. If this is killed before delivery is paused,
    none starts either, until the restore is run again. Raises StoreError.
    """
    _require_ours(archive, tools)
    require_rest(store, now)
    tables = (*Base.metadata.tables, "alembic_version")
    with store.write() as tx:
        migrate.lock(tx)  # and nothing else: what this transaction reads psql could not drop
        tools.restore(
            archive,
            before=[f'DROP TABLE IF EXISTS "{table}" CASCADE' for table in tables],
            after=["RESET search_path", _MARK],  # pg_dump has emptied it
        )
        unmarked = "UPDATE alembic_version SET version_num = substr(version_num, :start)"
        tx.execute(text(unmarked), {"start": len(migrate.RESTORING) + 1})
        _make_ready(tx, str(archive), now, answer)


_MARK = f"UPDATE alembic_version SET version_num = '{migrate.RESTORING}' || version_num"  # noqa: S608 - a constant


def _require_ours(archive: Path, tools: Tools) -> None:
    tools.read_through(archive)
    revision = tools.column(archive, "alembic_version", "version_num")
    if revision is None or tools.column(archive, "workspace", "id") is None:
        msg = f"{archive} is no backup of this program: it holds none of its tables"
        raise StoreError(msg)
    migrate.require_known(revision, str(archive))


def require_rest(store: Store, now: datetime) -> None:
    """Raise StoreError while processes are at work on a PostgreSQL database."""
    with store.read() as tx:
        if migrate.current(tx) is None:
            return
        alive = [one.holder for one in beats.listed(tx, now=now) if one.silent_for < ALIVE_FOR]
    if alive:
        msg = (
            f"these processes work on the database: {', '.join(alive)}. Stop them first; one that "
            "was killed counts as stopped after a minute"
        )
        raise StoreError(msg)
