"""Life of stories: where the ids of merged ones lead, what a story continues or was split from.

Programs of the schemas before may go on working beside it: all that is new may be absent. They
know nothing of old ids; a merge or a split takes the assigner's role from them like from any.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.errors import StoreError
from monitor.store import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward.

    The table may be there: see 0004. Its ids led to stories that are gone.
    """
    op.execute("DROP TABLE IF EXISTS redirect")
    for name in ("continues", "split_from"):
        op.add_column("story", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("story", sa.Column("arranged_at", types.UtcDateTime(), nullable=True))
    op.create_table(
        "redirect",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("merged_at", types.UtcDateTime(), nullable=False),
        sa.Column("is_by_hand", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["story_id"],
            ["story.id"],
            name=op.f("fk_redirect_story_id_story"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redirect")),
    )
    op.create_index(op.f("ix_redirect_story_id"), "redirect", ["story_id"])


def downgrade() -> None:
    """Refuse: a database is not taken back."""
    msg = "a database is not taken back to an older schema: restore a backup instead"
    raise StoreError(msg)
