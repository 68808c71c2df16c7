"""Describe what a feed states (`Entry`) and what we keep of it (`Article`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.keys import ArticleKey
from monitor.model.source import FeedHints, Source


class Precision(StrEnum):
    """Tell how exactly a moment of publication is known."""

    SECOND = "second"
    DAY = "day"  # a date alone: kept as 00:00 UTC of that date and shown as a date in every zone
    UNKNOWN = "unknown"  # the feed gave none that can be used


class TextState(StrEnum):
    """Tell where an article's text comes from."""

    FULL = "full"  # the feed carried the whole text
    PENDING = "pending"  # the page is still to be fetched
    PAGE = "page"  # extracted from the page
    STUB = "stub"  # title and teaser only; the page gave nothing, or there is none


class Origin(StrEnum):
    """Tell how an article came to us."""

    SEED = "seed"
    FEED = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Carry one entry as its feed states it: strings may be hostile, markup is not removed.

    `published_at` is aware UTC where the parser could read it, else None; `published_raw` is the
    feed's own text. `source_url`/`source_title` are RSS's `<source>` (the real publisher).
    """

    guid: str | None = None
    link: str | None = None
    title: str | None = None
    summary: str | None = None
    content: str | None = None
    author: str | None = None
    tags: tuple[str, ...] = ()
    lang: str | None = None
    published_at: datetime | None = None
    published_raw: str | None = None
    published_precision: Precision = Precision.SECOND
    source_url: str | None = None
    source_title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """Carry a document's entries, newest first where dated, with everything odd about it.

    `entries_cut` counts entries dropped by the limit. `problems` are sentences for `status`.
    """

    title: str | None = None
    home_url: str | None = None
    lang: str | None = None
    entries: tuple[Entry, ...] = ()
    entries_cut: int = 0
    problems: tuple[str, ...] = ()
    hints: FeedHints = FeedHints()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """Be our clean record of an article.

    Text fields hold no NUL, C0/C1 controls (but newline in `body`), lone surrogates or bidi
    controls, and no markup. Paragraphs of `body` are separated by one blank line. `url` is as
    published; `canonical_url` is normalised for identity ("" if there is no link).
    `published_at` is clamped to `first_seen_at` if it lies in the future or is unusable.
    `text_hash` is equal exactly for equal title and body.
    """

    key: ArticleKey
    feed: str  # the feed's address, or "seed:" and the file's name
    source: Source
    url: str
    canonical_url: str
    title: str
    has_real_title: bool = True
    body: str
    author: str = ""
    tags: tuple[str, ...] = ()
    lang: str | None = None
    published_at: datetime
    published_precision: Precision = Precision.SECOND
    first_seen_at: datetime
    fetched_at: datetime
    text_state: TextState
    text_hash: str
    origin: Origin = Origin.FEED
    aliases: tuple[str, ...] = ()
    """Further identities in its feed (hashes): an unseen key with a known alias is a revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Carry what extraction found in a page."""

    title: str | None
    text: str
    lang: str | None = None
    canonical_url: str | None = None
