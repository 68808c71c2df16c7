"""Remove what is old, and keep what keeps it from coming back.

A story goes as a whole, with its articles, once none of them was first seen within the limit. The
articles' keys and aliases stay as `forgotten`: a feed that still lists them brings nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import aliased

from monitor.model.article import Article, Origin
from monitor.model.delivery import DeliveryState
from monitor.model.keys import ArticleKey, StoryId
from monitor.store import problems
from monitor.store.chunks import CHUNK
from monitor.store.engine import Tx
from monitor.store.placing import PROBLEM
from monitor.store.story_facts import refresh
from monitor.store.tables import (
    AlertRow,
    AliasRow,
    ArticleRow,
    AttemptRow,
    ChannelRow,
    DeliveryRow,
    DigestRow,
    FeedRow,
    ForgottenRow,
    MatchRow,
    PageRow,
    ProblemRow,
    QuietRow,
    SeatRow,
    StoryRow,
    ToldRow,
)
from monitor.store.upsert import insert

FORGOTTEN_FOR = timedelta(days=365)
"""How long a forgotten identity is kept after its feed listed it last."""

ASK_ANEW_FOR = timedelta(days=30)
"""For so long before an identity is dropped, feeds are read whole: one that is not changed is
not parsed, and so says nothing of what it lists."""

LISTED_EVERY = timedelta(days=1)
"""How exactly it is known when a feed listed what is forgotten."""

BATCH = 200
"""How many small rows go in one transaction."""

ARTICLES = 25
"""How many articles do, with all that hangs on them."""

_HISTORY = ("delivery", "page")
"""Kinds of problems that tell of one event, not of a state that lasts."""


def old_articles(tx: Tx, *, before: datetime, limit: int = ARTICLES) -> tuple[int, ...]:
    """List articles of stories of which none was first seen at `before` or later.

    Whole stories, but for one that alone is larger than the limit. Stories with a seed stay:
    seeds are files of the workspace, which keeps them itself.
    """
    seat, other = aliased(SeatRow), aliased(ArticleRow)
    is_kept = or_(other.first_seen_at >= before, other.origin == Origin.SEED.value)
    keeping = exists().where(
        seat.story_id == SeatRow.story_id, other.id == seat.article_id, is_kept
    )
    oldest = (
        select(SeatRow.story_id)
        .join(ArticleRow, ArticleRow.id == SeatRow.article_id)
        .where(ArticleRow.first_seen_at < before, ~keeping)
        .order_by(ArticleRow.first_seen_at)
        .limit(limit)
    )
    stories = list(dict.fromkeys(tx.execute(oldest).scalars()))
    rows = tx.execute(
        select(SeatRow.story_id, SeatRow.article_id)
        .where(SeatRow.story_id.in_(stories))
        .order_by(SeatRow.story_id, SeatRow.article_id)
        .limit(limit + 1)
    ).all()
    if len(rows) > limit and rows[0].story_id != rows[-1].story_id:
        rows = [row for row in rows if row.story_id != rows[-1].story_id]
    return tuple(row.article_id for row in rows[:limit])


def remove_articles(tx: Tx, article_ids: Sequence[int], *, now: datetime) -> None:
    """Remove articles with all that hangs on them, and the stories that are empty then."""
    of_these = ArticleRow.id.in_(article_ids)
    touched = select(SeatRow.story_id).where(_at(SeatRow, article_ids)).distinct()
    stories = [StoryId(story) for story in tx.execute(touched).scalars()]
    keys = [*tx.execute(select(ArticleRow.key).where(of_these)).scalars()]
    keys += tx.execute(select(AliasRow.alias).where(_at(AliasRow, article_ids))).scalars()
    _forget(tx, keys, now)
    for table in (QuietRow, AlertRow, ToldRow, SeatRow, MatchRow, PageRow, AliasRow):
        tx.execute(delete(table).where(_at(table, article_ids)))
    tx.execute(delete(ArticleRow).where(of_these))
    problems.clear_all(tx, PROBLEM, keys)
    is_empty = ~exists().where(SeatRow.story_id == StoryRow.id)
    tx.execute(delete(StoryRow).where(StoryRow.id.in_(stories), is_empty))
    refresh(tx, stories)  # of one that is so large that it goes in parts


def _at(table: Any, article_ids: Sequence[int]) -> Any:
    return table.article_id.in_(article_ids)


def _forget(tx: Tx, keys: Iterable[str], now: datetime) -> None:
    rows = [{"key": key, "listed_at": now} for key in dict.fromkeys(keys)]
    if rows:
        statement, listed = insert(tx, ForgottenRow), {"listed_at": now}
        tx.execute(statement.on_conflict_do_update(index_elements=["key"], set_=listed), rows)


def find_forgotten(tx: Tx, articles: Sequence[Article]) -> dict[ArticleKey, tuple[str, ...]]:
    """Find which of these were removed, each by the identities that are remembered of it."""
    if tx.execute(select(ForgottenRow.key).limit(1)).first() is None:
        return {}  # nothing was removed yet: a first poll of thousands need not be asked for
    sought = list({key for article in articles for key in (article.key, *article.aliases)})
    kept: set[str] = set()
    for start in range(0, len(sought), CHUNK):
        part = sought[start : start + CHUNK]
        query = select(ForgottenRow.key).where(ForgottenRow.key.in_(part))
        kept.update(tx.execute(query).scalars())
    found = {a.key: tuple(k for k in (a.key, *a.aliases) if k in kept) for a in articles}
    return {key: identities for key, identities in found.items() if identities}


def note_listed(tx: Tx, keys: Sequence[str], *, now: datetime) -> None:
    """Note that feeds still list what is forgotten; more than once a day it is not written."""
    for start in range(0, len(keys), CHUNK):
        part = ForgottenRow.key.in_(keys[start : start + CHUNK])
        is_stale = ForgottenRow.listed_at < now - LISTED_EVERY
        tx.execute(update(ForgottenRow).where(part, is_stale).values(listed_at=now))


def ask_feeds_anew(tx: Tx, *, now: datetime) -> bool:
    """Let every feed be read whole at its next poll, if identities are about to be dropped."""
    soon = now - FORGOTTEN_FOR + ASK_ANEW_FOR
    if tx.execute(select(ForgottenRow.key).where(ForgottenRow.listed_at < soon)).first() is None:
        return False
    unknown = {"etag": None, "last_modified": None, "body_hash": None}
    tx.execute(update(FeedRow).where(FeedRow.state == "active").values(**unknown))
    return True


def old_forgotten(tx: Tx, *, now: datetime) -> Sequence[str]:
    """List identities that no feed has listed for a year."""
    old = select(ForgottenRow.key).where(ForgottenRow.listed_at < now - FORGOTTEN_FOR)
    return tx.execute(old.limit(BATCH)).scalars().all()


def drop_forgotten(tx: Tx, keys: Sequence[str], *, now: datetime) -> None:
    """Drop identities, but what was listed meanwhile."""
    is_old = ForgottenRow.listed_at < now - FORGOTTEN_FOR
    tx.execute(delete(ForgottenRow).where(ForgottenRow.key.in_(keys), is_old))


def old_deliveries(tx: Tx, *, before: datetime) -> Sequence[str]:
    """List old deliveries that are settled."""
    old = select(DeliveryRow.key).where(
        _IS_SETTLED,
        DeliveryRow.created_at < before,
        func.coalesce(DeliveryRow.sent_at, DeliveryRow.due_at) < before,
    )
    return tx.execute(old.limit(BATCH)).scalars().all()


def remove_deliveries(tx: Tx, keys: Sequence[str]) -> None:
    """Remove deliveries with their tries, but what was revived meanwhile."""
    tx.execute(delete(DeliveryRow).where(DeliveryRow.key.in_(keys), _IS_SETTLED))


_IS_SETTLED = and_(
    DeliveryRow.state != DeliveryState.PENDING.value, DeliveryRow.claimed_until.is_(None)
)


def old_attempts(tx: Tx, *, before: datetime) -> Sequence[int]:
    """List old tries of deliveries that are settled; what is pending counts on its tries."""
    is_settled = exists().where(DeliveryRow.key == AttemptRow.delivery_key, _IS_SETTLED)
    old = select(AttemptRow.id).where(AttemptRow.ended_at < before, is_settled)
    return tx.execute(old.limit(BATCH)).scalars().all()


def remove_attempts(tx: Tx, ids: Sequence[int]) -> None:
    """Remove tries to deliver."""
    tx.execute(delete(AttemptRow).where(AttemptRow.id.in_(ids)))


def old_slots(tx: Tx, *, before: datetime) -> Sequence[tuple[str, str]]:
    """List old digest slots, but each channel's last, behind which no key comes again."""
    is_last = exists().where(
        ChannelRow.name == DigestRow.channel, ChannelRow.last_slot == DigestRow.slot
    )
    old = select(DigestRow.channel, DigestRow.slot).where(
        DigestRow.window_end < before, DigestRow.composed_at < before, ~is_last
    )
    return [(row.channel, row.slot) for row in tx.execute(old.limit(BATCH))]


def remove_slots(tx: Tx, slots: Sequence[tuple[str, str]]) -> None:
    """Remove digest slots."""
    tx.execute(delete(DigestRow).where(tuple_(DigestRow.channel, DigestRow.slot).in_(slots)))


def remove_problems(tx: Tx, *, before: datetime, gaps_before: datetime) -> int:
    """Forget old problems that tell of one event; what may still be wrong stays."""
    old = or_(
        and_(ProblemRow.kind.in_(_HISTORY), ProblemRow.last_at < before),
        and_(ProblemRow.kind == "gap", ProblemRow.last_at < gaps_before),
    )
    return int(tx.execute(delete(ProblemRow).where(old)).rowcount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Say how far back the database reaches, and how many removed identities it remembers."""

    oldest_article_at: datetime | None
    forgotten: int


def kept(tx: Tx) -> Kept:
    """Read what is kept."""
    oldest = select(func.min(ArticleRow.first_seen_at))
    remembered = select(func.count()).select_from(ForgottenRow)
    return Kept(
        oldest_article_at=tx.execute(oldest).scalar_one(),
        forgotten=int(tx.execute(remembered).scalar_one()),
    )
