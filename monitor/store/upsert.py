"""Insert, or leave or change what is there: the same statement on both engines."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from monitor.store.engine import Tx

Insert = sqlite.Insert | postgresql.Insert


def insert(tx: Tx, table: type[Any]) -> Any:
    """Give the engine's own INSERT, which knows ON CONFLICT."""
    return _insert(tx.dialect.name, table.__table__)  # the ORM has no part in it, and no cost


@lru_cache  # with its key computed once: that costs more than sending a row
def _insert(dialect: str, table: Table) -> Any:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
