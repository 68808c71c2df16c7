"""Bring a database to the schema of this version, once, whoever asks first."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from monitor.errors import StoreError
from monitor.store.engine import Store, Tx
from monitor.store.tables import Base, WorkspaceRow

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6D6F6E69746F72  # "monitor": the advisory lock that one migrating process holds


def upgrade(store: Store) -> str:
    """Migrate to the newest schema in one transaction, and give its revision.

    Another process that migrates at the same time is waited for. Raises StoreError if the
    database comes from a newer version of this program.
    """
    with store.write() as tx:
        if not store.is_sqlite:
            tx.execute(text("SET LOCAL statement_timeout = 0"))  # an index may take its time
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        refuse_newer(tx)
        if not is_current(tx):
            command.upgrade(_config(tx), "head")
        return current(tx) or ""


def refuse_newer(tx: Tx) -> None:
    """Raise StoreError if the database has a newer schema that this program may not work in."""
    found = current(tx)
    if found is not None and found not in _known() and not _is_open(tx):
        msg = f"the database has schema {found}, made by a newer version of this program"
        raise StoreError(msg)


def is_current(tx: Tx) -> bool:
    """Tell whether the database has the newest schema, or a newer one that is open to us."""
    found = current(tx)
    return found == _scripts().get_current_head() or (found is not None and found not in _known())


def _known() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}


def _is_open(tx: Tx) -> bool:
    """Tell whether a newer schema says that programs of ours may still work in it."""
    return tx.execute(select(WorkspaceRow.open_to)).scalar_one_or_none() in _known()


def current(tx: Tx) -> str | None:
    """Give the database's revision, None for an empty one."""
    return MigrationContext.configure(tx).get_current_revision()


def differences(tx: Tx) -> list[object]:
    """List where the database differs from the tables as drawn: empty after `upgrade`."""
    context = MigrationContext.configure(tx, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def _config(tx: Tx) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = tx
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS))
