"""Pages of articles whose feed carried a teaser: fetched politely, judged again, never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from aiohttp import web
from services.http_server import HANG, RESET, Answer
from services.in_process import opened_at, stopped, told
from services.newsroom import OTHER_RULE, Interrupted, Newsroom, html_page, with_lease
from sqlalchemy import update

from monitor.app import Workspace
from monitor.pipeline import pages
from monitor.pipeline.assigner import Assigner
from monitor.store.tables import ArticleRow

HOUR = timedelta(hours=1)


class Crowd:
    """Answer pages slowly and count how many are asked for at a time."""

    def __init__(self) -> None:
        self.now, self.peak = 0, 0

    async def __call__(self, _: web.Request) -> web.StreamResponse:
        self.now += 1
        self.peak = max(self.peak, self.now)
        await asyncio.sleep(0.05)
        self.now -= 1
        return web.Response(text=html_page("x", told("x")), content_type="text/html")


def test_a_sites_pages_are_fetched_two_at_a_time(after_baseline: Newsroom) -> None:
    room, crowd, names = after_baseline, Crowd(), [f"p{n}" for n in range(6)]
    for name in names:
        room.site.answer(f"/{name}", Answer(behaviour=crowd))
    room.publish(*(room.item(name) for name in names))
    room.pass_after(HOUR)
    assert [page.state for page in room.pages] == ["done"] * 6
    assert crowd.peak == 2


async def test_a_page_whose_host_is_busy_goes_back_and_has_failed_in_nothing(
    after_baseline: Newsroom,
) -> None:
    room = after_baseline
    room.publish(room.item("slow"))
    await asyncio.to_thread(room.pass_after, HOUR, ["polls"])
    async with opened_at(room.workspace, room.start + HOUR) as watched, AsyncExitStack() as stack:
        ports = with_lease(watched.ports, seconds=0.6)
        for _ in range(2):
            await stack.enter_async_context(ports.network.gate.turn(room.site.base))
        (page,) = await pages.claim_pages(ports, 10)
        await pages.fetch(ports, page)
    (left,) = room.pages
    assert (left.state, left.claimed_until, left.failures, left.crashes) == ("pending", None, 0, 0)
    assert room.site.count("/slow") == 0


async def test_a_page_that_hangs_is_left_before_its_host_may_be_anothers(
    after_baseline: Newsroom,
) -> None:
    room = after_baseline
    room.publish(room.item("slow"))
    await asyncio.to_thread(room.pass_after, HOUR, ["polls"])
    room.site.answer("/slow", HANG)
    async with opened_at(room.workspace, room.start + HOUR) as watched:
        ports = with_lease(watched.ports, seconds=1.0)
        (page,) = await pages.claim_pages(ports, 10)
        await pages.fetch(ports, page)
    (left,) = room.pages
    assert (left.state, left.failures) == ("pending", 1)
    assert left.last_error == "the page did not come in time"


@pytest.mark.parametrize("trouble", ["robots.txt", "network"])
def test_what_cannot_be_reached_is_tried_each_hour_until_it_can(
    after_baseline: Newsroom, trouble: str
) -> None:
    room = after_baseline
    room.page("a", told("a"))
    room.publish(room.item("a"))
    broken = Answer(503) if trouble == "robots.txt" else RESET
    room.site.answer("/robots.txt", *[broken] * 12)
    for hours in range(1, 13):
        room.pass_after(hours * HOUR, lanes=["polls", "pages"])
        (page,) = room.pages
        assert (page.state, page.failures) == ("pending", 0)
        assert room.articles[0].text_state == "pending"
    assert room.site.count("/robots.txt") == 12
    room.pass_after(13 * HOUR)
    assert room.articles[0].text_state == "page"


def test_a_site_out_of_reach_for_a_week_is_given_up(after_baseline: Newsroom) -> None:
    room = after_baseline
    room.publish(room.item("a"))
    room.site.answer("/robots.txt", Answer(503), Answer(503))
    for wait in (HOUR, timedelta(days=7, hours=1)):
        room.pass_after(wait, lanes=["polls", "pages"])
    assert (room.pages[0].state, room.articles[0].text_state) == ("failed", "stub")


def test_what_robots_txt_forbids_is_not_asked_for(after_baseline: Newsroom) -> None:
    room = after_baseline
    room.site.put("/robots.txt", "User-agent: MediaMonitor\nDisallow: /a\n")
    room.page("a", told("a"))
    room.publish(room.item("a"))
    room.pass_after(HOUR)
    assert (room.pages[0].state, room.articles[0].text_state) == ("failed", "stub")
    assert room.site.count("/a") == 0


async def test_a_stop_gives_a_page_back_and_is_no_crash(after_baseline: Newsroom) -> None:
    room = after_baseline
    room.site.answer("/a", HANG)
    room.publish(room.item("a"))
    await asyncio.to_thread(room.pass_after, HOUR, ["polls"])
    async with opened_at(room.workspace, room.start + HOUR) as watched:
        (page,) = await pages.claim_pages(watched.ports, 10)
        await stopped(pages.fetch(watched.ports, page), lambda: bool(room.site.count("/a")))
        assert room.pages[0].claimed_until is None
        (again,) = await pages.claim_pages(watched.ports, 10)
    assert (again.crashes, again.failures) == (0, 0)


def test_a_site_that_asks_to_wait_is_left_alone_so_long_and_that_is_one_pages_failure(
    after_baseline: Newsroom,
) -> None:
    room, names = after_baseline, ("a", "b", "c", "d", "e")
    busy = Answer(503, headers=(("Retry-After", "7200"),))
    for name in names:
        room.page(name, told(name))
        room.site.answer(f"/{name}", busy)
    room.publish(*(room.item(name) for name in names))
    room.pass_after(HOUR)
    asked = sum(room.site.count(f"/{name}") for name in names)
    assert asked <= 2  # those that were in flight together
    assert sum(page.failures for page in room.pages) == asked
    for page in room.pages:
        assert timedelta(minutes=119) < page.due_at - room.start - HOUR < timedelta(minutes=121)
    room.pass_after(2 * HOUR)
    assert sum(room.site.count(f"/{name}") for name in names) == asked


@pytest.mark.parametrize("had", ["stub", "pending"])
def test_what_its_feed_carries_whole_at_last_is_judged_on_all_of_it(
    after_baseline: Newsroom, had: str
) -> None:
    room = after_baseline
    broken = Answer(404) if had == "stub" else Answer(503)
    room.site.answer("/a", broken)
    room.publish(room.item("a"))
    room.pass_after(HOUR)
    assert room.articles[0].text_state == had
    whole = told("a") + told("b", "More.")
    room.publish(room.item("a", whole))
    room.page("a", told("a", "A page of its own that is shorter."))
    for wait in (2 * HOUR, 3 * HOUR):
        room.pass_after(wait)
    assert (room.articles[0].text_state, room.articles[0].body) == ("full", whole)
    assert room.matched == {"acme"}
    assert room.pages[0].state in ("done", "failed")


async def fetch_interrupted(room: Newsroom, then: Callable[[Workspace], object]) -> None:
    """Fetch the one page that is due; between match and write happens `then`."""
    async with opened_at(room.workspace, room.start + HOUR) as watched:
        ports = watched.ports
        await ports.in_thread(watched.start)
        rules = ports.current.engine.rules
        ports.current.engine = Interrupted(rules, lambda: then(watched))
        (page,) = await pages.claim_pages(ports, 10)
        await pages.fetch(ports, page)
        await ports.in_thread(Assigner(ports).place_due)


async def test_rules_that_come_into_force_while_a_page_is_judged_find_it(
    after_baseline: Newsroom,
) -> None:
    room = after_baseline
    room.page("a", told("a", "Acme will open an office. There was rain."))
    room.publish(room.item("a", "There was rain."))
    await asyncio.to_thread(room.pass_after, HOUR, ["polls"])

    def reload(watched: Workspace) -> None:
        room.workspace.write("rules/rain.yaml", OTHER_RULE)
        watched.look()

    await fetch_interrupted(room, reload)
    assert room.matched == {"acme", "rain"}


async def test_what_the_feed_revises_while_a_page_is_judged_stays_revised(
    after_baseline: Newsroom,
) -> None:
    room = after_baseline
    room.page("a", told("a"))
    room.publish(room.item("a"))
    await asyncio.to_thread(room.pass_after, HOUR, ["polls"])

    def revise(_: Workspace) -> None:
        with room.store.write() as tx:
            tx.execute(update(ArticleRow).values(title="Corrected"))

    await fetch_interrupted(room, revise)
    assert (room.articles[0].title, room.articles[0].text_state) == ("Corrected", "page")


def test_a_teaser_becomes_a_page_becomes_a_webhook(after_baseline: Newsroom) -> None:
    room = after_baseline
    room.page("a", told("a"))
    room.publish(room.item("a", "Read on."))
    room.pass_after(HOUR)
    (data,) = room.told
    assert data["rule"]["id"] == "acme"
    assert data["articles"][0]["title"] == "News of a"
    room.pass_after(2 * HOUR)
    assert len(room.told) == 1
    assert (room.site.count("/a"), room.site.count("/robots.txt")) == (1, 1)


def test_what_a_baselines_page_brings_is_told_to_nobody_at_once(room: Newsroom) -> None:
    room.page("a", told("a"))
    room.publish(room.item("a", "Read on."))
    room.pass_after()
    assert (room.articles[0].text_state, room.matched) == ("page", {"acme"})
    room.pass_after(HOUR)
    assert room.told == []
