"""Keep what the assigner has to look at: the queue is the articles themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select, update

from monitor.model.article import Article
from monitor.model.keys import ArticleKey, RuleId, StoryId
from monitor.model.rule import Match
from monitor.model.story import Relation, Wire
from monitor.store import articles, problems, rule_matches
from monitor.store.chunks import CHUNK
from monitor.store.engine import Tx
from monitor.store.fulltext import INDEXED, IS_UNINDEXED
from monitor.store.tables import ArticleRow, MatchRow, ProblemRow, SeatRow

PROBLEM = "article"
"""The kind of what is said of an article that cannot be placed."""

IS_PARKED: ColumnElement[bool] = ~ArticleRow.place_due & exists().where(
    ProblemRow.kind == PROBLEM, ProblemRow.subject == ArticleRow.key
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Be the seat of an article that is to be placed again.

    `revision` is of the text read last, `nearest` the article that it was most like.
    """

    story: StoryId
    relation: Relation
    wire: Wire | None
    revision: int | None
    nearest: ArticleKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """Be an article the assigner has to look at; `seat` is set if it has one already."""

    id: int
    article: Article
    revision: int
    is_baseline: bool
    judged_by: str | None
    is_indexed: bool
    seat: Taken | None
    matches: tuple[rule_matches.StoredMatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Be the next article to place; `crashes` counts how often that was begun and not ended."""

    id: int
    key: ArticleKey
    crashes: int


def judge(
    tx: Tx,
    unplaced: Unplaced,
    matches: Sequence[Match],
    *,
    judged_by: str,
    in_force: Collection[RuleId],
    now: datetime,
) -> tuple[rule_matches.StoredMatch, ...]:
    """Store what the rules in force find where others had judged; give all that is stored.

    What one of them found before and does not find now goes; of rules out of force it stays.
    """
    found = {match.rule_id for match in matches}
    known = {stored.match.rule_id for stored in unplaced.matches}
    gone = [rule for rule in known - found if rule in in_force]
    if gone:
        of_article = MatchRow.article_id == unplaced.id
        tx.execute(delete(MatchRow).where(of_article, MatchRow.rule_id.in_(gone)))
    rule_matches.add(tx, unplaced.id, matches, is_quiet=unplaced.is_baseline, now=now)
    row = update(ArticleRow).where(ArticleRow.id == unplaced.id)
    tx.execute(row.values(judged_by=judged_by))
    return rule_matches.of_articles(tx, [unplaced.id]).get(unplaced.id, ())


def has_unplaced(tx: Tx) -> bool:
    """Tell whether the assigner has anything to look at."""
    return (
        tx.execute(select(ArticleRow.id).where(articles.IS_PLACE_DUE).limit(1)).first() is not None
    )


def suspect_next(tx: Tx) -> Suspect | None:
    """Count a crash of the next article to place, before it is placed; `mark_placed` forgives."""
    first = select(func.min(ArticleRow.id)).where(articles.IS_PLACE_DUE).scalar_subquery()
    marked = update(ArticleRow).where(ArticleRow.id == first)
    marked = marked.values(place_crashes=ArticleRow.place_crashes + 1)
    row = tx.execute(
        marked.returning(ArticleRow.id, ArticleRow.key, ArticleRow.place_crashes)
    ).one_or_none()
    if row is None:
        return None
    return Suspect(id=row.id, key=ArticleKey(row.key), crashes=row.place_crashes - 1)


def forgive(tx: Tx, article_id: int) -> None:
    """Count no crash of an article that is still to be placed: it was not the one."""
    tx.execute(update(ArticleRow).where(ArticleRow.id == article_id).values(place_crashes=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Be an article that is no more placed: that crashed too often. It may have a seat."""

    id: int
    key: ArticleKey
    title: str


def park(tx: Tx, suspect: Suspect, reason: str, *, cure: str, now: datetime) -> None:
    """Place an article no more, and say why; a newer version of it is placed all the same."""
    mark_placed(tx, [suspect.id])
    problems.report(tx, PROBLEM, suspect.key, reason, cure=cure, now=now)


def parked(tx: Tx) -> tuple[Parked, ...]:
    """List the parked articles in order of arrival."""
    query = select(ArticleRow.id, ArticleRow.key, ArticleRow.title).where(IS_PARKED)
    rows = tx.execute(query.order_by(ArticleRow.id))
    return tuple(Parked(id=row.id, key=ArticleKey(row.key), title=row.title) for row in rows)


def revive(tx: Tx, found: Sequence[Parked]) -> None:
    """Ask the assigner to look at parked articles again; their crashes are counted anew."""
    mark_for_placing(tx, [one.id for one in found])
    problems.clear_all(tx, PROBLEM, [one.key for one in found])


def lock_unplaced(tx: Tx, *, limit: int) -> tuple[Unplaced, ...]:
    """List what the assigner has to look at, in order of arrival, with all stored matches.

    Locked until the transaction ends: a newer text that another process stores meanwhile waits,
    and is then placed again.
    """
    rows = tx.execute(
        select(
            *ArticleRow.__table__.columns,
            SeatRow.story_id,
            SeatRow.relation,
            SeatRow.wire,
            SeatRow.is_taken,
            SeatRow.read_revision,
            SeatRow.placement["nearest"].as_string().label("nearest"),
            IS_UNINDEXED.label("is_unindexed"),
        )
        .outerjoin(SeatRow, SeatRow.article_id == ArticleRow.id)
        .where(articles.IS_PLACE_DUE)
        .order_by(ArticleRow.id)
        .limit(limit)
        .with_for_update(of=ArticleRow)
    ).all()
    matches = rule_matches.of_articles(tx, [row.id for row in rows])
    return tuple(
        Unplaced(
            id=row.id,
            article=articles.from_row(row),
            revision=row.revision,
            is_baseline=row.is_baseline,
            judged_by=row.judged_by,
            is_indexed=not row.is_unindexed,
            seat=_taken(row),
            matches=matches.get(row.id, ()),
        )
        for row in rows
    )


def _taken(row: Any) -> Taken | None:
    if row.story_id is None:
        return None
    return Taken(
        story=StoryId(row.story_id),
        relation=Relation(row.relation),
        wire=Wire(row.wire, row.is_taken) if row.wire else None,
        revision=row.read_revision,
        nearest=ArticleKey(row.nearest) if row.nearest else None,
    )


def mark_placed(tx: Tx, article_ids: Sequence[int], *, is_indexed: bool = False) -> None:
    """Say that the assigner has looked at these, and whether the full-text index has them now."""
    placed = update(ArticleRow).where(ArticleRow.id.in_(article_ids))
    indexed = INDEXED if is_indexed else {}
    tx.execute(placed.values(place_due=False, place_crashes=0, **indexed))


def mark_for_placing(tx: Tx, article_ids: Sequence[int]) -> None:
    """Ask the assigner to look at these again; they are locked as all do, in order of number."""
    in_order = sorted(article_ids)
    for start in range(0, len(in_order), CHUNK):
        part = in_order[start : start + CHUNK]
        locked = select(ArticleRow.id).where(ArticleRow.id.in_(part)).order_by(ArticleRow.id)
        tx.execute(locked.with_for_update())
        tx.execute(update(ArticleRow).where(ArticleRow.id.in_(part)).values(place_due=True))


def oldest_unplaced(tx: Tx) -> datetime | None:
    """Give when the article was fetched that has waited longest for the assigner, or None."""
    oldest = select(func.min(ArticleRow.fetched_at)).where(articles.IS_PLACE_DUE)
    moment: datetime | None = tx.execute(oldest).scalar_one()
    return moment
