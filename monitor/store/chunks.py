"""Ask for many values, some at a time: the databases bound how many a statement takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, bindparam

from monitor.store.engine import Tx

CHUNK = 400
"""How many values a statement is given: SQLite takes 32,766 parameters, older ones 999."""

SOUGHT: BindParameter[Any] = bindparam("sought", expanding=True)
"""Stands in a query for the values that `sought` asks for."""


def sought(tx: Tx, query: Any, values: Sequence[Any]) -> Iterator[Any]:
    """Run a query that names `SOUGHT`, for each part of many values."""
    for start in range(0, len(values), CHUNK):
        yield from tx.execute(query, {"sought": values[start : start + CHUNK]})
