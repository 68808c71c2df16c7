"""Run the product within the test's own process: quicker than a start of Python, and on a clock.

done = invoke(workspace, "run", "--once")     # a command, as typed
pass_at(workspace, later)                     # what `run --once` does, at a moment of the test's
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import structlog
from services.product import Workspace
from sqlalchemy import event
from typer.testing import CliRunner, Result

from monitor import app
from monitor.cli.main import app as commands
from monitor.errors import StoreError
from monitor.logs import configure_logs
from monitor.pipeline.ports import Ports
from monitor.pipeline.release import give_up
from monitor.schedule import ALL, Lanes
from monitor.settings import load_settings
from monitor.store import claims, migrate

_SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wa", "zel", "dor", "fin")


def invoke(workspace: Workspace, *words: str) -> Result:
    """Run a command to its end; an error that is none of ours passes through."""
    typed = [*words, "--workspace", str(workspace.folder)]
    try:
        runner = CliRunner(env=dict(workspace.environment))
        return runner.invoke(commands, typed, catch_exceptions=False)
    finally:
        structlog.reset_defaults()  # the command's stderr is closed now: nothing may log to it


def asked(workspace: Workspace, *words: str) -> Any:
    """Run a command with --json and read its answer."""
    return json.loads(invoke(workspace, *words, "--json").stdout)


def look_again(workspace: Workspace) -> Result:
    """Make the feeds due and do a pass."""
    assert invoke(workspace, "ingest").exit_code == 0
    return invoke(workspace, "run", "--once")


def pass_at(
    workspace: Workspace,
    now: datetime,
    *,
    lanes: Sequence[str] = ALL,
    is_disk_full: bool = False,
) -> dict[str, str]:
    """Do a full pass at the moment `now`, or only these lanes; give whose work failed and why.

    With `is_disk_full` the database file cannot grow: what fits into its pages is still written.
    """
    configure_logs()
    return asyncio.run(_pass_at(workspace, now, lanes, is_disk_full))


async def _pass_at(
    workspace: Workspace, now: datetime, lanes: Sequence[str], is_disk_full: bool
) -> dict[str, str]:
    async with opened_at(workspace, now, is_disk_full=is_disk_full) as watched:
        return await _work(watched.ports, watched, lanes)
    raise AssertionError("unreachable")


@asynccontextmanager
async def opened_at(
    workspace: Workspace, now: datetime, *, is_disk_full: bool = False
) -> AsyncIterator[app.Workspace]:
    """Open a workspace as `run` does, with a clock that stands still; nothing is in force yet."""
    environ = workspace.environment
    settings = load_settings(workspace.folder, environ)
    store = app.open_store(settings)
    migrate.upgrade(store)
    if store.is_sqlite:
        with store.write() as tx:
            claims.expire_all(tx, now=now)  # as `run` does when it starts
    if is_disk_full:
        store.engine.dispose()
        event.listen(store.engine, "connect", _forbid_growth)
    try:
        async with app.open_ports(settings, store, environ=environ, clock=lambda: now) as ports:
            try:
                yield app.Workspace(settings, environ, ports)
            finally:
                with suppress(StoreError):  # as `run` does when it stops
                    give_up(ports)
    finally:
        store.close()


async def _work(ports: Ports, watched: app.Workspace, names: Sequence[str]) -> dict[str, str]:
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, lambda: ports.in_thread(watched.look))
        await ports.in_thread(watched.start)
        await lanes.run_pass(names)
        await lanes.stop(8.0)
        return lanes.failures
    raise AssertionError("unreachable")


async def stopped(work: Coroutine[Any, Any, None], is_amid: Callable[[], bool]) -> None:
    """Start work and cancel it once it is amid what it does, as a stop would."""
    task = asyncio.ensure_future(work)  # noqa: TID251
    while not is_amid():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


def _forbid_growth(raw: sqlite3.Connection, _: object) -> None:
    raw.execute("PRAGMA max_page_count = 1")  # SQLite takes the number there is instead


def told(name: str, start: str = "Acme will open an office.") -> str:
    """Write a long text that the rule finds and no other name shares: a story of its own."""
    chance = random.Random(name)
    words = ["".join(chance.choices(_SYLLABLES, k=4)) for _ in range(200)]
    return f"{start} {' '.join(words)}."
