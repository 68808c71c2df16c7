"""Promises of weighing how like an article the other stories are."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.group import StoryIndex, default_model
from monitor.group.likeness import CROWD_DOUBT, FEATURES, USUAL_CROWD, crowd_beside
from monitor.group.profile import read_article
from monitor.model.article import Article

Build = Callable[..., Article]
COSINES = st.floats(0, 1)
STRIKE = "Dockers at the port of Belmora vote for a strike over wages and night shifts."
LATER = "Night shifts: dockers of Belmora will strike on Monday, their union says after the vote."
UNLIKE = (
    "A gallery in Quell hangs forgotten water colours of lighthouses.",
    "Scientists count more otters along the upper Tarn than in decades.",
)
ALIKE = (
    "Dockers of Norvane end a strike over wages at the port.",
    "Union of dockers at the port of Sarnholt asks for higher wages after a vote.",
)


@given(own=COSINES, others=st.lists(COSINES, max_size=30))
def test_a_crowd_is_the_mean_of_the_others_and_some_usual_ones(
    own: float, others: list[float]
) -> None:
    expected = fmean([*others, *[USUAL_CROWD] * CROWD_DOUBT])
    assert crowd_beside(own, [*others, own]) == pytest.approx(expected, abs=1e-12)


def test_a_crowd_does_not_depend_on_the_order_of_stories() -> None:
    cosines = [0.1, 0.7, 0.2, 0.3, 1e-17, 0.05]
    assert crowd_beside(0.2, cosines) == crowd_beside(0.2, cosines[::-1])


def test_the_only_story_has_the_usual_crowd(build: Build) -> None:
    assert _seen(build, ())["crowd"] == USUAL_CROWD


def test_where_all_is_alike_being_alike_tells_less(build: Build) -> None:
    among_unlike, among_alike = _seen(build, UNLIKE), _seen(build, ALIKE)
    assert among_unlike["crowd"] < among_alike["crowd"]


def _seen(build: Build, others: tuple[str, ...]) -> dict[str, float]:
    """Give the features of a report and its story as they are seen among others."""
    index = StoryIndex()
    strike = build("strike", "", STRIKE)
    placed = index.place(strike, now=strike.first_seen_at)
    for number, text in enumerate(others):
        other = build(f"other {number}", "", text)
        index.place(other, now=other.first_seen_at)
    profile = read_article(build("later", "", LATER), default_model().background)
    surveyed = {likeness.story.id: likeness for likeness in index.survey(profile)}
    return dict(zip(FEATURES, surveyed[placed.story].values, strict=True))
