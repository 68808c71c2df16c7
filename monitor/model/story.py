"""Describe where grouping puts an article, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.keys import ArticleKey, SourceKey, StoryId


class Relation(StrEnum):
    """Say how an article relates to the story it joined."""

    FIRST = "first"  # it opened the story
    SAME = "same"  # the same article: equal canonical URL or equal text
    COPY = "copy"  # near-duplicate text, both ways
    EXCERPT = "excerpt"  # most of the shorter text stands in the longer
    UPDATE = "update"  # a newer version from the same source
    EVENT = "event"  # another report of the same event


REPEATS = frozenset({Relation.SAME, Relation.COPY, Relation.EXCERPT})
"""Relations that repeat what another article says."""

COPIES = REPEATS | {Relation.UPDATE}
"""Relations that bring no independent report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Name one reason for a score: `value` is the feature's value, `weight` what it added."""

    name: str
    value: float
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Put an article into a story; all that decided it is kept.

    `score` and `threshold` are probabilities in [0, 1]; `rejected` is the nearest story that it
    did not join, with its score. `shared_terms` are the strongest terms in common, at most 8.
    `continues` is a story that it goes on with and that was too old to take it.
    """

    article: ArticleKey
    story: StoryId
    relation: Relation
    score: float
    threshold: float
    model: str
    contributions: tuple[Contribution, ...] = ()
    shared_terms: tuple[str, ...] = ()
    nearest: ArticleKey | None = None
    rejected: tuple[StoryId, float] | None = None
    continues: StoryId | None = None

    @property
    def is_new(self) -> bool:
        """Tell whether the article opened the story."""
        return self.relation is Relation.FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Be a story that was merged into another, to which its id leads."""

    id: StoryId
    at: datetime
    is_by_hand: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Be a story as stored. Moments are of its articles' publication.

    `previous` are the stories that were merged into it, in order.
    `continues` and `split_from` name other stories, which may be gone. `split_at` is when articles
    last left it or another for it, `arranged_at` when a person last merged or split it.
    """

    id: StoryId
    title: str
    lang: str | None
    first_at: datetime
    last_at: datetime
    article_count: int
    source_count: int
    report_count: int  # independent ones: the voices heard in what is no copy
    copy_count: int  # repeats of another article, and further reports of one news agency
    revision: int  # counts changes of its articles, from 1
    lead: ArticleKey
    previous: tuple[Merged, ...] = ()
    continues: StoryId | None = None
    split_from: StoryId | None = None
    split_at: datetime | None = None
    arranged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wire:
    """Name the news agency a report is from; `is_taken`: another than the agency prints it."""

    agency: str
    is_taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Be one article's seat in a story, as the alert room needs it.

    `wire` is the news agency that it is from, `group` the house of its source.
    """

    article: ArticleKey
    source: SourceKey
    relation: Relation
    wire: Wire | None = None
    group: str | None = None

    @property
    def voice(self) -> tuple[str, str]:
        """Name who is heard in it: ten papers that print one agency's report are one voice."""
        if self.wire is not None:
            return "wire", self.wire.agency
        return ("source", self.source) if self.group is None else ("group", self.group)
