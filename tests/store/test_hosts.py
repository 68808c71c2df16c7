"""Hosts: one process at a time asks them, and all of them wait when one is told to."""

from __future__ import annotations

from datetime import timedelta

from services.articles import article
from sqlalchemy import update

from monitor.clock import system_clock
from monitor.model.keys import SourceKey
from monitor.store import articles, claims, feeds, hosts, pages
from monitor.store.engine import Store
from monitor.store.feeds import ClaimedFeed
from monitor.store.tables import FeedRow

LEASE = timedelta(seconds=60)
HOUR = timedelta(hours=1)
NOW = system_clock()


def add_feeds(store: Store, *urls: str) -> None:
    with store.write() as tx:
        feeds.sync(tx, [(SourceKey("s"), url) for url in urls], now=NOW, interval=HOUR)


def claim(store: Store, holder: str, limit: int = 10) -> tuple[ClaimedFeed, ...]:
    with store.write() as tx:
        return feeds.claim_due(tx, holder=holder, now=NOW, lease=LEASE, limit=limit)


def test_a_host_is_asked_by_one_process_at_a_time(store: Store) -> None:
    add_feeds(store, "https://a.org/1", "https://www.A.org/2", "https://b.org/1")
    assert [feed.url for feed in claim(store, "one", limit=1)] == ["https://a.org/1"]
    assert [feed.url for feed in claim(store, "two")] == ["https://b.org/1"]
    assert [feed.url for feed in claim(store, "one")] == ["https://www.A.org/2"]


def test_what_an_older_program_left_without_its_host_does_not_stand_before_others(
    store: Store,
) -> None:
    add_feeds(store, "https://a.org/1", "https://a.org/2", "https://b.org/1")
    claim(store, "one", limit=1)
    with store.write() as tx:
        tx.execute(update(FeedRow).where(FeedRow.url == "https://a.org/2").values(host=""))
    assert claim(store, "two", limit=1) == ()  # it is in the way once
    assert [feed.url for feed in claim(store, "two", limit=1)] == ["https://b.org/1"]


def test_the_pages_of_a_host_belong_to_who_polls_its_feeds(store: Store) -> None:
    add_feeds(store, "https://a.org/feed")
    with store.write() as tx:
        one, other = articles.add(tx, [article("a"), article("b")], is_baseline=False).values()
        pages.add(tx, {one: "https://a.org/x", other: "https://b.org/x"}, now=NOW)
    claim(store, "one")

    def claim_pages(holder: str) -> list[int]:
        with store.write() as tx:
            found = pages.claim_due(tx, holder=holder, now=NOW, lease=LEASE, limit=9)
        return [page.article_id for page in found]

    assert claim_pages("two") == [other]
    assert claim_pages("one") == [one]


def test_a_host_whose_process_died_is_free_when_its_lease_has_run_out(store: Store) -> None:
    add_feeds(store, "https://a.org/1", "https://a.org/2")
    claim(store, "dead", limit=1)
    assert claim(store, "two") == ()
    with store.write() as tx:
        claims.expire_all(tx, now=NOW - HOUR)
    assert len(claim(store, "two")) == 2


def test_a_process_that_stops_lets_others_ask_its_hosts(store: Store) -> None:
    add_feeds(store, "https://a.org/1", "https://a.org/2")
    claim(store, "one", limit=1)
    with store.write() as tx:
        hosts.give_up(tx, "one", now=NOW)
    assert [feed.url for feed in claim(store, "two")] == ["https://a.org/2"]


def test_a_pause_asked_of_one_process_holds_for_all(store: Store) -> None:
    add_feeds(store, "https://a.org/1", "https://b.org/1")
    with store.write() as tx:
        hosts.pause(tx, "a.org", NOW + HOUR, now=NOW)
        hosts.pause(tx, "a.org", NOW + timedelta(minutes=1), now=NOW)  # a longer one stays
    assert [feed.url for feed in claim(store, "one")] == ["https://b.org/1"]
    with store.read() as tx:
        (waiting,) = (feed for feed in feeds.list_states(tx) if feed.url == "https://a.org/1")
    assert waiting.next_poll_at == NOW + HOUR
