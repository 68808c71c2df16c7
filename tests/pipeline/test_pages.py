"""Pages of articles whose feed carried a teaser: fetched politely, judged again, never lost."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from services.http_server import RESET, Answer
from services.in_process import opened_at, told
from services.newsroom import Newsroom, html_page

from monitor.app import Workspace
from monitor.pipeline import pages
from monitor.pipeline.ports import Ports

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
        ports = with_lease(watched, seconds=0.6)
        for _ in range(2):
            await stack.enter_async_context(ports.network.gate.turn(room.site.base))
        (page,) = await pages.claim_pages(ports, 10)
        await pages.fetch(ports, page)
    (left,) = room.pages
    assert (left.state, left.claimed_until, left.failures, left.crashes) == ("pending", None, 0, 0)
    assert room.site.count("/slow") == 0


def with_lease(watched: Workspace, *, seconds: float) -> Ports:
    terms = watched.ports.terms
    limits = replace(terms.limits, lease_seconds=seconds)
    return replace(watched.ports, terms=replace(terms, limits=limits))


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
