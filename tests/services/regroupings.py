"""Write reports by which two stories turn out to be one, or one story two.

for one in twins(start): ...     # the first two have few words in common, the others tell of both
for one in round_up(start): ...  # the first tells of two events, the others in turn of either
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.articles import article, source

from monitor.model.article import Article
from monitor.model.keys import digest_of

FOUND = "Acme will open an office."
"""What the rule of the test workspaces finds."""

SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wa", "zel", "dor", "fin")
_HALF, _COMMON = 30, 4


def twins(start: datetime, *, number: int = 7) -> list[Article]:
    """Write so many reports, an hour after each other."""
    one = _words("one")
    other = [*one[:_COMMON], *_words("other")[_COMMON:]]
    halves = [one, other, *[[*one, *other]] * (number - 2)]
    return [_report(at, words, start + timedelta(hours=at)) for at, words in enumerate(halves)]


def round_up(start: datetime, *, number: int = 11) -> list[Article]:
    """Write so many reports, an hour after each other: those at odd places are of one event."""
    one, other = _words("one"), _words("other")
    told = [[*one, *other], *[one, other] * (number // 2)][:number]
    return [_report(at, words, start + timedelta(hours=at)) for at, words in enumerate(told)]


def _words(seed: str) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(SYLLABLES, k=3)).capitalize() for _ in range(_HALF)]


def _report(number: int, words: Sequence[str], at: datetime) -> Article:
    """Write words in an order of their own: nothing is a copy."""
    mixed = random.Random(number).sample(words, len(words))
    title, body = " ".join(mixed[:6]), f"{FOUND} {' '.join(mixed[6:])}"
    return article(
        f"report{number}", title=title, body=body, text_hash=digest_of(title, body),
        source=source(f"paper{number}"), url="", canonical_url="",
        published_at=at, first_seen_at=at, fetched_at=at,
    )  # fmt: skip
