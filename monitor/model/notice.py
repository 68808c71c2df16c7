"""Describe what is told: the content of alerts and digests, decided before it is rendered.

These values are stored as JSON with the delivery and rendered on its first claim, so they hold
everything that a message shows, and nothing that changes later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.article import Precision
from monitor.model.keys import AlertKey, ArticleKey, ChannelName, Revision, RuleId, StoryId
from monitor.model.story import Relation

FIRST_SLOT = "first"
"""The slot of a channel's first digest: it tells what there is, of whatever age."""


class Change(StrEnum):
    """Say what a story is to this channel."""

    NEW = "new"
    UPDATE = "update"
    SENT = "sent"  # told `now` before; a digest lists it once under "Already sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """Show a rule."""

    id: RuleId
    name: str
    revision: Revision
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """Show a source."""

    id: str
    name: str
    country: str | None = None
    lang: str | None = None
    tier: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Show one reason in the rule's own words.

    `line` is the rule's name for the line ("who"), `clause` its query text, `found` what it found
    ("office ... open, 2 words apart"). `start`/`end` are code points of `field`, half-open, of the
    first place; `text` repeats what stands there with some words around it, at most 160
    characters. `article` says in which article.
    """

    rule_id: RuleId
    line: str
    clause: str
    found: str
    article: ArticleKey
    field: str
    lang: str | None
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Show an extract of the original text; `marks` are half-open ranges of `text`, disjoint."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleView:
    """Show an article; `is_match` tells the matching ones from their company."""

    id: ArticleKey
    url: str
    canonical_url: str
    title: str
    title_marks: tuple[tuple[int, int], ...] = ()
    lang: str | None
    published_at: datetime
    published_precision: Precision
    fetched_at: datetime
    source: SourceView
    snippet: Snippet
    is_match: bool
    is_stub: bool = False  # judged on title and teaser
    is_new: bool = True  # not told to this channel before
    relation: Relation
    wire: str | None = None  # the news agency that it was taken from
    matched_rules: tuple[RuleId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """Show a story; `revision` counts its changes.

    `previous` are ids that were told and lead here: their stories were merged into this one.
    `continues` is an earlier story that was too old to take this one's articles.
    """

    id: StoryId
    revision: int
    title: str
    lang: str | None
    summary: str
    first_seen_at: datetime
    last_seen_at: datetime
    source_count: int
    article_count: int
    report_count: int = 1
    copy_count: int = 0
    previous: tuple[StoryId, ...] = ()
    continues: StoryId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryEntry:
    """Be a story as one message tells it: once, tagged with all its rules.

    Articles stand lead first, then matching, then by time; in an update what is new and matches
    stands before all else. `articles_omitted` counts those left out for size. `notes` are
    sentences such as "country unknown: let through".
    """

    change: Change
    rules: tuple[RuleView, ...]
    story: StoryView
    articles: tuple[ArticleView, ...]
    articles_omitted: int = 0
    why: tuple[Why, ...]
    notes: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """Give the story's title, or in an update that of the first article told by it."""
        first = self.articles[0] if self.articles else None
        is_news = self.change is Change.UPDATE and first is not None and first.is_new
        return (first.title if is_news and first else "") or self.story.title


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotice:
    """Be what a channel is told `now`: one rule, one story.

    `root` is the key of the delivery that first told this recipient of the story at once ("" if
    this is the first): mail threads hang on it. `first_matched_at` is when the rule first found
    itself in the story.
    """

    alert: AlertKey
    channel: ChannelName
    raised_at: datetime
    first_matched_at: datetime
    rule: RuleView
    reason: str
    entry: StoryEntry
    root: str = ""
    is_test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Be a digest's span of time, half-open, in UTC; `zone` is the reader's IANA zone."""

    start: datetime
    end: datetime
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Be what a channel is told in one slot; entries stand NEW, UPDATE, then SENT.

    `slot` is the local date and time the slot stands for ("2026-11-23T08:00"), or "first".
    `missed_slots` counts slots that passed unserved before this one (a machine was down).
    `health` are sentences on sources that failed and rules that could not be loaded.
    """

    channel: ChannelName
    slot: str
    window: Window
    composed_at: datetime
    entries: tuple[StoryEntry, ...]
    missed_slots: int = 0
    health: tuple[str, ...] = ()
    is_test: bool = False
