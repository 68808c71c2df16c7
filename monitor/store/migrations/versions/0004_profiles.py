"""Profiles: what grouping read of the articles of open stories.

It is filled while the program works. Programs of the schemas before may go on working beside it:
what they place has no profile, what they change has one of an earlier revision, and both are read
anew when the stories are taken over.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.errors import StoreError
from monitor.store import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward.

    The table may be there: a program of the schema before, which restores its own backup, leaves
    it behind. What it holds is found anew.
    """
    op.execute("DROP TABLE IF EXISTS profile")
    op.create_table(
        "profile",
        sa.Column("article_id", types.BigId, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("profile", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_profile_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_profile")),
    )


def downgrade() -> None:
    """Refuse: a database is not taken back."""
    msg = "a database is not taken back to an older schema: restore a backup instead"
    raise StoreError(msg)
