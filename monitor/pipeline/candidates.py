"""Put together what a channel may be told of a story, from the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.digest.compose import Candidate, Seat
from monitor.model.alert import Alert
from monitor.model.delivery import Channel, DeliveryState
from monitor.model.keys import (
    AlertKey,
    ArticleKey,
    ChannelName,
    DeliveryKey,
    RuleId,
    StoryId,
    WorkspaceId,
    delivery_key,
)
from monitor.model.rule import Match, Rule
from monitor.model.story import Story
from monitor.store import alerts, deliveries, seating, stories
from monitor.store.alerts import Told
from monitor.store.engine import Tx
from monitor.store.workspace import workspace_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Be a candidate and what to remember once the channel is told of it.

    `told` has the rule and the article's number of each match, and of each alert told;
    `told_elsewhere` names what the channel knows of a story that was split.
    """

    candidate: Candidate
    told: tuple[tuple[RuleId, int], ...]
    told_elsewhere: frozenset[tuple[RuleId, ArticleKey]]


def gather(tx: Tx, channel: Channel, story: Story, rules: Mapping[RuleId, Rule]) -> Telling | None:
    """Gather a story for a channel under the rules in force that tell it.

    None if no rule in force has raised an alert that still matches: a rule was changed since.
    """
    seated = seating.seated(tx, story.id)
    found = {row.id: _in_force(row.matches, rules) for row in seated}
    matching = {match.rule_id for matches in found.values() for match in matches}
    raised = [a for a in alerts.alerts_of(tx, story.id, list(rules)) if a.rule_id in matching]
    if not raised:
        return None
    told = _arrived(tx, channel, alerts.told(tx, channel.name, story.id))
    told_ids = {row.article_id for row in told}
    numbers = {row.article.key: row.id for row in seated}
    seats = tuple(
        Seat(
            article=row.article,
            relation=row.relation,
            wire=row.wire,
            matches=found[row.id],
            is_told=row.id in told_ids,
        )
        for row in seated
    )
    asking = dict.fromkeys(alert.rule_id for alert in raised)
    candidate = Candidate(
        story=story,
        articles=seats,
        rules=tuple(rules[rule] for rule in asking),
        was_told=bool(told),
        already_sent_now=_was_sent_now(raised, told, numbers),
        continued=stories.read(tx, story.continues) if story.continues else None,
    )
    pairs = [(match.rule_id, key) for key, matches in found.items() for match in matches]
    pairs += [(a.rule_id, numbers[a.article]) for a in raised if a.article in numbers]
    keys = {row.id: row.article.key for row in seated}
    elsewhere = _elsewhere(tx, story, told)
    known = ((row.rule_id, keys[row.article_id]) for row in elsewhere if row.article_id in keys)
    return Telling(
        candidate=candidate, told=tuple(dict.fromkeys(pairs)), told_elsewhere=frozenset(known)
    )


def _elsewhere(tx: Tx, story: Story, told: Sequence[Told]) -> list[Told]:
    """Pick what was not told by the alerts of the story itself: it was split off."""
    if story.split_at is None and story.arranged_at is None:  # earlier releases write that alone
        return []
    own = alerts.keys_of(tx, story.id)
    return [row for row in told if row.alert not in own]


def alert_delivery(
    workspace: WorkspaceId, channel: ChannelName, recipient: str, alert: AlertKey
) -> DeliveryKey:
    """Key the delivery of an alert to one recipient."""
    return delivery_key(workspace, channel, recipient, f"alert {alert}")


def _arrived(tx: Tx, channel: Channel, told: tuple[Told, ...]) -> tuple[Told, ...]:
    """Leave out what was only told by alerts that were given up for all their recipients."""
    at_once = {row.alert for row in told if row.alert and not row.in_digest}
    lost = {alert for alert in at_once if _is_given_up(tx, channel, alert)}
    return tuple(row for row in told if row.in_digest or row.alert not in lost)


def _is_given_up(tx: Tx, channel: Channel, alert: AlertKey) -> bool:
    workspace = workspace_id(tx)
    keys = [alert_delivery(workspace, channel.name, to, alert) for to in channel.recipients]
    found = deliveries.states(tx, keys).values()
    return bool(found) and all(state is DeliveryState.DEAD for state in found)


def _in_force(matches: tuple[Match, ...], rules: Mapping[RuleId, Rule]) -> tuple[Match, ...]:
    return tuple(
        match
        for match in matches
        if match.rule_id in rules and rules[match.rule_id].revision == match.revision
    )


def _was_sent_now(
    raised: list[Alert], told: tuple[Told, ...], numbers: Mapping[ArticleKey, int]
) -> bool:
    """Tell whether every alert went out at once already, and no digest has said so yet."""
    listed = {(row.rule_id, row.article_id) for row in told if row.in_digest}
    sent = {(row.rule_id, row.article_id) for row in told}
    fresh = [(a.rule_id, numbers.get(a.article, 0)) for a in raised]
    fresh = [pair for pair in fresh if pair not in listed]
    return bool(fresh) and all(pair in sent for pair in fresh)


def read_story(tx: Tx, story: StoryId) -> Story:
    """Read a story that is known to exist."""
    found = stories.read(tx, story)
    if found is None:
        msg = f"story {story} has alerts but no row"
        raise LookupError(msg)
    return found
