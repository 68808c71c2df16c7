"""Find out that two stories are one: later reports may show what the first ones did not.

Two stories are judged by the model that places articles: some articles of either are asked of the
other. It is asked when an article has joined one of them and would have joined the other as
surely, so nothing is looked for and nothing depends on when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from monitor.group.frequency import Frequency
from monitor.group.likeness import (
    RECENT_ARTICLES,
    USUAL_CROWD,
    ask,
    centre_cosine,
    compare,
    is_elsewhere,
)
from monitor.group.profile import Profile
from monitor.group.shelf import MAX_AGE_HOURS, HeldStory, OpenStory, Shelf
from monitor.group.weights import Model
from monitor.model.keys import StoryId
from monitor.model.story import Placement, Relation

T = TypeVar("T")

TWIN_SCORE = 0.7  # .8 leaves bursts in parts, .6 joins others: UCI .891, .903, .901
ASKED_ARTICLES = 4  # of either story: its first and its newest


@dataclass(frozen=True, slots=True)
class Twins:
    """Name two stories that are one."""

    stories: tuple[StoryId, StoryId]


def twin_of(
    placement: Placement, shelf: Shelf, frequency: Frequency, model: Model
) -> Twins | None:
    """Give the story that an article has just joined and the one it is one with, if any."""
    if placement.relation is not Relation.EVENT or placement.rejected is None:
        return None
    name, score = placement.rejected
    one, other = shelf.stories[placement.story], shelf.stories[name]
    if score < TWIN_SCORE or _span(one, other) > MAX_AGE_HOURS:
        return None
    for asking, asked in ((one, other), (other, one)):
        shown = shelf.show(asked, shelf.centre(asked), RECENT_ARTICLES)
        profiles = [shelf.profile_at(seat) for seat in ends(shelf.seats_in(asking))]
        if any(is_elsewhere(profile, shown) for profile in profiles):
            return None
        if mean_score(profiles, shown, frequency, model) < TWIN_SCORE:
            return None
    return Twins((placement.story, name))


def _span(one: HeldStory, other: HeldStory) -> float:
    return max(one.last_at, other.last_at) - min(one.first_at, other.first_at)


def ends(articles: Sequence[T]) -> Sequence[T]:
    """Choose the articles that ask for a story: its first and its newest."""
    return [articles[0], *articles[max(1, len(articles) - ASKED_ARTICLES + 1) :]]


def mean_score(
    asking: Sequence[Profile], shown: OpenStory, frequency: Frequency, model: Model
) -> float:
    """Give the mean probability that articles belong to a story, from 0 to 1."""
    scores = [_score(profile, shown, frequency, model) for profile in asking]
    return sum(scores) / len(scores)


def _score(profile: Profile, shown: OpenStory, frequency: Frequency, model: Model) -> float:
    if is_elsewhere(profile, shown):
        return 0.0
    query = ask(profile, frequency)
    cosine = centre_cosine(query.text, shown.centre, frequency)
    return model.score(compare(query, shown, frequency, cosine, USUAL_CROWD).values)
