"""Keep alerts, why others were not raised, and what each channel was told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, literal, null, select, true, tuple_

from monitor.model.alert import Alert, Quiet, Reason
from monitor.model.keys import AlertKey, ArticleKey, ChannelName, Revision, RuleId, StoryId
from monitor.store.engine import Tx
from monitor.store.tables import AlertRow, ArticleRow, MatchRow, QuietRow, SeatRow, ToldRow
from monitor.store.types import UtcDateTime
from monitor.store.upsert import insert


def raised(tx: Tx, rule: RuleId, story: StoryId) -> tuple[Alert, ...]:
    """List the alerts of a rule in a story, by generation."""
    rows = tx.execute(
        _ALERT.where(AlertRow.rule_id == rule, AlertRow.story_id == story).order_by(
            AlertRow.generation
        )
    )
    return tuple(_alert(row) for row in rows)


def has_raised(tx: Tx, rule: RuleId, article_id: int) -> bool:
    """Tell whether this very article raised an alert of the rule, in whatever story."""
    hit = select(AlertRow.key).where(AlertRow.rule_id == rule, AlertRow.article_id == article_id)
    return tx.execute(hit).first() is not None


def is_taken(tx: Tx, key: AlertKey) -> bool:
    """Tell whether an alert has this key, in whatever story it is now."""
    return tx.execute(select(AlertRow.key).where(AlertRow.key == key)).first() is not None


def add(tx: Tx, alert: Alert, article_id: int) -> None:
    """Store an alert; its key and its generation exist once."""
    tx.execute(
        insert(tx, AlertRow).values(
            key=alert.key,
            rule_id=alert.rule_id,
            story_id=alert.story,
            generation=alert.generation,
            article_id=article_id,
            reason=alert.reason.value,
            is_quiet=alert.is_quiet,
            raised_at=alert.raised_at,
        )
    )


def keep_quiet(tx: Tx, quiet: Quiet, article_id: int, *, now: datetime) -> None:
    """Keep why a match raised nothing."""
    values = {"story_id": quiet.story, "reason": quiet.reason.value, "judged_at": now}
    statement = insert(tx, QuietRow).values(rule_id=quiet.rule_id, article_id=article_id, **values)
    keys = ["rule_id", "article_id"]
    tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def listed(tx: Tx, *, limit: int) -> tuple[Alert, ...]:
    """List alerts, latest first."""
    rows = tx.execute(_ALERT.order_by(AlertRow.raised_at.desc(), AlertRow.key).limit(limit))
    return tuple(_alert(row) for row in rows)


def why_quiet(tx: Tx, article_id: int) -> dict[RuleId, Reason]:
    """Read why an article's matches raised nothing."""
    rows = tx.execute(select(QuietRow).where(QuietRow.article_id == article_id))
    return {RuleId(row.rule_id): Reason(row.reason) for row in rows}


_ALERT = select(*AlertRow.__table__.columns, ArticleRow.key.label("article_key")).join(ArticleRow)


def _alert(row: Any) -> Alert:
    return Alert(
        key=AlertKey(row.key),
        rule_id=RuleId(row.rule_id),
        story=StoryId(row.story_id),
        generation=row.generation,
        article=ArticleKey(row.article_key),
        reason=Reason(row.reason),
        raised_at=row.raised_at,
        is_quiet=row.is_quiet,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Say that a channel was told of an article under a rule.

    `alert` told it at once, before any digest did; None if it never was.
    """

    rule_id: RuleId
    article_id: int
    in_digest: bool
    alert: AlertKey | None


def untold_stories(
    tx: Tx, channel: ChannelName, rules: Mapping[RuleId, Revision], *, limit: int
) -> tuple[StoryId, ...]:
    """List stories with something for a channel's digest, oldest alert first.

    That is an alert of these rules whose article no digest of the channel has told yet, and whose
    rule still matches in the story by its present revision: what an older one alone found would
    never be told, and stand before all that will.
    """
    matches = exists().where(
        and_(
            SeatRow.story_id == AlertRow.story_id,
            MatchRow.article_id == SeatRow.article_id,
            MatchRow.rule_id == AlertRow.rule_id,
            tuple_(MatchRow.rule_id, MatchRow.revision).in_(list(rules.items())),
        )
    )
    told = exists().where(
        and_(
            ToldRow.channel == channel,
            ToldRow.rule_id == AlertRow.rule_id,
            ToldRow.story_id == AlertRow.story_id,
            ToldRow.article_id == AlertRow.article_id,
            ToldRow.in_digest,
        )
    )
    rows = tx.execute(
        select(AlertRow.story_id, func.min(AlertRow.raised_at).label("first"))
        .where(AlertRow.rule_id.in_(list(rules)), ~told, matches)
        .group_by(AlertRow.story_id)
        .order_by("first", AlertRow.story_id)
        .limit(limit)
    )
    return tuple(StoryId(row.story_id) for row in rows)


def alerts_of(tx: Tx, story: StoryId, rules: Sequence[RuleId]) -> tuple[Alert, ...]:
    """List the alerts that these rules raised in a story, in order of time."""
    query = _ALERT.where(AlertRow.story_id == story, AlertRow.rule_id.in_(rules))
    return tuple(
        _alert(row) for row in tx.execute(query.order_by(AlertRow.raised_at, AlertRow.key))
    )


def first_matched_at(tx: Tx, rule: RuleId, story: StoryId) -> datetime | None:
    """Give when the rule first found itself in an article of the story; None if in none now."""
    first = select(func.min(MatchRow.matched_at)).join(
        SeatRow, SeatRow.article_id == MatchRow.article_id
    )
    found = tx.execute(first.where(MatchRow.rule_id == rule, SeatRow.story_id == story))
    moment: datetime | None = found.scalar_one()
    return moment


def keys_of(tx: Tx, story: StoryId) -> tuple[AlertKey, ...]:
    """List the keys of all alerts in a story, of rules out of force too."""
    rows = tx.execute(select(AlertRow.key).where(AlertRow.story_id == story))
    return tuple(AlertKey(row.key) for row in rows)


def told(tx: Tx, channel: ChannelName, story: StoryId) -> tuple[Told, ...]:
    """List what a channel was told of a story."""
    rows = tx.execute(
        select(ToldRow.rule_id, ToldRow.article_id, ToldRow.in_digest, ToldRow.alert).where(
            ToldRow.channel == channel, ToldRow.story_id == story
        )
    )
    return tuple(
        Told(
            rule_id=RuleId(row.rule_id),
            article_id=row.article_id,
            in_digest=row.in_digest,
            alert=None if row.alert is None else AlertKey(row.alert),
        )
        for row in rows
    )


def tell(
    tx: Tx,
    channel: ChannelName,
    story: StoryId,
    pairs: Iterable[tuple[RuleId, int]],
    *,
    alert: AlertKey | None,
    now: datetime,
) -> None:
    """Remember that a channel is told of articles (rule, article number) of a story.

    An alert tells it at once; a digest does if that is None.
    """
    rows = [
        {
            "channel": channel,
            "rule_id": rule,
            "story_id": story,
            "article_id": article_id,
            "in_digest": alert is None,
            "alert": alert,
            "told_at": now,
        }
        for rule, article_id in pairs
    ]
    if not rows:
        return
    statement = insert(tx, ToldRow)
    keys = ["channel", "rule_id", "story_id", "article_id"]
    if alert is None:
        upserted = statement.on_conflict_do_update(index_elements=keys, set_={"in_digest": True})
    else:
        upserted = statement.on_conflict_do_nothing(index_elements=keys)
    tx.execute(upserted, rows)


def tell_all(tx: Tx, channel: ChannelName, *, now: datetime) -> None:
    """Remember that a channel's digests have told all that was ever raised."""
    facts = (literal(channel), AlertRow.rule_id, AlertRow.story_id, AlertRow.article_id)
    told = (literal(True), null(), literal(now, UtcDateTime))
    columns = ("channel", "rule_id", "story_id", "article_id", "in_digest", "alert", "told_at")
    # SQLite reads ON CONFLICT behind a bare SELECT as the condition of a join
    raised = select(*facts, *told).where(true())
    statement = insert(tx, ToldRow).from_select(columns, raised)
    keys = ["channel", "rule_id", "story_id", "article_id"]
    tx.execute(statement.on_conflict_do_update(index_elements=keys, set_={"in_digest": True}))
