"""Compare an article with an open story: the features that the event model weighs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.group.frequency import Frequency
from monitor.group.profile import Profile, Vector
from monitor.group.shelf import OpenStory

RECENT_ARTICLES = 4
# differences below these say little: feeds arrive late, and a first day has no fixed pace
GAP_HOURS = 6.0
AGE_HOURS = 24.0

FEATURES = (
    "text",
    "nearest_text",
    "head",
    "title",
    "names",
    "covered",
    "covers",
    "agreement",
    "spelling",
    "numbers",
    "gap",
    "age",
)
"""Names of the features, in the order of `Likeness.values`."""


@dataclass(frozen=True, slots=True)
class Query:
    """Hold an article's terms weighed by present rarity, each vector of length 1."""

    profile: Profile
    text: Mapping[str, float]
    head: Mapping[str, float]
    everything: frozenset[str]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Say how like an article and a story are; `values` follow `FEATURES`."""

    story: OpenStory
    nearest: Profile
    values: tuple[float, ...]


def ask(profile: Profile, frequency: Frequency) -> Query:
    """Weigh an article's terms for comparisons."""
    text, head = _weigh(profile.text, frequency), _weigh(profile.head, frequency)
    return Query(profile, text, head, frozenset(text) | frozenset(head))


def _weigh(vector: Vector, frequency: Frequency) -> dict[str, float]:
    top = frequency.ceiling
    pairs = zip(vector.terms, vector.weights, strict=True)
    raw = {term: weight * (top - frequency.log_of(term)) for term, weight in pairs}
    length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
    return {term: value / length for term, value in raw.items()}


def compare(query: Query, story: OpenStory, frequency: Frequency, centre: float) -> Likeness:
    """Compute every feature of an article and a story; `centre` is their `centre_cosine`."""
    mine = query.profile
    recent = story.articles[-RECENT_ARTICLES:]
    texts = [_cosine(query.text, a.text, frequency)[0] for a in recent]
    heads = [_cosine(query.head, a.head, frequency, query.everything) for a in recent]
    nearest = recent[max(range(len(recent)), key=lambda i: (texts[i], i))]
    covered = sum(v * v for t, v in query.head.items() if t in story.terms)
    values = (
        centre,
        max(texts),
        max(head for head, _ in heads),
        max(_overlap(mine.title, a.title, frequency) for a in recent),
        max(_overlap(mine.names, a.names, frequency) for a in recent),
        covered,
        max(cover for _, cover in heads),
        max(_agreement(query.everything, mine, story, a) for a in recent),
        max(_common(mine.skeletons, a.skeletons) for a in recent),
        max(_common(mine.numbers, a.numbers) for a in recent),
        math.log1p(min(gap_hours(mine, a) for a in recent) / GAP_HOURS),
        math.log1p(_age_hours(mine, story) / AGE_HOURS),
    )
    return Likeness(story, nearest, values)


def is_elsewhere(mine: Profile, story: OpenStory) -> bool:
    """Tell headlines of other events: one has Quetta where the other has Tokyo.

    That is: after the same word each has a name of its own that the other never says. It takes
    all the newest articles of a story to be short and to differ so.
    """
    recent = story.articles[-RECENT_ARTICLES:]
    return bool(mine.places) and all(_differ(mine, other) for other in recent)


def _differ(mine: Profile, other: Profile) -> bool:
    held, own = frozenset(other.text.terms), frozenset(mine.text.terms)
    theirs = {before: name for before, name in other.places if name not in own}
    return any(before in theirs for before, name in mine.places if name not in held)


def gap_hours(one: Profile, other: Profile) -> float:
    """Give the hours between two articles, as far as their dates tell.

    Where one or both are known to the day, two articles of one day are not 0 hours apart but as
    far as such moments are on average: 6 hours for one date, 8 for two.
    """
    floor = math.hypot(one.slack, other.slack)
    return max(abs(one.at - other.at), floor)


def _age_hours(mine: Profile, story: OpenStory) -> float:
    """Give how far an article reaches from a story's far end, whichever came first.

    Feeds bring the past too: an article older than the story is as much of another day.
    """
    return max(0.0, mine.at - story.first_at, story.last_at - mine.at)


def _cosine(
    query: Mapping[str, float],
    vector: Vector,
    frequency: Frequency,
    known: frozenset[str] = frozenset(),
) -> tuple[float, float]:
    """Give the cosine, and the share of the vector's weight that stands in `known`."""
    top, logs = frequency.ceiling, frequency.logs
    dot = length = cover = 0.0
    for term, weight in zip(vector.terms, vector.weights, strict=True):
        value = weight * (top - logs[term])
        length += value * value
        if term in query:
            dot += query[term] * value
        if term in known:
            cover += value * value
    return (dot / math.sqrt(length), cover / length) if length else (0.0, 0.0)


def centre_cosine(
    query: Mapping[str, float], centre: Mapping[str, int], frequency: Frequency
) -> float:
    """Give the cosine of a weighed query and a story's centre."""
    # fsum: a rebuilt centre may hold its terms in another order, and the sum must not tell
    top, logs = frequency.ceiling, frequency.logs
    length = math.fsum(
        [(value := weight * (top - logs[term])) * value for term, weight in centre.items()]
    )
    dot = math.fsum(
        [q * (centre[term] * (top - logs[term])) for term, q in query.items() if term in centre]
    )
    return dot / math.sqrt(length) if length else 0.0


def _overlap(one: frozenset[str], other: frozenset[str], frequency: Frequency) -> float:
    """Give the cosine of two sets of terms, each weighed by its rarity."""
    if not one or not other:
        return 0.0
    shared = one & other
    if not shared:
        return 0.0
    both = _mass(one, frequency) * _mass(other, frequency)
    return _mass(shared, frequency) / math.sqrt(both) if both else 0.0


def _mass(terms: frozenset[str], frequency: Frequency) -> float:
    # fsum: a set has another order in each process, and the sum must not
    top = frequency.ceiling
    return math.fsum((top - frequency.log_of(term)) ** 2 for term in terms)


def _agreement(
    everything: frozenset[str], mine: Profile, story: OpenStory, other: Profile
) -> float:
    """Give how far each head stands in the other's texts: the lesser of the two shares.

    Terms weigh here as in news at large, not as in this workspace: that all our stories speak of
    Meta makes it no proof of one event, but an article that never names it is of another.
    """
    there = math.fsum(value for term, value in mine.marks if term in story.terms)
    here = math.fsum(value for term, value in other.marks if term in everything)
    return min(there, here)


def _common(one: frozenset[str], other: frozenset[str]) -> float:
    """Give the share of the smaller set that both hold, damped for small sets."""
    return len(one & other) / (min(len(one), len(other)) + 2)
