"""Compare an article with an open story: the features that the event model weighs."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import NamedTuple

from monitor.group.frequency import Frequency
from monitor.group.profile import DAY_SLACK_HOURS, Profile, Vector
from monitor.group.shelf import OpenStory

RECENT_ARTICLES = 4
# differences below these say little: feeds arrive late, and a first day has no fixed pace
GAP_HOURS = 6.0
LEAST_GAP_HOURS = 1.0  # moments are rounded, and polls bring an hour's news at once
AGE_HOURS = 24.0

FEATURES = (
    "text",
    "nearest_text",
    "shared",
    "head_shared",
    "title",
    "names",
    "names_told",
    "core",
    "core_names",
    "covered",
    "covers",
    "deeds",
    "spelling",
    "numbers",
    "gap",
    "age",
    "crowd",
)
"""Names of the features, in the order of `Likeness.values`."""

# a share of few names says little: it is drawn to 1/2 as by one rare name half in common
ONE_NAME = 36.0  # squared rarity of a name that no held story has, about
FEW_WORDS = 4 * ONE_NAME
USUAL_COSINE = 0.25  # mean over training pairs: the cosine that says nothing
USUAL_CROWD = 0.12  # set by hand before training, whose pairs have a mean of .15 with it
CROWD_DOUBT = 4  # as by so many stories, a crowd is drawn to that
NAMES_DOUBT = 0.05  # the same for names in a centre, as a share of the centre's weight


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold some terms of an article and their sum of squared rarities."""

    terms: AbstractSet[str]
    mass: float


@dataclass(frozen=True, slots=True)
class Query:
    """Hold an article's terms weighed by present rarity, each vector of length 1.

    `deeds` are the terms of its head that are no names, `head_names` those that are. `mass` is
    the sum of the squared rarities of the text's terms.
    """

    profile: Profile
    mass: float
    text: Mapping[str, float]
    head: Mapping[str, float]
    everything: frozenset[str]
    title: Terms
    names: Terms
    head_names: Terms
    deeds: Terms


@dataclass(frozen=True, slots=True)
class Likeness:
    """Say how like an article and a story are; `values` follow `FEATURES`."""

    story: OpenStory
    nearest: Profile
    values: tuple[float, ...]


def ask(profile: Profile, frequency: Frequency) -> Query:
    """Weigh an article's terms for comparisons."""
    text, head = weigh(profile.text, frequency), weigh(profile.head, frequency)
    mass = _mass(text.keys(), frequency)
    named = head.keys() & profile.names

    def weighed(terms: AbstractSet[str]) -> Terms:
        return Terms(terms, _mass(terms, frequency))

    return Query(
        profile=profile,
        mass=mass,
        text=text,
        head=head,
        everything=frozenset(text) | frozenset(head),
        title=weighed(profile.title),
        names=weighed(profile.names),
        head_names=weighed(named),
        deeds=weighed(head.keys() - named),
    )


def weigh(vector: Vector, frequency: Frequency) -> dict[str, float]:
    """Weigh terms by present rarity; the vector that comes out has length 1, or no terms."""
    top = frequency.ceiling
    pairs = zip(vector.terms, vector.weights, strict=True)
    raw = {term: weight * (top - frequency.log_of(term)) for term, weight in pairs}
    length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
    return {term: value / length for term, value in raw.items()}


def compare(
    query: Query, story: OpenStory, frequency: Frequency, centre: float, crowd: float
) -> Likeness:
    """Compute every feature of an article and a story.

    `centre` is their `centre_cosine`; `crowd` what `crowd_beside` gives, or USUAL_CROWD.
    """
    mine = query.profile
    recent = story.articles[-RECENT_ARTICLES:]
    texts = [_cosine(query.text, a.text, frequency) for a in recent]
    heads = [_cosine(query.head, a.head, frequency, query.everything) for a in recent]
    best = max(range(len(recent)), key=lambda i: (texts[i].cosine, i))
    spelt = frozenset[str]().union(*(a.skeletons for a in recent))
    core, core_names = _core_held(query, story, frequency)
    values = (
        _drawn(centre, query.mass),
        _drawn(texts[best].cosine, query.mass),
        math.log1p(texts[best].common),
        math.log1p(max(head.common for head in heads)),
        max(_overlap(query.title, a.title, frequency) for a in recent),
        max(_overlap(query.names, a.names, frequency) for a in recent),
        _names_told(query, story, frequency),
        core,
        core_names,
        math.fsum(v * v for t, v in query.head.items() if t in story.terms),
        max(head.cover for head in heads),
        max(_overlap(query.deeds, set(a.head.terms) - a.names, frequency) for a in recent),
        (len(mine.skeletons & spelt) + 1) / (len(mine.skeletons) + 2),
        max(_common(mine.numbers, a.numbers) for a in recent),
        math.log1p(min(gap_hours(mine, a) for a in recent) / GAP_HOURS),
        math.log1p(_age_hours(mine, story, recent) / AGE_HOURS),
        crowd,
    )
    return Likeness(story, recent[best], values)


def renewed(mine: Profile, likeness: Likeness) -> Likeness:
    """Give a likeness as if the story had just begun."""
    least = math.log1p(_least_age(mine, likeness.story.articles[-RECENT_ARTICLES:]) / AGE_HOURS)
    pairs = zip(FEATURES, likeness.values, strict=True)
    return replace(likeness, values=tuple(least if name == "age" else v for name, v in pairs))


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
    far as such moments are on average: 6 hours for one date, 8 for two; 12 or 17 without dates.
    """
    floor = max(LEAST_GAP_HOURS, math.hypot(one.slack, other.slack))
    return max(abs(one.at - other.at), floor)


def _age_hours(mine: Profile, story: OpenStory, recent: Sequence[Profile]) -> float:
    """Give how far an article reaches from a story's far end, whichever came first.

    Feeds bring the past too: an article older than the story is as much of another day.
    """
    least = _least_age(mine, recent)
    return max(least, mine.at - story.first_at, story.last_at - mine.at)


def _least_age(mine: Profile, recent: Sequence[Profile]) -> float:
    """Give the age of a story that begins; where one has no date, to come at once tells little."""
    return max(DAY_SLACK_HOURS, mine.slack, *(one.slack for one in recent)) - DAY_SLACK_HOURS


class _Cosine(NamedTuple):
    """Hold a cosine, the vector's share that is known, and the rarity of all that is common."""

    cosine: float
    cover: float
    common: float


def _cosine(
    query: Mapping[str, float],
    vector: Vector,
    frequency: Frequency,
    known: frozenset[str] = frozenset(),
) -> _Cosine:
    """Compare a weighed query with a vector; `known` are the terms that count as covered."""
    top, logs = frequency.ceiling, frequency.logs
    dot = length = cover = common = 0.0
    for term, weight in zip(vector.terms, vector.weights, strict=True):
        rarity = top - logs[term]
        value = weight * rarity
        length += value * value
        if term in query:
            dot += query[term] * value
            common += rarity
        if term in known:
            cover += value * value
    if not length:
        return _Cosine(0.0, 0.0, 0.0)
    return _Cosine(dot / math.sqrt(length), cover / length, common)


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


def crowd_beside(own: float, cosines: Collection[float]) -> float:
    """Give how like an article the other stories are: the mean of all cosines but its `own`.

    Where all that a workspace receives is alike, being alike tells little. Without others the
    crowd is the usual one: that there is no rival is no reason to join (the margin over a
    runner-up, tried by others, glued the first stories of small workspaces together).
    """
    others = math.fsum(cosines) - own
    return (others + USUAL_CROWD * CROWD_DOUBT) / (len(cosines) - 1 + CROWD_DOUBT)


def _drawn(cosine: float, mass: float) -> float:
    """Draw the cosine of an article that says little to what says nothing."""
    return (cosine * mass + USUAL_COSINE * FEW_WORDS) / (mass + FEW_WORDS)


def _core_held(query: Query, story: OpenStory, frequency: Frequency) -> tuple[float, float]:
    """Give the share of a centre's weight whose terms the article has, and that of its names.

    The latter is drawn to 1/2 where names weigh little in the centre.
    """
    top, logs, known = frequency.ceiling, frequency.logs, query.everything
    names = frozenset[str]().union(*(a.names for a in story.articles[-RECENT_ARTICLES:]))
    masses = {t: (weight * (top - logs[t])) ** 2 for t, weight in story.centre.items()}
    whole = math.fsum(masses.values())
    if not whole:
        return 0.0, 0.5
    held = math.fsum([mass for term, mass in masses.items() if term in known])
    named = [(term, masses[term]) for term in names if term in masses]
    named_held = math.fsum([mass for term, mass in named if term in known])
    doubt = NAMES_DOUBT * whole
    of_names = math.fsum([mass for _, mass in named]) + doubt
    return held / whole, (named_held + doubt / 2) / of_names


def _names_told(query: Query, story: OpenStory, frequency: Frequency) -> float:
    """Give the share of the names in an article's head that the story has, by rarity."""
    told = _mass({name for name in query.head_names.terms if name in story.terms}, frequency)
    return (told + ONE_NAME / 2) / (query.head_names.mass + ONE_NAME)


def _overlap(mine: Terms, other: AbstractSet[str], frequency: Frequency) -> float:
    """Give the cosine of two sets of terms, each weighed by its rarity."""
    shared = mine.terms & other
    if not shared:
        return 0.0
    both = mine.mass * _mass(other, frequency)
    return _mass(shared, frequency) / math.sqrt(both) if both else 0.0


def _mass(terms: AbstractSet[str], frequency: Frequency) -> float:
    # fsum: a set has another order in each process, and the sum must not
    top = frequency.ceiling
    return math.fsum((top - frequency.log_of(term)) ** 2 for term in terms)


def _common(one: frozenset[str], other: frozenset[str]) -> float:
    """Give by how much most of the smaller set is held by both, damped for small sets.

    0 to 1/2; sets that differ give 0 as those that are empty do: counts of the dead or the fined
    differ between reports of one event, and must not veto.
    """
    return max(0.0, (len(one & other) + 1) / (min(len(one), len(other)) + 2) - 0.5)
