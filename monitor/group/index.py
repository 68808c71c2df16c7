"""Place articles in stories: same article, copy, another report of an event, or the first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.group.copies import MIN_CONTAINMENT, CopyIndex
from monitor.group.form import form_in, without_form
from monitor.group.likeness import (
    RECENT_ARTICLES,
    Likeness,
    Query,
    ask,
    centre_cosine,
    compare,
    crowd_beside,
    is_elsewhere,
    renewed,
)
from monitor.group.packed import Packed, pack, read_stored, stored
from monitor.group.parts import Parts, parts_of
from monitor.group.profile import UNSEEN_SHARE, Profile, hours, read_article
from monitor.group.shelf import WINDOW_HOURS, HeldStory, OpenStory, Seated, Shelf, is_saga
from monitor.group.twins import Twins, twin_of
from monitor.group.weights import Model, default_model
from monitor.group.words import cut, fold
from monitor.model.article import Article
from monitor.model.keys import ArticleKey, StoryId, story_id
from monitor.model.story import Contribution, Placement, Relation

COMPARED = 6  # candidate stories that are compared in full
MAX_CONTRIBUTIONS = 5
MAX_SHARED_TERMS = 8
EVERYDAY_SHARE = 0.04  # of news at large; words of more articles ("Tuesday") make no event
LEAST_TELLING = 1.0  # nats below that share, of all words in common: one word of 1.5 %, say


@dataclass(frozen=True, slots=True)
class Judged:
    """Hold a candidate story with its probability."""

    likeness: Likeness
    score: float


class StoryIndex:
    """Hold the open stories of this workspace in memory; rebuilt from the tables on takeover.

    The same calls in the same order give the same placements, in every process. An index that
    was rebuilt with `restore`, from the articles of the open stories in the order of their
    placement or story by story, goes on as the one before would have. `common_terms` are the
    literal terms of the watch rules, folded or not, "*" at the end allowed.
    """

    def __init__(
        self, *, common_terms: frozenset[str] = frozenset(), model: Model | None = None
    ) -> None:
        self._model = model or default_model()
        self._shelf = Shelf(self._model.background.shares, common_terms)
        self._frequency = self._shelf.frequency
        self._copies = CopyIndex(self._shelf)

    @property
    def open_story_count(self) -> int:
        """Count the stories held."""
        return len(self._shelf.stories)

    @property
    def article_count(self) -> int:
        """Count the articles held."""
        return len(self._shelf)

    def place(self, article: Article, *, now: datetime) -> Placement:  # noqa: ARG002
        """Decide which story an article belongs to, and put it there.

        An article that is held already keeps its seat; its text is read anew. `now` is not read:
        time is the article's own, or a rebuilt index could not decide as the first one did.
        """
        profile = read_article(article, self._model.background)
        seat = self._shelf.seat_of(profile.key)
        if seat is not None:
            self._replace(seat, profile)
            home, relation = self._shelf.story_at(seat).id, self._shelf.relation_at(seat)
            return self._plain(profile, home, relation, 1.0, profile)
        form = form_in(article, profile, self._copies.sharers(profile))
        asking = profile
        if form:
            asking = read_article(without_form(article, form), self._model.background)
        placement = self._repeat(profile, asking, form) or self._report(article, asking)
        self._put(profile, placement.story, placement.relation)
        return placement

    def regrouping(self, placement: Placement) -> Twins | Parts | None:
        """Say whether an article that was just placed shows that two stories are one, or one two.

        Who merges or splits them has the index built anew, since articles are held in order of
        placement, without that one, and places it again.
        """
        held = self._shelf, self._frequency, self._model
        return twin_of(placement, *held) or parts_of(placement, *held)

    def restore(self, article: Article, placement_story: StoryId, relation: Relation) -> None:
        """Add an article where it was placed before; one that is held already is left alone."""
        if self._shelf.seat_of(article.key) is None:
            self._put(read_article(article, self._model.background), placement_story, relation)

    def read_stored(self, profile: bytes) -> Packed | None:
        """Read what `stored` gave; None if the article is to be read anew: by other rules."""
        return read_stored(profile, self._model.background.reading)

    def read(self, article: Article) -> Packed:
        """Read an article as `place` and `restore` do."""
        return pack(read_article(article, self._model.background), self._model.background.reading)

    def restore_all(self, articles: Sequence[Seated]) -> None:
        """Add articles that are not held where they were placed before, as they were read then."""
        for seat in self._shelf.put_all(articles):
            self._copies.add(seat)

    def settle(self) -> None:
        """Bring in order what was restored, or the next articles would wait for that."""
        self._copies.settle()

    def stored(self, article: ArticleKey) -> bytes | None:
        """Give what is held of an article, if it is, for `read_stored`."""
        seat = self._shelf.seat_of(article)
        if seat is None:
            return None
        return stored(self._shelf.packed_at(seat), self._shelf.terms_at(seat))

    def update(self, article: Article) -> None:
        """Read an article's new text; it keeps its story. One that is not held is ignored."""
        seat = self._shelf.seat_of(article.key)
        if seat is not None:
            self._replace(seat, read_article(article, self._model.background))

    def remove_before(self, moment: datetime) -> tuple[StoryId, ...]:
        """Let go of the stories whose articles were all first seen before a moment.

        Returns those that went. No article counts as published after it was first seen, so
        a seed of a past year, or an article that arrives late, is held as long as any other.
        Remove before placing: an index that is rebuilt from the tables holds no more than this.
        """
        hour = hours(moment)
        gone = [story for story in self._shelf.stories.values() if story.seen_at < hour]
        self._copies.remove(seat for story in gone for seat in self._shelf.seats_in(story))
        self._shelf.drop(gone)
        return tuple(story.id for story in gone)

    def _put(self, profile: Profile, story: StoryId, relation: Relation) -> None:
        packed = pack(profile, self._model.background.reading)
        self._copies.add(self._shelf.put(packed, story, relation))

    def _replace(self, seat: int, profile: Profile) -> None:
        self._copies.remove((seat,))
        self._shelf.replace(seat, pack(profile, self._model.background.reading))
        self._copies.add(seat)

    def _repeat(self, profile: Profile, asking: Profile, form: frozenset[int]) -> Placement | None:
        """Place an article that repeats a held one; `asking` is it without its form."""
        same = self._copies.same_as(profile)
        if same is not None:
            return self._plain(profile, self._home(same), Relation.SAME, 1.0, same)
        copy = self._copies.copy_of(asking, form)
        if copy is None:
            return None
        home = self._home(copy.original)
        return self._plain(profile, home, copy.relation, copy.share, copy.original)

    def _home(self, held: Profile) -> StoryId:
        seat = self._shelf.seat_of(held.key)
        assert seat is not None
        return self._shelf.story_at(seat).id

    def _plain(
        self, profile: Profile, story: StoryId, relation: Relation, share: float, near: Profile
    ) -> Placement:
        name = "same_article" if relation is Relation.SAME else "shared_passages"
        return Placement(
            article=profile.key,
            story=story,
            relation=relation,
            score=min(1.0, share),
            threshold=MIN_CONTAINMENT,
            model=self._model.version,
            contributions=(Contribution(name=name, value=share, weight=share),),
            nearest=near.key if near.key != profile.key else None,
        )

    def survey(self, profile: Profile) -> list[Likeness]:
        """Compare an article with every story it might belong to, as a model sees them."""
        query = ask(profile, self._frequency)
        return self._survey(query)

    def _survey(self, query: Query) -> list[Likeness]:
        found = self._shelf.candidates(query.text)
        near = [story for story in found if _is_near(query.profile, story)]
        frequency, centres = self._frequency, {s.id: self._shelf.centre(s) for s in near}
        cosines = {
            name: centre_cosine(query.text, centre, frequency) for name, centre in centres.items()
        }
        near.sort(key=lambda story: (-cosines[story.id], story.id))
        shown = [
            self._shelf.show(story, centres[story.id], RECENT_ARTICLES)
            for story in near[:COMPARED]
        ]
        telling = [story for story in shown if self._is_telling(query, story)]
        return [
            compare(query, story, frequency, own, crowd_beside(own, cosines.values()))
            for story, own in ((story, cosines[story.id]) for story in telling)
        ]

    def _report(self, article: Article, profile: Profile) -> Placement:
        """Place an article by the event it reports, or open a story with it."""
        query = ask(profile, self._frequency)
        judged = [self._judge(profile, likeness) for likeness in self._survey(query)]
        judged.sort(key=lambda one: (-one.score, one.likeness.story.id))
        reaching = [one for one in judged if one.score >= self._model.threshold]
        here = [one for one in reaching if not is_elsewhere(profile, one.likeness.story)]
        joined = next((one for one in here if not is_saga(one.likeness.story, profile.at)), None)
        shown = joined or (judged[0] if judged else None)
        rest = next((one for one in judged if one is not joined), None)
        contributions = self._model.reasons(shown.likeness.values) if shown else ()
        if here and not joined:
            contributions = (_continues(profile, here[0]), *contributions)
        elif reaching and not joined:
            contributions = (_ELSEWHERE, *contributions)
        return Placement(
            article=profile.key,
            story=joined.likeness.story.id if joined else story_id(profile.key),
            relation=Relation.EVENT if joined else Relation.FIRST,
            score=shown.score if shown else 0.0,
            threshold=self._model.threshold,
            model=self._model.version,
            contributions=contributions[:MAX_CONTRIBUTIONS],
            shared_terms=self._shared(article, query, shown.likeness) if shown else (),
            nearest=joined.likeness.nearest.key if joined else None,
            rejected=(rest.likeness.story.id, rest.score) if rest else None,
            continues=here[0].likeness.story.id if here and not joined else None,
        )

    def _judge(self, profile: Profile, likeness: Likeness) -> Judged:
        """Score a candidate; one too old to join as if it began with its nearest article.

        So an article is said to continue a saga as it would have joined it when it was young.
        """
        if is_saga(likeness.story, profile.at):
            likeness = renewed(profile, likeness)
        return Judged(likeness, self._model.score(likeness.values))

    def _is_telling(self, query: Query, story: OpenStory) -> bool:
        """Tell whether an article and a story have more in common than everyday words."""
        shares, told = self._model.background.shares, story.terms
        is_watched = self._frequency.is_watched
        common = [
            shares.get(term, 0.0)
            for term in query.everything
            if term in told and not is_watched(term)
        ]
        rare = [max(share, UNSEEN_SHARE) for share in common if share < EVERYDAY_SHARE]
        return math.fsum(math.log(EVERYDAY_SHARE / share) for share in rare) >= LEAST_TELLING

    def _shared(self, article: Article, query: Query, likeness: Likeness) -> tuple[str, ...]:
        theirs: Mapping[str, float] = ask(likeness.nearest, self._frequency).text
        both = {term: value * theirs[term] for term, value in query.text.items() if term in theirs}
        terms = sorted(both, key=lambda term: (-both[term], term))[:MAX_SHARED_TERMS]
        written: dict[str, str] = {}
        for word in cut(article.title[:400] + "\n" + article.body[:5000]):
            written.setdefault(fold(word), word)
        return tuple(written.get(term, term) for term in terms)


_ELSEWHERE = Contribution(name="elsewhere", value=1.0, weight=0.0)


def _is_near(profile: Profile, story: HeldStory) -> bool:
    return story.first_at - WINDOW_HOURS <= profile.at <= story.last_at + WINDOW_HOURS


def _continues(profile: Profile, judged: Judged) -> Contribution:
    """Note that the article goes on with a saga too old to take it; the value is its days."""
    days = abs(profile.at - judged.likeness.story.first_at) / 24
    return Contribution(name="continues", value=days, weight=0.0)
