"""Full-text search: the terms of each article, and which articles are in the index.

It is filled while the program works. Programs of the two schemas before may go on working beside
it: what they write is not in the index, and the columns here say so.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.errors import StoreError
from monitor.store import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_UNINDEXED = sa.text("indexed_revision <> revision OR indexed_reading <> 1")

_TOKENIZER = "ascii tokenchars '~'"
"""Parts at spaces and nothing else: our terms hold no other sign of ASCII."""

_SQLITE = (
    (
        "CREATE VIRTUAL TABLE article_fts USING fts5("
        "terms, content='article_terms', content_rowid='article_id', "
        f"tokenize=\"{_TOKENIZER}\", detail='none', columnsize=0)"
    ),
    "CREATE VIRTUAL TABLE article_vocab USING fts5vocab('article_fts', 'row')",
    (
        "CREATE TRIGGER article_terms_added AFTER INSERT ON article_terms BEGIN "
        "INSERT INTO article_fts (rowid, terms) VALUES (new.article_id, new.terms); END"
    ),
    (
        "CREATE TRIGGER article_terms_removed AFTER DELETE ON article_terms BEGIN "
        "INSERT INTO article_fts (article_fts, rowid, terms) "
        "VALUES ('delete', old.article_id, old.terms); END"
    ),
    (
        "CREATE TRIGGER article_terms_changed AFTER UPDATE ON article_terms BEGIN "
        "INSERT INTO article_fts (article_fts, rowid, terms) "
        "VALUES ('delete', old.article_id, old.terms); "
        "INSERT INTO article_fts (rowid, terms) VALUES (new.article_id, new.terms); END"
    ),
)
_POSTGRESQL = (
    "CREATE INDEX ix_article_terms ON article_terms USING gin (terms)",
    (
        "ALTER TABLE article_terms SET (autovacuum_vacuum_scale_factor = 0.02, "
        "autovacuum_analyze_scale_factor = 0.02)"
    ),
)


def upgrade() -> None:
    """Go forward."""
    for name in ("indexed_revision", "indexed_reading"):
        column = sa.Column(name, sa.Integer(), nullable=False, server_default="0")
        op.add_column("article", column)
    op.create_index(
        "ix_article_unindexed",
        "article",
        ["id"],
        postgresql_where=_UNINDEXED,
        sqlite_where=_UNINDEXED,
    )
    op.create_table(
        "article_terms",
        sa.Column("article_id", types.BigId, nullable=False),
        sa.Column("terms", types.TermSet, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_article_terms_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_terms")),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        _require_fts5()
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: a database is not taken back."""
    msg = "a database is not taken back to an older schema: restore a backup instead"
    raise StoreError(msg)


def _require_fts5() -> None:
    modules = op.get_bind().exec_driver_sql("PRAGMA module_list").scalars()
    if "fts5" not in set(modules):
        msg = (
            "this Python's SQLite is built without FTS5, its full-text search: install a Python "
            "that has it, such as those of python.org, Debian or Docker Hub"
        )
        raise StoreError(msg)
