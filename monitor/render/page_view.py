"""Turn a digest or an alert into the page that templates show, with its subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.model.notice import FIRST_SLOT, AlertNotice, Change, Digest, RuleView, StoryEntry
from monitor.model.story import Relation
from monitor.render import words
from monitor.render.dates import moment, window_text, zone_name, zone_of
from monitor.render.story_view import Reader, passage, story_card
from monitor.render.view import Page, Rule, Section

MAX_HEALTH = 20
MAX_HEALTH_CHARS = 240
MAX_FOOTER_RULES = 12
SUBJECT_NAME_CHARS = 40
SUBJECT_CHARS = 120
PREHEADER_CHARS = 100

_HEADINGS = {Change.NEW: "New", Change.UPDATE: "Updated", Change.SENT: "Already sent"}
_COUNTED = {Change.NEW: "new", Change.SENT: "already sent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Say how much a mail shows: so many stories, the first `full` of them in full."""

    stories: int
    full: int
    articles: int


def digest_page(digest: Digest, plan: Plan, *, contact: str, home: str) -> Page:
    """Show a digest as far as the plan goes."""
    zone = zone_of(digest.window.zone)
    reader = Reader(zone=zone, year=digest.window.end.astimezone(zone).year)
    cards = [
        (
            entry.change,
            story_card(entry, reader, articles=plan.articles, is_brief=number >= plan.full),
        )
        for number, entry in enumerate(digest.entries[: plan.stories])
    ]
    sections = tuple(
        Section(
            heading=_HEADINGS[change],
            stories=tuple(card for kind, card in cards if kind is change),
        )
        for change in Change
        if any(kind is change for kind, _ in cards)
    )
    rules = _rules(digest.entries)
    return Page(
        subject=digest_subject(digest),
        preheader=_preheader(digest.entries),
        title=passage(_digest_title(rules), limit=SUBJECT_CHARS),
        lead=_lead(digest),
        span=_span(digest),
        sections=sections,
        stories_more=len(digest.entries) - len(cards),
        missed=_missed(digest.missed_slots),
        health=tuple(words.shorten(line, MAX_HEALTH_CHARS) for line in digest.health[:MAX_HEALTH]),
        health_more=max(0, len(digest.health) - MAX_HEALTH),
        rules=_footer_rules(rules),
        rules_more=max(0, len(rules) - MAX_FOOTER_RULES),
        channel=words.shorten(digest.channel, SUBJECT_NAME_CHARS),
        zone=f"{digest.window.zone} ({zone_name(digest.window.end, zone)})",
        contact=contact,
        home=home,
        is_test=digest.is_test,
    )


def alert_page(notice: AlertNotice, plan: Plan, *, zone: str, contact: str, home: str) -> Page:
    """Show one alert."""
    local = zone_of(zone)
    reader = Reader(zone=local, year=notice.raised_at.astimezone(local).year)
    card = story_card(notice.entry, reader, articles=plan.articles, is_brief=not plan.full)
    return Page(
        subject=alert_subject(notice),
        preheader=words.shorten(_why_line(notice), PREHEADER_CHARS),
        title=passage(notice.rule.name, limit=SUBJECT_CHARS),
        lead=_alert_lead(notice),
        span=f"{moment(notice.raised_at, local)} {zone_name(notice.raised_at, local)}",
        sections=(Section(heading=_HEADINGS[notice.entry.change], stories=(card,)),),
        stories_more=0,
        missed="",
        health=(),
        health_more=0,
        rules=_footer_rules((notice.rule,)),
        rules_more=0,
        channel=words.shorten(notice.channel, SUBJECT_NAME_CHARS),
        zone=f"{zone} ({zone_name(notice.raised_at, local)})",
        contact=contact,
        home=home,
        is_test=notice.is_test,
    )


def digest_subject(digest: Digest) -> str:
    """Write "Flood watch: 3 new, 1 update – Karachi drains overflow" (no brackets: see E6)."""
    name = words.shorten(_digest_title(_rules(digest.entries)), SUBJECT_NAME_CHARS)
    headline = digest.entries[0].headline if digest.entries else ""
    subject = f"{_test(digest.is_test)}{name}: {_change_counts(digest)}"
    return words.shorten(f"{subject} – {headline}" if headline else subject, SUBJECT_CHARS)


def alert_subject(notice: AlertNotice) -> str:
    """Write "Flood watch: Karachi drains overflow", the same for every alert of a thread.

    The headline is that of the article which opened the story: the lead may change, and counts do.
    """
    first = [item for item in notice.entry.articles if item.relation is Relation.FIRST]
    headline = first[0].title if first else notice.entry.story.title
    name = words.shorten(notice.rule.name, SUBJECT_NAME_CHARS)
    return words.shorten(f"{_test(notice.is_test)}{name}: {headline}", SUBJECT_CHARS)


def _test(is_test: bool) -> str:
    return "Test: " if is_test else ""


def _change_counts(digest: Digest) -> str:
    counts = [
        (change, sum(entry.change is change for entry in digest.entries)) for change in Change
    ]
    shown = [
        words.count(number, "update")
        if change is Change.UPDATE
        else f"{number:,} {_COUNTED[change]}"
        for change, number in counts
        if number
    ]
    return ", ".join(shown) or "nothing new"


def _lead(digest: Digest) -> str:
    entries = digest.entries
    articles = sum(entry.story.article_count for entry in entries)
    sources = {article.source.id for entry in entries for article in entry.articles}
    return (
        f"{words.count(len(entries), 'story', 'stories')}: {_change_counts(digest)}. "
        f"{words.count(articles, 'report')} from {words.count(len(sources), 'source')}."
    )


def _span(digest: Digest) -> str:
    """Write the digest's window; the first one's says nothing, it holds news of any age."""
    if digest.slot != FIRST_SLOT:
        return window_text(digest.window)
    zone, end = zone_of(digest.window.zone), digest.window.end
    return f"First digest, {moment(end, zone)} {zone_name(end, zone)}"


def _alert_lead(notice: AlertNotice) -> str:
    if notice.entry.change is Change.NEW:
        return "A new story matches this rule."
    reasons = {
        "new_story": "A story that you were told of matches this rule too.",
        "development": "A further source reports on a story that you were told of.",
        "every": "A further article of this story matches this rule.",
    }
    return reasons.get(notice.reason, words.shorten(notice.reason, MAX_HEALTH_CHARS))


def _why_line(notice: AlertNotice) -> str:
    return "; ".join(
        f"{why.line}: {why.found}" if why.line else why.found for why in notice.entry.why
    )


def _preheader(entries: Sequence[StoryEntry]) -> str:
    further = [words.shorten(entry.headline, PREHEADER_CHARS) for entry in entries[1:3]]
    first = entries[0].story.summary if entries else ""
    return words.shorten(" · ".join(further) or first, PREHEADER_CHARS)


def _missed(slots: int) -> str:
    if not slots:
        return ""
    were = "digest was" if slots == 1 else "digests were"
    return f"{slots:,} earlier {were} missed while the monitor was down; this one covers them."


def _rules(entries: Sequence[StoryEntry]) -> tuple[RuleView, ...]:
    return tuple({rule.id: rule for entry in entries for rule in entry.rules}.values())


def _digest_title(rules: Sequence[RuleView]) -> str:
    if not rules:
        return "Media Monitor"
    more = f" +{len(rules) - 1}" if len(rules) > 1 else ""
    return words.shorten(rules[0].name, SUBJECT_NAME_CHARS - len(more)) + more


def _footer_rules(rules: Sequence[RuleView]) -> tuple[Rule, ...]:
    return tuple(
        Rule(id=words.shorten(rule.id, 80), name=words.shorten(rule.name, 80))
        for rule in rules[:MAX_FOOTER_RULES]
    )
