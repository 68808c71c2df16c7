"""Describe a rule as other rooms see it, and what it found in an article."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.model.keys import ArticleKey, ChannelName, Revision, RuleId


class Tell(StrEnum):
    """Say when a channel is told."""

    NOW = "now"
    DIGEST = "digest"
    BOTH = "both"


class Again(StrEnum):
    """Say what makes a told story worth telling again."""

    NEVER = "never"
    DEVELOPMENT = "development"
    EVERY = "every"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Describe a rule without its query, which only the match room reads.

    `revision` is the hash of its meaning (match, exclude, only, lists resolved). `tell` is
    resolved: never empty, defaults applied, every channel known.
    """

    id: RuleId
    title: str
    about: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    tell: tuple[tuple[ChannelName, Tell], ...]
    again: Again = Again.DEVELOPMENT
    revision: Revision
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Mark a place: code points of the named field's original text, half-open.

    `field` is title, body, author, url or tag (for tags: of the tags joined by newline).
    """

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Say what one line of a rule found.

    `line` is the writer's own name for the line ("who"; nested lines are joined by ".") or "" if
    the query has no named lines. `clause` is the query text that hit. `text` is what was found in
    the article's own words, e.g. "Facebook" or "office ... open, 2 words apart". `spans` are in
    order of place, at most 20 a finding.
    """

    line: str
    clause: str
    text: str
    spans: tuple[Span, ...]

    def __str__(self) -> str:
        return f"{self.line}: {self.text}" if self.line else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Say that a rule found itself in an article.

    `notes` are sentences that every explanation shows ("country unknown: let through").
    """

    rule_id: RuleId
    revision: Revision
    article: ArticleKey
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
