"""Articles: stored once, found by key or alias, with their matches."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from services.articles import article, match, source
from services.plans import plans

from monitor.model.article import Article, Origin, Precision
from monitor.model.keys import article_key
from monitor.store import articles, placing, rule_matches
from monitor.store.engine import Store


def add(store: Store, *found: Article, is_baseline: bool = False) -> dict[str, int]:
    with store.write() as tx:
        return dict(articles.add(tx, found, is_baseline=is_baseline))


def test_an_article_comes_back_as_it_was_stored(store: Store) -> None:
    stored = article(
        "a",
        title="کراچی میں سیلاب",
        body="Two\n\nparagraphs 🎉",
        tags=("x", "y"),
        lang=None,
        published_precision=Precision.DAY,
        source=source("geo", country="PK", tier=2),
        has_real_title=False,
    )
    ids = add(store, stored)
    with store.read() as tx:
        assert articles.read(tx, ids[stored.key]) == stored


def test_an_article_is_stored_once(store: Store) -> None:
    assert len(add(store, article("a"), article("b"))) == 2
    assert add(store, article("a")) == {}
    assert len(add(store, article("a"), article("c"))) == 1
    with store.read() as tx:
        assert articles.counts(tx)["articles"] == 3


def test_many_articles_are_stored_in_one_go(store: Store) -> None:
    many = [article(str(number)) for number in range(1_200)]
    assert len(add(store, *many)) == 1_200
    with store.read() as tx:
        assert len(articles.find_known(tx, many)) == 1_200


def test_a_changed_guid_is_known_by_its_alias(store: Store) -> None:
    ids = add(store, article("a", aliases=("alias-link",)))
    again = article("b", aliases=("alias-link",))
    with store.read() as tx:
        known = articles.find_known(tx, [again])
    assert known[again.key].id == next(iter(ids.values()))
    assert known[again.key].key == article("a").key


def test_what_a_source_logs_in_with_is_not_stored_with_its_articles(store: Store) -> None:
    secret = source(headers=(("Authorization", "Bearer s3cret"),), feeds=("https://u:p@x.org/",))
    ids = add(store, article("a", source=secret))
    with store.read() as tx:
        stored = articles.read(tx, next(iter(ids.values())))
    assert stored is not None
    assert stored.source.headers == ()
    assert stored.source.feeds == ()


def test_a_match_is_stored_once_and_keeps_its_quietness(store: Store, now: datetime) -> None:
    one = article("a")
    ids = add(store, one)
    found = match("r", one.key)
    with store.write() as tx:
        rule_matches.add(tx, ids[one.key], [found], is_quiet=False, now=now)
        rule_matches.add(tx, ids[one.key], [found], is_quiet=True, now=now)
        (stored,) = rule_matches.of_articles(tx, [ids[one.key]])[ids[one.key]]
    assert stored.match == found
    assert stored.is_quiet is False


def test_what_a_newer_text_no_longer_holds_is_no_match_any_more(
    store: Store, now: datetime
) -> None:
    one = article("a")
    (number,) = add(store, one).values()
    with store.write() as tx:
        both = [match("r", one.key), match("s", one.key)]
        rule_matches.replace_all(tx, number, both, is_quiet=False, now=now)
        rule_matches.replace_all(tx, number, both[1:], is_quiet=False, now=now)
        left = [stored.match.rule_id for stored in rule_matches.of_articles(tx, [number])[number]]
    assert left == ["s"]


def test_the_assigner_sees_articles_in_order_of_arrival_and_once(store: Store) -> None:
    ids = add(store, article("a"), article("b"), article("c"))
    with store.write() as tx:
        due = placing.lock_unplaced(tx, limit=2)
        assert [one.id for one in due] == sorted(ids.values())[:2]
        placing.mark_placed(tx, [one.id for one in due])
        assert [one.id for one in placing.lock_unplaced(tx, limit=9)] == sorted(ids.values())[2:]


def test_the_assigners_queue_is_looked_at_by_its_index(store: Store) -> None:
    """It is looked at each second: else all that was ever stored would be read each second."""
    if not store.is_sqlite:
        return  # the planner of a server reads whole tables while they are small
    looks = (placing.has_unplaced, placing.oldest_unplaced)
    for work in (*looks, lambda tx: placing.lock_unplaced(tx, limit=1)):
        (first, *_) = plans(store, work)
        assert first.endswith(" article USING INDEX ix_article_place_due")


def test_a_revision_replaces_the_text_and_is_placed_again(store: Store) -> None:
    one = article("a")
    (number,) = add(store, one).values()
    newer = replace(article("a", title="New", body="Newer."), key=one.key)
    with store.write() as tx:
        placing.mark_placed(tx, [number])
        articles.revise(tx, number, newer, keeps_body=False)
        stored = articles.read(tx, number)
        assert [due.id for due in placing.lock_unplaced(tx, limit=9)] == [number]
        known = articles.find_known(tx, [newer])[one.key]
    assert stored is not None
    assert (stored.title, stored.body) == ("New", "Newer.")
    assert known.feed_hash == newer.text_hash


def test_looking_back_sees_recent_articles_and_all_seeds(store: Store, now: datetime) -> None:
    old, week = now - timedelta(days=400), now - timedelta(days=7)
    add(
        store,
        article("old", published_at=old, first_seen_at=old),
        article("seed", published_at=old, first_seen_at=old, origin=Origin.SEED),
        article("seen lately", published_at=old, first_seen_at=now),
        article("new"),
    )
    with store.read() as tx:
        found = articles.read_many(tx, articles.ids_since(tx, week))
    assert [one.title for _, one in found] == ["Title seed", "Title seen lately", "Title new"]


@pytest.mark.parametrize("name", ["key", "start of key", "url", "number", "seed"])
def test_an_article_is_found_by_what_people_call_it(store: Store, name: str) -> None:
    seed = article("s", feed="seed:002_x.txt", key=article_key("seed", "002_x.txt"))
    number = add(store, seed)[seed.key]
    names = {
        "key": seed.key,
        "start of key": seed.key[:10],
        "url": seed.url,
        "number": str(number),
        "seed": "seeds/002_x.txt",
    }
    with store.read() as tx:
        found = articles.find(tx, names[name])
        assert articles.find(tx, "https://example.org/unknown") is None
    assert found == (number, seed)
