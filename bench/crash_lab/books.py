"""Read the product's database from outside, with nothing of the product between."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Any

import psycopg

Rows = list[tuple[Any, ...]]

_PATIENCE_SECONDS = 30.0


class Books:
    """Be a database that the lives work on; nothing stays open between two looks."""

    def __init__(self, url: str) -> None:
        """`url` is SQLite's or PostgreSQL's, without the name of a driver."""
        self.url = url
        self.is_sqlite = url.startswith("sqlite:///")

    def rows(self, query: str, values: Sequence[Any] = ()) -> Rows:
        """Ask for rows; `?` stands for a value."""
        if self.is_sqlite:
            # read-only: the write-ahead log must be left to the next life as the last one left it
            path = self.url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as base:
                return base.execute(query, tuple(values)).fetchall()
        with self._connected() as server:
            return server.execute(query.replace("?", "%s").encode(), tuple(values)).fetchall()

    def _connected(self) -> psycopg.Connection[Any]:
        """Connect, or wait until the server is back."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return psycopg.connect(self.url, autocommit=True, connect_timeout=10)
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def is_made(self) -> bool:
        """Tell whether the schema is there: the first lives may have died before that."""
        try:
            self.rows("select 1 from delivery limit 1")
        except (sqlite3.Error, psycopg.Error):
            return False
        return True

    def unsent(self, keys: Collection[str]) -> set[str]:
        """Say which of these deliveries are not marked as sent."""
        if not keys or not self.is_made():
            return set(keys)
        marks = ", ".join("?" * len(keys))
        query = f"select key from delivery where state = 'sent' and key in ({marks})"
        return set(keys) - {key for (key,) in self.rows(query, tuple(keys))}

    def column(self, query: str) -> list[Any]:
        """Ask for one column."""
        return [row[0] for row in self.rows(query)]
