"""Run the product within the test's own process: quicker than a start of Python, and on a clock.

done = invoke(workspace, "run", "--once")     # a command, as typed
await pass_at(workspace, later)               # what `run --once` does, at a moment of the test's
"""

from __future__ import annotations

import asyncio
import json
import random
from datetime import datetime
from typing import Any

from services.product import Workspace
from typer.testing import CliRunner, Result

from monitor import app
from monitor.cli.main import app as commands
from monitor.pipeline.ports import Ports
from monitor.schedule import Lanes
from monitor.settings import load_settings
from monitor.store import migrate

_SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wa", "zel", "dor", "fin")


def invoke(workspace: Workspace, *words: str) -> Result:
    """Run a command to its end; an error that is none of ours passes through."""
    typed = [*words, "--workspace", str(workspace.folder)]
    return CliRunner().invoke(commands, typed, catch_exceptions=False)


def asked(workspace: Workspace, *words: str) -> Any:
    """Run a command with --json and read its answer."""
    return json.loads(invoke(workspace, *words, "--json").stdout)


def look_again(workspace: Workspace) -> Result:
    """Make the feeds due and do a pass."""
    assert invoke(workspace, "ingest").exit_code == 0
    return invoke(workspace, "run", "--once")


async def pass_at(workspace: Workspace, now: datetime) -> None:
    """Do one full pass at the moment `now`."""
    settings = load_settings(workspace.folder, {})
    store = app.open_store(settings)
    migrate.upgrade(store)
    async with app.open_ports(settings, store, environ={}, clock=lambda: now) as ports:
        await _pass(ports, app.Workspace(settings, {}, ports))
    store.close()


async def _pass(ports: Ports, watched: app.Workspace) -> None:
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(ports, group, lambda: ports.in_thread(watched.look))
        await ports.in_thread(watched.start)
        await lanes.run_pass()
        await lanes.stop(8.0)


def told(name: str, start: str = "Acme will open an office.") -> str:
    """Write a long text that the rule finds and no other name shares: a story of its own."""
    chance = random.Random(name)
    words = ["".join(chance.choices(_SYLLABLES, k=4)) for _ in range(200)]
    return f"{start} {' '.join(words)}."
