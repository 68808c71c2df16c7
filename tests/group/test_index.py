"""Promises of placing articles in stories."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.group import StoryIndex, explain_placement
from monitor.model.article import Article, Precision
from monitor.model.keys import StoryId
from monitor.model.story import Placement, Relation

Build = Callable[..., Article]
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
RULE_TERMS = frozenset(
    [
        "meta",
        "facebook",
        "instagram",
        "whatsapp",
        "pakistan",
        "islamabad",
        "karachi",
        "lahore",
        "office",
        "offices",
        "bureau",
        "open*",
        "establish",
    ]
) | {"set up"}


def own(build: Build, stories: list[dict[str, str]]) -> list[Article]:
    rows = sorted(stories, key=lambda row: (row["at"], row["id"]))
    return [
        build(
            r["id"], r["title"], r["body"], at=datetime.fromisoformat(r["at"]), source=r["source"]
        )
        for r in rows
    ]


def place_all(index: StoryIndex, articles: list[Article]) -> list[Placement]:
    return [index.place(article, now=NOW) for article in articles]


@pytest.mark.parametrize("common", [RULE_TERMS, frozenset()])
def test_the_two_seeds_become_one_story_from_a_cold_start(
    root: Path, build: Build, common: frozenset[str]
) -> None:
    index = StoryIndex(common_terms=common)
    placed = []
    for name in ("000_bac8cd6f87cc7eac.txt", "002_731ff99ee9420260.txt"):
        day, text = (root / "seeds" / name).read_text("utf-8").strip()[5:].split(" ", 1)
        at = datetime.fromisoformat(day).replace(tzinfo=UTC)
        article = build(name, "", text, at=at, precision=Precision.DAY, first_seen_at=NOW)
        placed.append(index.place(article, now=NOW))
    assert [p.relation for p in placed] == [Relation.FIRST, Relation.EVENT]
    assert placed[0].story == placed[1].story


def test_the_seed_suite_keeps_every_look_alike_apart(shared: Path, build: Build) -> None:
    lines = (shared / "data/stories/seed-suite.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    index = StoryIndex(common_terms=RULE_TERMS)
    found: dict[str, set[str]] = {}
    for row in sorted(rows, key=lambda row: row["published_at"]):
        at = datetime.fromisoformat(row["published_at"])
        placed = index.place(build(row["id"], row["title"], row["text"], at=at), now=NOW)
        found.setdefault(placed.story, set()).add(row["id"])
    together = [names for names in found.values() if len(names) > 1]
    assert together == [{"000_bac8cd6f87cc7eac", "002_731ff99ee9420260", "syn-pos"}]


def test_look_alikes_of_our_own_stay_apart(build: Build, stories: list[dict[str, str]]) -> None:
    truth = {row["id"]: row["story"] for row in stories}
    articles = own(build, stories)
    by_key = {
        a.key: truth[str(a.url or next(r["id"] for r in stories if r["title"] == a.title))]
        for a in articles
    }
    groups: dict[str, set[str]] = {}
    for placed in place_all(StoryIndex(), articles):
        groups.setdefault(placed.story, set()).add(by_key[placed.article])
    assert all(len(events) == 1 for events in groups.values())


SHUFFLES = 60


def orders(articles: list[Article]) -> Iterator[list[Article]]:
    """Give the order of time, the reverse of it, and shuffles."""
    chance = random.Random(0)
    yield articles
    yield articles[::-1]
    for _ in range(SHUFFLES):
        yield chance.sample(articles, len(articles))


def test_look_alikes_of_other_days_stay_apart_in_any_order(
    build: Build, saga: list[dict[str, str]]
) -> None:
    for order in orders(own(build, saga)):
        placed = place_all(StoryIndex(), order)
        events: dict[str, set[str]] = {}
        for article, placement in zip(order, placed, strict=True):
            events.setdefault(placement.story, set()).add(article.title)
        assert all(len(t) == 1 or t == TALKS for t in events.values())
        assert TALKS in events.values()


TALKS = {
    "Minister invites Norvane to build plant in Belmora",
    "Haddad asks Norvane to open vaccine plant",
}


def test_the_seed_suite_keeps_every_look_alike_apart_in_any_order(
    shared: Path, build: Build
) -> None:
    lines = (shared / "data/stories/seed-suite.jsonl").read_text("utf-8").splitlines()
    rows = sorted(map(json.loads, lines), key=lambda row: str(row["published_at"]))
    truth, articles = {}, []
    for row in rows:
        at = datetime.fromisoformat(row["published_at"])
        articles.append(build(row["id"], row["title"], row["text"], at=at))
        truth[articles[-1].key] = row["story"]
    for order in orders(articles):
        found: dict[str, set[str]] = {}
        for placed in place_all(StoryIndex(common_terms=RULE_TERMS), order):
            found.setdefault(placed.story, set()).add(truth[placed.article])
        assert all(len(events) == 1 for events in found.values())


def test_the_same_order_gives_the_same_placements(
    build: Build, stories: list[dict[str, str]]
) -> None:
    articles = own(build, stories)
    assert place_all(StoryIndex(), articles) == place_all(StoryIndex(), articles)


def test_a_rebuilt_index_decides_as_the_uninterrupted_one(
    build: Build, stories: list[dict[str, str]]
) -> None:
    articles = own(build, stories)
    old = build(
        "old",
        "Quell harbour cranes sold",
        "The harbour of Quell sold its cranes.",
        at=NOW - timedelta(days=30),
        first_seen_at=NOW - timedelta(days=30),
    )
    before, after = [old, *articles[:5]], articles[5:]
    running = StoryIndex(common_terms=RULE_TERMS)
    placed = place_all(running, before)
    assert running.remove_before(NOW - timedelta(days=20)) == (placed[0].story,)
    read_anew = StoryIndex(common_terms=RULE_TERMS)
    from_stored, kept = StoryIndex(common_terms=RULE_TERMS), []
    for article, placement in list(zip(before, placed, strict=True))[1:]:
        read_anew.restore(article, placement.story, placement.relation)
        profile = from_stored.read_stored(running.stored(article.key) or b"")
        assert profile is not None
        kept.append((profile, placement.story, placement.relation))
    from_stored.restore_all(kept)
    decided = place_all(running, after)
    assert place_all(read_anew, after) == decided
    assert place_all(from_stored, after) == decided


def test_one_address_from_two_feeds_is_the_same_article(build: Build) -> None:
    index = StoryIndex()
    url = "https://dawn.example/news/1"
    first = index.place(build("a", "Dam gates open", "Water rose at the dam.", url=url), now=NOW)
    again = index.place(build("b", "Dam gates opened", "Water rose at dam.", url=url), now=NOW)
    assert (again.relation, again.story) == (Relation.SAME, first.story)


def test_fifty_addresses_with_one_text_are_one_story(build: Build) -> None:
    index = StoryIndex()
    text = "Rescue teams reached the village of Oru after the landslide on Sunday night."
    placed = [
        index.place(
            build(f"n{i}", "Landslide in Oru", text, url=f"https://s{i}.example/a"), now=NOW
        )
        for i in range(50)
    ]
    assert len({p.story for p in placed}) == 1
    assert {p.relation for p in placed[1:]} == {Relation.SAME}


HEADLINE = "Earthquake jolts Islamabad and Rawalpindi"
REPORT = " ".join(f"word{i} of report{i * i}" for i in range(20))


@pytest.mark.parametrize(
    ("body", "days", "stories"),
    [("", (0, 2), 1), ("", (0, 9, 12), 2), (REPORT, (0, 6), 1), (REPORT, (0, 9), 2)],
)
@pytest.mark.parametrize("sources", [("geo", "geo", "geo"), ("geo", "dawn", "jang")])
def test_one_text_is_the_same_news_for_a_time_only(
    build: Build, body: str, days: tuple[int, ...], stories: int, sources: tuple[str, ...]
) -> None:
    index = StoryIndex()
    placed = []
    for day, source in zip(days, sources, strict=False):
        at = NOW + timedelta(days=day)
        article = build(f"n{day}", HEADLINE, body, at=at, source=source, first_seen_at=at)
        placed.append(index.place(article, now=at))
    assert len({one.story for one in placed}) == stories


@pytest.mark.parametrize(
    ("one", "other", "is_one_story"),
    [
        ("Earthquake jolts Quetta", "Earthquake jolts Tokyo", False),
        ("Pakistan beat England by six wickets", "Pakistan beat Ireland by nine runs", False),
        ("Fire at Karachi mall", "Fire at Lahore factory", False),
        ("Earthquake jolts Quetta", "Strong earthquake jolts Quetta", True),
        ("Meta to open office in Pakistan", "Meta will open its office in Pakistan", True),
    ],
)
def test_headlines_with_other_names_in_one_place_are_of_other_events(
    build: Build, stories: list[dict[str, str]], one: str, other: str, *, is_one_story: bool
) -> None:
    index = StoryIndex()
    place_all(index, own(build, stories))
    for i in range(120):  # terms are judged as rare or common by what is held
        far = NOW - timedelta(days=12)
        index.place(build(f"w{i}", f"Zork{i} vexes Plim{i * i}", "", at=far), now=NOW)
    first = index.place(build("one", one, "", at=NOW), now=NOW)
    later = build("other", other, "", at=NOW + timedelta(hours=2))
    placed = index.place(later, now=NOW)
    assert (placed.story == first.story) is is_one_story
    if "Tokyo" in other:
        assert "opened a story: the one most like it is of another event" in "; ".join(
            explain_placement(placed)
        )


def test_an_update_costs_no_more_in_a_large_story(build: Build) -> None:
    def seconds(size: int) -> float:
        index = StoryIndex()
        story = StoryId("sto_1")
        read = [
            build(f"n{i}", f"Mill fire in Oru {i}", f"{BODY} and count{i} again{i * i}")
            for i in range(size)
        ]
        for article in read:
            index.restore(article, story, Relation.EVENT)
        start = time.process_time()
        for article in read[:20]:
            index.update(article)
        return time.process_time() - start

    assert seconds(600) < 4 * seconds(20)


def test_a_story_takes_no_report_after_its_window(build: Build) -> None:
    index = StoryIndex()
    title, body = (
        "Norvane recalls vaccine in Belmora",
        "Norvane recalled vaccine in Belmora port Quell.",
    )
    one = index.place(build("a", title, body, at=NOW - timedelta(days=20)), now=NOW)
    two = index.place(build("b", title + " again", body + " More.", at=NOW), now=NOW)
    assert one.story != two.story


def test_expired_stories_are_let_go(build: Build) -> None:
    index = StoryIndex()
    at = NOW - timedelta(days=10)
    index.place(build("a", "Old news here", "Body of it.", at=at, first_seen_at=at), now=NOW)
    assert len(index.remove_before(NOW - timedelta(days=7))) == 1
    assert (index.open_story_count, index.article_count) == (0, 0)


HOSTILE = {
    "nothing": ("", ""),
    "title only": ("Fire at the mill", ""),
    "body only": ("", "Fire broke out at the mill on Monday."),
    "half a megabyte": ("Long", "word and other words " * 25_000),
    "one endless word": ("", "x" * 500_000),
    "marks": ("\u064b\u064b ___ !!!", "____ 12345 '' ’’"),
    "mixed": ("Lahore لاہور ラホール", "میٹا نے کہا Meta said メタは言った" * 50),
    "surrogate": ("\ud800 lone", "a \udfff b c d e f g h"),
    "headlines": ("Top stories", "\n".join(f"Headline {i} of Town{i}" for i in range(500))),
}


@pytest.mark.parametrize(
    "at", [datetime(1970, 1, 1, tzinfo=UTC), NOW, datetime(2099, 1, 1, tzinfo=UTC)]
)
def test_hostile_articles_are_placed_like_any_other(build: Build, at: datetime) -> None:
    index = StoryIndex()
    for name, (title, body) in HOSTILE.items():
        placed = index.place(build(name, title, body, at=at), now=NOW)
        assert 0 <= placed.score <= 1
        assert explain_placement(placed)
    assert index.article_count == len(HOSTILE)


def test_more_text_of_an_article_keeps_its_story(build: Build) -> None:
    index = StoryIndex()
    first = index.place(build("a", "Mill fire in Oru", "Short."), now=NOW)
    index.update(build("a", "Mill fire in Oru", "A fire destroyed the mill in Oru. " * 5))
    again = index.place(build("a", "Mill fire in Oru", "Short."), now=NOW)
    assert again.story == StoryId(first.story)
    assert index.article_count == 1


WORDS = [
    "river",
    "council",
    "harbour",
    "minister",
    "budget",
    "ferry",
    "tunnel",
    "vaccine",
    "school",
    "engine",
]
BODY = " ".join(f"{WORDS[i * i % 10]}{i} {WORDS[i * 7 % 10]}" for i in range(150))
EDITS: dict[str, Callable[[list[str]], list[str]]] = {
    "boilerplate": lambda w: [
        *w,
        *["sign", "up", "for", "our", "daily", "letter", "and", "follow", "us", "today"],
    ],
    "first half": lambda w: w[: len(w) // 2],
    "first quarter": lambda w: w[: len(w) // 4],
    "updated": lambda w: ["UPDATED", *w[:100], *(f"new{i}" for i in range(40)), *w[140:]],
    "words dropped": lambda w: [x for i, x in enumerate(w) if i % 17],
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_copy_is_found(build: Build, edit: str) -> None:
    found = 0
    for n in range(34):
        index = StoryIndex()
        words = [f"{w}{n}" for w in BODY.split()]
        index.place(build("a", "Original", " ".join(words)), now=NOW)
        placed = index.place(build("b", "Other", " ".join(EDITS[edit](words))), now=NOW)
        found += placed.relation in (Relation.COPY, Relation.EXCERPT)
    assert found / 34 >= 0.97
