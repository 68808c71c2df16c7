"""Merge and split stories, with all that hangs on them: seats, alerts, what channels were told.

A story that is merged away leaves its id as a redirect. Alerts keep their keys, by which they
were told; so do deliveries. Nothing here decides which stories belong together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import chain, count
from typing import Any

from sqlalchemy import case, delete, exists, func, or_, select, text, update
from sqlalchemy.orm import aliased

from monitor.model.keys import ArticleKey, StoryId, story_id
from monitor.model.story import COPIES, Placement, Relation
from monitor.store import json, placing, stories, story_facts
from monitor.store.chunks import CHUNK
from monitor.store.engine import Tx
from monitor.store.tables import (
    AlertRow,
    ArticleRow,
    MatchRow,
    QuietRow,
    RedirectRow,
    SeatRow,
    StoryRow,
    ToldRow,
)
from monitor.store.upsert import insert

_LOCK = 0x73746F7269657  # "storie(s)": the advisory lock on who sits where


def keep_seats(tx: Tx) -> None:
    """Let no story be merged or split until this transaction ends, which reads and writes them.

    The assigner need not ask: whoever arranges stories takes its role away first.
    """
    _lock(tx, "pg_advisory_xact_lock_shared")


def arrange_alone(tx: Tx) -> None:
    """Wait until nobody relies on who sits where, and keep others waiting."""
    _lock(tx, "pg_advisory_xact_lock")


def _lock(tx: Tx, function: str) -> None:
    if tx.dialect.name != "sqlite":  # there a transaction that writes is alone anyway
        tx.execute(text(f"SELECT {function}(:key)"), {"key": _LOCK})


def are_there(tx: Tx, ids: Collection[StoryId]) -> bool:
    """Tell whether none of some stories has gone."""
    return len(tx.execute(select(StoryRow.id).where(StoryRow.id.in_(ids))).all()) == len(ids)


def oldest(tx: Tx, ids: Collection[StoryId]) -> StoryId:
    """Give the story that was opened first: whose id is kept in a merge.

    Of those that one batch opened the one whose articles began to arrive first.
    """
    arrived = select(func.min(SeatRow.article_id)).where(SeatRow.story_id == StoryRow.id)
    query = select(StoryRow.id).where(StoryRow.id.in_(ids))
    query = query.order_by(StoryRow.created_at, arrived.scalar_subquery()).limit(1)
    return StoryId(tx.execute(query).scalar_one())


def are_by_hand(tx: Tx, ids: Collection[StoryId]) -> bool:
    """Tell whether a person merged or split one of these stories."""
    found = select(StoryRow.id).where(StoryRow.id.in_(ids), StoryRow.arranged_at.is_not(None))
    return tx.execute(found).first() is not None


def regrouped_since(tx: Tx, moment: datetime) -> bool:
    """Tell whether the program merged stories, or anybody split one, at a moment or later."""
    merged = exists().where(~RedirectRow.is_by_hand, RedirectRow.merged_at >= moment)
    split = exists().where(StoryRow.split_at >= moment)
    return bool(tx.execute(select(or_(merged, split))).scalar_one())


def merge(tx: Tx, into: StoryId, gone: StoryId, *, is_by_hand: bool, now: datetime) -> None:
    """Move all of a story into another; its id leads there from now on."""
    is_first = SeatRow.relation == Relation.FIRST.value
    relation = case((is_first, Relation.EVENT.value), else_=SeatRow.relation)
    seats = update(SeatRow).where(SeatRow.story_id == gone)
    tx.execute(seats.values(story_id=into, relation=relation))
    _append_alerts(tx, into, gone)
    _forget_told_twice(tx, into, gone)
    _move(tx, ToldRow, into, gone)
    _move(tx, QuietRow, into, gone)
    _redirect(tx, into, gone, is_by_hand=is_by_hand, now=now)
    changed: dict[str, Any] = {
        column.key: select(func.max(column)).where(StoryRow.id.in_((into, gone))).scalar_subquery()
        for column in (StoryRow.revision, StoryRow.split_at)
    }
    if is_by_hand:
        changed["arranged_at"] = now
    tx.execute(update(StoryRow).where(StoryRow.id == into).values(**changed))
    tx.execute(delete(StoryRow).where(StoryRow.id == gone))
    story_facts.refresh(tx, [into])


def _append_alerts(tx: Tx, into: StoryId, gone: StoryId) -> None:
    """Move alerts behind those that there are: generations of a rule and story stand once."""
    newest = select(AlertRow.rule_id, func.max(AlertRow.generation).label("max")).group_by(
        AlertRow.rule_id
    )
    there = tx.execute(newest.where(AlertRow.story_id == into))
    last = {row.rule_id: int(row.max) for row in there}
    moved = select(AlertRow.key, AlertRow.rule_id).where(AlertRow.story_id == gone)
    for key, rule in tx.execute(moved.order_by(AlertRow.generation)).all():
        last[rule] = last.get(rule, 0) + 1
        alert = update(AlertRow).where(AlertRow.key == key)
        tx.execute(alert.values(story_id=into, generation=last[rule]))


def _forget_told_twice(tx: Tx, into: StoryId, gone: StoryId) -> None:
    """Forget what both stories were told: an earlier release may note it where it left."""
    there = aliased(ToldRow)
    is_there = exists().where(
        there.channel == ToldRow.channel,
        there.rule_id == ToldRow.rule_id,
        there.article_id == ToldRow.article_id,
        there.story_id == into,
    )
    tx.execute(delete(ToldRow).where(ToldRow.story_id == gone, is_there))


def _move(tx: Tx, table: Any, into: StoryId, gone: StoryId, ids: Sequence[int] = ()) -> None:
    """Move what is kept of articles of a story: of these, or of all."""
    rows = update(table).where(table.story_id == gone)
    if ids:
        rows = rows.where(table.article_id.in_(ids))
    tx.execute(rows.values(story_id=into))


def _redirect(tx: Tx, into: StoryId, gone: StoryId, *, is_by_hand: bool, now: datetime) -> None:
    earlier = update(RedirectRow).where(RedirectRow.story_id == gone)
    tx.execute(earlier.values(story_id=into))
    leading = {"id": gone, "story_id": into, "merged_at": now, "is_by_hand": is_by_hand}
    tx.execute(insert(tx, RedirectRow), leading)
    for column in (StoryRow.continues, StoryRow.split_from):
        naming = update(StoryRow).where(column == gone, StoryRow.id != into)
        tx.execute(naming.values({column: into}))


def split(
    tx: Tx, story: StoryId, article_ids: Sequence[int], *, is_by_hand: bool, now: datetime
) -> StoryId:
    """Move some of a story's articles, not all, into a story of their own; give its id.

    If these opened a story that was merged into this one, its id comes back.
    What matched in either half is due to be judged again: each may be worth telling for itself.
    """
    moved = _seats(tx, SeatRow.story_id == story, SeatRow.article_id.in_(article_ids))
    new = _unused_id(tx, [row.key for row in moved])
    _open(tx, new, story, moved[0], now)
    for start in range(0, len(moved), CHUNK):
        part = [row.article_id for row in moved[start : start + CHUNK]]
        for table in (SeatRow, AlertRow, ToldRow, QuietRow):
            _move(tx, table, new, story, part)
    for half in (story, new):
        _relate(tx, _seats(tx, SeatRow.story_id == half))
    halves, changed = (story, new), {"split_at": now}
    if is_by_hand:
        changed["arranged_at"] = now
    tx.execute(update(StoryRow).where(StoryRow.id.in_(halves)).values(**changed))
    story_facts.refresh(tx, halves)
    matched = select(MatchRow.article_id).join(SeatRow, SeatRow.article_id == MatchRow.article_id)
    matched = matched.join(ArticleRow, ArticleRow.id == MatchRow.article_id)
    matched = matched.where(SeatRow.story_id.in_(halves), ~placing.IS_PARKED).distinct()
    placing.mark_for_placing(tx, list(tx.execute(matched).scalars()))
    return new


def _seats(tx: Tx, *conditions: Any) -> Sequence[Any]:
    """Read seats in order of placement."""
    query = select(SeatRow.article_id, SeatRow.relation, SeatRow.placement, ArticleRow.key)
    query = query.join(ArticleRow, ArticleRow.id == SeatRow.article_id).where(*conditions)
    return tx.execute(query.order_by(SeatRow.placed_at, SeatRow.article_id)).all()


def _unused_id(tx: Tx, keys: Sequence[str]) -> StoryId:
    """Name a story after the first of its articles that names none."""
    own = (story_id(ArticleKey(key)) for key in keys)
    others = (story_id(ArticleKey(keys[0]), str(number)) for number in count(1))
    return next(name for name in chain(own, others) if stories.read(tx, name) is None)


def _open(tx: Tx, new: StoryId, story: StoryId, first: Any, now: datetime) -> None:
    """Open a story beside another; its facts are computed when its articles are there."""
    tx.execute(delete(RedirectRow).where(RedirectRow.id == new))
    table = StoryRow.__table__
    facts = tx.execute(select(*table.columns).where(StoryRow.id == story)).mappings().one()
    own = {"id": new, "created_at": now, "lead": first.key, "split_from": story}
    tx.execute(insert(tx, StoryRow), {**facts, **own, "continues": None})


def _relate(tx: Tx, seats: Sequence[Any]) -> None:
    """Say anew how articles relate to their story, of which some have left it."""
    there = {row.key for row in seats}
    for place, row in enumerate(seats):
        relation = Relation(row.relation)
        if place == 0:
            relation = Relation.FIRST
        elif relation is Relation.FIRST or (
            relation in COPIES and json.load(Placement, row.placement).nearest not in there
        ):
            relation = Relation.EVENT
        if relation.value != row.relation:
            seat = update(SeatRow).where(SeatRow.article_id == row.article_id)
            tx.execute(seat.values(relation=relation.value))
