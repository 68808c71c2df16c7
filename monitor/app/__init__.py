"""Put the parts together: the composition root."""

from __future__ import annotations

from monitor.app.database import refuse_moved
from monitor.app.lock import LockFile
from monitor.app.ports import open_ports, open_store
from monitor.app.reload import Workspace
from monitor.app.rules import (
    channel_schedules,
    load_workspace_rules,
    rules_of_folder,
    workspace_rules,
)
from monitor.app.service import Talk, run
from monitor.app.start import start_problems
from monitor.web.server import Address

__all__ = [
    "Address",
    "LockFile",
    "Talk",
    "Workspace",
    "channel_schedules",
    "load_workspace_rules",
    "open_ports",
    "open_store",
    "refuse_moved",
    "rules_of_folder",
    "run",
    "start_problems",
    "workspace_rules",
]
