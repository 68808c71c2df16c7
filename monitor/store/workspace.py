"""Name the workspace that a database belongs to."""

from __future__ import annotations

from sqlalchemy import select

from monitor.model.keys import WorkspaceId
from monitor.store.engine import Tx
from monitor.store.tables import WorkspaceRow


def workspace_id(tx: Tx) -> WorkspaceId:
    """Read the id that was made at random when the database was made."""
    return WorkspaceId(tx.execute(select(WorkspaceRow.id)).scalar_one())
