"""How SQLite answers what is asked of it: by an index, or by reading a whole table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from monitor.store.engine import Store, Tx


def plans(store: Store, work: Callable[[Tx], object]) -> list[str]:
    """Do some reading, and give the steps of the plans of all its questions."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _u: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        with store.read() as tx:
            work(tx)
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    with store.read() as tx:
        return [
            row.detail
            for statement, values in asked
            if statement.startswith("SELECT")
            for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
