"""Decide whether a rule's match in a story raises an alert, with the reason either way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from monitor.model.alert import RAISES, Alert, Quiet, Reason
from monitor.model.keys import ArticleKey, SourceKey, StoryId, alert_key
from monitor.model.rule import Again, Rule
from monitor.model.story import COPIES, Member, Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Say what a rule has raised in a story so far.

    `raised` is the latest generation, 0 if there is none; `articles` are those that raised one.
    """

    raised: int = 0
    articles: frozenset[ArticleKey] = frozenset()


NOTHING_RAISED = History()


def decide(
    rule: Rule,
    article: ArticleKey,
    *,
    story: StoryId,
    relation: Relation,
    source: SourceKey,
    members: Sequence[Member],
    history: History,
    is_quiet: bool,
    is_too_old: bool,
    now: datetime,
) -> Alert | Quiet:
    """Decide whether an article that a rule matched raises an alert.

    `members` are the story's articles in the order in which they joined; what stands at or after
    `article` itself is not looked at, so deciding again gives the same. `is_quiet` marks an alert
    that enters digests only. The same article never raises twice for a rule and story.
    """
    if article in history.articles:
        reason = Reason.ALREADY_RAISED
    elif is_too_old:
        reason = Reason.TOO_OLD
    elif history.raised == 0:
        reason = Reason.NEW_STORY
    else:
        reason = _again(rule.again, relation, source, _earlier_sources(article, members))
    if reason not in RAISES:
        return Quiet(rule_id=rule.id, story=story, article=article, reason=reason)
    generation = history.raised + 1
    return Alert(
        key=alert_key(rule.id, story, generation),
        rule_id=rule.id,
        story=story,
        generation=generation,
        article=article,
        reason=reason,
        raised_at=now,
        is_quiet=is_quiet,
    )


def renumbered(alert: Alert) -> Alert:
    """Give an alert the next generation: where its own has left the story with its article."""
    generation = alert.generation + 1
    key = alert_key(alert.rule_id, alert.story, generation)
    return replace(alert, key=key, generation=generation)


def _again(
    again: Again, relation: Relation, source: SourceKey, known: frozenset[SourceKey]
) -> Reason:
    """Judge a further article of a story that the rule has raised before."""
    if again is Again.NEVER:
        return Reason.TOLD_ONCE
    if again is Again.EVERY:
        return Reason.EVERY
    if relation in COPIES:
        return Reason.COPY
    return Reason.KNOWN_SOURCE if source in known else Reason.DEVELOPMENT


def _earlier_sources(article: ArticleKey, members: Sequence[Member]) -> frozenset[SourceKey]:
    earlier = takewhile(lambda member: member.article != article, members)
    return frozenset(member.source for member in earlier)
