"""Independent reports: which news agency an article is credited to, and what a story counts.

Programs of the schemas before may go on working beside it: they credit nothing, and what a story
counts is put right when it next changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.errors import StoreError

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COUNT = """
WITH read AS (
    SELECT seat.story_id, article.source_key,
        seat.relation IN ('same', 'copy', 'excerpt', 'update') AS is_copy
    FROM seat JOIN article ON article.id = seat.article_id
), counted AS (
    SELECT story_id,
        sum(CASE WHEN is_copy THEN 1 ELSE 0 END) AS copies,
        count(DISTINCT CASE WHEN is_copy THEN NULL ELSE source_key END) AS reports
    FROM read GROUP BY story_id HAVING count(*) > 1
)
UPDATE story SET report_count = counted.reports, copy_count = counted.copies
FROM counted WHERE story.id = counted.story_id AND counted.reports > 0
"""


def upgrade() -> None:
    """Go forward. Who is credited is found when an article is next placed."""
    op.add_column("seat", sa.Column("wire", sa.Text(), nullable=True))
    for name, usual in (("report_count", "1"), ("copy_count", "0")):
        op.add_column("story", sa.Column(name, sa.Integer(), nullable=False, server_default=usual))
    op.execute(_COUNT)


def downgrade() -> None:
    """Refuse: a database is not taken back."""
    msg = "a database is not taken back to an older schema: restore a backup instead"
    raise StoreError(msg)
