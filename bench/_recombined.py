"""Make as many articles as wanted of a few real ones: their words, new events, names of Zipf.

Each event takes its words from two real articles, in runs too short to be passages, and has names
of its own. Most events are reported once, some several times, and some reports are carried again
word for word by another paper: what a workspace with many feeds holds.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from monitor.model.article import Article, TextState
from monitor.model.keys import SourceKey, article_key, digest_of
from monitor.model.source import Source

START = datetime(2026, 11, 1, tzinfo=UTC)
SPAN = timedelta(days=7)  # all are live together
NEW_EVENTS = 0.88  # of the articles: as many stories as that
COPIES = 0.04
RECENT = 400  # events that may still be reported on
RUN = 4  # words that stay together: a passage has eight
NAMES = 100_000
NAME_EVERY = 24  # words
PAPERS = 300


@dataclass(frozen=True, slots=True)
class Event:
    """Be what articles report: two real articles to take words from, and names."""

    number: int
    texts: tuple[int, int]
    names: tuple[str, ...]


class Recombined:
    """Give articles in order of time; the same seed and count give the same ones."""

    def __init__(self, path: Path, count: int, seed: int = 1) -> None:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        self._titles = [_runs(row["title"]) for row in rows]
        self._bodies = [_runs(row["body"]) for row in rows]
        self._chance = random.Random(seed)
        self._names = _names(self._chance)
        self._weights = list(accumulate(1 / rank for rank in range(1, NAMES + 1)))
        self._papers = [Source(key=SourceKey(f"p{n}"), name=f"Paper {n}") for n in range(PAPERS)]
        self._pace = SPAN / count
        self._events: list[Event] = []
        self._last: list[tuple[Event, str, str]] = []
        self._made = 0

    def __iter__(self) -> Iterator[tuple[Article, int]]:
        """Give each article with the number of its event, without end."""
        while True:
            yield self._next()

    def _next(self) -> tuple[Article, int]:
        if self._last and self._chance.random() < COPIES:
            event, title, body = self._chance.choice(self._last)
        else:
            event = self._event()
            title = " ".join(self._mix(self._titles, event, 3))
            body = " ".join(self._mix(self._bodies, event, NAME_EVERY // RUN))
            self._last = [*self._last[-RECENT:], (event, title, body)]
        return self._article(title, body), event.number

    def _event(self) -> Event:
        if self._events and self._chance.random() >= NEW_EVENTS + COPIES:
            return self._chance.choice(self._events)
        real = range(len(self._bodies))
        texts = self._chance.choice(real), self._chance.choice(real)
        names = self._chance.choices(self._names, cum_weights=self._weights, k=3)
        number = self._events[-1].number + 1 if self._events else 0
        self._events = [*self._events[-RECENT:], Event(number, texts, tuple(names))]
        return self._events[-1]

    def _mix(self, runs: Sequence[list[str]], event: Event, names_every: int) -> Iterator[str]:
        """Draw runs of both texts, as many as the first has, and names between them."""
        first, second = (runs[at] for at in event.texts)
        both = first + second
        for at in range(max(1, len(first))):
            if at % names_every == 0:
                yield self._chance.choice(event.names)
            yield self._chance.choice(both or [""])

    def _article(self, title: str, body: str) -> Article:
        self._made += 1
        at = START + self._made * self._pace
        url = f"https://paper.test/{self._made}"
        return Article(
            key=article_key("bench", str(self._made)),
            feed="https://paper.test/feed",
            source=self._chance.choice(self._papers),
            url=url,
            canonical_url=url,
            title=title,
            body=body,
            lang="en",
            published_at=at,
            first_seen_at=at,
            fetched_at=at,
            text_state=TextState.FULL,
            text_hash=digest_of(title, body),
        )


def _runs(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[at : at + RUN]) for at in range(0, len(words), RUN)]


def _names(chance: random.Random) -> list[str]:
    syllables = [a + b for a in "bcdfghjklmnprstvwz" for b in ("a", "e", "i", "o", "u", "an")]
    return ["".join(chance.choices(syllables, k=3 + n % 2)).title() for n in range(NAMES)]
