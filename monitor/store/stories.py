"""Keep stories, the seats of articles in them, and why each sits where it does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, exists, false, func, literal, select, update

from monitor.errors import WorkError
from monitor.model.article import Article
from monitor.model.keys import ArticleKey, SourceKey, StoryId
from monitor.model.rule import Match
from monitor.model.story import COPIES, Member, Merged, Placement, Relation, Story
from monitor.store import articles, json
from monitor.store.engine import Tx
from monitor.store.tables import ArticleRow, MatchRow, RedirectRow, SeatRow, StoryRow
from monitor.store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatedArticle:
    """Be an article in its story, with its matches."""

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
    wire: str | None = None,
    now: datetime,
) -> None:
    """Give an article its seat; the constraint makes a second one impossible."""
    if placement.is_new:
        tx.execute(insert(tx, StoryRow), _opened(article, placement, now))
    taken = {
        "article_id": article_id,
        "story_id": placement.story,
        "relation": placement.relation.value,
        "wire": wire,
        "placement": json.dump(Placement, placement),
        "placed_at": now,
    }
    tx.execute(insert(tx, SeatRow), taken)


def credit(tx: Tx, article_id: int, wire: str | None) -> None:
    """Say anew which news agency an article is credited to: its text has changed."""
    tx.execute(update(SeatRow).where(SeatRow.article_id == article_id).values(wire=wire))


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


def refresh(tx: Tx, stale: Collection[StoryId]) -> None:
    """Recompute stories' facts from their articles, and count up their revisions.

    The lead has a real title, the best tier, is no copy and from no wire but by the agency
    itself, and is earliest: in this order.
    """
    facts = {row.story_id: row for row in tx.execute(_FACTS.where(SeatRow.story_id.in_(stale)))}
    leads = _RANKED.where(SeatRow.story_id.in_(stale)).subquery()
    for lead in tx.execute(select(leads).where(leads.c.rank == 1)).all():
        found = facts[lead.story_id]
        changed = update(StoryRow).where(StoryRow.id == lead.story_id)
        tx.execute(
            changed.values(
                revision=StoryRow.revision + 1,
                title=lead.title,
                lang=lead.lang,
                lead=lead.key,
                first_at=found.first_at,
                last_at=found.last_at,
                article_count=found.article_count,
                source_count=found.source_count,
                report_count=max(1, found.report_count),
                copy_count=found.copy_count,
            )
        )


_GROUP = ArticleRow.source["group"].as_string()
_IS_SYNDICATOR = ArticleRow.source["is_syndicator"].as_boolean()
_IS_COPY = SeatRow.relation.in_([relation.value for relation in COPIES])
_OWN_WIRE = case((~_IS_COPY, SeatRow.wire))
_VOICE = case(
    (_IS_COPY, None),
    else_=func.coalesce(
        literal("wire:") + SeatRow.wire, literal("group:") + _GROUP, ArticleRow.source_key
    ),
)
"""`Member.voice` of what is no copy, as the database sees it."""

_FACTS = (
    select(
        SeatRow.story_id,
        func.min(ArticleRow.published_at).label("first_at"),
        func.max(ArticleRow.published_at).label("last_at"),
        func.count().label("article_count"),
        func.count(ArticleRow.source_key.distinct()).label("source_count"),
        func.count(_VOICE.distinct()).label("report_count"),
        (
            func.count(case((_IS_COPY, 1)))
            + func.count(_OWN_WIRE)
            - func.count(_OWN_WIRE.distinct())
        ).label("copy_count"),
    )
    .join(ArticleRow, ArticleRow.id == SeatRow.article_id)
    .group_by(SeatRow.story_id)
)

_COPY_NAMES = (Relation.COPY.value, Relation.EXCERPT.value, Relation.SAME.value)
_LEAD_ORDER = (
    ArticleRow.has_real_title.desc(),
    func.coalesce(ArticleRow.source["tier"].as_integer(), 99),
    SeatRow.relation.in_(_COPY_NAMES),
    and_(SeatRow.wire.is_not(None), ~func.coalesce(_IS_SYNDICATOR, false())),
    ArticleRow.published_at,
    ArticleRow.id,
)
_RANKED = select(
    SeatRow.story_id,
    ArticleRow.key,
    ArticleRow.title,
    ArticleRow.lang,
    func.row_number().over(partition_by=SeatRow.story_id, order_by=_LEAD_ORDER).label("rank"),
).join(ArticleRow, ArticleRow.id == SeatRow.article_id)


def members(tx: Tx, story: StoryId) -> tuple[Member, ...]:
    """List who sits in a story, in order of placement."""
    seats = _MEMBER.where(SeatRow.story_id == story).order_by(SeatRow.placed_at, ArticleRow.id)
    return tuple(map(_member, tx.execute(seats)))


def seats_of(tx: Tx, article_ids: Sequence[int]) -> dict[int, tuple[StoryId, Member]]:
    """Tell where articles sit, and why; those that wait for a story are left out."""
    found: dict[int, tuple[StoryId, Member]] = {}
    for start in range(0, len(article_ids), articles.CHUNK):
        part = article_ids[start : start + articles.CHUNK]
        for row in tx.execute(_MEMBER.where(SeatRow.article_id.in_(part))):
            found[row.article_id] = StoryId(row.story_id), _member(row)
    return found


_MEMBER = select(
    SeatRow.article_id,
    SeatRow.story_id,
    SeatRow.relation,
    SeatRow.wire,
    ArticleRow.key,
    ArticleRow.source_key,
    _GROUP.label("house"),
).join(ArticleRow, ArticleRow.id == SeatRow.article_id)


def _member(row: Any) -> Member:
    return Member(
        article=ArticleKey(row.key),
        source=SourceKey(row.source_key),
        relation=Relation(row.relation),
        wire=row.wire,
        group=row.house,
    )


def seat_of(tx: Tx, article_id: int) -> PlacedSeat | None:
    """Read an article's seat with what decided it; None if it waits for one."""
    row = tx.execute(
        select(*ArticleRow.__table__.columns, SeatRow.placement, SeatRow.placed_at)
        .join(SeatRow, SeatRow.article_id == ArticleRow.id)
        .where(ArticleRow.id == article_id)
    ).one_or_none()
    if row is None:
        return None
    return PlacedSeat(
        article=articles.from_row(row),
        placement=json.load(Placement, row.placement),
        placed_at=row.placed_at,
        is_revised=row.revision > 1 and row.fetched_at > row.placed_at,
    )


def seated(tx: Tx, story: StoryId) -> tuple[SeatedArticle, ...]:
    """Read all of a story's articles with their matches, in order of placement."""
    rows = tx.execute(
        select(*ArticleRow.__table__.columns, SeatRow.relation, SeatRow.wire, SeatRow.placement)
        .join(SeatRow, SeatRow.article_id == ArticleRow.id)
        .where(SeatRow.story_id == story)
        .order_by(SeatRow.placed_at, ArticleRow.id)
    ).all()
    matches = articles.matches_of(tx, [row.id for row in rows])
    return tuple(
        SeatedArticle(
            id=row.id,
            article=articles.from_row(row),
            relation=Relation(row.relation),
            wire=row.wire,
            placement=json.load(Placement, row.placement),
            matches=tuple(stored.match for stored in matches.get(row.id, ())),
        )
        for row in rows
    )


def read(tx: Tx, story: StoryId) -> Story | None:
    """Read a story."""
    found = _read(tx, _STORY.where(StoryRow.id == story))
    return found[0] if found else None


def find(tx: Tx, start: str) -> Story | None:
    """Find a story by its id or the start of it, with or without "sto_".

    The id of one that was merged away leads to where its articles are. Raises WorkError if
    several begin so.
    """
    prefix = start if start.startswith("sto_") else f"sto_{start}"
    own = select(StoryRow.id.label("id")).where(StoryRow.id.startswith(prefix, autoescape=True))
    earlier = select(RedirectRow.story_id).where(
        RedirectRow.id.startswith(prefix, autoescape=True)
    )
    named = own.union(earlier).subquery()
    found = tx.execute(select(named.c.id).order_by(named.c.id).limit(2)).scalars().all()
    if len(found) > 1:
        msg = f"several stories begin with {start!r}: {found[0]}, {found[1]} ..."
        raise WorkError(msg)
    return read(tx, StoryId(found[0])) if found else None


_STORY = select(*StoryRow.__table__.columns)


def listed(tx: Tx, *, matched_only: bool, limit: int) -> tuple[Story, ...]:
    """List stories, latest first; `matched_only` leaves out those that no rule matched."""
    query = _STORY.order_by(StoryRow.last_at.desc(), StoryRow.id).limit(limit)
    if matched_only:
        hit = (
            select(MatchRow.id)
            .join(SeatRow, SeatRow.article_id == MatchRow.article_id)
            .where(SeatRow.story_id == StoryRow.id)
        )
        query = query.where(exists(hit))
    return _read(tx, query)


def _read(tx: Tx, query: Any) -> tuple[Story, ...]:
    rows = tx.execute(query).all()
    leading = select(*RedirectRow.__table__.columns)
    leading = leading.where(RedirectRow.story_id.in_([row.id for row in rows]))
    previous: dict[str, list[Merged]] = {}
    for row in tx.execute(leading.order_by(RedirectRow.merged_at, RedirectRow.id)):
        merged = Merged(id=StoryId(row.id), at=row.merged_at, is_by_hand=row.is_by_hand)
        previous.setdefault(row.story_id, []).append(merged)
    return tuple(_story(row, previous.get(row.id, ())) for row in rows)


def rules_of(tx: Tx, stories: Sequence[StoryId]) -> dict[StoryId, tuple[str, ...]]:
    """List the rules that matched in each story."""
    rows = tx.execute(
        select(SeatRow.story_id, MatchRow.rule_id)
        .join(MatchRow, MatchRow.article_id == SeatRow.article_id)
        .where(SeatRow.story_id.in_(stories))
        .distinct()
        .order_by(MatchRow.rule_id)
    )
    found: dict[StoryId, list[str]] = {}
    for row in rows:
        found.setdefault(StoryId(row.story_id), []).append(row.rule_id)
    return {key: tuple(value) for key, value in found.items()}


def count(tx: Tx) -> int:
    """Count stories."""
    return int(tx.execute(select(func.count()).select_from(StoryRow)).scalar_one())


def _story(row: Any, previous: Sequence[Merged]) -> Story:
    return Story(
        id=StoryId(row.id),
        title=row.title,
        lang=row.lang,
        first_at=row.first_at,
        last_at=row.last_at,
        article_count=row.article_count,
        source_count=row.source_count,
        report_count=row.report_count,
        copy_count=row.copy_count,
        revision=row.revision,
        lead=ArticleKey(row.lead),
        previous=tuple(previous),
        continues=None if row.continues is None else StoryId(row.continues),
        split_from=None if row.split_from is None else StoryId(row.split_from),
        arranged_at=row.arranged_at,
    )
