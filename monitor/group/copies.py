"""Find articles that repeat each other: the same address, the same text, shared passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest

from monitor.group.profile import Profile
from monitor.model.keys import ArticleKey, StoryId
from monitor.model.story import Relation

INDEXED_PRINTS = 32  # smallest fingerprints of an article that are indexed; all are compared
BOILERPLATE_STORIES = 8  # a fingerprint held by more stories than this says nothing
MAX_COMPARED = 8
MIN_SHARED = 3
MIN_WORDS = 40  # of the shorter text, or a quoted paragraph would make copies
MIN_CONTAINMENT = 0.5
COPY_CONTAINMENT = 0.8
MIN_SAME_WORDS = 4  # "Live updates" twice is not the same article
OWN_REPEAT_HOURS = 72.0  # a source's own text again after longer is a template


@dataclass(frozen=True, slots=True)
class Copy:
    """Say which article is repeated, how, and what share of the shorter text is shared."""

    original: Profile
    relation: Relation
    share: float


@dataclass(frozen=True, slots=True)
class _Holder:
    story: StoryId
    article: Profile


class CopyIndex:
    """Index the articles of open stories by address, text and fingerprints.

    Of one story only the first holder of a fingerprint is indexed, so that fifty copies of a
    report cost what one does, and the number of holders is the number of stories.
    """

    def __init__(self) -> None:
        self._by_url: dict[str, list[Profile]] = {}
        self._by_text: dict[str, list[Profile]] = {}
        self._by_print: dict[int, list[_Holder]] = {}

    def add(self, story: StoryId, article: Profile) -> None:
        """Index an article of a story."""
        if article.url:
            self._by_url.setdefault(article.url, []).append(article)
        if article.words >= MIN_SAME_WORDS:
            self._by_text.setdefault(article.text_hash, []).append(article)
        for mark in _sketch(article):
            holders = self._by_print.setdefault(mark, [])
            if all(holder.story != story for holder in holders[-BOILERPLATE_STORIES:]):
                holders.append(_Holder(story, article))

    def remove(self, story: StoryId, articles: Iterable[Profile]) -> None:
        """Forget all the articles of a story."""
        for article in articles:
            _take(self._by_url, article.url, article)
            _take(self._by_text, article.text_hash, article)
            for mark in _sketch(article):
                kept = [h for h in self._by_print.get(mark, ()) if h.story != story]
                if kept:
                    self._by_print[mark] = kept
                else:
                    self._by_print.pop(mark, None)

    def same_as(self, article: Profile) -> Profile | None:
        """Find the article that stands at the same address or has the very same text."""
        for other in self._by_text.get(article.text_hash, ()):
            if article.words >= MIN_SAME_WORDS:
                return other
        for other in self._by_url.get(article.url, ()):
            if not _are_strangers(article, other):
                return other
        return None

    def copy_of(self, article: Profile) -> Copy | None:
        """Find the article that shares most passages with this one, if enough."""
        hits: Counter[ArticleKey] = Counter()
        found: dict[ArticleKey, Profile] = {}
        for mark in article.prints:
            holders = self._by_print.get(mark, ())
            if len(holders) <= BOILERPLATE_STORIES:
                for holder in holders:
                    hits[holder.article.key] += 1
                    found[holder.article.key] = holder.article
        nearest = nsmallest(MAX_COMPARED, hits, key=lambda key: (-hits[key], key))
        copies = [copy for key in nearest if (copy := self._compare(article, found[key]))]
        return min(copies, key=lambda copy: (-copy.share, copy.original.key), default=None)

    def _compare(self, article: Profile, other: Profile) -> Copy | None:
        if min(article.words, other.words) < MIN_WORDS or _is_template(article, other):
            return None
        shared = article.prints & other.prints
        telling = len(shared) * (1 - self._boilerplate_share(shared))
        dull = len(shared) - telling
        mine = telling / max(1.0, len(article.prints) - dull)
        theirs = telling / max(1.0, len(other.prints) - dull)
        share = mine if len(article.prints) <= len(other.prints) else theirs
        if telling < MIN_SHARED or share < MIN_CONTAINMENT:
            return None
        return Copy(other, _relation(article, other, min(mine, theirs)), share)

    def _boilerplate_share(self, prints: frozenset[int]) -> float:
        """Estimate how much of shared passages is boilerplate, from those that are indexed."""
        counts = [len(self._by_print[mark]) for mark in prints if mark in self._by_print]
        return sum(n > BOILERPLATE_STORIES for n in counts) / len(counts) if counts else 0.0


def _sketch(article: Profile) -> list[int]:
    return nsmallest(INDEXED_PRINTS, article.prints)


def _take(index: dict[str, list[Profile]], name: str, article: Profile) -> None:
    kept = [other for other in index.get(name, ()) if other.key != article.key]
    if kept:
        index[name] = kept
    else:
        index.pop(name, None)


def _are_strangers(article: Profile, other: Profile) -> bool:
    """Tell articles that share an address only: a feed whose links are all one page."""
    mine, theirs = frozenset(article.text.terms), frozenset(other.text.terms)
    return len(mine) >= 3 and len(theirs) >= 3 and mine.isdisjoint(theirs)


def _is_template(article: Profile, other: Profile) -> bool:
    """Tell a source's form from its news: its own passages under a title of other words."""
    if article.source != other.source:
        return False
    is_late = abs(article.at - other.at) > OWN_REPEAT_HOURS
    return is_late or article.title.isdisjoint(other.title)


def _relation(article: Profile, other: Profile, both_ways: float) -> Relation:
    if article.source == other.source and article.at >= other.at:
        return Relation.UPDATE
    return Relation.COPY if both_ways >= COPY_CONTAINMENT else Relation.EXCERPT
