"""Insert, or leave or change what is there: the same statement on both engines."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from monitor.store.engine import Tx

Insert = sqlite.Insert | postgresql.Insert


def insert(tx: Tx, table: type[Any]) -> Any:
    """Give the engine's own INSERT, which knows ON CONFLICT."""
    chosen = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    return chosen(table.__table__)  # the ORM has no part in it, and no cost
