"""Find what an article takes over of a text whose pick-up is watched: copies and excerpts.

Both are cut into words the same way, whatever their language, and compared by their passages'
fingerprints. The article has picked the text up if it shares half of the shorter of the two: a
full copy, a paragraph or two run as news, the text within a longer report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain as joined

import regex

from monitor.match.tree import Copies
from monitor.model.rule import Span
from monitor.text.folding import fold
from monitor.text.winnow import GRAM, WINDOW, hashes, selected

MIN_WORDS = 40  # of the shorter text: a shared sentence is a quotation
MIN_SHARED = 3  # fingerprints: some 12 words in a row
MIN_SHARE = 0.5
MAX_CHARS = 100_000  # of a text that are read

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(rf"[{_UNSPACED}]|[[\w\p{{M}}]--[{_UNSPACED}]]+", regex.V1)


class Passages:
    """Be a text by its words' places and its passages' hashes, one for each run of words."""

    def __init__(self, text: str) -> None:
        self.words = [found.span() for found in _WORD.finditer(text, 0, MAX_CHARS)]
        self.hashes = hashes([fold(text[start:end]) for start, end in self.words])
        self.prints = selected(self.hashes)


class Watched:
    """Find which of many watched texts an article may take over, at the cost of its own prints."""

    def __init__(self, prints: Mapping[int, frozenset[int]]) -> None:
        """Take the fingerprints of each text, by the number that it is found by."""
        self._texts: dict[int, list[int]] = {}
        for number, own in prints.items():
            for one in own:
                self._texts.setdefault(one, []).append(number)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def found(self, article: Passages) -> set[int]:
        """Give the numbers of the texts with which an article shares enough passages."""
        common = self._texts.keys() & article.prints
        counted = Counter(joined.from_iterable(self._texts[one] for one in common))
        return {number for number, count in counted.items() if count >= MIN_SHARED}


@dataclass(frozen=True, slots=True)
class Taken:
    """Say what share of a watched text an article has, and what share of the shorter is common.

    `spans` are places in the article's body, none if next to nothing is shared.
    """

    share: float
    of_shorter: float
    spans: tuple[Span, ...]
    is_enough: bool


def taken(node: Copies, article: Passages) -> Taken:
    """Compare an article's body with a watched text."""
    common = len(node.prints & article.prints)
    shorter = min(len(node.prints), len(article.prints))
    of_shorter = common / shorter if shorter else 0.0
    is_long = len(article.words) >= MIN_WORDS
    return Taken(
        share=common / len(node.prints),
        of_shorter=of_shorter,
        spans=tuple(_spans(node, article)) if common >= MIN_SHARED else (),
        is_enough=is_long and common >= MIN_SHARED and of_shorter >= MIN_SHARE,
    )


def _spans(node: Copies, article: Passages) -> Iterator[Span]:
    """Join the runs of words that stand in the watched text, over gaps that no run tells of."""
    first = end = -1
    for at, mark in enumerate(article.hashes):
        if mark not in node.prints:
            continue
        if at > end + WINDOW and end >= 0:
            yield _span(article, first, end)
            first = at
        first, end = (at if end < 0 else first), at + GRAM
    if end >= 0:
        yield _span(article, first, end)


def _span(article: Passages, first: int, end: int) -> Span:
    return Span(field="body", start=article.words[first][0], end=article.words[end - 1][1])
