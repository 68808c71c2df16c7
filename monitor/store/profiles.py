"""Keep what grouping read of each article of an open story, so that taking over reads no text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, or_, select

from monitor.model.keys import StoryId
from monitor.model.story import Relation
from monitor.store.chunks import CHUNK
from monitor.store.engine import Tx
from monitor.store.seating import is_revised
from monitor.store.tables import ArticleRow, ProfileRow, RedirectRow, SeatRow, StoryRow
from monitor.store.upsert import insert


@dataclass(frozen=True, slots=True)
class OpenSeat:
    """Be the seat of an article in an open story."""

    article_id: int
    story: StoryId
    relation: Relation


@dataclass(frozen=True, slots=True)
class Kept:
    """Be what is kept of an article: `profile` is None if it is to be read anew."""

    revision: int
    profile: bytes | None


Turn = tuple[datetime, int]
"""When an article was placed, and its number: the order of placement."""


def open_seats(tx: Tx, moment: datetime, *, before: Turn | None = None) -> list[OpenSeat]:
    """List the seats in open stories, to rebuild the index: story by story, as these opened.

    Those of a story are in order of placement; with `before` only those that were taken earlier.

    Open are stories with an article that was first seen at a moment or later, exactly those that
    `StoryIndex.remove_before` leaves.
    """
    query = select(SeatRow.article_id, SeatRow.story_id, SeatRow.relation)
    query = query.where(SeatRow.story_id.in_(_open_stories(moment, before)), *_earlier(before))
    rows = tx.execute(query.order_by(SeatRow.placed_at, SeatRow.article_id)).all()
    seats = [OpenSeat(number, StoryId(story), Relation(why)) for number, story, why in rows]
    opened: dict[StoryId, int] = {}
    for seat in seats:
        opened.setdefault(seat.story, len(opened))
    return sorted(seats, key=lambda seat: opened[seat.story])


def _open_stories(moment: datetime, before: Turn | None = None) -> Any:
    query = select(SeatRow.story_id).join(ArticleRow, ArticleRow.id == SeatRow.article_id)
    return query.where(ArticleRow.first_seen_at >= moment, *_earlier(before))


def _earlier(before: Turn | None) -> tuple[ColumnElement[bool], ...]:
    if before is None:
        return ()
    moment, number = before
    is_at_once = and_(SeatRow.placed_at == moment, SeatRow.article_id < number)
    return (or_(SeatRow.placed_at < moment, is_at_once),)


@dataclass(frozen=True, slots=True)
class Changed:
    """Count the articles with a newer text, and those in stories that were merged or split."""

    revised: int
    arranged: int


def changed_since(tx: Tx, moment: datetime, *, before: Turn) -> Changed:
    """Count what has changed since a moment among the seats that `open_seats` lists for it."""
    is_arranged = or_(
        exists().where(
            RedirectRow.story_id == SeatRow.story_id, RedirectRow.merged_at >= before[0]
        ),
        exists().where(
            StoryRow.id == SeatRow.story_id,
            or_(StoryRow.arranged_at >= before[0], StoryRow.split_at >= before[0]),
        ),
    )
    revised, arranged = case((is_revised(before[0]), 1)), case((is_arranged, 1))
    query = select(func.count(revised), func.count(arranged))
    query = query.select_from(SeatRow).join(ArticleRow, ArticleRow.id == SeatRow.article_id)
    query = query.where(SeatRow.story_id.in_(_open_stories(moment, before)), *_earlier(before))
    return Changed(*tx.execute(query).one())


def read(tx: Tx, article_ids: Sequence[int]) -> dict[int, Kept]:
    """Read what is kept of articles; those that are gone are left out.

    A profile of an earlier text counts while the newer one waits to be placed: the index of the
    process before knew no more. Else it was left by a program that keeps none.
    """
    is_known = or_(ProfileRow.revision == ArticleRow.revision, ArticleRow.place_due)
    query = (
        select(ArticleRow.id, ArticleRow.revision, ProfileRow.profile)
        .outerjoin(ProfileRow, (ProfileRow.article_id == ArticleRow.id) & is_known)
        .where(ArticleRow.id.in_(article_ids))
    )
    rows = tx.execute(query).all()
    return {number: Kept(revision, profile) for number, revision, profile in rows}


def put(tx: Tx, kept: Mapping[int, Kept]) -> None:
    """Keep profiles, each with the revision of the article that was read."""
    rows = [
        {"article_id": number, "revision": one.revision, "profile": one.profile}
        for number, one in kept.items()
        if one.profile is not None
    ]
    if rows:
        statement = insert(tx, ProfileRow)
        newer = {name: statement.excluded[name] for name in ("revision", "profile")}
        there = ["article_id"]
        tx.execute(statement.on_conflict_do_update(index_elements=there, set_=newer), rows)


def forget(tx: Tx, stories: Iterable[StoryId]) -> None:
    """Forget the profiles of stories that are let go."""
    for part in _parts(list(stories)):
        seated = select(SeatRow.article_id).where(SeatRow.story_id.in_(part))
        tx.execute(delete(ProfileRow).where(ProfileRow.article_id.in_(seated)))


def forget_closed(tx: Tx, moment: datetime) -> None:
    """Forget the profiles that stories left behind which closed while nobody held them."""
    is_open = exists().where(
        SeatRow.article_id == ProfileRow.article_id, SeatRow.story_id.in_(_open_stories(moment))
    )  # not `NOT IN`: PostgreSQL looks through a long list of those for each profile
    tx.execute(delete(ProfileRow).where(~is_open))


def _parts(stories: Sequence[StoryId]) -> Iterator[Sequence[StoryId]]:
    return (stories[start : start + CHUNK] for start in range(0, len(stories), CHUNK))
