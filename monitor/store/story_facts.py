"""State what follows from a story's articles: its lead, when it was, and who reports."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import and_, case, func, literal, or_, select, update

from monitor.model.keys import StoryId
from monitor.model.story import COPIES, REPEATS
from monitor.store.engine import Tx
from monitor.store.seating import HOUSE
from monitor.store.tables import ArticleRow, SeatRow, StoryRow


def refresh(tx: Tx, stale: Collection[StoryId]) -> None:
    """Recompute stories' facts from their articles, and count up their revisions.

    The lead has a real title, the best tier, is no repeat nor taken from a news agency, and is
    earliest: in this order.
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


_IS_COPY = SeatRow.relation.in_([relation.value for relation in COPIES])
_IS_REPEAT = SeatRow.relation.in_([relation.value for relation in REPEATS])
_OWN_WIRE = case((~_IS_COPY, SeatRow.wire))
_VOICE = case(
    (_IS_COPY, None),
    else_=func.coalesce(
        literal("wire:") + SeatRow.wire,
        literal("group:") + HOUSE,
        literal("source:") + ArticleRow.source_key,
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
            func.count(case((_IS_REPEAT, 1)))
            + func.count(_OWN_WIRE)
            - func.count(_OWN_WIRE.distinct())
        ).label("copy_count"),
    )
    .join(ArticleRow, ArticleRow.id == SeatRow.article_id)
    .group_by(SeatRow.story_id)
)

_LEAD_ORDER = (
    ArticleRow.has_real_title.desc(),
    func.coalesce(ArticleRow.source["tier"].as_integer(), 99),
    or_(SeatRow.is_taken, and_(_IS_REPEAT, SeatRow.wire.is_(None))),  # an agency's own is neither
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
