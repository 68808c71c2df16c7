"""Find out that two stories are one: later reports may show what the first ones did not.

Two stories are judged by the model that places articles: some articles of either are asked of the
other. It is asked when an article has joined one of them and would have joined the other as
surely, so nothing is looked for and nothing depends on when.
"""

from __future__ import annotations

from collections.abc import Iterator

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
from monitor.group.shelf import MAX_AGE_HOURS, HeldStory, Shelf
from monitor.group.weights import Model
from monitor.model.keys import StoryId
from monitor.model.story import Placement, Relation

TWIN_SCORE = 0.7  # .8 leaves bursts in parts, .6 joins others: UCI .891, .903, .901
ASKED_ARTICLES = 4  # of either story: its first and its newest


def twin_of(
    placement: Placement, shelf: Shelf, frequency: Frequency, model: Model
) -> StoryId | None:
    """Give the story that is one with that which an article has just joined; None without one."""
    if placement.relation is not Relation.EVENT or placement.rejected is None:
        return None
    name, score = placement.rejected
    one, other = shelf.stories[placement.story], shelf.stories[name]
    if score < TWIN_SCORE or _span(one, other) > MAX_AGE_HOURS:
        return None
    both = ((one, other), (other, one))
    is_one = all(_holds(asking, asked, shelf, frequency, model) for asking, asked in both)
    return name if is_one else None


def _span(one: HeldStory, other: HeldStory) -> float:
    return max(one.last_at, other.last_at) - min(one.first_at, other.first_at)


def _holds(
    asking: HeldStory, asked: HeldStory, shelf: Shelf, frequency: Frequency, model: Model
) -> bool:
    """Tell whether the articles of one story would join another, on average."""
    centre = shelf.centre(asked)
    shown = shelf.show(asked, centre, RECENT_ARTICLES)
    scores = []
    for profile in _asking(asking, shelf):
        if is_elsewhere(profile, shown):
            return False
        query = ask(profile, frequency)
        cosine = centre_cosine(query.text, centre, frequency)
        likeness = compare(query, shown, frequency, cosine, USUAL_CROWD)
        scores.append(model.score(likeness.values))
    return sum(scores) / len(scores) >= TWIN_SCORE


def _asking(story: HeldStory, shelf: Shelf) -> Iterator[Profile]:
    seats = shelf.seats_in(story)
    newest = seats[max(1, len(seats) - ASKED_ARTICLES + 1) :]
    return map(shelf.profile_at, (seats[0], *newest))
