"""Kill an upgrade at every statement it executes, and look at what is left. A program of its own.

python kill_upgrades.py sqlite:///old.db    # all kill points; says as JSON what came out
python kill_upgrades.py postgresql+psycopg://h/old 9    # every ninth

The database named is copied for each kill; a child that is forked upgrades the copy.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
from services.schemas import Rows, is_kept, rows_of
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from monitor.store import copies, migrate
from monitor.store.engine import Store


def survived(work: Callable[[], object], kill_at: int) -> bool:
    """Do work in a child that dies at its n-th statement or commit; False if it did."""
    child = os.fork()
    if child == 0:
        left = kill_at

        def pass_point(*_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", pass_point)
        event.listen(Engine, "commit", pass_point)
        try:
            work()
            pass_point()  # the commit is done, and nobody has heard of it
        except BaseException as error:  # noqa: BLE001 - no child may go on as its parent
            sys.stderr.write(repr(error))
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False
    if os.waitstatus_to_exitcode(status) != 0:
        msg = "the upgrade failed"
        raise AssertionError(msg)
    return True


def upgraded(url: str) -> str:
    store = Store(url)
    revision = migrate.upgrade(store)
    store.close()
    return revision


def copied(url: str) -> str:
    """Copy a database beside itself; give the copy's address."""
    parsed = make_url(url)
    name = f"{parsed.database}_copy"
    if parsed.get_backend_name() == "sqlite":
        for end in ("", "-wal", "-shm"):
            Path(name + end).unlink(missing_ok=True)
        shutil.copy(parsed.database or "", name)
        return f"sqlite:///{name}"
    server = parsed.set(drivername="postgresql", database="postgres")
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as raw:
        raw.execute(f'drop database if exists "{name}" with (force)'.encode())
        raw.execute(f'create database "{name}" template "{parsed.database}"'.encode())
    return parsed.set(database=name).render_as_string(hide_password=False)


def state_of(url: str, before: Rows, old: str | None) -> str:
    """Say whether a database is the old or the new one; raises if it is neither, or not whole."""
    store = Store(url)
    try:
        with store.read() as tx:
            revision = migrate.current(tx)
            if revision != old:
                assert migrate.differences(tx) == []
        if store.is_sqlite:
            copies.require_sound(Path(store.url.database or ""))
        found = rows_of(store)
        assert is_kept(before, found)
        if revision == old:
            assert set(found) == set(before)
        return "old" if revision == old else "new"
    finally:
        store.close()


def main(url: str, every: int) -> None:
    store = Store(url)
    before = rows_of(store)
    with store.read() as tx:
        old = migrate.current(tx)
    store.close()
    outcomes: Counter[str] = Counter()
    point = 1
    while True:
        copy = copied(url)
        if survived(lambda copy=copy: upgraded(copy), point):
            break
        outcomes[state_of(copy, before, old)] += 1
        upgraded(copy)
        assert state_of(copy, before, old) == "new"
        point += every
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
