"""Keep articles, once each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    literal_column,
    or_,
    select,
    update,
)

from monitor.model.article import Article, Origin, Precision, TextState
from monitor.model.keys import ArticleKey
from monitor.model.source import Source
from monitor.store import json
from monitor.store.chunks import SOUGHT, sought
from monitor.store.engine import Tx
from monitor.store.tables import AliasRow, ArticleRow, MatchRow, RuleRow
from monitor.store.upsert import insert

IS_PLACE_DUE: ColumnElement[bool] = literal_column(f"{ArticleRow.__tablename__}.place_due")
"""The condition as the index has it: SQLite takes no index `WHERE place_due` for `= 1`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Be an article the store has already; `feed_hash` is of what its feed stated last."""

    id: int
    key: ArticleKey
    feed_hash: str
    text_state: TextState


def find_known(tx: Tx, articles: Sequence[Article]) -> dict[ArticleKey, Known]:
    """Find which of these the store has, by key or by alias; keyed by the key asked for."""
    by_key = _by_key(tx, [article.key for article in articles])
    aliases = [alias for a in articles if a.key not in by_key for alias in a.aliases]
    by_alias = _by_alias(tx, aliases)
    found = dict(by_key)
    for article in articles:
        if article.key not in found:
            hits = [by_alias[alias] for alias in article.aliases if alias in by_alias]
            if hits:
                found[article.key] = hits[0]
    return found


_KNOWN = (ArticleRow.id, ArticleRow.key, ArticleRow.feed_hash, ArticleRow.text_state)


def _known(row: Any) -> Known:
    return Known(
        id=row.id,
        key=ArticleKey(row.key),
        feed_hash=row.feed_hash,
        text_state=TextState(row.text_state),
    )


def _by_key(tx: Tx, keys: Sequence[ArticleKey]) -> dict[ArticleKey, Known]:
    query = select(*_KNOWN).where(ArticleRow.key.in_(SOUGHT))
    return {ArticleKey(row.key): _known(row) for row in sought(tx, query, keys)}


def _by_alias(tx: Tx, aliases: Sequence[str]) -> dict[str, Known]:
    query = cast(Select[Any], select(AliasRow.alias, *_KNOWN)).join(ArticleRow)
    query = query.where(AliasRow.alias.in_(SOUGHT))
    return {row.alias: _known(row) for row in sought(tx, query, aliases)}


def add(
    tx: Tx, articles: Sequence[Article], *, is_baseline: bool, judged_by: str | None = None
) -> dict[ArticleKey, int]:
    """Insert articles; give the ids of those that were really new, by key.

    `judged_by` is the revision of the rule set whose matches are stored with them.
    """
    if not articles:
        return {}
    stated = {"is_baseline": is_baseline, "judged_by": judged_by}
    rows = [_columns(article) | stated for article in articles]
    added = tx.execute(_adding(insert(tx, ArticleRow)), rows).all()
    ids = {ArticleKey(row.key): row.id for row in added}
    aliases = [
        {"alias": alias, "article_id": ids[article.key]}
        for article in articles
        if article.key in ids
        for alias in dict.fromkeys(article.aliases)
    ]
    if aliases:
        tx.execute(_unless_there(insert(tx, AliasRow)), aliases)
    return ids


@lru_cache
def _adding(inserting: Any) -> Any:
    adding = inserting.on_conflict_do_nothing(index_elements=["key"])
    return adding.returning(ArticleRow.id, ArticleRow.key)


@lru_cache
def _unless_there(inserting: Any) -> Any:
    return inserting.on_conflict_do_nothing()


def _columns(article: Article) -> dict[str, Any]:
    return {
        "key": article.key,
        "feed": article.feed,
        "origin": article.origin.value,
        "source": _source_column(article.source),
        "source_key": article.source.key,
        "url": article.url,
        "canonical_url": article.canonical_url,
        "title": article.title,
        "has_real_title": article.has_real_title,
        "body": article.body,
        "author": article.author,
        "tags": list(article.tags),
        "lang": article.lang,
        "published_at": article.published_at,
        "published_precision": article.published_precision.value,
        "first_seen_at": article.first_seen_at,
        "fetched_at": article.fetched_at,
        "text_state": article.text_state.value,
        "text_hash": article.text_hash,
        "feed_hash": article.text_hash,
        "revision": 1,
        "place_due": True,
    }


@lru_cache(maxsize=1024)
def _source_column(source: Source) -> Any:
    # A login belongs to the feed, not to what it published.
    return json.dump(Source, replace(source, headers=(), feeds=()))


def revise(
    tx: Tx,
    article_id: int,
    article: Article,
    *,
    keeps_body: bool,
    judged_by: str | None = None,
) -> None:
    """Replace an article's text by a newer version of it; it is to be placed and judged again.

    With `keeps_body` only the title and what the feed stated change: the page's text is better.
    What now carries its whole text is no stub any more, nor does it wait for its page.
    """
    values: dict[str, Any] = {
        "title": article.title,
        "has_real_title": article.has_real_title,
        "url": article.url,
        "author": article.author,
        "tags": list(article.tags),
        "lang": article.lang,
        "feed_hash": article.text_hash,
        "revision": ArticleRow.revision + 1,
        "fetched_at": article.fetched_at,
        "place_due": True,
        "place_crashes": 0,
        "judged_by": judged_by,
    }
    if not keeps_body:
        values |= {
            "body": article.body,
            "text_hash": article.text_hash,
            "published_at": article.published_at,
            "published_precision": article.published_precision.value,
        }
        if article.text_state is TextState.FULL:
            values["text_state"] = article.text_state.value
    tx.execute(update(ArticleRow).where(ArticleRow.id == article_id).values(**values))


def set_page_text(
    tx: Tx, article_id: int, article: Article, *, judged_by: str | None = None
) -> None:
    """Store the text that its page gave, or that there is none; it is to be judged again."""
    tx.execute(
        update(ArticleRow)
        .where(ArticleRow.id == article_id)
        .values(
            title=article.title,
            has_real_title=article.has_real_title,
            body=article.body,
            lang=article.lang,
            canonical_url=article.canonical_url,
            text_state=article.text_state.value,
            text_hash=article.text_hash,
            fetched_at=article.fetched_at,
            revision=ArticleRow.revision + 1,
            place_due=True,
            place_crashes=0,
            judged_by=judged_by,
        )
    )


def read(tx: Tx, article_id: int) -> Article | None:
    """Read one article by number."""
    row = tx.execute(_ARTICLE.where(ArticleRow.id == article_id)).one_or_none()
    return None if row is None else from_row(row)


def lock(tx: Tx, article_id: int) -> Article:
    """Read an article that this transaction is about to change: nobody else changes it then."""
    query = _ARTICLE.where(ArticleRow.id == article_id).with_for_update()
    return from_row(tx.execute(query).one())


def find(tx: Tx, name: str) -> tuple[int, Article] | None:
    """Find an article by number, key, start of its key (8 or more), URL, or seed file name."""
    tests = [
        ArticleRow.key == name,
        ArticleRow.url == name,
        ArticleRow.canonical_url == name,
    ]
    tests.append(ArticleRow.feed == f"seed:{name.removeprefix('seeds/')}")
    if name.isdecimal() and len(name) < 19:
        tests.append(ArticleRow.id == int(name))
    if len(name) >= 8 and name.isalnum():
        tests.append(ArticleRow.key.startswith(name))
    row = tx.execute(_ARTICLE.where(or_(*tests)).order_by(ArticleRow.id).limit(1)).one_or_none()
    return None if row is None else (row.id, from_row(row))


_ARTICLE = select(*ArticleRow.__table__.columns)


def ids_since(tx: Tx, since: datetime | None) -> list[int]:
    """List seeds, and articles first seen or published since a moment (None: all), by number."""
    query = select(ArticleRow.id).order_by(ArticleRow.id)
    if since is not None:
        recent = or_(ArticleRow.first_seen_at >= since, ArticleRow.published_at >= since)
        query = query.where(or_(ArticleRow.origin == Origin.SEED.value, recent))
    return list(tx.execute(query).scalars())


def read_many(tx: Tx, article_ids: Sequence[int]) -> list[tuple[int, Article]]:
    """Read articles by their numbers, in order of number."""
    query = _ARTICLE.where(ArticleRow.id.in_(article_ids)).order_by(ArticleRow.id)
    return [(row.id, from_row(row)) for row in tx.execute(query)]


def counts(tx: Tx) -> dict[str, int]:
    """Count articles, those waiting for the assigner, and matches of the rules in force."""
    in_force = and_(RuleRow.id == MatchRow.rule_id, RuleRow.revision == MatchRow.revision)
    matches = select(func.count()).select_from(MatchRow).join(RuleRow, in_force)
    waiting = select(func.count()).select_from(ArticleRow).where(IS_PLACE_DUE)
    return {
        "articles": int(tx.execute(select(func.count()).select_from(ArticleRow)).scalar_one()),
        "unplaced": int(tx.execute(waiting).scalar_one()),
        "matches": int(tx.execute(matches).scalar_one()),
    }


def count_all(tx: Tx) -> int:
    """Count the stored articles."""
    return int(tx.execute(select(func.count(ArticleRow.id))).scalar_one())


def from_row(row: Any) -> Article:
    """Build an article from its columns."""
    return Article(
        key=ArticleKey(row.key),
        feed=row.feed,
        source=json.load(Source, row.source),
        url=row.url,
        canonical_url=row.canonical_url,
        title=row.title,
        has_real_title=row.has_real_title,
        body=row.body,
        author=row.author,
        tags=tuple(row.tags),
        lang=row.lang,
        published_at=row.published_at,
        published_precision=Precision(row.published_precision),
        first_seen_at=row.first_seen_at,
        fetched_at=row.fetched_at,
        text_state=TextState(row.text_state),
        text_hash=row.text_hash,
        origin=Origin(row.origin),
    )


def is_baseline(tx: Tx, article_id: int) -> bool:
    """Tell whether an article came with its feed's first poll."""
    found = select(ArticleRow.is_baseline).where(ArticleRow.id == article_id)
    return bool(tx.execute(found).scalar_one())


def mark_stub(tx: Tx, article_id: int) -> None:
    """Say that an article is judged on title and teaser for good: its page gave nothing."""
    is_waiting = ArticleRow.text_state == TextState.PENDING.value
    row = update(ArticleRow).where(ArticleRow.id == article_id, is_waiting)
    tx.execute(row.values(text_state=TextState.STUB.value))
