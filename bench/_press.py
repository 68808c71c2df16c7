"""Publish feeds and take webhooks on loopback, in a process of its own, as cheaply as can be.

    python bench/_press.py FEEDS ITEMS WORDS RULES SHARE

The first line on stdout is the port, which is open on every loopback address, so that each feed
and each receiver can have a host of its own. /feed/N.xml answers with an ETag, and 304 to who has
it. POST /edition/E chooses what the feeds hold: 0 is ITEMS items each, 1 one more, each later one
another more in every tenth feed; SHARE of the newest name what one of RULES rules looks for. The
first two are made before the first line is printed. /hook takes webhooks and accepts at once.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from _lab import News
from aiohttp import web

TURNS = 10
"""In how many editions each feed has news once."""


class Press:
    """Hold what each feed says in the edition of the day."""

    def __init__(self, feeds: int, items: int, words: int, rules: int, share: float) -> None:
        self._news = News(seed=3)
        self._words, self._rules, self._share = words, rules, share
        self._wanted = 0
        self._old = [
            [self._item(number, -at, "") for at in range(1, items + 1)] for number in range(feeds)
        ]
        self._bodies = {
            (number, 0): _document(number, old) for number, old in enumerate(self._old)
        }
        for number in range(feeds):
            self.body(number, 1)
        self.edition = 0

    def changed_in(self, number: int) -> int:
        """Give the edition a feed changed in last."""
        if self.edition < 2:
            return self.edition
        latest = self.edition - (self.edition - number) % TURNS
        return latest if latest >= 2 else 1

    def body(self, number: int, edition: int) -> bytes:
        """Give a feed's document; its newest item is made when it is first asked for."""
        if (number, edition) not in self._bodies:
            newest = self._item(number, edition, self._watchword((number + edition) % 1_000))
            document = _document(number, [newest, *self._old[number][:-1]])
            if edition > 1:
                self._bodies.pop((number, max(1, edition - TURNS)), None)
            self._bodies[number, edition] = document
        return self._bodies[number, edition]

    def _watchword(self, number: int) -> str:
        if number * self._share % 1 >= self._share:
            return ""
        self._wanted += 1
        return f"Watchword{self._wanted % self._rules}"

    def _item(self, number: int, edition: int, wanted: str) -> str:
        names = self._news.names(3)
        ago = timedelta(minutes=17 * max(-edition, 0) + number % 17)
        link = f"https://paper{number}.test/{number}-{edition}"
        return (
            f"<item><title>{self._news.title(names)} {wanted}</title><link>{link}</link>"
            f"<guid>{link}</guid><pubDate>{format_datetime(datetime.now(UTC) - ago)}</pubDate>"
            f"<description>{self._news.text(names, self._words)}</description></item>"
        )


def _document(number: int, items: list[str]) -> bytes:
    head = f"<rss version='2.0'><channel><title>Paper {number}</title>"
    return f"{head}{''.join(items)}</channel></rss>".encode()


async def serve(feeds: int, items: int, words: int, rules: int, share: float) -> None:
    """Serve until killed."""
    press = Press(feeds, items, words, rules, share)

    async def feed(request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        edition = press.changed_in(number)
        headers = {"ETag": f'"{edition}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        body, kind = press.body(number, edition), "application/rss+xml"
        return web.Response(body=body, content_type=kind, headers=headers)

    async def choose(request: web.Request) -> web.Response:
        press.edition = int(request.match_info["edition"])
        return web.Response(status=204)

    async def hook(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/feed/{number}.xml", feed)
    app.router.add_post("/edition/{edition}", choose)
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:5]), float(sys.argv[5])))
