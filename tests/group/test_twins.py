"""Promises of finding out that two stories are one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from services.twins import twins

from monitor.group import StoryIndex
from monitor.group import twins as twins_room
from monitor.model.article import Article
from monitor.model.keys import ArticleKey
from monitor.model.story import Placement

Build = Callable[..., Article]
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for less than the product does: these texts are made up."""
    monkeypatch.setattr(twins_room, "TWIN_SCORE", 0.4)


def place_all(articles: Sequence[Article]) -> tuple[StoryIndex, list[Placement], list[bool]]:
    index, placed, found = StoryIndex(), [], []
    for one in articles:
        placed.append(index.place(one, now=NOW))
        found.append(index.twin_of(placed[-1]) is not None)
    return index, placed, found


@pytest.mark.usefixtures("eager")
def test_stories_are_one_once_reports_of_both_are_in_either() -> None:
    index, placed, found = place_all(twins(NOW))
    one, other = placed[0].story, placed[1].story
    assert one != other
    assert not any(found[:2])
    assert all(found[2:])
    assert {placed[-1].story, index.twin_of(placed[-1])} == {one, other}


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
def test_only_an_article_that_joined_asks() -> None:
    index, placed, _ = place_all(twins(NOW))
    again = index.place(replace(twins(NOW)[-1], key=placed[0].article), now=NOW)
    assert index.twin_of(again) is None


def test_look_alikes_are_no_twins(
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
