"""Estimate how many articles hold a feature, so that rules are looked up by their rarest ones.

The table was counted over English news of several years; it only decides what is looked at first.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path

_UNSEEN = 0.0005  # of a word that is not in the table
_WILD = 0.01  # of a wildcard, beside the words that begin as it does
_MARKED = 0.1  # of the articles with a word have it with a mark
_NEXT = 0.05  # of the articles with a phrase's rarest word have the phrase


def cost(group: frozenset[str]) -> float:
    """Estimate the share of articles that hold one of a group's features; the order counts."""
    return sum(map(share, group))


@lru_cache(maxsize=100_000)
def share(name: str) -> float:
    """Estimate the share of articles that hold a feature."""
    if " " in name:
        return min(map(share, name.split(" "))) * _NEXT
    sign, form = (name[0], name[1:]) if name[:1] in "~^=#@$" else ("", name)
    if sign == "~":
        return _WILD + _share_from(form.lstrip("#@$"))
    known = _shares().get(form.lower(), _UNSEEN)
    return known * _MARKED if sign and sign in "#@$" else known


def _share_from(pattern: str) -> float:
    """Add up the shares of the words that begin as a wildcard does."""
    opening = pattern.partition("*")[0].partition("?")[0]
    if not opening:
        return 0.0
    words, sums = _sorted()
    first, behind = bisect_left(words, opening), bisect_left(words, opening + "\U0010ffff")
    return sums[behind] - sums[first]


@cache
def _shares() -> dict[str, float]:
    text = Path(__file__).with_name("shares.json").read_text("utf-8")
    return {word: count / 1000 for word, count in json.loads(text)["per_mille"].items()}


@cache
def _sorted() -> tuple[list[str], list[float]]:
    """Give the words in order, and the sums of the shares before each of them."""
    words = sorted(_shares())
    return words, [0.0, *accumulate(_shares()[word] for word in words)]
