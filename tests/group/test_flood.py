"""Promises about sources that flood: no story and no index grows without bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from monitor.group import StoryIndex
from monitor.group.profile import MAX_TEXT_CHARS
from monitor.group.shelf import MAX_AGE_HOURS
from monitor.model.article import Article
from monitor.model.story import Placement, Relation

Build = Callable[..., Article]
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
STEP = timedelta(hours=6)  # between two polls
OPEN_FOR = timedelta(days=14)
REPORT = " ".join(f"The ferry {n} of Quell waits at pier {n * n}." for n in range(12))


def polled(build: Build, index: StoryIndex, days: int, **fields: str) -> list[Placement]:
    """Place an article that comes under a new guid at every poll."""
    placed = []
    for number in range(days * 4):
        at = START + number * STEP
        index.remove_before(at - OPEN_FOR)
        body = f"{fields['body']} {' '.join(f'news{number}x{n}' for n in range(6))}"
        article = build(
            f"guid{number}",
            "Ferries wait at Quell",
            body if fields.get("changes") else fields["body"],
            at=at,
            source="feed",
            url=fields.get("url", ""),
            first_seen_at=at,
        )
        placed.append(index.place(article, now=at))
    return placed


@pytest.mark.parametrize(
    "fields",
    [
        {"body": REPORT},
        {"body": "Crews are on strike."},
        {"body": REPORT, "changes": "yes", "url": "https://feed.example/live"},
        {"body": REPORT, "changes": "yes"},
    ],
    ids=["one text", "a short text", "a live page", "a live text"],
)
def test_an_article_that_comes_anew_at_every_poll_begins_a_story_each_fortnight(
    build: Build, fields: dict[str, str]
) -> None:
    index = StoryIndex()
    placed = polled(build, index, 60, **fields)
    sizes = Counter(one.story for one in placed)
    most = MAX_AGE_HOURS / 6 + 1
    assert max(sizes.values()) <= most
    assert len(sizes) <= 60 / 14 + 1
    assert index.article_count <= 2 * most
    firsts = [at for at, one in enumerate(placed) if one.relation is Relation.FIRST]
    assert all(later - earlier > MAX_AGE_HOURS / 6 for earlier, later in pairwise(firsts))
    assert all(placed[at].contributions[0].name == "continues" for at in firsts[1:])
    assert all(placed[at].continues == placed[at - 1].story for at in firsts[1:])


@pytest.mark.parametrize("name", ["paper", "gazette", "herald", "courier"])  # keys in any order
def test_copies_of_a_text_in_the_story_that_goes_on_are_copies(build: Build, name: str) -> None:
    """Each report would be told: fifty papers with one agency's text are fifty alerts."""
    index, text = StoryIndex(), REPORT + " Divers look for a second leak."
    days = [*range(0, 13, 2), 13.5, 14.1, 14.2, 14.3, 14.4, 15.0]
    placed = []
    for number, day in enumerate(days):
        at = START + timedelta(days=day)
        body = text if day > 13 else f"{REPORT} On day {day} the mayor spoke."
        article = build(
            f"{name}{number}", "Ferries wait at Quell", f"{body} Page {number}.", at=at
        )
        placed.append(index.place(article, now=at))
    assert [one.relation for one in placed[-5:]] == [Relation.FIRST] + 4 * [Relation.COPY]
    assert len({one.story for one in placed[-5:]}) == 1
    assert len({one.story for one in placed}) == 2


def test_a_live_blog_that_changes_hourly_takes_the_room_of_one_article(build: Build) -> None:
    index = StoryIndex()
    sizes = []
    for hour in range(200):
        posts = [(n, 1_000 + hour - n) for n in range(40)]  # words of one length
        body = " ".join(f"Post {n} of hour{of} from pier{of}." for n, of in posts)
        at = START + timedelta(hours=hour)
        article = build("live", "Live: ferries", body, at=at, source="feed", first_seen_at=at)
        index.place(article, now=at)
        sizes.append(len(index.stored(article.key) or b""))
    assert (index.article_count, index.open_story_count) == (1, 1)
    assert max(sizes[50:]) < 1.1 * max(sizes[:50])
    assert len(index._shelf._terms.words) < 1_000  # each hour brought two new ones and more


def test_half_a_megabyte_is_held_as_its_first_part_is(build: Build) -> None:
    index = StoryIndex()
    text = " ".join(f"word{n} of {n * n}" for n in range(40_000))
    held = []
    for name, body in (("whole", text), ("part", text[:MAX_TEXT_CHARS])):
        article = build(name, "A long list of words", body, at=START)
        index.place(article, now=START)
        held.append(len(index.stored(article.key) or b""))
    assert len(text) > 500_000
    assert held[0] <= held[1] + 32
