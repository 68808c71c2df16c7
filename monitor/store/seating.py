"""Keep the seats of articles in stories, and why each sits where it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, update

from monitor.model.article import Article
from monitor.model.keys import ArticleKey, SourceKey, StoryId
from monitor.model.rule import Match
from monitor.model.story import Member, Placement, Relation, Wire
from monitor.store import articles, json, rule_matches
from monitor.store.chunks import SOUGHT, sought
from monitor.store.engine import Tx
from monitor.store.tables import ArticleRow, SeatRow, StoryRow
from monitor.store.upsert import insert

HOUSE = ArticleRow.source["group"].as_string()
"""The group of an article's source, as the database sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatedArticle:
    """Be an article in its story, with its matches; `wire` is the agency it was taken from."""

    id: int
    article: Article
    relation: Relation
    wire: str | None
    placement: Placement
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedSeat:
    """Be an article with what decided its place; `is_revised`: its text is newer than that."""

    article: Article
    placement: Placement
    placed_at: datetime
    is_revised: bool


def seat(
    tx: Tx,
    article_id: int,
    article: Article,
    placement: Placement,
    *,
    wire: Wire | None = None,
    revision: int | None = None,
    now: datetime,
) -> None:
    """Give an article its seat; the constraint makes a second one impossible.

    `revision` is the article's, of the text that was read.
    """
    if placement.is_new:
        tx.execute(insert(tx, StoryRow), _opened(article, placement, now))
    taken = {
        "article_id": article_id,
        "story_id": placement.story,
        "relation": placement.relation.value,
        **_credit(wire),
        "read_revision": revision,
        "placement": json.dump(Placement, placement),
        "placed_at": now,
    }
    tx.execute(insert(tx, SeatRow), taken)


def revise(tx: Tx, article_id: int, wire: Wire | None, *, revision: int, now: datetime) -> None:
    """Note that a newer text of a seated article was read, and which news agency it is from."""
    read = update(SeatRow).where(SeatRow.article_id == article_id)
    tx.execute(read.values(**_credit(wire), read_revision=revision, revised_at=now))


def credit_original(tx: Tx, original: ArticleKey, agency: str) -> None:
    """Say from which agency an article is that credits none, since a copy of it does."""
    number = select(ArticleRow.id).where(ArticleRow.key == original).scalar_subquery()
    bare = update(SeatRow).where(SeatRow.article_id == number, SeatRow.wire.is_(None))
    tx.execute(bare.values(**_credit(Wire(agency, is_taken=True))))


def _credit(wire: Wire | None) -> dict[str, Any]:
    return {"wire": wire and wire.agency, "is_taken": wire is not None and wire.is_taken}


def _opened(article: Article, placement: Placement, now: datetime) -> dict[str, Any]:
    return {
        "id": placement.story,
        "title": article.title,
        "lang": article.lang,
        "first_at": article.published_at,
        "last_at": article.published_at,
        "article_count": 1,
        "source_count": 1,
        "report_count": 1,
        "copy_count": 0,
        "revision": 1,
        "lead": article.key,
        "created_at": now,
        "continues": placement.continues,
    }


def members(tx: Tx, story: StoryId) -> tuple[Member, ...]:
    """List who sits in a story, in order of placement."""
    seats = _MEMBER.where(SeatRow.story_id == story).order_by(SeatRow.placed_at, ArticleRow.id)
    return tuple(map(_member, tx.execute(seats)))


def is_revised(since: Any) -> ColumnElement[bool]:
    """Tell whether an article's text is newer than what grouping read of it by a moment.

    Seats taken by earlier releases do not say what was read: there the time of fetching has to do.
    """
    is_unread = ArticleRow.revision != SeatRow.read_revision
    is_unknown = and_(SeatRow.read_revision.is_(None), ArticleRow.revision > 1)
    is_later = func.coalesce(SeatRow.revised_at > since, false())
    return or_(is_later, is_unread, and_(is_unknown, ArticleRow.fetched_at > since))


def seats_of(tx: Tx, article_ids: Sequence[int]) -> dict[int, tuple[StoryId, Member]]:
    """Tell where articles sit, and why; those that wait for a story are left out."""
    found: dict[int, tuple[StoryId, Member]] = {}
    for row in sought(tx, _MEMBER.where(SeatRow.article_id.in_(SOUGHT)), article_ids):
        found[row.article_id] = StoryId(row.story_id), _member(row)
    return found


_MEMBER = select(
    SeatRow.article_id,
    SeatRow.story_id,
    SeatRow.relation,
    SeatRow.wire,
    SeatRow.is_taken,
    ArticleRow.key,
    ArticleRow.source_key,
    HOUSE.label("house"),
).join(ArticleRow, ArticleRow.id == SeatRow.article_id)


def _member(row: Any) -> Member:
    return Member(
        article=ArticleKey(row.key),
        source=SourceKey(row.source_key),
        relation=Relation(row.relation),
        wire=Wire(row.wire, row.is_taken) if row.wire else None,
        group=row.house,
    )


def seat_of(tx: Tx, article_id: int) -> PlacedSeat | None:
    """Read an article's seat with what decided it; None if it waits for one."""
    row = tx.execute(
        select(
            *ArticleRow.__table__.columns,
            SeatRow.placement,
            SeatRow.placed_at,
            is_revised(SeatRow.placed_at).label("is_revised"),
        )
        .join(SeatRow, SeatRow.article_id == ArticleRow.id)
        .where(ArticleRow.id == article_id)
    ).one_or_none()
    if row is None:
        return None
    return PlacedSeat(
        article=articles.from_row(row),
        placement=json.load(Placement, row.placement),
        placed_at=row.placed_at,
        is_revised=row.is_revised,
    )


def seated(tx: Tx, story: StoryId) -> tuple[SeatedArticle, ...]:
    """Read all of a story's articles with their matches, in order of placement."""
    rows = tx.execute(
        select(
            *ArticleRow.__table__.columns,
            SeatRow.relation,
            SeatRow.wire,
            SeatRow.is_taken,
            SeatRow.placement,
        )
        .join(SeatRow, SeatRow.article_id == ArticleRow.id)
        .where(SeatRow.story_id == story)
        .order_by(SeatRow.placed_at, ArticleRow.id)
    ).all()
    matches = rule_matches.of_articles(tx, [row.id for row in rows])
    return tuple(
        SeatedArticle(
            id=row.id,
            article=articles.from_row(row),
            relation=Relation(row.relation),
            wire=row.wire if row.is_taken else None,
            placement=json.load(Placement, row.placement),
            matches=tuple(stored.match for stored in matches.get(row.id, ())),
        )
        for row in rows
    )
