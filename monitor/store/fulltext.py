"""Narrow the archive to what may hold a query's terms: FTS5 on SQLite, a tsvector on PostgreSQL.

The index holds terms of ours (monitor.text.terms), not what a database's tokeniser makes of a
text, so it never misses what the matcher would find. An article whose text it does not know is a
candidate of every query: one that has just come, that an earlier release has written, that was
moved here. The assigner puts in what it places, `unindexed` lists what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, or_, select, text, update

from monitor.model.article import Article
from monitor.store.articles import read_many
from monitor.store.engine import Tx
from monitor.store.tables import UNINDEXED, ArticleRow
from monitor.text.terms import ANY, READING, Condition, Term, terms_of
from monitor.text.tokens import url_words

IS_UNINDEXED: ColumnElement[bool] = literal_column(f"({UNINDEXED})")
"""The condition as the index on it has it."""

INDEXED: Mapping[str, Any] = {
    "indexed_revision": ArticleRow.revision,
    "indexed_reading": READING,
}
"""What to set on the row of an article that was put in."""

_ENGINES_OWN = ("article_fts", "article_vocab", "ix_article_terms")
"""How the names begin of what only one engine has, and no table of ours describes."""

_PUT = (
    "INSERT INTO article_terms (article_id, terms) VALUES (:article_id, {terms}) "
    "ON CONFLICT (article_id) DO UPDATE SET terms = excluded.terms"
)
_PUT_SQLITE = text(_PUT.format(terms=":terms"))
_PUT_POSTGRESQL = text(_PUT.format(terms="array_to_tsvector(string_to_array(:terms, ' '))"))

_ASK_SQLITE = text(
    "SELECT rowid FROM article_fts WHERE article_fts MATCH :query AND rowid >= :first"
)
_ASK_POSTGRESQL = text(
    "SELECT article_id FROM article_terms "
    "WHERE terms @@ CAST(:query AS tsquery) AND article_id >= :first"
)
_COUNT_SQLITE = text("SELECT count(*) FROM article_fts WHERE article_fts MATCH :query")
_COUNT_POSTGRESQL = text(
    "SELECT count(*) FROM article_terms WHERE terms @@ CAST(:query AS tsquery)"
)
_HOLDS_SQLITE = text("SELECT 1 FROM article_fts WHERE article_fts MATCH :query LIMIT 1")
_HOLDS_POSTGRESQL = text(
    "SELECT 1 FROM article_terms WHERE terms @@ CAST(:query AS tsquery) LIMIT 1"
)
_WORDS_SQLITE = text("SELECT term, doc FROM article_vocab WHERE doc >= :at_least")
_WORDS_POSTGRESQL = text(
    "SELECT word, ndoc FROM ts_stat('SELECT terms FROM article_terms') WHERE ndoc >= :at_least"
)
_BY_INDEX_ALONE = text("SET LOCAL enable_seqscan = off")
"""Reading each article's terms takes far longer than the planner thinks: they are compressed."""


def is_engines_own(name: str | None) -> bool:
    """Tell whether a table or an index belongs to one engine's full-text search."""
    return name is not None and name.startswith(_ENGINES_OWN)


def put(tx: Tx, articles: Iterable[tuple[int, Article]]) -> None:
    """Put in articles by number; that they are in is said of them by setting INDEXED."""
    rows = [{"article_id": number, "terms": _joined(article)} for number, article in articles]
    if rows:
        tx.execute(_PUT_SQLITE if tx.dialect.name == "sqlite" else _PUT_POSTGRESQL, rows)


def _joined(article: Article) -> str:
    texts = (article.title, article.body, article.author, url_words(article.url), *article.tags)
    return " ".join(sorted(terms_of(texts)))


def unindexed(tx: Tx, *, is_placed: bool) -> list[int]:
    """List the articles whose text the index does not know, or those of them that are placed."""
    query = select(ArticleRow.id).where(IS_UNINDEXED).order_by(ArticleRow.id)
    if is_placed:
        query = query.where(~ArticleRow.place_due)
    return list(tx.execute(query).scalars())


def put_stored(tx: Tx, article_ids: Sequence[int]) -> None:
    """Put in articles as they are stored; a newer text that comes meanwhile waits."""
    rows = select(ArticleRow.id).where(ArticleRow.id.in_(article_ids)).order_by(ArticleRow.id)
    there = list(tx.execute(rows.with_for_update()).scalars())
    put(tx, read_many(tx, there))
    tx.execute(update(ArticleRow).where(ArticleRow.id.in_(there)).values(**INDEXED))


def candidates(tx: Tx, condition: Condition, *, since: datetime | None = None) -> list[int]:
    """List all articles that may fulfil a condition, the latest to arrive first.

    With `since` only those first seen then or later.
    """
    first = 0 if since is None else _first_since(tx, since)
    if first is None:
        return []
    if not condition:
        every = select(ArticleRow.id).where(ArticleRow.id >= first)
        return sorted(tx.execute(every).scalars(), reverse=True)
    unknown = (number for number in unindexed(tx, is_placed=False) if number >= first)
    return sorted({*unknown, *_asked(tx, condition, first)}, reverse=True)


def vocabulary(tx: Tx, *, at_least: int) -> dict[str, int]:
    """Give each term that stands in so many articles or more, with their number."""
    words = _WORDS_SQLITE if tx.dialect.name == "sqlite" else _WORDS_POSTGRESQL
    return {row[0]: row[1] for row in tx.execute(words, {"at_least": at_least})}


def size(tx: Tx) -> int:
    """Count the articles whose terms are in the index."""
    return int(tx.execute(text("SELECT count(*) FROM article_terms")).scalar_one())


def holds(tx: Tx, term: Term) -> bool:
    """Tell whether an indexed article has a term."""
    if tx.dialect.name == "sqlite":
        asking, query = _HOLDS_SQLITE, _quoted_sqlite(term)
    else:
        asking, query = _HOLDS_POSTGRESQL, _quoted_postgresql(term)
        tx.execute(_BY_INDEX_ALONE)
    return tx.execute(asking, {"query": query}).first() is not None


def count(tx: Tx, term: Term, *, without: Term | None = None) -> int:
    """Count the indexed articles that have a term, and not the other."""
    if tx.dialect.name == "sqlite":
        asking, query = _COUNT_SQLITE, _quoted_sqlite(term)
        query += f" NOT {_quoted_sqlite(without)}" if without else ""
    else:
        asking, query = _COUNT_POSTGRESQL, _quoted_postgresql(term)
        query += f" & !{_quoted_postgresql(without)}" if without else ""
        tx.execute(_BY_INDEX_ALONE)
    return int(tx.execute(asking, {"query": query}).scalar_one())


def _first_since(tx: Tx, since: datetime) -> int | None:
    is_late = or_(ArticleRow.first_seen_at >= since, ArticleRow.published_at >= since)
    lowest = select(func.min(ArticleRow.id)).where(is_late)  # a newer version has a later date
    number: int | None = tx.execute(lowest).scalar_one()
    return number


def _asked(tx: Tx, condition: Condition, first: int) -> Iterable[int]:
    if tx.dialect.name == "sqlite":
        query, asking = _joint(condition, _quoted_sqlite, "AND", "OR"), _ASK_SQLITE
    else:
        query, asking = _joint(condition, _quoted_postgresql, "&", "|"), _ASK_POSTGRESQL
        tx.execute(_BY_INDEX_ALONE)
    return tx.execute(asking, {"query": query, "first": first}).scalars()


def _joint(condition: Condition, quoted: Any, all_of: str, one_of: str) -> str:
    """Write a condition in an engine's own language; what holds ANY passes every group."""
    groups = [
        "(" + f" {one_of} ".join(map(quoted, (*sorted(group), Term(ANY)))) + ")"
        for group in condition
    ]
    return f" {all_of} ".join(groups)


def _quoted_sqlite(term: Term) -> str:
    return f'"{term.text}"' + " *" * term.is_prefix


def _quoted_postgresql(term: Term) -> str:
    return f"'{term.text}'" + ":*" * term.is_prefix
