"""Polls of feeds: polite, given back when stopped, and remembered byte for byte."""

from __future__ import annotations

from datetime import timedelta

from services.http_server import HANG
from services.in_process import opened_at, stopped
from services.newsroom import Newsroom

from monitor.pipeline import ingest
from monitor.pipeline.settler import Settler

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
