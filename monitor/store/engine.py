"""Open the database, and its transactions.

One synchronous store, entered through a thread (DESIGN.md, decision 10). SQLite: WAL,
`synchronous=FULL`, and each write transaction is `BEGIN IMMEDIATE`, so it waits for the one writer
instead of failing at its first write. PostgreSQL: psycopg 3, row locks; writing in READ COMMITTED,
reading in REPEATABLE READ. A pooler such as PgBouncer may stand between, in transaction mode: then
nothing outlives a transaction, neither prepared statements nor settings.
"""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    TimeoutError,  # noqa: A004 - of the pool
)
from sqlalchemy.pool import ConnectionPoolEntry

from monitor.errors import (
    StoreBroken,
    StoreConflict,
    StoreError,
    StoreLogin,
    StoreUnready,
)
from monitor.store.copies import damaged

Tx = Connection
"""An open transaction: what the functions of this room work in."""

_BUSY_SECONDS = 45  # longer than a tool for backups holds the file, shorter than a lease
_SWITCH_AGAIN_SECONDS = 0.01
_WRITE = "monitor_write"

_PATIENCE = {
    "connect_timeout": 4,
    "tcp_user_timeout": 30_000,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""How long a server that is gone is waited for; an address may say otherwise."""

_STATEMENT_SECONDS = 60  # a lease: what takes longer has lost its claim anyway
_IDLE_SECONDS = 60  # a worker that stands still amid a transaction holds others' rows no longer

_PATIENT = (
    f"SELECT set_config('statement_timeout', '{_STATEMENT_SECONDS}s', {{is_local}}), "
    f"set_config('idle_in_transaction_session_timeout', '{_IDLE_SECONDS}s', {{is_local}})"
)

_READ_ONLY = "25006"
_CONFLICTS = frozenset({"40001", "40P01", "55P03"})
"""SQLSTATEs of a transaction that gave way: serialization, deadlock, no lock in time."""

_LOGIN = re.compile(
    r"authentication failed|no password supplied|does not exist|no pg_hba\.conf entry"
    r"|not support SSL|certificate|permission denied|^connection is bad: invalid"
)
"""What servers and libpq say if waiting is in vain; a refused connection has no SQLSTATE."""

_DISK_FAILURES = frozenset(
    {
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_DIR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_CORRUPTFS,
    }
)
"""Not all of SQLITE_IOERR: a full disk that has no room for the -shm file is one of them too."""

_POOLED = "is_pooled"


class Store:
    """Hold the engine and hand out transactions; safe to use from several threads."""

    def __init__(self, url: str, *, is_read_only: bool = False) -> None:
        """Prepare an engine for `url` (an SQLAlchemy URL); nothing connects yet."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._is_read_only = is_read_only
        # SQLite has one writer: threads queue here, fairly, instead of polling the busy file.
        self._writer: AbstractContextManager[object] = (
            threading.Lock() if self.is_sqlite else nullcontext()
        )
        self._reading: dict[str, Any] = {}
        if not self.is_sqlite:
            self._reading = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._is_cut = False
        self._broken = ""
        self.on_broken: Callable[[], object] = lambda: None
        """Called, from any thread, once the disk has failed: the process has to end."""
        self._opened: dict[int, Any] = {}
        self.engine = self._sqlite() if self.is_sqlite else self._postgresql()
        event.listen(self.engine, "do_connect", self._refuse_once_cut)
        event.listen(self.engine, "connect", self._note_opened)
        event.listen(self.engine, "close", self._note_closed)

    def _sqlite(self) -> Engine:
        if self.url.database and not self._is_read_only:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        # the connection used last is taken first: each fills caches of pages and statements of its
        # own, and in turn five of them grow for hours
        engine = create_engine(
            self.url, connect_args={"timeout": _BUSY_SECONDS}, pool_use_lifo=True
        )
        event.listen(engine, "connect", self._prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _postgresql(self) -> Engine:
        engine = create_engine(
            self.url,
            pool_pre_ping=True,
            pool_use_lifo=True,
            pool_size=10,
            max_overflow=10,
            connect_args=self._patience,
        )
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
        event.listen(engine, "checkin", _let_the_server_choose)
        event.listen(engine, "handle_error", _leave_a_server_that_only_reads)
        return engine

    @property
    def _patience(self) -> dict[str, Any]:
        return {name: value for name, value in _PATIENCE.items() if name not in self.url.query}

    @property
    def parameters(self) -> dict[str, Any]:
        """Give what psycopg connects by: for a connection to the server beside the pool's."""
        _, words = self.engine.dialect.create_connect_args(self.url)
        return {**words, **self._patience}

    def _prepare_sqlite(self, raw: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        raw.isolation_level = None  # the driver must not begin by itself: `_begin_sqlite` does
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
        if self._is_read_only:
            raw.execute("PRAGMA query_only=ON")
        else:
            _switch_to_wal(raw)
            raw.execute("PRAGMA synchronous=FULL")

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction that commits at the end, or rolls back as a whole.

        Raises StoreError when the database refuses, by kind: StoreConflict (the same transaction
        may succeed at once), StoreUnready and StoreLogin (no connection), StoreBroken (the disk
        failed: all that follows is refused). Also on a store that was opened to read.
        """
        if self._is_read_only:
            raise StoreError("this command only reads the database")
        with self._writer, self._connect() as connection:
            writing = connection.execution_options(**{_WRITE: True})
            with writing.begin():
                yield writing

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a transaction for reading: one unchanging view, and nothing can be written."""
        with self._connect() as connection:
            reading = connection.execution_options(**self._reading)
            with reading.begin():
                yield reading

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        self._refuse_once_cut()
        with self._translated(), self._reached() as connection:
            yield connection

    def _reached(self) -> Connection:
        """Take a connection; what keeps us from one is told apart by whether waiting helps."""
        try:
            return self.engine.connect()
        except DBAPIError as error:
            if self.is_sqlite:
                raise
            said = f"the database cannot be reached: {str(error.orig).strip().splitlines()[0]}"
            if isinstance(error, ProgrammingError) or _LOGIN.search(str(error.orig)):
                raise StoreLogin(said) from error
            raise StoreUnready(said) from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise StoreError("the database refuses: all connections are in use") from error
        except DBAPIError as error:
            told = self._told(error)
            if told is None:
                raise
            raise told from error

    def _told(self, error: DBAPIError) -> StoreError | None:
        """Say what the database's state is to blame for; None for a defect of ours."""
        said = f"the database refuses: {error.orig}"
        if getattr(error.orig, "sqlite_errorcode", None) in _DISK_FAILURES:
            return self._break(error)
        if type(error) is DatabaseError and self.is_sqlite:
            return StoreError(damaged(self.url.database or "", error.orig))
        if error.connection_invalidated:
            return StoreUnready(said)
        if getattr(error.orig, "sqlstate", None) in _CONFLICTS:
            return StoreConflict(said)
        return StoreError(said) if _is_refusal(error) else None

    def _break(self, error: DBAPIError) -> StoreBroken:
        self._broken = (
            f"the disk failed under {self.url.database} ({error.orig}): what was committed before "
            "is kept. Look at the disk (dmesg says more), then start again"
        )
        self.on_broken()
        return StoreBroken(self._broken)

    def refuse_broken(self) -> None:
        """Raise StoreBroken if the disk has failed under this store."""
        if self._broken:
            raise StoreBroken(self._broken)

    def on_error(self, tell: Callable[[], None]) -> None:
        """Let `tell` be called whenever the database refuses or answers with an error."""
        event.listen(self.engine, "handle_error", lambda _: tell())

    def check(self) -> None:
        """Ask the database for a sign of life; raises StoreError."""
        with self.read() as tx:
            tx.execute(text("SELECT 1"))

    def cut(self) -> None:
        """Begin no transaction any more, and end what waits for the database now.

        Whoever waits gets a StoreError, and the transaction is rolled back. For the end of a
        stop: a database that hangs must not hold the process.
        """
        self._is_cut = True
        for raw in tuple(self._opened.values()):
            with suppress(sqlite3.Error, psycopg.Error, OSError):
                _break_off(raw)

    def _refuse_once_cut(self, *_: object) -> None:
        self.refuse_broken()
        if self._is_cut:
            raise StoreError("the program stops: the database is not asked any more")

    def _note_opened(self, raw: Any, _: ConnectionPoolEntry) -> None:
        self._opened[id(raw)] = raw

    def _note_closed(self, raw: Any, _: ConnectionPoolEntry) -> None:
        self._opened.pop(id(raw), None)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def is_pooled(raw: psycopg.Connection[Any] | psycopg.AsyncConnection[Any], answering: int) -> bool:
    """Tell whether a pooler stands before the server; `answering` is its pg_backend_pid().

    A pooler makes up the key that a client cancels by, so it names another process. Session mode,
    which would keep what a session is told, cannot be told apart.
    """
    return raw.info.backend_pid != answering


def _prepare_postgresql(raw: psycopg.Connection[Any], entry: ConnectionPoolEntry) -> None:
    (answering,) = raw.execute("SELECT pg_backend_pid()").fetchone() or (0,)
    if is_pooled(raw, answering):
        entry.info[_POOLED] = True
        raw.prepare_threshold = None
    else:  # not as a start-up option: poolers refuse those
        raw.execute(_PATIENT.format(is_local="false").encode())
    raw.commit()


def _begin_postgresql(connection: Connection) -> None:
    if connection.info.get(_POOLED):
        connection.exec_driver_sql(_PATIENT.format(is_local="true"))


def _let_the_server_choose(raw: psycopg.Connection[Any] | None, _: ConnectionPoolEntry) -> None:
    """Forget that a transaction read or wrote: SQLAlchemy would ask for READ WRITE by name.

    That overrides `default_transaction_read_only`, by which a server says that it is primary no
    more.
    """
    if raw is not None and raw.info.transaction_status == TransactionStatus.IDLE:
        raw.read_only = None


def _leave_a_server_that_only_reads(context: ExceptionContext) -> None:
    """Throw all connections away if a write meets a read-only server: it is primary no more.

    New ones find the primary if the address names several hosts and
    `target_session_attrs=read-write`.
    """
    connection = context.connection
    is_writing = connection is not None and connection.get_execution_options().get(_WRITE, False)
    if is_writing and getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
        context.is_disconnect = True


def _break_off(raw: sqlite3.Connection | psycopg.Connection[Any]) -> None:
    """End the statement that another thread runs on a connection."""
    if isinstance(raw, sqlite3.Connection):
        raw.interrupt()
        return
    with socket.socket(fileno=os.dup(raw.fileno())) as line:  # asking it to cancel may hang too
        line.shutdown(socket.SHUT_RDWR)


def _switch_to_wal(raw: sqlite3.Connection) -> None:
    """Let readers and a writer work side by side; the file keeps it.

    While another writes to a file that is not switched yet, SQLite refuses at once, whatever the
    busy timeout says: so the wait for a process that is started beside this one is here.
    """
    end = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_SWITCH_AGAIN_SECONDS)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _is_refusal(error: DBAPIError) -> bool:
    """Tell what the database's state is to blame for from a defect of a statement of ours."""
    is_bare = type(error) is DatabaseError
    return is_bare or isinstance(error, OperationalError | InterfaceError)
