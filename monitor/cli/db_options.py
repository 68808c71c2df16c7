"""What the commands of `monitor db` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from monitor.app import LockFile, open_store
from monitor.cli.options import NO_DATABASE
from monitor.errors import StoreError
from monitor.settings import Settings
from monitor.store.dumps import TOOLS_VARIABLE
from monitor.store.engine import Store

PgBinOption = Annotated[
    Path | None,
    typer.Option(
        "--pg-bin",
        envvar=TOOLS_VARIABLE,
        help="The folder of pg_dump, pg_restore and psql, if they are not on PATH.",
        show_default=False,
    ),
]


@contextmanager
def store_as_it_is(settings: Settings, *, is_read_only: bool = False) -> Iterator[Store]:
    """Open the database, whatever its schema is."""
    store = open_store(settings, is_read_only=is_read_only)
    try:
        if is_read_only and store.is_sqlite and not Path(store.url.database or "").exists():
            raise StoreError(NO_DATABASE)
        yield store
    finally:
        store.close()


@contextmanager
def alone(store: Store) -> Iterator[None]:
    """Hold the lock of `run` on a SQLite file; raises LockError while one runs."""
    if not store.is_sqlite:
        yield
        return
    with LockFile(Path(f"{store.url.database}.lock")):
        yield
