"""Hold the open stories: their articles, their terms, and where each term stands."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.group.frequency import Frequency
from monitor.group.profile import Profile
from monitor.model.keys import ArticleKey, StoryId
from monitor.model.story import Relation

WINDOW_HOURS = 7 * 24.0  # a story takes reports until this long after its last article
CENTRE_ARTICLES = 16  # newest articles that make a story's centre
POSTING_STORIES = 300  # newest stories looked at for one term
QUERY_TERMS = 14  # heaviest terms that look for candidates
CANDIDATES = 12


@dataclass(slots=True)
class OpenStory:
    """Hold a story's articles in order of placement; `number` counts stories as they open.

    `centre` sums the weights of the newest articles; `terms` is every term it was found by, with
    the number of its articles that hold it.
    Times are hours since 1970.
    """

    id: StoryId
    number: int
    articles: list[Profile] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    centre: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    first_at: float = 0.0
    last_at: float = 0.0
    seen_at: float = 0.0

    def refresh_times(self) -> None:
        """Read the story's span from its articles."""
        self.first_at = min(article.at for article in self.articles)
        self.last_at = max(article.at for article in self.articles)
        self.seen_at = max(article.seen_at for article in self.articles)

    def refresh_centre(self) -> None:
        """Sum the newest articles anew."""
        self.centre = {}
        for article in self.articles[-CENTRE_ARTICLES:]:
            self._shift(article, 1)

    def append(self, profile: Profile, relation: Relation) -> None:
        """Take an article in."""
        self.articles.append(profile)
        self.relations.append(relation)
        self._shift(profile, 1)
        if len(self.articles) > CENTRE_ARTICLES:
            self._shift(self.articles[-CENTRE_ARTICLES - 1], -1)
        is_first = len(self.articles) == 1
        self.first_at = profile.at if is_first else min(self.first_at, profile.at)
        self.last_at = profile.at if is_first else max(self.last_at, profile.at)
        self.seen_at = max(self.seen_at, profile.seen_at)

    def _shift(self, profile: Profile, sign: int) -> None:
        centre = self.centre
        for term, weight in zip(profile.text.terms, profile.text.weights, strict=True):
            value = centre.get(term, 0) + sign * weight
            if value:
                centre[term] = value
            else:
                del centre[term]


class Shelf:
    """Keep the open stories and find those that share telling terms with an article.

    Everything in it follows from the articles held and their order, not from what was held
    before: that is what lets a rebuilt shelf decide as the old one did.
    """

    def __init__(self, frequency: Frequency) -> None:
        self.frequency = frequency
        self.stories: dict[StoryId, OpenStory] = {}
        self._by_number: dict[int, OpenStory] = {}
        self._postings: dict[str, list[int]] = {}
        self._home: dict[ArticleKey, OpenStory] = {}
        self._next_number = 0

    def __len__(self) -> int:
        return len(self._home)

    def home_of(self, article: ArticleKey) -> OpenStory | None:
        """Give the story that holds an article."""
        return self._home.get(article)

    def put(self, profile: Profile, story: StoryId, relation: Relation) -> OpenStory:
        """Add an article to a story, opening it if it is not there."""
        held = self.stories.get(story)
        if held is None:
            held = OpenStory(story, self._next_number)
            self._next_number += 1
            self.stories[story] = self._by_number[held.number] = held
            self.frequency.count_story(1)
        held.append(profile, relation)
        self._home[profile.key] = held
        self._post(held, profile)
        return held

    def _post(self, story: OpenStory, profile: Profile) -> None:
        terms = _terms(profile)
        new = [term for term in terms if term not in story.terms]
        for term in terms:
            story.terms[term] = story.terms.get(term, 0) + 1
        self.frequency.add(new)
        for term in new:
            insort(self._postings.setdefault(term, []), story.number)

    def replace(self, profile: Profile) -> Profile | None:
        """Put an article's new reading in the place of the old, which is given back."""
        story = self._home.get(profile.key)
        if story is None:
            return None
        place = next(i for i, a in enumerate(story.articles) if a.key == profile.key)
        old, story.articles[place] = story.articles[place], profile
        if (old.at, old.seen_at) != (profile.at, profile.seen_at):
            story.refresh_times()
        if place >= len(story.articles) - CENTRE_ARTICLES:
            story.refresh_centre()
        self._post(story, profile)
        self._unpost_one(story, old)
        return old

    def _unpost_one(self, story: OpenStory, profile: Profile) -> None:
        """Take an article's terms off its story, and the story off those that none holds now."""
        left = []
        for term in _terms(profile):
            story.terms[term] -= 1
            if not story.terms[term]:
                del story.terms[term]
                left.append(term)
        self._unpost([story], left)

    def drop(self, stories: Iterable[OpenStory]) -> Iterator[Profile]:
        """Let stories go; their articles are given back."""
        gone = list(stories)
        for story in gone:
            del self.stories[story.id], self._by_number[story.number]
            self.frequency.count_story(-1)
            for article in story.articles:
                del self._home[article.key]
        self._unpost(gone, None)
        return (article for story in gone for article in story.articles)

    def _unpost(self, stories: list[OpenStory], terms: Sequence[str] | None) -> None:
        """Take stories off the postings of `terms`, or of all their terms."""
        numbers = {story.number for story in stories}
        touched: dict[str, None] = {}
        for story in stories:
            leaving = story.terms if terms is None else terms
            self.frequency.remove(leaving)
            touched.update(dict.fromkeys(leaving))
        for term in touched:
            kept = [n for n in self._postings[term] if n not in numbers]
            if kept:
                self._postings[term] = kept
            else:
                del self._postings[term]

    def candidates(self, query: Mapping[str, float]) -> list[OpenStory]:
        """Find the stories that share most of a weighed query's heaviest terms."""
        heaviest = sorted(query, key=lambda term: (-query[term], term))[:QUERY_TERMS]
        scores: dict[int, float] = {}
        for term in heaviest:
            weight = query[term] ** 2
            for number in self._postings.get(term, ())[-POSTING_STORIES:]:
                scores[number] = scores.get(number, 0.0) + weight
        best = sorted(scores, key=lambda number: (-scores[number], number))[:CANDIDATES]
        return [self._by_number[number] for number in best]


def _terms(profile: Profile) -> dict[str, None]:
    return dict.fromkeys(profile.text.terms + profile.head.terms)
