"""Weigh terms by how few of this workspace's stories hold them, from the first article on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

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

    def __init__(
        self,
        shares: Mapping[str, float],
        common_terms: Iterable[str],
        count_of: Callable[[str], int],
    ) -> None:
        """`count_of` a term gives how many held stories have it."""
        self._logs = _Logs(count_of, _Prior(shares, common_terms))
        self._stories = 0
        self.ceiling = math.log(PRIOR_STORIES)

    def count_story(self, by: int) -> None:
        """Add (or take away, if negative) stories."""
        self._stories += by
        self.ceiling = math.log(self._stories + PRIOR_STORIES)

    def forget(self, terms: Iterable[str]) -> None:
        """Hear that terms stand in more stories now, or in fewer."""
        if self._logs:  # an index that is being rebuilt has none
            for term in terms:
                self._logs.pop(term, None)

    def log_of(self, term: str) -> float:
        """Give the logarithm of a term's count, priors included: rarity is `ceiling` minus it."""
        known = self._logs.get(term)
        return known if known is not None else self._logs.log(term)

    def is_watched(self, term: str) -> bool:
        """Tell whether a rule asks for a term: in this workspace it tells nothing."""
        return self._logs.prior.is_watched(term)

    @property
    def logs(self) -> Mapping[str, float]:
        """Show `log_of` every term of every held story, for loops that cannot afford a call."""
        return self._logs


class _Prior:
    """Say what share of stories a term is assumed to stand in, before any is counted."""

    def __init__(self, shares: Mapping[str, float], common_terms: Iterable[str]) -> None:
        self._shares = shares
        words = [word for term in common_terms for word in term.split()]
        self._common = frozenset(fold(word) for word in words if "*" not in word)
        starts = {word.partition("*")[0].casefold() for word in words if "*" in word}
        self._prefixes = tuple(sorted(start for start in starts if len(start) >= MIN_PREFIX))

    def share_of(self, term: str) -> float:
        share = min(MAX_SHARE, self._shares.get(term, UNSEEN_SHARE))
        return max(share, COMMON_SHARE) if self.is_watched(term) else share

    def is_watched(self, term: str) -> bool:
        is_start = bool(self._prefixes) and term.startswith(self._prefixes)
        return is_start or term in self._common


class _Logs(dict[str, float]):
    """Compute a logarithm when it is first asked for: most terms of most stories never are.

    What is kept is of held terms alone, which `Frequency.forget` hears of when they go.
    """

    def __init__(self, count_of: Callable[[str], int], prior: _Prior) -> None:
        super().__init__()
        self._count_of = count_of
        self.prior = prior

    def log(self, term: str) -> float:
        """Compute a logarithm, of any term, and keep nothing."""
        return math.log(self._count_of(term) + 0.5 + PRIOR_STORIES * self.prior.share_of(term))

    def __missing__(self, term: str) -> float:
        value = self[term] = self.log(term)
        return value
