"""Hold the open stories: their articles, their terms, and where each term stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest

from monitor.group.frequency import Frequency
from monitor.group.marks import Rank
from monitor.group.packed import Packed, View, moment_of
from monitor.group.profile import Profile
from monitor.group.tally import Tally
from monitor.group.terms import Terms
from monitor.model.keys import ArticleKey, StoryId
from monitor.model.story import Relation

WINDOW_HOURS = 7 * 24.0  # a story takes reports until this long after its last article
MAX_AGE_HOURS = 14 * 24.0  # an older saga goes on as a new story
CENTRE_ARTICLES = 16  # newest articles that make a story's centre
POSTING_STORIES = 300  # newest stories looked at for one term
QUERY_TERMS = 14  # heaviest terms that look for candidates
CANDIDATES = 12

_PLACES = 1 << 32

Seated = tuple[Packed, StoryId, Relation]
"""An article, its story, and how it came there."""


@dataclass(frozen=True, slots=True)
class OpenStory:
    """Show an open story to what compares: its newest articles, its centre, all its terms.

    `centre` sums the weights of the newest articles; `terms` is every term it was found by.
    Times are hours since 1970.
    """

    id: StoryId
    articles: Sequence[Profile]
    centre: Mapping[str, int]
    terms: Collection[str]
    first_at: float
    last_at: float


@dataclass(slots=True)
class HeldStory:
    """Hold a story's articles, packed, in order of placement.

    `number` counts stories as they open; `tally` counts the terms of its articles, from the
    second one on.
    """

    id: StoryId
    number: int
    articles: list[bytes] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    tally: Tally | None = None
    first_at: float = 0.0
    last_at: float = 0.0
    seen_at: float = 0.0

    def refresh_times(self) -> None:
        """Read the story's span from its articles."""
        moments = [moment_of(article) for article in self.articles]
        self.first_at = min(at for at, _ in moments)
        self.last_at = max(at for at, _ in moments)
        self.seen_at = max(seen_at for _, seen_at in moments)

    def append(self, article: View, relation: Relation) -> Sequence[int]:
        """Take an article in; give the numbers of its terms that are new to the story."""
        at, is_first = article.at, not self.articles
        self.articles.append(article.blob)
        self.relations.append(relation)
        self.first_at = at if is_first else min(self.first_at, at)
        self.last_at = at if is_first else max(self.last_at, at)
        self.seen_at = max(self.seen_at, article.seen_at)
        if is_first:
            return article.posted
        tally = self._tallied()
        new = tally.add(article.posted, article.text[1])
        if len(self.articles) > CENTRE_ARTICLES:
            tally.weigh(*View(self.articles[-CENTRE_ARTICLES - 1]).text, sign=-1)
        return new

    def _tallied(self) -> Tally:
        if self.tally is None:
            first = View(self.articles[0])
            self.tally = Tally(first.posted, first.text[1])
        return self.tally

    def exchange(self, place: int, article: bytes) -> tuple[list[int], list[int]]:
        """Put an article's new reading in a place; give the terms that came and that went."""
        old, self.articles[place] = self.articles[place], article
        if moment_of(old) != moment_of(article):
            self.refresh_times()
        came, went = View(article).posted, View(old).posted
        if self.tally is None:
            return list(set(came).difference(went)), list(set(went).difference(came))
        new = self.tally.add(came)
        is_central = place >= len(self.articles) - CENTRE_ARTICLES
        if is_central:
            self.tally.forget_weights()
        left = self.tally.remove(went)
        if is_central:
            for one in self.articles[-CENTRE_ARTICLES:]:
                self.tally.weigh(*View(one).text)
        return new, left

    @property
    def numbers(self) -> Iterable[int]:
        """Give the numbers of the terms that the story is found by."""
        return View(self.articles[0]).posted if self.tally is None else self.tally.numbers


def story_of(story: StoryId, articles: Sequence[Profile], newest: int) -> OpenStory:
    """Show some articles, in order of placement, as if they were a story of their own."""
    centre = Counter[str]()
    for article in articles[-CENTRE_ARTICLES:]:
        centre.update(dict(zip(article.text.terms, article.text.weights, strict=True)))
    return OpenStory(
        id=story,
        articles=articles[-newest:],
        centre=centre,
        terms=frozenset().union(*(one.text.terms + one.head.terms for one in articles)),
        first_at=min(one.at for one in articles),
        last_at=max(one.at for one in articles),
    )


def is_saga(story: OpenStory | HeldStory, at: float) -> bool:
    """Tell whether a story is too old to take an article of a moment, even a repeat.

    Else a feed that repeats one article at every poll would keep a story open, and growing.
    """
    return max(at - story.first_at, story.last_at - at) > MAX_AGE_HOURS


class Shelf:
    """Keep the open stories and find those that share telling terms with an article.

    Everything in it follows from the articles held and their order, not from what was held
    before: that is what lets a rebuilt shelf decide as the old one did. An article's seat is one
    number: its story's, and its place in it.
    """

    def __init__(self, shares: Mapping[str, float], common_terms: Iterable[str]) -> None:
        self._terms = Terms()
        self.frequency = Frequency(shares, common_terms, self._terms.count_of)
        self.stories: dict[StoryId, HeldStory] = {}
        self._by_number: dict[int, HeldStory] = {}
        self._seats: dict[ArticleKey, int] = {}
        self._next_number = 0

    def __len__(self) -> int:
        return len(self._seats)

    def seat_of(self, article: ArticleKey) -> int | None:
        """Give the seat of an article that is held."""
        return self._seats.get(article)

    def story_at(self, seat: int) -> HeldStory:
        """Give the story of a seat."""
        return self._by_number[seat // _PLACES]

    def packed_at(self, seat: int) -> bytes:
        """Give what is held in a seat."""
        return self.story_at(seat).articles[seat % _PLACES]

    def relation_at(self, seat: int) -> Relation:
        """Give how the article in a seat came there."""
        return self.story_at(seat).relations[seat % _PLACES]

    def rank_of(self, seat: int) -> Rank:
        """Give what orders the articles: when the one in a seat was published, and its key."""
        view = View(self.packed_at(seat))
        return view.at, view.key

    def terms_at(self, seat: int) -> list[str]:
        """Give all terms of the article in a seat."""
        return self._terms.spelt(View(self.packed_at(seat)).numbers)

    def title_at(self, seat: int) -> list[str]:
        """Give the terms of the title of the article in a seat."""
        return self._terms.spelt(View(self.packed_at(seat)).title)

    def profile_at(self, seat: int) -> Profile:
        """Unpack what is held in a seat."""
        return self._unpacked(self.packed_at(seat))

    def _unpacked(self, held: bytes) -> Profile:
        view = View(held)
        return view.profile(self._terms.spelt(view.numbers))

    def put(self, packed: Packed, story: StoryId, relation: Relation) -> int:
        """Add an article to a story, opening it if it is not there; give its seat."""
        return self.put_all([(packed, story, relation)])[0]

    def put_all(self, articles: Sequence[Seated]) -> list[int]:
        """Add articles to stories, in order; give their seats.

        Step by step for all: that takes two thirds of the time of one article after the other.
        """
        held = self._terms.hold(packed.terms for packed, _, _ in articles)
        seats, new = [], []
        for (packed, name, relation), numbers in zip(articles, held, strict=True):
            story = self.stories.get(name) or self._open(name)
            article = View(packed.rest + numbers.tobytes())
            new.append((story.append(article, relation), story))
            seats.append(story.number * _PLACES + len(story.articles) - 1)
            self._seats[article.key] = seats[-1]
        for terms, story in new:
            self._post(terms, story)
        return seats

    def _open(self, name: StoryId) -> HeldStory:
        story = HeldStory(name, self._next_number)
        self._next_number += 1
        self.stories[name] = self._by_number[story.number] = story
        self.frequency.count_story(1)
        return story

    def _post(self, numbers: Sequence[int], story: HeldStory) -> None:
        self._terms.post(numbers, story.number)
        self.frequency.forget(map(self._terms.words.__getitem__, numbers))

    def _unpost(self, numbers: Collection[int], gone: Collection[int]) -> None:
        self._terms.unpost(numbers, gone)
        self.frequency.forget(map(self._terms.words.__getitem__, numbers))

    def replace(self, seat: int, packed: Packed) -> None:
        """Put an article's new reading in the place of the old."""
        story, old = self.story_at(seat), self.packed_at(seat)
        (numbers,) = self._terms.hold((packed.terms,))
        article = packed.rest + numbers.tobytes()
        new, left = story.exchange(seat % _PLACES, article)
        self._post(new, story)
        self._unpost(left, (story.number,))
        self._terms.release(View(old).numbers)

    def seats_in(self, story: HeldStory) -> range:
        """Give the seats of a story."""
        first = story.number * _PLACES
        return range(first, first + len(story.articles))

    def drop(self, stories: Iterable[HeldStory]) -> None:
        """Let stories go."""
        gone = {story.number: story for story in stories}
        touched = {number for story in gone.values() for number in story.numbers}
        self._unpost(touched, gone)
        for story in gone.values():
            del self.stories[story.id], self._by_number[story.number]
            self.frequency.count_story(-1)
            for article in story.articles:
                view = View(article)
                del self._seats[view.key]
                self._terms.release(view.numbers)

    def candidates(self, query: Mapping[str, float]) -> list[HeldStory]:
        """Find the stories that share most of a weighed query's heaviest terms."""
        heaviest = sorted(query, key=lambda term: (-query[term], term))[:QUERY_TERMS]
        scores: dict[int, float] = {}
        for term in heaviest:
            weight = query[term] ** 2
            for number in self._terms.stories_of(term)[-POSTING_STORIES:]:
                scores[number] = scores.get(number, 0.0) + weight
        least = min(nlargest(CANDIDATES, scores.values()), default=0.0)
        best = [number for number, score in scores.items() if score >= least]
        best.sort(key=lambda number: (-scores[number], number))  # few, of some thousands
        return [self._by_number[number] for number in best[:CANDIDATES]]

    def centre(self, story: HeldStory) -> Mapping[str, int]:
        """Sum the weights of a story's newest articles."""
        if story.tally is not None:
            return story.tally.centre(self._terms.words)
        numbers, weights = View(story.articles[0]).text
        return dict(zip(self._terms.spelt(numbers), weights, strict=True))

    def show(self, story: HeldStory, centre: Mapping[str, int], newest: int) -> OpenStory:
        """Unpack a story whose `centre` is known, with its newest articles."""
        return OpenStory(
            id=story.id,
            articles=[self._unpacked(held) for held in story.articles[-newest:]],
            centre=centre,
            terms=frozenset(self._terms.spelt(story.numbers)),
            first_at=story.first_at,
            last_at=story.last_at,
        )
