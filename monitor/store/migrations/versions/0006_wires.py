"""Independent reports: which news agency an article is from, and what a story counts.

A seat also says which text of its article was read, so that a decision can be replayed.

Programs of the schemas before may go on working beside it: they credit nothing, and what a story
counts is put right when it next changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.errors import StoreError
from monitor.store import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COUNT = """
WITH read AS (
    SELECT seat.story_id, article.source_key,
        seat.relation IN ('same', 'copy', 'excerpt') AS is_repeat,
        seat.relation = 'update' AS is_update
    FROM seat JOIN article ON article.id = seat.article_id
), counted AS (
    SELECT story_id,
        sum(CASE WHEN is_repeat THEN 1 ELSE 0 END) AS copies,
        count(DISTINCT CASE WHEN is_repeat OR is_update THEN NULL ELSE source_key END) AS reports
    FROM read GROUP BY story_id HAVING count(*) > 1
)
UPDATE story SET copy_count = counted.copies,
    report_count = CASE WHEN counted.reports > 1 THEN counted.reports ELSE 1 END
FROM counted WHERE story.id = counted.story_id
"""


def upgrade() -> None:
    """Go forward. The agency is found when a newer text is placed; houses count then, too."""
    for name, usual in (("report_count", "1"), ("copy_count", "0")):
        op.add_column("story", sa.Column(name, sa.Integer(), nullable=False, server_default=usual))
    op.execute(_COUNT)
    for column in (
        sa.Column("wire", sa.Text(), nullable=True),
        sa.Column("is_taken", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("read_revision", sa.Integer(), nullable=True),
        sa.Column("revised_at", types.UtcDateTime(), nullable=True),
    ):
        op.add_column("seat", column)


def downgrade() -> None:
    """Refuse: a database is not taken back."""
    msg = "a database is not taken back to an older schema: restore a backup instead"
    raise StoreError(msg)
