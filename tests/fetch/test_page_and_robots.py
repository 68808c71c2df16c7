"""Fetching article pages, and asking robots.txt before."""

from __future__ import annotations

import asyncio
import gzip
import time
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from monitor.errors import FetchError
from monitor.fetch import FetchedPage, HostGate, Robots, fetch_page
from monitor.fetch.robots_text import rules_for
from monitor.model.network import Limits
from monitor.net.session import open_session
from tests.net.loopback import LOOPBACK, PATIENT, PUBLIC_ONLY, Site, serving

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HTML = "<html><p>کراچی".encode()


async def read(site: Site, path: str = "/story", robots: Robots | None = None) -> FetchedPage:
    async with open_session(LOOPBACK, PATIENT, user_agent="MediaMonitor/1") as session:
        return await fetch_page(
            session, site.url(path), PATIENT, now=NOW, gate=HostGate(2, 0.0), robots=robots
        )


async def test_a_page_comes_unpacked_with_its_charset() -> None:
    async def answer(request: web.Request) -> web.Response:
        headers = {"Content-Type": 'text/HTML; charset="Windows-1256"', "Content-Encoding": "gzip"}
        return web.Response(body=gzip.compress(HTML), headers=headers)

    async with serving(answer) as site:
        page = await read(site)
    assert page == FetchedPage(
        url=site.url("/story"),
        final_url=site.url("/story"),
        html=HTML,
        content_type="text/html",
        charset="windows-1256",
    )


@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "application/json", "video/mp4"])
async def test_what_is_no_html_is_not_read(kind: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"x", content_type=kind)

    async with serving(answer) as site:
        with pytest.raises(FetchError) as caught:
            await read(site)
    assert caught.value.reason == f"127.0.0.1 sends {kind} where a web page was expected."


class Scripted:
    """Answer robots.txt as told and every page with HTML."""

    def __init__(self, body: bytes = b"", status: int = 200) -> None:
        self.body = body
        self.status = status
        self.asked = 0

    async def __call__(self, request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            self.asked += 1
            await asyncio.sleep(0)
            return web.Response(body=self.body, status=self.status)
        return web.Response(body=HTML, content_type="text/html")


RULES = b"""
User-agent: Googlebot
Disallow: /

User-agent: *
Disallow: /private/
Allow: /private/open

User-agent: MediaMonitor
Disallow: /not-for-us
"""


async def test_rules_that_name_us_count_and_those_for_all_do_not_then() -> None:
    async with serving(Scripted(RULES)) as site:
        assert (await read(site, "/private/x", Robots("MediaMonitor"))).html == HTML
        with pytest.raises(FetchError, match=r"robots\.txt"):
            await read(site, "/not-for-us", Robots("MediaMonitor"))
        with pytest.raises(FetchError, match=r"robots\.txt") as caught:
            await read(site, "/private/x", Robots("OtherBot"))
        assert caught.value.kind == "robots"
        assert (await read(site, "/private/open", Robots("OtherBot"))).html == HTML


@pytest.mark.parametrize(
    ("status", "is_open"),
    [(404, True), (403, True), (410, True), (500, False), (503, False), (429, False)],
)
async def test_a_missing_robots_txt_allows_and_a_broken_one_forbids(
    status: int, is_open: bool
) -> None:
    async with serving(Scripted(status=status)) as site:
        if is_open:
            assert (await read(site, robots=Robots("MediaMonitor"))).html == HTML
        else:
            with pytest.raises(FetchError, match=r"robots\.txt"):
                await read(site, robots=Robots("MediaMonitor"))


async def test_an_origin_is_asked_once_a_day_however_many_ask() -> None:
    script = Scripted(RULES)
    robots = Robots("MediaMonitor")
    async with serving(script) as site, open_session(LOOPBACK, PATIENT, user_agent="t") as session:
        url = site.url("/x")
        await asyncio.gather(*(robots.require(session, url, PATIENT, now=NOW) for _ in range(20)))
        await robots.require(session, url, PATIENT, now=NOW + timedelta(hours=23))
        assert script.asked == 1
        await robots.require(session, url, PATIENT, now=NOW + timedelta(hours=24))
        assert script.asked == 2
        assert robots._asking == {}


async def test_an_unreachable_robots_txt_is_asked_again_after_an_hour() -> None:
    script = Scripted(status=500)
    robots = Robots("MediaMonitor")
    async with serving(script) as site, open_session(LOOPBACK, PATIENT, user_agent="t") as session:
        for minutes, asked in ((0, 1), (59, 1), (60, 2)):
            at = NOW + timedelta(minutes=minutes)
            with pytest.raises(FetchError) as caught:
                await robots.require(session, site.url("/x"), PATIENT, now=at)
            assert caught.value.kind == "robots_unreachable"
            assert script.asked == asked


async def test_only_the_first_500_kib_count() -> None:
    body = b"User-agent: *\nDisallow: /private\n" + b"# \n" * 300_000 + b"Disallow: /\n"
    async with serving(Scripted(body)) as site:
        assert (await read(site, "/x", Robots("MediaMonitor"))).html == HTML
        with pytest.raises(FetchError):
            await read(site, "/private", Robots("MediaMonitor"))


async def test_robots_txt_of_a_private_host_is_refused_by_the_guard() -> None:
    async with serving(Scripted()) as site:
        async with open_session(PUBLIC_ONLY, PATIENT, user_agent="t") as session:
            with pytest.raises(FetchError) as caught:
                await Robots("M").require(session, site.url("/"), Limits(), now=NOW)
        assert caught.value.kind == "refused_address"
        assert site.requests == []


def test_a_hostile_robots_txt_costs_next_to_nothing() -> None:
    from protego import Protego

    agents = "".join(f"User-agent: u{n}\n" for n in range(12_000))
    for text in (
        agents + "".join(f"Disallow: /{n}\n" for n in range(15_000)),
        "User-agent: *\n" + "Disallow: /*a*a*a*a*a*c\n" * 20_000,
        "User-agent: MediaMonitor\n" * 20_000 + "Disallow: /a\n",
        "User-agent: *\nDisallow: /a\n" * 18_000,
        ":" * 500_000,
    ):
        start = time.process_time()
        rules = Protego.parse(rules_for(text, "MediaMonitor"))
        rules.can_fetch("http://x.example/" + "a" * 2_000, "MediaMonitor")
        assert time.process_time() - start < 5.0  # 0.1 s on a free machine; unbounded: > 1,000 s
