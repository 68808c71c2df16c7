"""Fetch an article's page."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from monitor.errors import FetchError
from monitor.fetch.feed import PACKED
from monitor.fetch.follow import Arrival, following
from monitor.fetch.headers import charset_of, content_type_of
from monitor.fetch.hosts import HostGate
from monitor.fetch.robots import Robots
from monitor.fetch.status import bad_status
from monitor.model.network import Limits
from monitor.net.bounded import read_bounded
from monitor.net.hosts import host_of

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
PAGE_MAX_BYTES = 5_000_000  # the largest article pages of 1,171 measured have 2.3 MB
_HTML = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPage:
    """Carry a page's HTML as sent, unpacked; `charset` is the header's, None if not stated."""

    url: str
    final_url: str
    html: bytes
    content_type: str
    charset: str | None


async def fetch_page(
    session: aiohttp.ClientSession,
    url: str,
    limits: Limits,
    *,
    now: datetime,
    gate: HostGate | None = None,
    robots: Robots | None = None,
    max_wait_seconds: float | None = None,
) -> FetchedPage:
    """Fetch an HTML page in its host's turn; raise `FetchError` for all else.

    In the same turn robots.txt is asked before (see `Robots.require`). `max_wait_seconds` bounds
    the wait for the turn: HostBusy says that it was too long.
    """
    turn: AbstractAsyncContextManager[None] = (
        nullcontext() if gate is None else gate.turn(url, max_wait_seconds=max_wait_seconds)
    )
    async with turn:
        if robots is not None:
            await robots.require(session, url, limits, now=now)
        try:
            async with asyncio.timeout(limits.feed_total_seconds):
                return await _exchange(session, url, limits, now)
        except TimeoutError as error:
            raise FetchError(
                f"{host_of(url)} did not finish its answer within "
                f"{limits.feed_total_seconds:g} s.",
                kind="timeout",
            ) from error


async def _exchange(
    session: aiohttp.ClientSession, url: str, limits: Limits, now: datetime
) -> FetchedPage:
    async with following(
        session,
        url,
        headers={"Accept": ACCEPT, "Accept-Encoding": PACKED},
        max_redirects=limits.max_redirects,
    ) as arrival:
        if arrival.response.status not in (200, 203):
            raise bad_status(arrival.response, now)
        content_type = _html_type(arrival)
        html = await read_bounded(
            arrival.response,
            max_bytes=min(PAGE_MAX_BYTES, limits.feed_max_bytes),
            max_ratio=limits.max_inflate_ratio,
        )
        return FetchedPage(
            url=url,
            final_url=str(arrival.url),
            html=html,
            content_type=content_type,
            charset=charset_of(arrival.response),
        )


def _html_type(arrival: Arrival) -> str:
    """Give the media type if it is HTML's, or not stated."""
    content_type = content_type_of(arrival.response)
    if content_type and content_type not in _HTML:
        arrival.response.close()
        raise FetchError(
            f"{host_of(arrival.url)} sends {content_type} where a web page was expected.",
            kind="protocol",
        )
    return content_type or "text/html"
