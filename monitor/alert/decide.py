"""Decide whether a rule's match in a story raises an alert, with the reason either way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from monitor.model.alert import RAISES, Alert, Quiet, Reason
from monitor.model.keys import ArticleKey, StoryId, alert_key
from monitor.model.rule import Again, Rule
from monitor.model.story import COPIES, Member


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
    member: Member,
    *,
    story: StoryId,
    members: Sequence[Member],
    history: History,
    is_quiet: bool,
    is_too_old: bool,
    now: datetime,
) -> Alert | Quiet:
    """Decide whether an article that a rule matched raises an alert.

    `member` is its seat, `members` are the story's articles in the order in which they joined;
    what stands at or after `member` itself is not looked at, so deciding again gives the same.
    `is_quiet` marks an alert that enters digests only. The same article never raises twice for a
    rule and story.
    """
    article = member.article
    if article in history.articles:
        reason = Reason.ALREADY_RAISED
    elif is_too_old:
        reason = Reason.TOO_OLD
    elif history.raised == 0:
        reason = Reason.NEW_STORY
    else:
        reason = _again(rule.again, member, _before(article, members))
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


def _again(again: Again, member: Member, before: Iterable[Member]) -> Reason:
    """Judge a further article of a story that the rule has raised before."""
    if again is Again.NEVER:
        return Reason.TOLD_ONCE
    if again is Again.EVERY:
        return Reason.EVERY
    if member.relation in COPIES:
        return Reason.COPY
    is_heard = any(_are_one(member, other) for other in before)
    return Reason.KNOWN_SOURCE if is_heard else Reason.DEVELOPMENT


def _are_one(member: Member, other: Member) -> bool:
    """Tell whether two are no independent reports: one source, one house, or one news agency."""
    return member.source == other.source or member.voice == other.voice


def _before(article: ArticleKey, members: Sequence[Member]) -> Iterable[Member]:
    return takewhile(lambda member: member.article != article, members)
