"""Let a SQLite database refuse every write for a while, as a full disk does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from monitor.store.engine import Store


@contextmanager
def refusing(store: Store) -> Iterator[None]:
    """Let writes fail until the end of the block; reading goes on."""
    store.engine.dispose()
    event.listen(store.engine, "connect", _forbid_writes)
    try:
        yield
    finally:
        event.remove(store.engine, "connect", _forbid_writes)
        store.engine.dispose()


def _forbid_writes(raw: sqlite3.Connection, _: object) -> None:
    raw.execute("PRAGMA query_only = ON")
