"""Polls of feeds: polite, given back when stopped, and remembered byte for byte."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from services.http_server import HANG, Answer
from services.http_site import HttpSite
from services.in_process import invoke, opened_at, stopped, told
from services.newsroom import OTHER_RULE, Interrupted, Newsroom, with_lease
from services.product import rss
from sqlalchemy import update

from monitor.pipeline import ingest
from monitor.pipeline.assigner import Assigner
from monitor.pipeline.settler import Settler
from monitor.store import feeds, problems
from monitor.store.claims import MAX_CRASHES
from monitor.store.tables import FeedRow, PageRow

HOUR = timedelta(hours=1)


async def test_a_stop_gives_a_feed_back_and_is_no_crash(after_baseline: Newsroom) -> None:
    room = after_baseline
    room.site.answer("/feed", HANG)
    async with opened_at(room.workspace, room.start + HOUR) as watched:
        ports = watched.ports
        (feed,) = await ingest.claim_feeds(ports, 10)
        polling = ingest.poll(ports, Settler(ports), feed)
        await stopped(polling, lambda: room.site.count("/feed") == 2)
        assert room.feed.claimed_until is None
        (again,) = await ingest.claim_feeds(ports, 10)
    assert (again.crashes, again.failures) == (0, 0)


def moved_for_good(room: Newsroom, target: str) -> None:
    """Let the feed move, and see it often and long enough to adopt its new address."""
    room.site.redirect("/feed", target)
    for wait in (HOUR, 13 * HOUR, 26 * HOUR):
        room.pass_after(wait, lanes=["polls"])


def test_a_feed_that_has_moved_for_good_is_asked_at_its_new_address(
    after_baseline: Newsroom,
) -> None:
    room = after_baseline
    room.site.put("/new", rss())
    room.site.redirect("/feed", f"{room.site.base}/new")
    room.pass_after(HOUR, lanes=["polls"])
    room.pass_after(24 * HOUR, lanes=["polls"])
    assert room.feed.fetch_url == room.feed.url  # seen twice
    room.pass_after(26 * HOUR, lanes=["polls"])
    assert (room.feed.fetch_url, room.feed.url) == (f"{room.site.base}/new", room.feed.url)
    asked = room.site.count("/feed")
    room.pass_after(60 * HOUR, lanes=["polls"])
    assert (room.site.count("/feed"), room.site.count("/new")) == (asked, 4)


def test_a_login_stays_with_its_host_and_goes_along_within_it(after_baseline: Newsroom) -> None:
    room = after_baseline
    listed = room.workspace.folder / "sources.yaml"
    listed.write_text(listed.read_text().replace("feeds:", "token: s3cret, feeds:"))
    with HttpSite() as stranger:
        moved_for_good(room, stranger.put("/new", rss()))
        assert room.feed.fetch_url == f"{stranger.base}/new"
        room.pass_after(60 * HOUR, lanes=["polls"])
        assert len(stranger.hits.all) == 4
        assert not [hit for hit in stranger.hits.all if "Authorization" in hit.headers]
    assert room.site.hits.all[-1].headers["Authorization"] == "Bearer s3cret"


def test_a_parked_feed_says_what_revives_it_and_that_does(after_baseline: Newsroom) -> None:
    room = after_baseline
    with room.store.write() as tx:
        tx.execute(update(FeedRow).values(crashes=MAX_CRASHES))
    room.pass_after(HOUR)
    assert room.feed.state == "parked"
    assert room.problems[room.feed.url].cure.startswith("monitor ingest polls it again")
    assert invoke(room.workspace, "ingest").stdout == "1 feed is due now\n"
    room.pass_after(HOUR)
    assert room.feed.state == "active"
    assert room.problems == {}


def test_a_feed_that_asks_to_wait_holds_its_hosts_pages_back(room: Newsroom) -> None:
    room.publish(room.item("a"))
    room.pass_after()
    room.site.answer("/feed", Answer(429, headers=(("Retry-After", "7200"),)))
    with room.store.write() as tx:
        tx.execute(update(FeedRow).values(next_poll_at=room.start))
        tx.execute(update(PageRow).values(state="pending", due_at=room.start, failures=0))
    asked = room.site.count("/a")
    room.pass_after(HOUR)
    assert room.site.count("/a") == asked
    (page,) = room.pages
    assert (page.state, page.failures, page.crashes) == ("pending", 0, 0)
    assert page.due_at > room.start + 2 * HOUR


def test_what_was_wrong_with_a_feed_goes_with_it(after_baseline: Newsroom) -> None:
    room = after_baseline
    room.site.answer("/feed", Answer(404))
    room.pass_after(HOUR)
    assert list(room.problems) == [room.feed.url]
    room.workspace.configure(feeds={}, webhook=room.sink.url)
    room.pass_after(HOUR)
    assert room.problems == {}


async def test_a_poll_in_flight_does_not_bring_a_removed_feed_back(
    after_baseline: Newsroom,
) -> None:
    room = after_baseline
    async with opened_at(room.workspace, room.start + HOUR) as watched:
        ports = watched.ports
        (feed,) = await ingest.claim_feeds(ports, 10)
        with room.store.write() as tx:
            feeds.sync(tx, [], now=room.start, interval=HOUR)
        room.site.answer("/feed", Answer(404))
        await ingest.poll(ports, Settler(ports), feed)
    assert room.feed.state == "removed"
    assert room.problems == {}


def test_a_refused_address_has_one_cure(room: Newsroom) -> None:
    room.workspace.configure(feeds={"intranet": "http://10.255.255.1/feed"})
    room.pass_after()
    (problem,) = room.problems.values()
    assert "network.allow_private" in problem.reason
    assert problem.cure == (
        "if it is in your own network, open that in network.allow_private, else mend its address "
        "in sources.yaml (source intranet)"
    )


@pytest.mark.parametrize("modified", ["", "Mon, 23 Nov 2026 07:00:00 GMT", "yesterday at noon"])
@pytest.mark.parametrize("etag", ['"abc"', 'W/"a,b"', "bare"])
def test_validators_come_back_byte_for_byte_and_a_304_brings_new_ones(
    after_baseline: Newsroom, etag: str, modified: str
) -> None:
    room = after_baseline
    stated = (("ETag", etag), *((("Last-Modified", modified),) if modified else ()))
    body = rss(room.item("a", told("a"))).encode()
    room.site.answer("/feed", Answer(200, body, stated))
    room.pass_after(HOUR, lanes=["polls"])
    assert (room.feed.etag, room.feed.last_modified) == (etag, modified or None)
    room.site.answer("/feed", Answer(304, headers=(("ETag", '"newer"'),)))
    room.pass_after(2 * HOUR, lanes=["polls"])
    asked = room.site.hits.all[-1].headers
    assert asked["If-None-Match"] == etag
    assert asked.get("If-Modified-Since", "") == modified
    assert (room.feed.etag, room.feed.last_modified) == ('"newer"', modified or None)
    assert (room.feed.failures, len(room.articles)) == (0, 1)
    room.pass_after(3 * HOUR, lanes=["polls"])
    assert room.site.hits.all[-1].headers["If-None-Match"] == '"newer"'


def test_a_feed_that_stays_gone_for_a_day_is_asked_no_more(after_baseline: Newsroom) -> None:
    room = after_baseline
    room.site.answer("/feed", *[Answer(410)] * 9)
    for wait, state in ((1, "active"), (14, "active"), (40, "gone"), (400, "gone")):
        room.pass_after(wait * HOUR, lanes=["polls"])
        assert room.feed.state == state
    assert room.site.count("/feed") == 1 + 3
    assert room.problems[room.feed.url].cure.startswith("take it out of sources.yaml")


async def test_a_feed_waits_for_its_hosts_turn(after_baseline: Newsroom) -> None:
    room = after_baseline
    async with opened_at(room.workspace, room.start + HOUR) as watched, AsyncExitStack() as stack:
        ports = with_lease(watched.ports, seconds=0.6)
        for _ in range(2):
            await stack.enter_async_context(ports.network.gate.turn(room.site.base))
        (feed,) = await ingest.claim_feeds(ports, 10)
        await ingest.poll(ports, Settler(ports), feed)
    assert room.site.count("/feed") == 1
    left = room.feed
    assert (left.claimed_until, left.failures, left.crashes) == (None, 0, 0)


def test_a_host_that_asks_to_wait_is_asked_for_no_other_feed(room: Newsroom) -> None:
    names = ("dawn", "geo", "jang", "samaa")
    for name in names:
        room.site.answer(f"/{name}", Answer(429, headers=(("Retry-After", "7200"),)))
    room.workspace.configure(feeds={name: f"{room.site.base}/{name}" for name in names})
    room.pass_after()
    room.pass_after(HOUR)
    assert 1 <= len(room.site.hits.all) <= 2  # those that were in flight together


async def test_rules_that_come_into_force_while_a_feed_is_judged_find_its_articles(
    after_baseline: Newsroom,
) -> None:
    room = after_baseline
    room.publish(room.item("a", told("a", "Acme will open an office. There was rain.")))
    async with opened_at(room.workspace, room.start + HOUR) as watched:
        ports = watched.ports
        await ports.in_thread(watched.start)

        def reload() -> None:
            room.workspace.write("rules/rain.yaml", OTHER_RULE)
            watched.look()

        ports.current.engine = Interrupted(ports.current.engine.rules, reload)
        (feed,) = await ingest.claim_feeds(ports, 10)
        await ingest.poll(ports, Settler(ports), feed)
        await ports.in_thread(Assigner(ports).place_due)
    assert room.matched == {"acme", "rain"}


def test_a_baselines_pages_are_fetched_as_far_back_as_backfill_goes(room: Newsroom) -> None:
    days = {"new": 1, "old": 6, "older": 8}
    for name in days:
        room.page(name, told(name))
    ago = {name: room.start - timedelta(days=number) for name, number in days.items()}
    room.publish(*(room.item(name, day=ago[name]) for name in days))
    room.pass_after()
    states = {row.title: row.text_state for row in room.articles}
    assert states == {"News of new": "page", "News of old": "page", "News of older": "stub"}
    assert room.site.count("/older") == 0


async def test_polls_are_counted_by_their_end_and_timed(after_baseline: Newsroom) -> None:
    room = after_baseline
    document = rss(room.item("flood"))
    async with opened_at(room.workspace, room.start + HOUR) as watched:
        ports = watched.ports
        for answer in (document, document, None):
            room.site.put("/feed", answer) if answer else room.site.answer("/feed", Answer(500))
            assert invoke(room.workspace, "ingest").exit_code == 0
            (feed,) = await ingest.claim_feeds(ports, 10)
            await ingest.poll(ports, Settler(ports), feed)
        results = {"read": 1, "unchanged": 1, "failed": 1}
        assert ports.tally.labelled("polls") == {(name,): n for name, n in results.items()}
        assert sum(ports.tally.durations["poll"].within) == 3


def gaps(room: Newsroom) -> list[Any]:
    """List what `status` says may have been missed."""
    with room.store.read() as tx:
        return [one for one in problems.listed(tx) if one.kind == "gap"]


def test_a_feed_whose_every_entry_is_new_may_have_lost_some_and_says_so(
    after_baseline: Newsroom,
) -> None:
    room = after_baseline
    room.publish(*(room.item(f"n{n}") for n in range(3)))
    room.pass_after(HOUR, lanes=["polls"])
    (gap,) = gaps(room)
    assert gap.subject == room.feed.url
    assert "possible gap: all 3 entries were new since the poll of" in gap.reason

    room.publish(*(room.item(f"n{n}") for n in range(2, 5)))  # one is known: no gap
    room.pass_after(24 * HOUR, lanes=["polls"])
    assert [one.count for one in gaps(room)] == [1]

    room.pass_after(27 * HOUR, lanes=["retention"])
    assert gaps(room) == []
