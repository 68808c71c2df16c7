"""Find articles that repeat each other: the same address, the same text, shared passages."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from operator import attrgetter
from typing import Any, TypeVar

from monitor.group.profile import Profile
from monitor.group.shelf import WINDOW_HOURS
from monitor.model.keys import ArticleKey
from monitor.model.story import Relation

K = TypeVar("K")
V = TypeVar("V")

INDEXED_PRINTS = 32  # smallest fingerprints of an article that are indexed; all are compared
BOILERPLATE_STORIES = 8  # a fingerprint held by more stories than this says nothing
MAX_COMPARED = 8
LAST_SEATS = 4  # of a passage's holders that are looked at beside one of each story
MIN_SHARED = 3
MIN_WORDS = 40  # of the shorter text, or a quoted paragraph would make copies
MIN_CONTAINMENT = 0.5
COPY_CONTAINMENT = 0.8
MIN_SAME_WORDS = 4  # "Live updates" twice is not the same article
OWN_REPEAT_HOURS = 72.0  # a source's own text again after longer is a template, a headline news


@dataclass(frozen=True, slots=True)
class Copy:
    """Say which article is repeated, how, and what share of the shorter text is shared."""

    original: Profile
    relation: Relation
    share: float


@dataclass(frozen=True, slots=True)
class _Seat:
    rank: tuple[int, float, ArticleKey]  # the story's number, then time
    article: Profile


_rank = attrgetter("rank")
_moment = attrgetter("at", "key")


class CopyIndex:
    """Index the articles of open stories by address, text and fingerprints.

    Of one story only the earliest holder of a fingerprint is looked at, so that fifty copies of a
    report cost what one does, and the number of holders is the number of stories. All lists are
    sorted: what is found follows from the articles held, not from when they were added.
    """

    def __init__(self) -> None:
        self._by_url: dict[str, list[Profile]] = {}
        self._by_text: dict[str, list[Profile]] = {}
        self._by_print: dict[int, list[_Seat]] = {}

    def add(self, story: int, article: Profile) -> None:
        """Index an article of the story of a number."""
        if article.url:
            insort(self._by_url.setdefault(article.url, []), article, key=_moment)
        if article.words >= MIN_SAME_WORDS:
            insort(self._by_text.setdefault(article.text_hash, []), article, key=_moment)
        seat = _seat(story, article)
        for mark in _sketch(article):
            insort(self._by_print.setdefault(mark, []), seat, key=_rank)

    def remove(self, story: int, article: Profile) -> None:
        """Forget an article, in the reading that was added."""
        if article.url:
            _take(self._by_url, article.url, _moment(article), _moment)
        if article.words >= MIN_SAME_WORDS:
            _take(self._by_text, article.text_hash, _moment(article), _moment)
        rank = _seat(story, article).rank
        for mark in _sketch(article):
            _take(self._by_print, mark, rank, _rank)

    def same_as(self, article: Profile) -> Profile | None:
        """Find the article that stands at the same address or has the very same text.

        Where several do, the nearest in time. A text says little for how long it is the same
        news: "Earthquake jolts Islamabad" is true again the next month.
        """
        if article.words >= MIN_SAME_WORDS:
            most = OWN_REPEAT_HOURS if article.words < MIN_WORDS else WINDOW_HOURS
            for other in _nearest(self._by_text.get(article.text_hash, ()), article):
                if abs(article.at - other.at) <= most:
                    return other
        for other in _nearest(self._by_url.get(article.url, ()), article):
            if not _are_strangers(article, other):
                return other
        return None

    def sharers(self, article: Profile) -> list[Profile]:
        """Find articles that share most passages with this one under a title of other words."""
        hits: Counter[ArticleKey] = Counter()
        found: dict[ArticleKey, Profile] = {}
        for mark in article.prints:
            seats = self._by_print.get(mark)
            for other in _some(seats) if seats else ():
                hits[other.key] += 1
                found[other.key] = other
        strangers = [k for k, other in found.items() if article.title.isdisjoint(other.title)]
        nearest = nsmallest(MAX_COMPARED, strangers, key=lambda key: (-hits[key], key))
        return [found[key] for key in nearest]

    def copy_of(self, article: Profile, form: frozenset[int] = frozenset()) -> Copy | None:
        """Find the article that shares most passages with this one, if enough; `form` is none."""
        hits: Counter[ArticleKey] = Counter()
        found: dict[ArticleKey, Profile] = {}
        for mark in article.prints - form:
            holders = _one_a_story(self._by_print.get(mark, ()))
            if len(holders) <= BOILERPLATE_STORIES:
                for holder in holders:
                    hits[holder.key] += 1
                    found[holder.key] = holder
        nearest = nsmallest(MAX_COMPARED, hits, key=lambda key: (-hits[key], key))
        copies = [copy for key in nearest if (copy := self._compare(article, found[key], form))]
        return min(copies, key=lambda copy: (-copy.share, copy.original.key), default=None)

    def _compare(self, article: Profile, other: Profile, form: frozenset[int]) -> Copy | None:
        if min(article.words, other.words) < MIN_WORDS or _is_template(article, other):
            return None
        if abs(article.at - other.at) > WINDOW_HOURS:
            return None
        own, others = article.prints - form, other.prints - form
        shared = own & others
        telling = len(shared) * (1 - self._boilerplate_share(shared))
        dull = len(shared) - telling
        mine = telling / max(1.0, len(own) - dull)
        theirs = telling / max(1.0, len(others) - dull)
        share = mine if len(own) <= len(others) else theirs
        if telling < MIN_SHARED or share < MIN_CONTAINMENT:
            return None
        return Copy(other, _relation(article, other, min(mine, theirs)), share)

    def _boilerplate_share(self, prints: frozenset[int]) -> float:
        """Estimate how much of shared passages is boilerplate, from those that are indexed."""
        held = [self._by_print[mark] for mark in prints if mark in self._by_print]
        counts = [len(_one_a_story(seats)) for seats in held]
        return sum(n > BOILERPLATE_STORIES for n in counts) / len(counts) if counts else 0.0


def _sketch(article: Profile) -> list[int]:
    return nsmallest(INDEXED_PRINTS, article.prints)


def _seat(story: int, article: Profile) -> _Seat:
    return _Seat((story, article.at, article.key), article)


def _take(
    index: dict[K, list[V]], name: K, rank: tuple[Any, ...], key: Callable[[V], Any]
) -> None:
    held = index[name]
    del held[bisect_left(held, rank, key=key)]
    if not held:
        del index[name]


def _one_a_story(seats: Sequence[_Seat]) -> list[Profile]:
    """Give the earliest article of each story, of one story more than boilerplate at most."""
    if len(seats) == 1:
        return [seats[0].article]
    first: list[Profile] = []
    at = 0
    while at < len(seats) and len(first) <= BOILERPLATE_STORIES:
        first.append(seats[at].article)
        at = bisect_left(seats, (seats[at].rank[0] + 1,), at + 1, key=_rank)
    return first


def _some(seats: Sequence[_Seat]) -> Iterable[Profile]:
    """Give the earliest article of some stories, and the last few of all."""
    if len(seats) == 1:
        return (seats[0].article,)
    last = [seat.article for seat in seats[-LAST_SEATS:]]
    return {article.key: article for article in (*_one_a_story(seats), *last)}.values()


def _nearest(articles: Sequence[Profile], to: Profile) -> list[Profile]:
    """Give the few of articles, sorted by time, that are nearest in time."""
    at = bisect_left(articles, _moment(to), key=_moment)
    few = articles[max(0, at - MAX_COMPARED) : at + MAX_COMPARED]
    return sorted(few, key=lambda other: (abs(other.at - to.at), other.key))


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
