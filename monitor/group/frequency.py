"""Weigh terms by how few of this workspace's stories hold them, from the first article on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from monitor.group.words import fold

PRIOR_STORIES = 300.0  # what all articles say counts as much as this many stories of our own
COMMON_SHARE = 0.01  # assumed share of a workspace's stories that hold a term of its watch rules
MAX_SHARE = 0.8  # so that a term of every story still weighs a little more than nothing
MIN_PREFIX = 3  # letters before a wildcard that still tell words apart
UNSEEN_SHARE = 0.0002  # assumed share for a word that the background does not know


class Frequency:
    """Count in how many held stories each term stands, and weigh terms by that.

    Stories are counted, not articles: fifty copies of one report must not make its words common.
    Only what is held counts, so an index rebuilt from the tables weighs as the one before did,
    and old use is forgotten with its stories. A shipped background (term -> share of articles)
    is mixed in with a fixed weight; terms of the watch rules are common by construction, since
    a workspace that looks for them sees little else.
    """

    def __init__(self, shares: Mapping[str, float], common_terms: Iterable[str]) -> None:
        self._shares = shares
        self._counts: dict[str, int] = {}
        self._logs: dict[str, float] = {}
        self._stories = 0
        words = [word for term in common_terms for word in term.split()]
        self._common = frozenset(fold(word) for word in words if "*" not in word)
        starts = {word.partition("*")[0].casefold() for word in words if "*" in word}
        self._prefixes = tuple(sorted(start for start in starts if len(start) >= MIN_PREFIX))
        self.ceiling = math.log(PRIOR_STORIES)

    def _prior(self, term: str) -> float:
        share = min(MAX_SHARE, self._shares.get(term, UNSEEN_SHARE))
        if term in self._common or (self._prefixes and term.startswith(self._prefixes)):
            return max(share, COMMON_SHARE)
        return share

    def count_story(self, by: int) -> None:
        """Add (or take away, if negative) stories."""
        self._stories += by
        self.ceiling = math.log(self._stories + PRIOR_STORIES)

    def add(self, terms: Iterable[str]) -> None:
        """Count terms that a story holds for the first time."""
        for term in terms:
            count = self._counts.get(term, 0) + 1
            self._counts[term] = count
            self._logs[term] = math.log(count + 0.5 + PRIOR_STORIES * self._prior(term))

    def remove(self, terms: Iterable[str]) -> None:
        """Count terms that a story no longer holds."""
        for term in terms:
            count = self._counts[term] - 1
            if count:
                self._counts[term] = count
                self._logs[term] = math.log(count + 0.5 + PRIOR_STORIES * self._prior(term))
            else:
                del self._counts[term], self._logs[term]

    def log_of(self, term: str) -> float:
        """Give the logarithm of a term's count, priors included: rarity is `ceiling` minus it."""
        known = self._logs.get(term)
        return known if known is not None else math.log(0.5 + PRIOR_STORIES * self._prior(term))

    @property
    def logs(self) -> Mapping[str, float]:
        """Show `log_of` every term of every held story, for loops that cannot afford a call."""
        return self._logs
