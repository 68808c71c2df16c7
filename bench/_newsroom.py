"""Publish news on loopback and take webhooks for it, in a process of its own: one clock for both.

    python bench/_newsroom.py FEEDS ITEMS WORDS RULES SHARE

The first line on stdout is the port, which is open on every loopback address, so that each feed
can have a host of its own. /feed/N.xml holds ITEMS old items when it is first asked for, and one
more each time after; SHARE of those name what one of RULES rules looks for. /hook takes webhooks;
/figures gives the seconds from an item's first serving to the first webhook that holds it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from _lab import News
from aiohttp import web


class Newsroom:
    """Write the feeds and keep the times."""

    def __init__(self, items: int, words: int, rules: int, share: float) -> None:
        self._news = News(seed=2)
        self._items = items
        self._words = words
        self._rules = rules
        self._share = share
        self._feeds: dict[int, deque[str]] = {}
        self._served: dict[str, float] = {}
        self._latencies: list[float] = []
        self._published = 0
        self._matching = 0

    async def feed(self, request: web.Request) -> web.Response:
        """Serve a feed, with one item more than the last time."""
        number = int(request.match_info["number"])
        entries = self._feeds.get(number)
        link = ""
        if entries is None:
            old = [self._item(number, -at - 1, "")[1] for at in range(self._items)]
            entries = self._feeds[number] = deque(old, maxlen=self._items)
        else:
            link, entry = self._next(number)
            entries.appendleft(entry)
        body = f"<rss version='2.0'><channel><title>Paper {number}</title>{''.join(entries)}"
        response = web.Response(
            text=f"{body}</channel></rss>", content_type="application/rss+xml", charset="utf-8"
        )
        if link:
            self._served[link] = time.monotonic()
        return response

    def _next(self, number: int) -> tuple[str, str]:
        self._published += 1
        is_hit = self._published * self._share % 1 < self._share
        link, entry = self._item(number, self._published, self._wanted() if is_hit else "")
        return (link if is_hit else ""), entry

    def _wanted(self) -> str:
        self._matching += 1
        return f"Watchword{self._matching % self._rules}"

    def _item(self, number: int, at: int, wanted: str) -> tuple[str, str]:
        names = self._news.names(3)
        moment = datetime.now(UTC) + timedelta(minutes=min(at, 0) * 17)
        link = f"https://paper{number}.test/{number}-{at}"
        title = f"{self._news.title(names)} {wanted}".strip()
        return link, (
            f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid>"
            f"<pubDate>{format_datetime(moment)}</pubDate>"
            f"<description>{self._news.text(names, self._words)}</description></item>"
        )

    async def hook(self, request: web.Request) -> web.Response:
        """Take a webhook."""
        now = time.monotonic()
        for article in (await request.json())["data"].get("articles", ()):
            served = self._served.pop(article.get("url", ""), None)
            if served is not None:
                self._latencies.append(now - served)
        return web.Response(status=204)

    async def figures(self, _: web.Request) -> web.Response:
        """Give what was measured since the last look, and what is not told yet."""
        taken, self._latencies = self._latencies, []
        counts = {"published": self._published, "untold": len(self._served)}
        return web.Response(text=json.dumps({**counts, "latencies": taken}))


async def serve(feeds: int, items: int, words: int, rules: int, share: float) -> None:
    """Serve until killed."""
    room = Newsroom(items, words, rules, share)
    app = web.Application()
    app.router.add_get("/feed/{number}.xml", room.feed)
    app.router.add_post("/hook", room.hook)
    app.router.add_get("/figures", room.figures)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 0, backlog=feeds).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:5]), float(sys.argv[5])))
