"""Find out that a young story is two: later reports may show what the first ones did not.

It is the reverse of `twins`: a round-up, say, has tied two events together. The articles fall in
two parts by how like they are to each other, and each part is asked of the other, and of itself,
by the model that places articles. That is asked when an article has joined, so nothing is looked
for and nothing depends on when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import neg
from statistics import fmean

from monitor.group.frequency import Frequency
from monitor.group.likeness import RECENT_ARTICLES, weigh
from monitor.group.profile import Profile
from monitor.group.shelf import WINDOW_HOURS, Shelf, story_of
from monitor.group.twins import TWIN_SCORE, ends, mean_score
from monitor.group.weights import Model
from monitor.model.keys import ArticleKey, StoryId
from monitor.model.story import COPIES, Placement, Relation

SURER = 4.0  # odds of belonging to the own part, over those of belonging to the other
PART_REPORTS = 2  # of one alone the model has judged with all that it had
YOUNG_REPORTS = 12  # each is compared with each; copies are none
MOST_ARTICLES = 48  # with copies

_Mean = Callable[[Sequence[Profile], Sequence[Profile]], float]


@dataclass(frozen=True, slots=True)
class Parts:
    """Name the articles of a story that are of another event than its first one."""

    story: StoryId
    articles: tuple[ArticleKey, ...]

    @property
    def stories(self) -> tuple[StoryId]:
        """Give the one story, as `Twins` do theirs."""
        return (self.story,)


def parts_of(
    placement: Placement, shelf: Shelf, frequency: Frequency, model: Model
) -> Parts | None:
    """Say what is to leave the story that an article has just joined, if it is young and is two.

    The article itself is not named: it is placed anew when the story has been split.
    """
    story = shelf.stories[placement.story]
    if placement.relation is not Relation.EVENT or story.last_at - story.first_at > WINDOW_HOURS:
        return None
    if len(story.articles) > MOST_ARTICLES:
        return None
    seats = shelf.seats_in(story)
    own = [seat for seat in seats if shelf.relation_at(seat) not in COPIES]
    if not 2 * PART_REPORTS <= len(own) <= YOUNG_REPORTS:
        return None
    profiles = [shelf.profile_at(seat) for seat in own]
    vectors = [weigh(one.text, frequency) for one in profiles]
    parts = halves(vectors)
    stay, leave = ([profiles[place] for place in part] for part in parts)
    if min(len(stay), len(leave)) < PART_REPORTS:
        return None

    def mean(asking: Sequence[Profile], asked: Sequence[Profile]) -> float:
        shown = story_of(story.id, asked, RECENT_ARTICLES)
        return mean_score(asking, shown, frequency, model)

    if not _are_two(stay, leave, mean):
        return None
    leaving = {own[place] for place in parts[1]}
    for seat in set(seats).difference(own):  # a copy goes with what it is likest
        text = weigh(shelf.profile_at(seat).text, frequency)
        if max(range(len(own)), key=lambda place: _dot(text, vectors[place])) in parts[1]:
            leaving.add(seat)
    keys = (shelf.profile_at(seat).key for seat in sorted(leaving))
    return Parts(story.id, tuple(key for key in keys if key != placement.article))


def _are_two(stay: Sequence[Profile], leave: Sequence[Profile], mean: _Mean) -> bool:
    """Tell whether either part belongs to itself much more surely than to the other."""
    together = max(mean(ends(leave), stay), mean(ends(stay), leave))
    if together > TWIN_SCORE:
        return False  # were they two stories, they would be merged
    apart = min(
        fmean(mean([one], [other for other in part if other is not one]) for one in ends(part))
        for part in (stay, leave)
    )
    return apart >= TWIN_SCORE and apart * (1 - together) >= SURER * together * (1 - apart)


def halves(vectors: Sequence[Mapping[str, float]]) -> tuple[list[int], list[int]]:
    """Part articles in two: the two likest groups are put together until two are left.

    How like groups are is the mean cosine of their articles (average linkage). The first group
    has the first article; places are in order.
    """
    groups = {place: [place] for place in range(len(vectors))}
    sums = {pair: _dot(*(vectors[place] for place in pair)) for pair in combinations(groups, 2)}
    while len(groups) > 2:
        one, other = max(
            sums, key=lambda pair: (_linkage(sums[pair], groups, pair), *map(neg, pair))
        )
        groups[one] += groups.pop(other)
        gone = {pair: sums.pop(pair) for pair in list(sums) if other in pair}
        for (first, second), cosines in gone.items():
            third = second if first == other else first
            if third != one:
                sums[min(one, third), max(one, third)] += cosines
    stay, leave = (sorted(groups[name]) for name in sorted(groups))
    return stay, leave


def _linkage(cosines: float, groups: Mapping[int, list[int]], pair: tuple[int, int]) -> float:
    return cosines / (len(groups[pair[0]]) * len(groups[pair[1]]))


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(value * other[term] for term, value in one.items() if term in other)
