"""Splits by the program: when a story was split, by whomever.

Programs of the schemas before may go on working beside it: they split by hand alone, and say so.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.errors import StoreError
from monitor.store import types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SPLIT = """
UPDATE story SET split_at = arranged_at WHERE arranged_at IS NOT NULL AND (
    split_from IS NOT NULL
    OR id IN (SELECT split_from FROM story WHERE split_from IS NOT NULL)
)
"""


def upgrade() -> None:
    """Go forward."""
    op.add_column("story", sa.Column("split_at", types.UtcDateTime(), nullable=True))
    op.execute(_SPLIT)
    where = sa.text("split_at IS NOT NULL")
    op.create_index(
        "ix_story_split_at", "story", ["split_at"], postgresql_where=where, sqlite_where=where
    )


def downgrade() -> None:
    """Refuse: a database is not taken back."""
    msg = "a database is not taken back to an older schema: restore a backup instead"
    raise StoreError(msg)
