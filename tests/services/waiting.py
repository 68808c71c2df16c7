"""Wait for what another process does, and fails to say: its files, its tables, its state.

What a process says can be waited for without looking again and again (services/running.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import text

from monitor.store.engine import Store

LOOK_SECONDS = 0.05


def until(
    is_so: Callable[[], bool],
    within_seconds: float = 60.0,
    *,
    else_say: Callable[[], object] = lambda: "it did not come about in time",
) -> None:
    """Look until it is so; else fail with what `else_say` gives."""
    end = time.monotonic() + within_seconds
    while not is_so():
        assert time.monotonic() < end, else_say()
        time.sleep(LOOK_SECONDS)


def wait_for_lock(store: Store) -> None:
    """Wait until a transaction waits for another (PostgreSQL)."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(10_000):
        with store.read() as tx:
            if tx.execute(waiting).scalar_one():
                return
    raise AssertionError("nobody waits")
