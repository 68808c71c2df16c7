"""Turn a story of a notice into the card that templates show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby

from monitor.model.article import Precision
from monitor.model.notice import ArticleView, Change, StoryEntry, Why
from monitor.model.story import Relation
from monitor.render import words
from monitor.render.dates import day, published
from monitor.render.view import Found, Passage, Piece, Reasons, Report, Story

MAX_TITLE_CHARS = 240
MAX_NAME_CHARS = 80
MAX_WIRE_CHARS = 40
MAX_FOUND_CHARS = 100
MAX_FOUND = 6
MAX_RULES = 4
MAX_NOTES = 4
MAX_PLACE_CHARS = 160
MAX_SUMMARY_CHARS = 320
RUN_OF_SOURCES = 3

BADGES = {Change.NEW: "NEW", Change.UPDATE: "UPDATE", Change.SENT: "ALREADY SENT"}
_GAP = re.compile(r"(, \d{1,6} words? apart)$")
_RELATIONS = {
    Relation.SAME: "same text",
    Relation.COPY: "copy",
    Relation.EXCERPT: "excerpt",
    Relation.UPDATE: "newer version",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Say how this reader's dates are written: their zone, and the year that goes unsaid."""

    zone: tzinfo
    year: int


def story_card(entry: StoryEntry, reader: Reader, *, articles: int, is_brief: bool) -> Story:
    """Show a story with at most `articles` of its reports."""
    lead = entry.articles[0] if entry.articles else None
    is_alone = len(entry.articles) == 1 and not entry.articles_omitted
    shown = () if is_brief or is_alone else entry.articles[:articles]
    notes = [words.shorten(note, 200) for note in entry.notes[:MAX_NOTES]]
    if lead and is_alone:
        notes += _article_notes(lead)
    return Story(
        badge=BADGES[entry.change],
        kind=entry.change.value,
        rules=_names([rule.name for rule in entry.rules]),
        title=_headline(entry, lead),
        url=_url(lead) if lead else "",
        sources=_source_run(entry),
        when=_span(entry, reader),
        counts=_counts(entry),
        summary=Passage() if is_brief else _summary(entry),
        why=_reasons(entry),
        notes=() if is_brief else tuple(notes),
        reports=tuple(_report(article, reader) for article in shown),
        reports_more=0 if is_brief or is_alone else entry.story.article_count - len(shown),
        is_brief=is_brief,
    )


def passage(
    text: str, marks: Sequence[tuple[int, int]] = (), lang: str | None = None, limit: int = 0
) -> Passage:
    """Cut a text into marked and unmarked pieces; `limit` in code points, 0 for none."""
    is_cut = bool(limit) and len(text) > limit
    if is_cut:
        text = words.shorten(text, limit)
    pieces: list[Piece] = []
    at = 0
    for start, marked_to in sorted(marks):
        end = min(marked_to, len(text) - is_cut)
        if start < at or start >= end:
            continue
        pieces += [Piece(text=text[at:start]), Piece(text=text[start:end], is_mark=True)]
        at = end
    pieces.append(Piece(text=text[at:]))
    kept = tuple(piece for piece in pieces if piece.text)
    return Passage(pieces=kept, lang=lang or "", dir=words.direction(text))


def _headline(entry: StoryEntry, lead: ArticleView | None) -> Passage:
    title = entry.headline or (lead.title if lead else "") or "(no title)"
    if lead and lead.title == title:
        return passage(title, lead.title_marks, lead.lang, MAX_TITLE_CHARS)
    return passage(title, (), entry.story.lang, MAX_TITLE_CHARS)


def _summary(entry: StoryEntry) -> Passage:
    for article in entry.articles:
        if article.snippet.text == entry.story.summary:
            snippet = article.snippet
            return passage(snippet.text, snippet.marks, article.lang, MAX_SUMMARY_CHARS)
    return passage(entry.story.summary, (), entry.story.lang, MAX_SUMMARY_CHARS)


def _source_run(entry: StoryEntry) -> str:
    names = dict.fromkeys(_name(article.source.name) for article in entry.articles)
    shown = list(names)[:RUN_OF_SOURCES]
    more = max(entry.story.source_count, len(names)) - len(shown)
    return ", ".join(shown) + (f" +{more}" if more > 0 else "")


def _counts(entry: StoryEntry) -> str:
    story = entry.story
    if story.article_count <= 1:
        return ""
    sources = words.count(story.source_count, "source")
    if story.copy_count:
        articles = words.count(story.article_count, "article")
        said = words.independent(story.report_count, story.copy_count)
        return f"{articles} from {sources}: {said}"
    return f"{words.count(story.article_count, 'report')} from {sources}"


def _span(entry: StoryEntry, reader: Reader) -> str:
    """Write when the story's first and last shown reports were published."""
    if not entry.articles:
        return day(entry.story.last_seen_at.astimezone(reader.zone), year=reader.year)
    first = min(entry.articles, key=lambda article: article.published_at)
    last = max(entry.articles, key=lambda article: article.published_at)
    one, other = _when(first, reader), _when(last, reader)
    if one == other:
        return one
    date, comma, clock = other.rpartition(", ")
    is_same_day = bool(comma) and one.rpartition(", ")[0] == date
    return f"{one} – {clock if is_same_day else other}"


def _when(article: ArticleView, reader: Reader) -> str:
    return published(
        article.published_at,
        article.published_precision,
        article.fetched_at,
        reader.zone,
        year=reader.year,
    )


def _report(article: ArticleView, reader: Reader) -> Report:
    return Report(
        title=passage(
            article.title or "(no title)", article.title_marks, article.lang, MAX_TITLE_CHARS
        ),
        url=_url(article),
        source=_name(article.source.name),
        when=_when(article, reader),
        is_match=article.is_match,
        is_new=article.is_new,
        notes=tuple(_article_notes(article)),
    )


def _article_notes(article: ArticleView) -> list[str]:
    notes = [_RELATIONS[article.relation]] if article.relation in _RELATIONS else []
    if article.wire:
        notes.append(f"from {words.shorten(article.wire, MAX_WIRE_CHARS)}")
    if article.is_stub:
        notes.append("judged on title and teaser")
    if not _url(article):
        notes.append("link not usable" if article.url else "on file, no link")
    if article.published_precision is Precision.UNKNOWN:
        notes.append("its feed gives no date")
    return notes


def _reasons(entry: StoryEntry) -> tuple[Reasons, ...]:
    names = {rule.id: rule.name for rule in entry.rules}
    groups = groupby(entry.why, key=lambda why: why.rule_id)
    reasons = [_reason(names.get(rule, rule), list(why)) for rule, why in groups]
    return tuple(reasons[:MAX_RULES])


def _reason(rule: str, why: Sequence[Why]) -> Reasons:
    found = tuple(_found(item) for item in why[:MAX_FOUND])
    first = why[0]
    return Reasons(
        rule=_name(rule),
        found=found,
        place=passage(first.text, (), first.lang, MAX_PLACE_CHARS),
    )


def _found(why: Why) -> Found:
    text, gap, _ = (*_GAP.split(why.found or why.clause, maxsplit=1), "", "")[:3]
    return Found(
        line=words.shorten(why.line, MAX_NAME_CHARS),
        found=words.shorten(text, MAX_FOUND_CHARS),
        gap=gap,
    )


def _names(names: Sequence[str]) -> tuple[str, ...]:
    shown = [_name(name) for name in names[:MAX_RULES]]
    more = len(names) - len(shown)
    return (*shown, f"+{more}") if more > 0 else tuple(shown)


def _name(name: str) -> str:
    return words.shorten(name, MAX_NAME_CHARS)


def _url(article: ArticleView) -> str:
    return words.safe_url(article.url) or words.safe_url(article.canonical_url)
