"""Wake the lanes of other workers by LISTEN/NOTIFY: hints, and never the truth.

What is due stands in the tables, and each lane looks there every second. So hints are sent after
the work's own transaction (commits that NOTIFY wait for each other at a lock of the whole server),
carry nothing but a lane's name, and may be lost: while the connection is away, behind a pooler
that keeps no session (PgBouncer in transaction mode), on a server that is gone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn

from monitor.store.engine import Store, is_pooled

log = structlog.get_logger()

LANES = ("pages", "place", "compose", "sends")
"""The lanes that another worker's work may fill."""

_PREFIX = "monitor_"

GATHER_SECONDS = 0.05
"""How long hints are gathered, told and heard ones, after some have gone their way at once."""

SHORTEST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
"""How long a lost connection is left alone: at first, and after many tries."""

_LONG_ENOUGH_SECONDS = 60.0
"""How long a connection must have held for the next pause to be the shortest again."""

Line = psycopg.AsyncConnection[Any]


class Hints:
    """Tell other workers which lanes have work, and hear them, by one connection of its own."""

    def __init__(self, store: Store, wake: Callable[[str], None]) -> None:
        """`wake` is called with the name of a lane of ours that has work."""
        self._store = store
        self._wake = wake
        self._told: set[str] = set()
        self._stir = asyncio.Event()
        self._is_lost = False

    def wake(self, lane: str) -> None:
        """Wake our own lane, and soon those of the others; call it in the loop's thread."""
        self._wake(lane)
        if lane in LANES:
            self._told.add(lane)
            self._stir.set()

    async def run(self) -> None:
        """Tell and hear until cancelled, whatever becomes of the connection.

        Ends by itself where there is nobody else (SQLite), or no way (behind a pooler).
        """
        if self._store.is_sqlite:
            return
        loop, pause = asyncio.get_running_loop(), SHORTEST_PAUSE_SECONDS
        while True:
            began = loop.time()
            try:
                await self._connected()
                return
            # Whatever is wrong with hints must not end the service, which needs none.
            except Exception as error:  # noqa: BLE001
                self._lose(error)
            if loop.time() - began > _LONG_ENOUGH_SECONDS:
                pause = SHORTEST_PAUSE_SECONDS
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _lose(self, error: Exception) -> None:
        if not self._is_lost:
            reason = f"{type(error).__name__}: {error}"
            log.warning("hints lost: lanes look each second", reason=reason)
        self._is_lost = True

    async def _connected(self) -> None:
        """Connect, then tell and hear as long as the connection holds; return if it is pooled."""
        line = await Line.connect(**self._store.parameters, autocommit=True)
        try:
            if await _is_pooled(line):
                log.info("hints off: a pooler stands before the database; lanes look each second")
                return
            for lane in LANES:
                await line.execute(f"LISTEN {_PREFIX}{lane}".encode())
            if self._is_lost:
                log.info("hints back")
            self._is_lost = False
            await self._converse(line.pgconn)
        finally:
            await line.close()

    async def _converse(self, server: PGconn) -> None:
        # Not by psycopg's own methods: `notifies` wakes ten times a second and lets nothing be
        # said meanwhile; an `execute` that is cancelled waits five seconds for a hung server.
        while True:
            has_heard = self._hear(server)
            if self._say(server) or has_heard:
                await asyncio.sleep(GATHER_SECONDS)
            await self._stirred(server)

    def _hear(self, server: PGconn) -> bool:
        """Wake the lanes that others name; raises OperationalError if the connection is gone."""
        server.consume_input()
        while server.transaction_status == TransactionStatus.ACTIVE and not server.is_busy():
            answer = server.get_result()  # to what was said; None behind the last
            if answer and answer.status != ExecStatus.COMMAND_OK:
                raise psycopg.OperationalError(answer.get_error_message())
        heard = set()
        while note := server.notifies():
            if note.be_pid != server.backend_pid:
                heard.add(note.relname.decode().removeprefix(_PREFIX))
        for lane in heard:
            self._wake(lane)
        return bool(heard)

    def _say(self, server: PGconn) -> bool:
        """Send what was told in one transaction, unless the last is still on its way."""
        if not self._told or server.transaction_status != TransactionStatus.IDLE:
            return False
        server.send_query("; ".join(f"NOTIFY {_PREFIX}{lane}" for lane in self._told).encode())
        server.flush()
        self._told.clear()
        return True

    async def _stirred(self, server: PGconn) -> None:
        """Wait until there is something to hear or to say."""
        loop, socket = asyncio.get_running_loop(), server.socket
        loop.add_reader(socket, self._stir.set)
        try:
            await self._stir.wait()
        finally:
            loop.remove_reader(socket)
        self._stir.clear()


async def _is_pooled(line: Line) -> bool:
    (answering,) = await (await line.execute("SELECT pg_backend_pid()")).fetchone() or (0,)
    return is_pooled(line, answering)
