"""Find articles that repeat each other: the same address, the same text, shared passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain, islice
from zlib import crc32

from monitor.group.marks import Marks, Seats
from monitor.group.packed import View
from monitor.group.profile import Profile
from monitor.group.shelf import WINDOW_HOURS, Shelf, is_saga
from monitor.model.story import Relation

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


class CopyIndex:
    """Index the articles of a shelf by address, text and fingerprints.

    Of one story only the earliest holder of a fingerprint is looked at, so that fifty copies of a
    report cost what one does, and the number of holders is the number of stories.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._by_url = Marks(shelf.rank_of)
        self._by_text = Marks(shelf.rank_of)
        self._by_print = Marks(shelf.rank_of)
        self._asked: tuple[Profile, dict[int, Seats]] | None = None

    def add(self, seat: int) -> None:
        """Index the article in a seat."""
        self._asked = None
        view, story = View(self._shelf.packed_at(seat)), self._shelf.story_at(seat)
        if view.url:
            self._by_url.add((_mark(view.url),), _hour(view.at), seat)
        if view.words >= MIN_SAME_WORDS:
            self._by_text.add((_mark(view.text_hash),), _hour(view.at), seat)
        self._by_print.add(view.sketch, story.number, seat)

    def settle(self) -> None:
        """Bring in order what was added: many articles at once, as on taking over."""
        for marks in (self._by_url, self._by_text, self._by_print):
            marks.settle()

    def remove(self, seats: Iterable[int]) -> None:
        """Forget the articles in seats, which must still be as they were added."""
        self._asked = None
        urls, texts, prints = [], [], []
        for seat in seats:
            view, story = View(self._shelf.packed_at(seat)), self._shelf.story_at(seat)
            if view.url:
                urls.append((_mark(view.url), _hour(view.at), seat))
            if view.words >= MIN_SAME_WORDS:
                texts.append((_mark(view.text_hash), _hour(view.at), seat))
            prints += [(mark, story.number, seat) for mark in view.sketch]
        self._by_url.remove(urls)
        self._by_text.remove(texts)
        self._by_print.remove(prints)

    def same_as(self, article: Profile) -> Profile | None:
        """Find the article that stands at the same address or has the very same text.

        It is of a story that may take this one. Where several do, the nearest in time. A text
        says little for how long it is the same news: "Earthquake jolts Islamabad" is true again
        the next month.
        """
        if article.words >= MIN_SAME_WORDS:
            most = OWN_REPEAT_HOURS if article.words < MIN_WORDS else WINDOW_HOURS
            for other in self._nearest(self._by_text, article.text_hash, article):
                is_same = other.text_hash == article.text_hash
                if is_same and abs(article.at - other.at) <= most:
                    return other
        if article.url:
            for other in self._nearest(self._by_url, article.url, article):
                if other.url == article.url and not _are_strangers(article, other):
                    return other
        return None

    def _nearest(self, index: Marks, of: str, to: Profile) -> Iterable[Profile]:
        """Give the few articles with an address or a text that are nearest in time, in order."""
        near = index.around(_mark(of), (to.at, to.key), MAX_COMPARED)
        seats = [seat for seat in near if self._takes(seat, to)]
        ranks = {seat: self._shelf.rank_of(seat) for seat in seats}
        seats.sort(key=lambda seat: (abs(ranks[seat][0] - to.at), ranks[seat][1]))
        return map(self._shelf.profile_at, seats)

    def sharers(self, article: Profile) -> list[Profile]:
        """Find articles that share most passages with this one under a title of other words."""
        hits = Counter(chain.from_iterable(map(_some, self._holders(article).values())))
        strangers = [s for s in hits if article.title.isdisjoint(self._shelf.title_at(s))]
        return list(map(self._shelf.profile_at, self._most(hits, strangers)))

    def copy_of(self, article: Profile, form: frozenset[int] = frozenset()) -> Copy | None:
        """Find the article that shares most passages with this one, if enough; `form` is none.

        It is of a story that may take this one.
        """
        found = (seats for mark, seats in self._holders(article).items() if mark not in form)
        holding = map(_one_a_story, found)
        telling = (holders for holders in holding if len(holders) <= BOILERPLATE_STORIES)
        counted = Counter(chain.from_iterable(telling))
        hits = {seat: n for seat, n in counted.items() if self._takes(seat, article)}
        others = map(self._shelf.profile_at, self._most(hits, hits))
        copies = [copy for other in others if (copy := self._compare(article, other, form))]
        return min(copies, key=lambda copy: (-copy.share, copy.original.key), default=None)

    def _takes(self, seat: int, article: Profile) -> bool:
        """Tell whether the story of a seat is young enough for an article."""
        return not is_saga(self._shelf.story_at(seat), article.at)

    def _most(self, hits: Mapping[int, int], seats: Iterable[int]) -> list[int]:
        """Give the few seats with most hits, of equal ones those with the smallest keys."""
        return nsmallest(
            MAX_COMPARED, seats, key=lambda seat: (-hits[seat], self._shelf.rank_of(seat)[1])
        )

    def _holders(self, article: Profile) -> dict[int, Seats]:
        """Give who holds an article's passages; it is asked twice, so that is remembered."""
        if self._asked is None or self._asked[0] is not article:
            self._asked = article, self._by_print.find(article.prints)
        return self._asked[1]

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
        counts = [len(_one_a_story(seats)) for seats in self._by_print.find(prints).values()]
        return sum(n > BOILERPLATE_STORIES for n in counts) / len(counts) if counts else 0.0


def _mark(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


def _hour(at: float) -> int:
    """Give a moment's whole hour as a group of `Marks`."""
    return max(0, int(at))


def _one_a_story(seats: Seats) -> list[int]:
    """Give the earliest article of each story, of one story more than boilerplate at most."""
    return list(islice(seats.firsts(), BOILERPLATE_STORIES + 1))


def _some(seats: Seats) -> Iterable[int]:
    """Give the earliest article of some stories, and the last few of all."""
    return {*_one_a_story(seats), *seats.last(LAST_SEATS)}


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
