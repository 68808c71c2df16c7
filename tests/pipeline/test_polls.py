"""Polls of feeds: polite, given back when stopped, and remembered byte for byte."""

from __future__ import annotations

from datetime import timedelta

from services.http_server import HANG, Answer
from services.http_site import HttpSite
from services.in_process import invoke, opened_at, stopped
from services.newsroom import Newsroom
from services.product import rss
from sqlalchemy import update

from monitor.pipeline import ingest
from monitor.pipeline.settler import Settler
from monitor.store import feeds
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
    assert invoke(room.workspace, "ingest").stdout == "1 feeds are due now\n"
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
