"""Check a database: its structure, its schema, and what must hold between rows."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, text
from sqlalchemy.exc import DBAPIError

from monitor.store import copies, migrate
from monitor.store.engine import Tx
from monitor.store.lease import lease_clock
from monitor.store.placing import IS_PARKED
from monitor.store.tables import (
    AlertRow,
    ArticleRow,
    Base,
    ChannelRow,
    DeliveryRow,
    DigestRow,
    FeedRow,
    PageRow,
    RedirectRow,
    RoleRow,
    SeatRow,
    StoryRow,
    ToldRow,
    WorkspaceRow,
)

LONGEST_CLAIM = timedelta(days=1)
"""Leases last a minute: one that ends later than this was written by a wrong clock."""

_RESTORE = "stop `monitor run` and put a backup in place: monitor db restore FILE"
_FOREIGN = (
    "something else than this program has written here: put a backup in place "
    "(monitor db restore FILE), or report it with the output of: monitor db check --json"
)
_CLOCK = (
    "set the clock right (on PostgreSQL the server's); then, on SQLite, start `monitor run` "
    "anew: it ends all leases. On PostgreSQL: UPDATE {table} SET claimed_until = NULL"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Be something that is wrong, how often, and its cure."""

    what: str
    cure: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """Be what a check found; `notes` say what could not be looked at."""

    revision: str
    faults: tuple[Fault, ...]
    counts: dict[str, int]
    notes: tuple[str, ...] = ()


def check(tx: Tx, *, now: datetime) -> Checkup:
    """Check everything.

    What builds on a fault is not asked: rows of a damaged file mean nothing.
    """
    notes: list[str] = []
    counts: dict[str, int] = {}
    faults = tuple(_structure(tx, notes)) or tuple(_schema(tx))
    if not faults:
        faults = tuple(_invariants(tx, now))
        counts = {name: _count(tx, table) for name, table in _tables()}
    return Checkup(
        revision=migrate.current(tx) or "", faults=faults, counts=counts, notes=tuple(notes)
    )


def _tables() -> list[tuple[str, Any]]:
    return sorted(Base.metadata.tables.items())


def _count(tx: Tx, table: Any, condition: ColumnElement[bool] | None = None) -> int:
    counted = select(func.count()).select_from(table)
    if condition is not None:
        counted = counted.where(condition)
    return int(tx.execute(counted).scalar_one())


def _structure(tx: Tx, notes: list[str]) -> Iterator[Fault]:
    if tx.dialect.name == "sqlite":
        if not _has_sound_log(sqlite3.sqlite_version_info):
            notes.append(_OLD_SQLITE.format(version=sqlite3.sqlite_version))
        yield from _sqlite_structure(tx)
    else:
        yield from _postgresql_indexes(tx, notes)


def _sqlite_structure(tx: Tx) -> Iterator[Fault]:
    raw: Any = tx.connection.driver_connection
    try:
        for fault in copies.structure_faults(raw):
            yield Fault(what=f"the file is damaged: {fault}", cure=_RESTORE)
        broken = Counter(row[0] for row in raw.execute("PRAGMA foreign_key_check"))
    except sqlite3.DatabaseError as error:
        yield Fault(what=f"the file is damaged: {error}", cure=_RESTORE)
        return
    for table, number in sorted(broken.items()):
        what = f"rows of {table} point at rows that are not there"
        yield Fault(what=what, cure=_FOREIGN, count=number)


def _postgresql_indexes(tx: Tx, notes: list[str]) -> Iterator[Fault]:
    """Check indexes by the server's extension amcheck, where it is installed and allowed."""
    installed = text("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'")
    if tx.execute(installed).first() is None:
        notes.append("indexes were not checked: CREATE EXTENSION amcheck; lets the server do it")
        return
    for index in tx.execute(_BTREES).scalars().all():
        try:
            with tx.begin_nested():
                tx.execute(text("SELECT bt_index_check(to_regclass(:name))"), {"name": index})
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") == _NOT_ALLOWED:
                notes.append("indexes were not checked: this user may not run amcheck")
                return
            yield Fault(what=f"index {index} is damaged: {error.orig}", cure=f"REINDEX {index};")


_OLD_SQLITE = (
    "SQLite {version} can, very rarely, damage its file when two connections write at one instant "
    "(sqlite.org/wal.html: the WAL-reset bug, mended in 3.51.3, 3.50.7 and 3.44.6): keep backups"
)


def _has_sound_log(version: tuple[int, ...]) -> bool:
    """Tell the versions that have the mended write-ahead log, its back-ports among them."""
    return (
        version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    )


_NOT_ALLOWED = "42501"
_BTREES = text(
    "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_am a ON a.oid = c.relam "
    "WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relnamespace = "
    "(SELECT relnamespace FROM pg_class WHERE oid = to_regclass('workspace')) ORDER BY 1"
)


def _schema(tx: Tx) -> Iterator[Fault]:
    if migrate.current(tx) is None:
        yield Fault(what="there are no tables yet", cure="start with: monitor run")
        return
    if not migrate.is_current(tx):
        what = f"the schema is {migrate.current(tx)}, older than this program"
        yield Fault(what=what, cure="monitor db upgrade")
        return
    if migrate.is_newest(tx):  # a newer one, open to us, is not ours to judge
        for difference in migrate.differences(tx):
            yield Fault(what=f"the tables are not as drawn: {difference}", cure=_FOREIGN)


def _invariants(tx: Tx, now: datetime) -> Iterator[Fault]:
    """Ask what must hold between rows and no constraint says."""
    for what, table, condition in _QUESTIONS:
        if number := _count(tx, table, condition):
            yield Fault(what=what, cure=_FOREIGN, count=number)
    if (number := _count(tx, WorkspaceRow)) != 1:
        yield Fault(what="the workspace has not one row", cure=_FOREIGN, count=number)
    latest = lease_clock(tx, now) + LONGEST_CLAIM
    for claimed in (FeedRow, PageRow, DeliveryRow, ChannelRow, RoleRow):
        if number := _count(tx, claimed, claimed.claimed_until > latest):
            name = claimed.__tablename__
            what = f"claims on {name} rows end more than {LONGEST_CLAIM.days} day from now"
            yield Fault(what=what, cure=_CLOCK.format(table=name), count=number)


def _none(table: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return ~exists().select_from(table).where(condition)


_SEATS = (
    select(func.count())
    .select_from(SeatRow)
    .where(SeatRow.story_id == StoryRow.id)
    .scalar_subquery()
)
_QUESTIONS: tuple[tuple[str, Any, ColumnElement[bool]], ...] = (
    (
        "articles have no story and do not wait for one",
        ArticleRow,
        ~ArticleRow.place_due & _none(SeatRow, SeatRow.article_id == ArticleRow.id) & ~IS_PARKED,
    ),
    (
        "articles sit in a story that is not there",
        SeatRow,
        _none(StoryRow, StoryRow.id == SeatRow.story_id),
    ),
    ("stories do not count their articles rightly", StoryRow, StoryRow.article_count != _SEATS),
    (
        "ids of stories that were merged away are stories all the same",
        RedirectRow,
        exists().where(StoryRow.id == RedirectRow.id),
    ),
    (
        "alerts are of a story that is not there",
        AlertRow,
        _none(StoryRow, StoryRow.id == AlertRow.story_id),
    ),
    (
        "deliveries were sent, and their bytes are gone",
        DeliveryRow,
        (DeliveryRow.state == "sent") & DeliveryRow.body.is_(None),
    ),
    (
        "deliveries were sent at no moment",
        DeliveryRow,
        (DeliveryRow.state == "sent") & DeliveryRow.sent_at.is_(None),
    ),
    (
        "channels were told of stories or articles that are not there",
        ToldRow,
        or_(
            _none(StoryRow, StoryRow.id == ToldRow.story_id),
            _none(ArticleRow, ArticleRow.id == ToldRow.article_id),
        ),
    ),
    (
        "channels had a digest of which no slot is kept",
        ChannelRow,
        ChannelRow.last_slot.is_not(None)
        & _none(
            DigestRow,
            (DigestRow.channel == ChannelRow.name) & (DigestRow.slot == ChannelRow.last_slot),
        ),
    ),
)
