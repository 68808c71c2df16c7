"""Wait for workers at their database: until they listen to each other, until they are at work."""

from __future__ import annotations

import asyncio

import psycopg

from monitor.store.hints import LANES

PATIENCE_SECONDS = 60.0

_LISTENERS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
    f"AND (query = 'LISTEN monitor_{LANES[-1]}' OR query LIKE 'NOTIFY monitor_%')"
)
_AT_WORK = "SELECT holder FROM beat"


async def until_listeners(url: str, number: int) -> list[int]:
    """Wait until so many connections listen to all lanes; give their processes on the server."""
    return [int(pid) for pid in await _until_rows(url, _LISTENERS, number)]


async def until_at_work(url: str, number: int) -> None:
    """Wait until so many workers have left a sign of life."""
    await _until_rows(url, _AT_WORK, number)


async def _until_rows(url: str, query: str, number: int) -> list[object]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as asking:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                rows = await (await asking.execute(query.encode())).fetchall()
                if len(rows) == number:
                    return [row[0] for row in rows]
                await asyncio.sleep(0.02)
