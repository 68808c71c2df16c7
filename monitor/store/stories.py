"""Keep stories, and where the ids of merged ones lead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, func, select

from monitor.errors import WorkError
from monitor.model.keys import ArticleKey, StoryId
from monitor.model.story import Merged, Story
from monitor.store.engine import Tx
from monitor.store.tables import MatchRow, RedirectRow, SeatRow, StoryRow


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
        split_at=row.split_at,
        arranged_at=row.arranged_at,
    )
