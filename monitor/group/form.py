"""Tell a page's form from its news: footers, notices and consent walls say nothing of events.

A passage is form where articles hold it whose titles have no word in common, and it does not tell
what the titles do. What is kept of an article is its whole text all the same, so that an index
that was rebuilt holds the same; form is left out where an article asks for its story.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from monitor.group.profile import MAX_TEXT_CHARS, Profile
from monitor.group.words import cut, fold
from monitor.model.article import Article
from monitor.text.winnow import GRAM, hashes

MIN_SHARED = 3  # fingerprints: some 12 words in a row
TOLD_SHARE = 0.5  # of a title's terms: a source's passage with as many is news under a new title
WITNESSES = 2  # articles under titles of other words that make a passage of other sources form

_PIECE = re.compile(r"(?<=[.!?؟۔。])\s+|\n+")


class Passages:
    """Find where fingerprints stand in an article's text."""

    def __init__(self, article: Article) -> None:
        self._pieces = _PIECE.split(article.body[:MAX_TEXT_CHARS])
        self._words = [cut(piece) for piece in self._pieces]
        self._all = [word for words in self._words for word in words]
        self._hashes = hashes([word.casefold() for word in self._all])

    def _covered(self, prints: frozenset[int]) -> list[bool]:
        covered = [False] * len(self._all)
        for at, mark in enumerate(self._hashes):
            if mark in prints:
                covered[at : at + GRAM] = [True] * len(covered[at : at + GRAM])
        return covered

    def terms(self, prints: frozenset[int]) -> frozenset[str]:
        """Give the folded words of the passages that hold fingerprints."""
        pairs = zip(self._all, self._covered(prints), strict=True)
        return frozenset(fold(word) for word, is_covered in pairs if is_covered)

    def without(self, prints: frozenset[int]) -> str:
        """Give the text without the sentences that stand mostly in passages with fingerprints."""
        covered, at, kept = self._covered(prints), 0, []
        for piece, words in zip(self._pieces, self._words, strict=True):
            if 2 * sum(covered[at : at + len(words)]) < max(1, len(words)):
                kept.append(piece)
            at += len(words)
        return "\n".join(kept)


def form_in(article: Article, profile: Profile, others: Sequence[Profile]) -> frozenset[int]:
    """Give the fingerprints of an article's form, as those articles that share passages show it.

    A source's own passage under one other title is form already; one that sources share is so
    from two other titles on, since a syndicated report also goes by several titles.
    """
    strangers = [
        (other, shared)
        for other in others
        if other.title
        and profile.title.isdisjoint(other.title)
        and len(shared := profile.prints & other.prints) >= MIN_SHARED
    ]
    if not strangers or not profile.title:
        return frozenset()
    passages, form = Passages(article), set[int]()
    seen: list[tuple[Profile, frozenset[int]]] = []
    for other, shared in strangers:
        terms = passages.terms(shared)
        told = max(_told(profile, terms), _told(other, terms))
        if other.source == profile.source and told < TOLD_SHARE:
            form |= shared
        elif not told:
            witnessed = [s for one, s in seen if one.title.isdisjoint(other.title)]
            for common in witnessed:
                form |= shared & common
            seen.append((other, shared))
    return frozenset(form)


def without_form(article: Article, form: frozenset[int]) -> Article:
    """Leave the sentences that are form out of an article's text."""
    return replace(article, body=Passages(article).without(form))


def _told(profile: Profile, terms: frozenset[str]) -> float:
    return len(profile.title & terms) / len(profile.title)
