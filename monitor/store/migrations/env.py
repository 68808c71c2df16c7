"""Run migrations on the connection that `monitor.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from monitor.store.tables import Base

config = context.config
context.configure(
    connection=config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    transaction_per_migration=False,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
