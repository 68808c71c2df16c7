"""Open a workspace as `run` does, within the test's process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from services.product import Workspace as Files

from monitor.app import Workspace, open_ports, open_store
from monitor.settings import load_settings
from monitor.store import migrate


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Give a workspace with one rule, before its first start."""
    made = Files(tmp_path)
    made.configure()
    return made


@pytest.fixture
async def watched(files: Files) -> AsyncIterator[Workspace]:
    """Give the workspace as it is watched while running, after its start."""
    settings = load_settings(files.folder, {})
    store = open_store(settings)
    migrate.upgrade(store)
    async with open_ports(settings, store, environ={}) as ports:
        workspace = Workspace(settings, {}, ports)
        workspace.start()
        yield workspace
    store.close()
