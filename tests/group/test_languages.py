"""Promises of grouping in several languages, from a cold start."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.group import StoryIndex
from monitor.model.article import Article, Precision

Build = Callable[..., Article]
Row = dict[str, str]
POLL = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def rows(root: Path) -> list[Row]:
    """Give our own articles: in each language one event told twice, and its look-alikes."""
    lines = (root / "tests/data/stories/languages.jsonl").read_text("utf-8").splitlines()
    return sorted(map(json.loads, lines), key=lambda row: (row["at"], row["id"]))


def grouped(build: Build, rows: list[Row], *, is_dated: bool = True) -> set[frozenset[str]]:
    """Place articles in a new index; give the ids that came together.

    Without dates they come all at once, as a feed's first poll brings them.
    """
    index, found = StoryIndex(), defaultdict[str, set[str]](set)
    for row in rows:
        at = datetime.fromisoformat(row["at"]) if is_dated else POLL
        article = build(
            row["id"],
            row["title"],
            row["body"],
            at=at,
            source=row["source"],
            precision=Precision.SECOND if is_dated else Precision.UNKNOWN,
            first_seen_at=at,
            lang=row["lang"],
        )
        found[index.place(article, now=at).story].add(row["id"])
    return {frozenset(ids) for ids in found.values()}


def told(rows: list[Row]) -> set[frozenset[str]]:
    """Give the ids of each true story."""
    stories = {row["story"] for row in rows}
    return {frozenset(r["id"] for r in rows if r["story"] == story) for story in stories}


@pytest.mark.parametrize("lang", ["en", "es", "de", "ur", "ar", "zh"])
def test_an_event_comes_together_and_its_look_alikes_stay_apart(
    build: Build, rows: list[Row], lang: str
) -> None:
    own = [row for row in rows if row["lang"] == lang]
    assert len(own) >= 5
    assert grouped(build, own) == told(own)


def test_languages_in_one_workspace_do_not_disturb_each_other(
    build: Build, rows: list[Row]
) -> None:
    assert grouped(build, rows) == told(rows)


def test_a_poll_without_dates_joins_no_look_alikes(build: Build, rows: list[Row]) -> None:
    story_of = {row["id"]: row["story"] for row in rows}
    for ids in grouped(build, rows, is_dated=False):
        assert len({story_of[name] for name in ids}) == 1
