"""Read an article once into what grouping compares: terms, names, skeletons, numbers, prints."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from zlib import crc32

from monitor.group.address import page_of
from monitor.group.lists import is_list
from monitor.group.words import cut, fold, numbers, skeleton
from monitor.model.article import Article, Precision
from monitor.model.keys import ArticleKey, SourceKey
from monitor.text.winnow import fingerprints

READING = 4  # of articles into profiles: counts up when what `read_article` gives changes
MAX_TITLE_CHARS = 400
MAX_TEXT_CHARS = 40_000  # for fingerprints: some 6,500 words
MAX_TERM_CHARS = 5_000  # for terms: some 800 words; what follows is background
MAX_TERMS = 80
MAX_HEAD_TERMS = 40
MAX_NAMES = 24
MAX_NUMBERS = 24
HEAD_WORDS = 45  # words of the text that count as its head, beside the title
SHORT_WORDS = 25  # a text of fewer is a headline: its names tell events apart
TITLE_WORDS = 14  # first words of a text that stand for a title where there is none
TITLE_FACTOR = 2  # a word of the title counts as this many of the text's
DULL_SHARE = 0.25  # a word in more than this share of all articles says nothing
NAME_SHARE = 0.04  # a capitalised word in more than this share is a sentence's first word
UNSEEN_SHARE = 0.001  # of a word that the background does not know
DAY_SLACK_HOURS = 6.0  # mean distance of a moment from the noon of its day
UNKNOWN_SLACK_HOURS = 12.0  # a feed without dates brings the news of some days at once


@dataclass(frozen=True, slots=True)
class Background:
    """Hold what news at large says: the share of articles with a term, and the dull terms.

    `reading` is a number of 32 bits that names how articles are read: by which rules, and by
    which shares.
    """

    shares: Mapping[str, float]
    dull: frozenset[str]
    reading: int


def background_of(shares: Mapping[str, float]) -> Background:
    """Build a background from shares; terms of more than a quarter of all articles are dull."""
    dull = frozenset(term for term, share in shares.items() if share >= DULL_SHARE)
    reading = crc32(f"{READING} {sorted(shares.items())}".encode("utf-8", "surrogatepass"))
    return Background(shares, dull, reading)


@dataclass(frozen=True, slots=True)
class Vector:
    """Hold terms with frequencies: `weights[i]` is 8 x (1 + ln tf) of `terms[i]`, at most 255."""

    terms: tuple[str, ...]
    weights: bytes


@dataclass(frozen=True, slots=True)
class Profile:
    """Hold what grouping keeps of an article; nothing in it changes.

    `at` and `seen_at` are hours since 1970 (see `moment`); `slack` is how many hours `at` may be
    off on average. `title` are the telling terms of the title, or of the first words where there
    is none. `head` is title and first words. `prints` are fingerprints of title and text.
    `places` are, of a short text only, names with the word before them.
    """

    key: ArticleKey
    source: SourceKey
    url: str
    text_hash: str
    at: float
    slack: float
    seen_at: float
    words: int
    has_title: bool
    title: frozenset[str]
    text: Vector
    head: Vector
    names: frozenset[str]
    skeletons: frozenset[str]
    numbers: frozenset[str]
    prints: frozenset[int]
    places: tuple[tuple[str, str], ...] = ()


def read_article(article: Article, background: Background) -> Profile:
    """Read an article for grouping."""
    title, body = article.title[:MAX_TITLE_CHARS], article.body[:MAX_TEXT_CHARS]
    if title and body.startswith(title):
        body = body[len(title) :]  # feeds repeat the title as the text's first words
    title_words, words = cut(title), cut(body)
    length = len(title_words) + len(words)
    if is_list(title, body, background.shares, background.dull):
        title_words, words, title, body = [], [], "", ""  # else it would tie its events together
    opening = title_words or words[:TITLE_WORDS]
    near = cut(body[:MAX_TERM_CHARS]) if len(body) > MAX_TERM_CHARS else words
    titled, told = _folded(title_words, background), _folded(near, background)
    names = _names((*title_words, *near[:200]), background)
    head = Counter(titled)
    head.update(_folded(words[:HEAD_WORDS], background))
    text = Counter(told)
    for term in titled:
        text[term] += TITLE_FACTOR
    at, seen_at, slack = moment(article)
    return Profile(
        key=article.key,
        source=article.source.key,
        url=page_of(article.canonical_url),
        text_hash=article.text_hash,
        at=at,
        slack=slack,
        seen_at=seen_at,
        words=length,
        has_title=bool(title_words) and article.has_real_title,
        title=frozenset(_folded(opening, background)),
        text=_vector(text, background.shares, MAX_TERMS),
        head=_vector(head, background.shares, MAX_HEAD_TERMS),
        names=names,
        skeletons=frozenset(s for s in map(skeleton, names) if s),
        numbers=frozenset(numbers(f"{title}\n{body[:MAX_TERM_CHARS]}")[:MAX_NUMBERS]),
        prints=fingerprints([word.casefold() for word in (*title_words, *words)]),
        places=_places([*title_words, *words], names),
    )


def _folded(words: Iterable[str], background: Background) -> list[str]:
    """Fold words and leave out those that say nothing."""
    dull = background.dull
    return [term for term in map(fold, words) if term and term not in dull]


def _names(words: Iterable[str], background: Background) -> frozenset[str]:
    found: dict[str, None] = {}
    for word in words:
        if word[0].isupper():
            term = fold(word)
            if term and background.shares.get(term, 0.0) < NAME_SHARE:
                found[term] = None
                if len(found) >= MAX_NAMES:
                    break
    return frozenset(found)


def _places(words: list[str], names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Give a short text's names, each with the word before it; none where Titles Stand So."""
    if len(words) >= SHORT_WORDS or 2 * sum(word[0].isupper() for word in words) > len(words) + 1:
        return ()
    pairs = ((before.casefold(), after) for before, after in pairwise(words) if after[0].isupper())
    return tuple((before, term) for before, after in pairs if (term := fold(after)) in names)


def _vector(counts: Counter[str], shares: Mapping[str, float], most: int) -> Vector:
    """Keep the heaviest terms by what all articles say of them, so that it never changes."""
    weights = {term: min(255, round(8 * (1 + math.log(n)))) for term, n in counts.items()}
    terms = list(weights)
    if len(terms) > most:
        heaviness = {t: -w * -math.log(shares.get(t, UNSEEN_SHARE)) for t, w in weights.items()}
        terms = sorted(terms, key=lambda t: (heaviness[t], t))[:most]
    return Vector(tuple(terms), bytes(weights[t] for t in terms))


def moment(article: Article) -> tuple[float, float, float]:
    """Give publication and first sight in hours since 1970, and the slack of the former.

    A date alone is taken as its noon, and as 6 hours off on average; without a date it is 12. No
    article counts as published after it was first seen, beyond that noon.
    """
    seen_at = hours(article.first_seen_at)
    at = min(hours(article.published_at), seen_at)
    if article.published_precision is Precision.DAY:
        return at + 12.0, seen_at, DAY_SLACK_HOURS
    slack = UNKNOWN_SLACK_HOURS if article.published_precision is Precision.UNKNOWN else 0.0
    return at, seen_at, slack


def hours(at: datetime) -> float:
    """Give a moment in hours since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() / 3600
