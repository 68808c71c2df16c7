"""Compose what a channel is told: a digest of stories, or one alert.

Everything is decided here and nothing when it is rendered: which stories, in which order, which
articles under them, and why, in the rules' own words. The same candidates give the same value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.digest.show import rule_view, show_article, show_why
from monitor.digest.windows import Slot
from monitor.model.alert import Alert
from monitor.model.article import Article
from monitor.model.keys import ArticleKey, ChannelName, RuleId, StoryId
from monitor.model.notice import (
    AlertNotice,
    ArticleView,
    Change,
    Digest,
    StoryEntry,
    StoryView,
    Why,
)
from monitor.model.rule import Match, Rule
from monitor.model.story import Relation, Story

MAX_STORIES = 500
MAX_ARTICLES = 25
MAX_WHY_PER_RULE = 8
MAX_RULES = 20
MAX_NOTES = 8

_ORDER = {Change.NEW: 0, Change.UPDATE: 1, Change.SENT: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Be one article of a story, with what the channel's rules found in it.

    `matches` holds one per rule that found itself; `is_told`: the channel was told of it before.
    """

    article: Article
    relation: Relation
    wire: str | None = None
    matches: tuple[Match, ...] = ()
    is_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Be a story that a channel may be told of.

    `articles` are all of the story's, or at least its lead and those that matched; `rules` those
    whose alerts ask for it. `was_told`: the channel was told of this story before.
    `already_sent_now`: all that is untold went out at once, as `now` (DESIGN.md, decision 4).
    `continued` is the story that it continues, if that is still there.
    """

    story: Story
    articles: tuple[Seat, ...]
    rules: tuple[Rule, ...]
    was_told: bool = False
    already_sent_now: bool = False
    continued: Story | None = None

    @property
    def change(self) -> Change:
        """Say what this story is to the channel."""
        if self.already_sent_now:
            return Change.SENT
        return Change.UPDATE if self.was_told else Change.NEW


def compose(
    candidates: Sequence[Candidate],
    *,
    channel: ChannelName,
    slot: Slot,
    now: datetime,
    health: tuple[str, ...] = (),
) -> Digest | None:
    """Compose a channel's digest, or None if there is nothing to tell.

    Candidates of one story become one entry with all its rules. NEW stands before UPDATE before
    SENT, then more sources before fewer, later news before earlier. Past `MAX_STORIES` the rest
    is left for the next digest, and counted in a sentence of `health`.
    """
    stories = sorted(_merged(candidates), key=_place)
    if not stories:
        return None
    left_out = len(stories) - MAX_STORIES
    if left_out > 0:
        waiting = f"at least {left_out} more stories wait for the next digest"
        health = (f"{waiting}: one holds {MAX_STORIES}", *health)
    return Digest(
        channel=channel,
        slot=slot.key,
        window=slot.window,
        composed_at=now,
        entries=tuple(story_entry(candidate) for candidate in stories[:MAX_STORIES]),
        missed_slots=slot.missed_slots,
        health=health,
    )


def alert_notice(
    candidate: Candidate,
    *,
    alert: Alert,
    rule: Rule,
    channel: ChannelName,
    first_matched_at: datetime,
    root: str = "",
) -> AlertNotice:
    """Compose what a channel is told at once, of one rule and story.

    The story is NEW if the channel was never told of it, by whatever rule. `root` is the delivery
    key that first told the recipient of it at once, "" if this is the first.
    """
    change = Change.UPDATE if candidate.was_told else Change.NEW
    entry = replace(story_entry(replace(candidate, rules=(rule,))), change=change)
    return AlertNotice(
        alert=alert.key,
        channel=channel,
        raised_at=alert.raised_at,
        first_matched_at=first_matched_at,
        rule=rule_view(rule),
        reason=alert.reason.value,
        entry=entry,
        root=root,
    )


def story_entry(candidate: Candidate) -> StoryEntry:
    """Tell one story: its articles lead first, then matching, newest first.

    If the channel was told of it before, what matches and is untold stands before all else. The
    article that opened the story is always among those shown. Why: for each rule what it found in
    the first of these articles that it matched, an untold one if there is any.
    """
    rules = candidate.rules[:MAX_RULES]
    seats = _seated(candidate, frozenset(rule.id for rule in rules))
    shown = _shown(seats)
    views = tuple(
        show_article(
            seat.article, seat.relation, seat.matches, wire=seat.wire, is_new=not seat.is_told
        )
        for seat in shown
    )
    count = max(candidate.story.article_count, len(seats))
    found = (note for seat in seats for match in seat.matches for note in match.notes)
    notes = dict.fromkeys((*_continues(candidate), *found))
    return StoryEntry(
        change=candidate.change,
        rules=tuple(rule_view(rule) for rule in rules),
        story=_story_view(candidate.story, views),
        articles=views,
        articles_omitted=count - len(shown),
        why=tuple(why for rule in rules for why in _why(rule.id, shown)),
        notes=tuple(notes)[:MAX_NOTES],
    )


def _continues(candidate: Candidate) -> tuple[str, ...]:
    """Say what a reader may know of the event already."""
    if candidate.continued is None:
        return ()
    last = candidate.continued.last_at.date()
    return (f"continues an earlier story, last reported {last}: {candidate.continued.title}",)


def _merged(candidates: Sequence[Candidate]) -> list[Candidate]:
    stories: dict[StoryId, Candidate] = {}
    for candidate in candidates:
        known = stories.get(candidate.story.id)
        stories[candidate.story.id] = candidate if known is None else _both(known, candidate)
    return list(stories.values())


def _both(one: Candidate, other: Candidate) -> Candidate:
    seats: dict[ArticleKey, Seat] = {}
    for seat in (*one.articles, *other.articles):
        known = seats.get(seat.article.key, seat)
        matches = tuple(dict.fromkeys((*known.matches, *seat.matches)))
        seats[seat.article.key] = replace(
            known, matches=matches, is_told=known.is_told and seat.is_told
        )
    return replace(
        one,
        articles=tuple(seats.values()),
        rules=tuple({rule.id: rule for rule in (*one.rules, *other.rules)}.values()),
        was_told=one.was_told or other.was_told,
        already_sent_now=one.already_sent_now and other.already_sent_now,
    )


def _place(candidate: Candidate) -> tuple[int, int, float, str]:
    story = candidate.story
    return (
        _ORDER[candidate.change],
        -story.source_count,
        -story.last_at.timestamp(),
        story.id,
    )


def _seated(candidate: Candidate, rules: frozenset[RuleId]) -> list[Seat]:
    """Put seats in the order in which they are shown, with the matches of these rules alone."""

    def place(seat: Seat) -> tuple[bool, bool, bool, bool, float, str]:
        article = seat.article
        is_news = bool(seat.matches) and not seat.is_told
        return (
            candidate.was_told and not is_news,
            article.key != candidate.story.lead,
            not seat.matches,
            seat.is_told,
            -article.published_at.timestamp(),
            article.key,
        )

    return sorted((_judged(seat, rules) for seat in candidate.articles), key=place)


def _judged(seat: Seat, rules: frozenset[RuleId]) -> Seat:
    matches = (match for match in seat.matches if match.rule_id in rules)
    return replace(seat, matches=tuple(sorted(matches, key=lambda match: match.rule_id)))


def _shown(seats: Sequence[Seat]) -> list[Seat]:
    if len(seats) <= MAX_ARTICLES:
        return list(seats)
    shown, rest = list(seats[:MAX_ARTICLES]), seats[MAX_ARTICLES:]
    # an alert's subject is the opening article's title, so that its thread holds together
    first = [seat for seat in rest if seat.relation is Relation.FIRST][:1]
    return [*shown[: MAX_ARTICLES - len(first)], *first]


def _why(rule: RuleId, seats: Sequence[Seat]) -> tuple[Why, ...]:
    for seat in sorted(seats, key=lambda seat: seat.is_told):
        for match in seat.matches:
            if match.rule_id == rule:
                found = match.findings[:MAX_WHY_PER_RULE]
                return tuple(show_why(seat.article, match, finding) for finding in found)
    return ()


def _story_view(story: Story, articles: Sequence[ArticleView]) -> StoryView:
    return StoryView(
        id=story.id,
        revision=story.revision,
        title=story.title,
        lang=story.lang,
        summary=_summary(articles),
        first_seen_at=story.first_at,
        last_seen_at=story.last_at,
        source_count=story.source_count,
        article_count=story.article_count,
        report_count=story.report_count,
        copy_count=story.copy_count,
        previous=tuple(merged.id for merged in story.previous),
        continues=story.continues,
    )


def _summary(articles: Sequence[ArticleView]) -> str:
    """Give the first extract with something found in it, else the first there is."""
    extracts = [article.snippet for article in articles if article.snippet.text]
    marked = (extract for extract in extracts if extract.marks)
    best = next(marked, extracts[0] if extracts else None)
    return best.text if best else ""
