"""Run a PostgreSQL as one would in service, and read what it costs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from _lab import ROOT, cpu_seconds

sys.path.insert(0, str(ROOT / "tests"))

from services.postgres import OwnServer

DURABLE = "-c max_connections=300 -c fsync=on -c synchronous_commit=on -c full_page_writes=on"
"""Every commit waits for the disk; all else is as PostgreSQL ships it."""


class DurableServer(OwnServer):
    """Be a server whose commits survive a power cut."""

    def __init__(self) -> None:
        super().__init__(DURABLE)

    @property
    def pid(self) -> int:
        """Give the postmaster's."""
        return int(Path(self.dir, "data", "postmaster.pid").read_text().split()[0])

    @property
    def version(self) -> str:
        """Give the server's version."""
        return str(self.one("show server_version"))

    def cpu_seconds(self) -> float:
        """Give what the server used since it started.

        Its backends are the postmaster's children: those that live are read one by one, those
        that ended are in its count of children it has waited for. So none is lost or counted
        twice, however often connections come and go.
        """
        return cpu_seconds(self.pid)

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def one(self, query: str, database: str = "postgres") -> object:
        """Give the first column of the first row."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def product_url(self, database: str) -> str:
        """Give a database's address as SQLAlchemy writes it."""
        return self.url(database).replace("postgresql://", "postgresql+psycopg://", 1)

    @contextmanager
    def copy(self, of: str, name: str) -> Iterator[str]:
        """Make a database as another is, which nobody may use meanwhile; drop it in the end."""
        self.execute(f'create database "{name}" template "{of}"')
        try:
            yield name
        finally:
            self.execute(f'drop database "{name}" with (force)')


def environment() -> dict[str, str]:
    """Give this process's environment without what would change the product."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
    return {**kept, "PYTHONPATH": str(ROOT)}
