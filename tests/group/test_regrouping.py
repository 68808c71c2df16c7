"""Promises of finding out that two stories are one, or that one is two."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.articles import source
from services.regroupings import round_up, twins

from monitor.group import StoryIndex
from monitor.group import parts as parts_room
from monitor.group import twins as twins_room
from monitor.group.parts import Parts, halves
from monitor.group.twins import Twins
from monitor.model.article import Article
from monitor.model.keys import ArticleKey
from monitor.model.story import Placement, Relation

Build = Callable[..., Article]
Found = Twins | Parts | None
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for less than the product does: these texts are made up."""
    monkeypatch.setattr(twins_room, "TWIN_SCORE", 0.4)


def place_all(articles: Sequence[Article]) -> tuple[StoryIndex, list[Placement], list[Found]]:
    index, placed, found = StoryIndex(), [], []
    for one in articles:
        placed.append(index.place(one, now=NOW))
        found.append(index.regrouping(placed[-1]))
    return index, placed, found


@pytest.mark.usefixtures("eager")
def test_stories_are_one_once_reports_of_both_are_in_either() -> None:
    _, placed, found = place_all(twins(NOW))
    one, other = placed[0].story, placed[1].story
    assert one != other
    assert not any(found[:2])
    assert all(isinstance(each, Twins) for each in found[2:])
    assert found[-1] is not None
    assert {*found[-1].stories} == {one, other}


def test_stories_of_which_one_report_is_from_elsewhere_stay_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One is enough: the mean of the others would make up for it."""
    second = twins(NOW)[1].key
    monkeypatch.setattr(twins_room, "TWIN_SCORE", 0.2)
    assert place_all(twins(NOW))[2][-1] is not None
    monkeypatch.setattr(twins_room, "is_elsewhere", lambda one, _: one.key == second)
    assert not any(place_all(twins(NOW))[2])


def test_stories_that_together_would_be_too_old_stay_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(twins_room, "TWIN_SCORE", 0.0)  # age alone keeps them apart
    first, *reports = twins(NOW)
    early = [
        replace(first, key=ArticleKey(f"early{days}"), published_at=at, first_seen_at=at)
        for days in (15, 9, 3)
        for at in (NOW - timedelta(days=days),)
    ]
    _, placed, found = place_all([*early, *reports])
    assert len({placement.story for placement in placed[:3]}) == 1
    assert placed[-1].rejected is not None
    assert placed[-1].rejected[0] == placed[0].story
    assert not any(found)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("reports", [twins, round_up])
def test_only_an_article_that_joined_asks(reports: Callable[..., list[Article]]) -> None:
    index, placed, found = place_all(reports(NOW))
    assert found[-1] is not None
    again = index.place(replace(reports(NOW)[-1], key=placed[0].article), now=NOW)
    assert index.regrouping(again) is None


def test_a_round_up_ties_two_events_until_reports_show_that_they_are_two() -> None:
    _, placed, found = place_all(round_up(NOW))
    assert len({placement.story for placement in placed}) == 1
    assert not any(found[:8])
    others = [one.article for one in placed[1::2]]
    assert found[8] == Parts(placed[0].story, tuple(others[:4]))
    assert found[9] == Parts(placed[0].story, tuple(others[:4]))  # without the one that asks
    assert found[10] == Parts(placed[0].story, tuple(others))


@pytest.mark.parametrize(("hours", "is_two"), [(20.0, True), (21.5, False)])
def test_a_story_that_is_told_for_more_than_a_week_is_left_alone(
    hours: float, is_two: bool
) -> None:
    slow = [
        replace(one, published_at=at, first_seen_at=at, fetched_at=at)
        for place, one in enumerate(round_up(NOW, number=9))
        for at in (NOW + place * timedelta(hours=hours),)
    ]
    _, placed, found = place_all(slow)
    assert len({placement.story for placement in placed}) == 1
    assert (found[-1] is not None) == is_two


def test_a_story_of_many_articles_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_room, "YOUNG_REPORTS", 8)
    assert not any(place_all(round_up(NOW))[2])


def test_an_article_alone_makes_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    def last_alone(vectors: Sequence[object]) -> tuple[list[int], list[int]]:
        return [*range(len(vectors) - 1)], [len(vectors) - 1]

    monkeypatch.setattr(parts_room, "halves", last_alone)
    monkeypatch.setattr(parts_room, "_are_two", lambda *_: True)
    assert not any(place_all(round_up(NOW))[2])


def test_parts_that_do_not_hold_together_stay_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def loose(asking: Sequence[object], *_: object) -> float:
        return 0.5 if len(asking) == 1 else 0.01

    monkeypatch.setattr(parts_room, "mean_score", loose)
    assert not any(place_all(round_up(NOW))[2])


def copied(one: Article, by: str) -> Article:
    """Let another paper print the same."""
    return replace(one, key=ArticleKey(f"{one.key} by {by}"), source=source(by))


def test_an_article_and_its_copies_make_no_part() -> None:
    articles = round_up(NOW)
    for place, by in zip((3, 5, 7, 9), ("dawn", "geo", "jang", "bol"), strict=True):
        articles[place] = copied(articles[1], by)
    _, placed, found = place_all(articles)
    assert [placed[place].relation for place in (3, 5, 7, 9)] == [Relation.SAME] * 4
    assert len({placement.story for placement in placed}) == 1
    assert not any(found)


def test_copies_leave_with_what_they_are_copies_of() -> None:
    articles = round_up(NOW, number=9)
    gone, kept = copied(articles[1], "dawn"), copied(articles[2], "dawn")
    _, placed, found = place_all([*articles[:3], gone, kept, *articles[3:]])
    leaving = [articles[1].key, gone.key, *(one.key for one in articles[3::2])]
    assert found[-1] == Parts(placed[0].story, tuple(leaving))


def test_parts_that_hold_together_hardly_better_stay_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_room, "SURER", 1e4)
    assert not any(place_all(round_up(NOW))[2])


def test_look_alikes_are_no_twins_and_stories_of_no_parts(
    build: Build, stories: list[dict[str, str]], saga: list[dict[str, str]]
) -> None:
    for rows in (stories, saga):
        articles = [
            build(
                row["id"], row["title"], row["body"],
                at=datetime.fromisoformat(row["at"]), source=row["source"],
            )
            for row in sorted(rows, key=lambda row: row["at"])
        ]  # fmt: skip
        assert not any(place_all(articles)[2])


def reference_halves(vectors: Sequence[dict[str, float]]) -> tuple[list[int], list[int]]:
    """Put the two likest groups together, all looked at anew each time."""
    groups = [[place] for place in range(len(vectors))]

    def mean(one: list[int], other: list[int]) -> float:
        cosines = [
            sum(value * vectors[b].get(term, 0.0) for term, value in vectors[a].items())
            for a in one
            for b in other
        ]
        return sum(cosines) / len(cosines)

    while len(groups) > 2:
        pairs = [(a, b) for a in range(len(groups)) for b in range(a + 1, len(groups))]
        one, other = max(pairs, key=lambda pair: mean(*(groups[place] for place in pair)))
        groups[one] = sorted(groups[one] + groups.pop(other))
    return groups[0], groups[1]


@given(count=st.integers(4, 12), seed=st.integers(0, 9_999))
def test_halves_are_those_of_average_linkage(count: int, seed: int) -> None:
    chance = random.Random(seed)
    vectors = [
        {term: chance.random() for term in chance.sample("abcdef", 4)} for _ in range(count)
    ]
    assert halves(vectors) == reference_halves(vectors)
