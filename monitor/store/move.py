"""Move all data from SQLite to PostgreSQL: nothing is lost, and nothing is sent again.

Everything travels in one transaction of the target, while one of the source keeps others from
writing. Killed at any point, the source is whole and the target holds all or nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Table, delete, func, insert, select

from monitor.errors import StoreError
from monitor.store import migrate, restored
from monitor.store.copies import Progress, no_progress
from monitor.store.engine import Store, Tx
from monitor.store.restore import require_rest
from monitor.store.tables import (
    ArticleRow,
    Base,
    BeatRow,
    DeliveryRow,
    HostRow,
    RoleRow,
    StoryRow,
    TermsRow,
)

_BATCH = 500
_LEFT: frozenset[str] = frozenset(
    table.__tablename__ for table in (BeatRow, HostRow, RoleRow, TermsRow)
)
"""Tables that say who works now: nobody does. And the full-text index, which is made anew."""

_RESET = {"claimed_until": None, "indexed_revision": 0, "indexed_reading": 0}
"""Columns that stay behind with these tables."""

_SUM_BITS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Say where the data is now and how many rows each table has; `was_done` if it was before."""

    to: str
    rows: dict[str, int]
    was_done: bool = False


@dataclass(frozen=True, slots=True)
class _Sum:
    """Be a table's content in short, whatever the order of its rows."""

    rows: int
    hash: int


def move(
    source: Store, target: Store, *, now: datetime, progress: Progress = no_progress
) -> Moved:
    """Move everything; the source stays as it is, but for the note that it has moved.

    If an earlier move was killed between its commit and that note, the note is written now.
    Raises StoreError if the target holds other data, or if a process works there.
    """
    if not source.is_sqlite or target.is_sqlite:
        raise StoreError("data moves from a SQLite file to PostgreSQL, and no other way")
    migrate.upgrade(target)
    require_rest(target, now)
    where = target.url.render_as_string(hide_password=True)
    with source.write() as reading:
        _require_movable(reading)
        with target.write() as writing:
            migrate.lock(writing)
            was_done = _is_there(reading, writing)
            rows = _counts(reading) if was_done else _copy(reading, writing, progress)
        restored.note_move(reading, where)
    return Moved(to=where, rows=rows, was_done=was_done)


def _require_movable(tx: Tx) -> None:
    if not migrate.is_newest(tx):
        raise StoreError("the schema is not this program's; first: monitor db upgrade")
    if (where := restored.moved_to(tx)) is not None:
        msg = f"the data was moved to {where} already"
        raise StoreError(msg)


def _is_there(reading: Tx, writing: Tx) -> bool:
    """Tell whether the target holds exactly this data already; raises StoreError if other data."""
    holds = [t.__tablename__ for t in (ArticleRow, StoryRow, DeliveryRow) if _has_rows(writing, t)]
    if not holds:
        return False
    if all(_sum(_rows(reading, t), t) == _sum(_rows(writing, t), t) for t in _tables()):
        return True
    msg = (
        f"the target is not empty: it has rows in {', '.join(holds)}. Name an empty database; if "
        "this workspace works there already, put its address into monitor.yaml instead"
    )
    raise StoreError(msg)


def _has_rows(tx: Tx, table: type[Any]) -> bool:
    return tx.execute(select(table).limit(1)).first() is not None


def _tables() -> list[Table]:
    return [table for table in Base.metadata.sorted_tables if table.name not in _LEFT]


def _counts(tx: Tx) -> dict[str, int]:
    return {table.name: _count(tx, table) for table in _tables()}


def _count(tx: Tx, table: Table) -> int:
    return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def _copy(reading: Tx, writing: Tx, progress: Progress) -> dict[str, int]:
    """Copy all tables, and compare what came out with what went in."""
    for table in reversed(Base.metadata.sorted_tables):
        writing.execute(delete(table))
    counts, done = _counts(reading), 0
    total = sum(counts.values())
    for table in _tables():
        went_in: list[_Sum] = []
        for batch in _batches(reading, table):
            writing.execute(insert(table), batch)
            went_in.append(_sum(batch, table))
            done += len(batch)
            progress(done, total)
        if _added(went_in) != _sum(_rows(writing, table), table):
            msg = f"the rows of {table.name} did not arrive as they were: nothing was moved"
            raise StoreError(msg)
        _set_sequence(writing, table)
    return counts


def _batches(tx: Tx, table: Table) -> Iterator[Sequence[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in _rows(tx, table):
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _rows(tx: Tx, table: Table) -> Iterator[dict[str, Any]]:
    """Read a table, some rows at a time, without its leases: whoever held one is stopped."""
    query = select(table).execution_options(yield_per=_BATCH)
    reset = {name: value for name, value in _RESET.items() if name in table.columns}
    for row in tx.execute(query).mappings():
        yield {**row, **reset}


def _sum(rows: Iterable[dict[str, Any]], table: Table) -> _Sum:
    """Sum up rows: their hashes are added, so their order plays no part."""
    columns = [(column.name, isinstance(column.type, JSON)) for column in table.columns]
    number = total = 0
    for row in rows:
        number += 1
        said = repr([_plain(row[name], is_json=is_json) for name, is_json in columns])
        total += int.from_bytes(hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest())
    return _Sum(number, total % 2**_SUM_BITS)


def _plain(value: Any, *, is_json: bool) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, memoryview):
        return bytes(value)
    if not is_json:
        return value
    # PostgreSQL orders an object's keys anew, and gives 1e22 back as a whole number
    return json.dumps(json.loads(json.dumps(value), parse_int=float), sort_keys=True)


def _added(sums: Iterable[_Sum]) -> _Sum:
    rows = total = 0
    for one in sums:
        rows, total = rows + one.rows, total + one.hash
    return _Sum(rows, total % 2**_SUM_BITS)


def _set_sequence(tx: Tx, table: Table) -> None:
    """Let the next row get a number behind the highest that was moved."""
    column = table.columns.get("id")
    if column is None or not isinstance(column.type, BigInteger):
        return
    highest = select(func.max(column)).scalar_subquery()
    name = func.pg_get_serial_sequence(table.name, "id")
    if tx.execute(select(name)).scalar_one() is not None:
        tx.execute(select(func.setval(name, func.coalesce(highest, 1), highest.is_not(None))))
