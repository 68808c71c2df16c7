"""Be the world of a soak: living feeds, broken ones, pages, receivers, a mail server.

    python bench/_world.py FEEDS ITEMS RULES SHARE

The first line on stdout is the HTTP port, open on every loopback address, and the SMTP port.
Each time a living feed (/feed/N.xml) is asked for, one of its items has a newer text; each tenth
time the oldest makes room for a new one, so the number of items never grows. SHARE of the new
ones name what one of RULES rules looks for, and every fourth has a teaser only and a page.
/bad/KIND fails in its own way. /hook accepts, /flaky refuses each third time, /stuck is silent.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from datetime import UTC, datetime
from email.utils import format_datetime

from _lab import ROOT, News
from aiohttp import web

sys.path.insert(0, str(ROOT / "tests"))

from services.http_server import (
    BOMB,
    DRIP_BODY,
    ENDLESS,
    HANG,
    RESET,
    Answer,
    Hit,
    HttpServer,
    redirect,
)
from services.smtp_sink import SmtpSink

NEW_EVERY = 10  # polls
TEASER_EVERY = 4  # new items
FULL_WORDS, TEASER_WORDS = 300, 40
KEPT_PAGES = 4_000
FORGET_SECONDS = 30.0

_DEEP = (
    b"<rss version='2.0'><channel><item><title>Deep</title><description>&lt;div&gt;</description>"
)
_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b"]><rss version='2.0'><channel><title>&b;</title></channel></rss>"
)
BAD = {
    "gone-wrong": Answer(500),
    "missing": Answer(404),
    "login": Answer(body=b"<html><body><form>Sign in</form></body></html>"),
    "entities": Answer(body=_LAUGHS),
    "nested": Answer(body=_DEEP * 2_000),
    "bytes": Answer(body=bytes(range(256)) * 2_000),
    "bomb": BOMB,
    "endless": ENDLESS,
    "drip": DRIP_BODY,
    "hang": HANG,
    "reset": RESET,
    "loop": redirect("/bad/loop"),
}


class World(HttpServer):
    """Answer whatever is asked."""

    def __init__(self, feeds: int, items: int, rules: int, share: float) -> None:
        super().__init__()
        self.host = "0.0.0.0"
        self._news = News(seed=4)
        self._rules, self._share = rules, share
        self._made = self._polls = self._hooks = self._flaky = 0
        self._pages: dict[int, str] = {}
        self._feeds = [deque(maxlen=items) for _ in range(feeds)]
        self._items = items

    async def _answer(self, request: web.Request, hit: Hit) -> web.StreamResponse:
        kind, _, name = hit.path.strip("/").partition("/")
        if kind == "feed":
            return self._feed(int(name.removesuffix(".xml")))
        if kind == "page":
            return self._page(int(name))
        if kind == "bad":
            return await BAD[name].give(request)
        if kind == "hook":
            self._hooks += 1
            return web.Response(status=204)
        if kind == "flaky":
            self._flaky += 1
            return web.Response(status=204 if self._flaky % 3 else 503)
        if kind == "stuck":
            return await HANG.give(request)
        if kind == "figures":
            return web.json_response(
                {"polls": self._polls, "items": self._made, "hooks": self._hooks}
            )
        return web.Response(status=404)

    def _feed(self, number: int) -> web.Response:
        self._polls += 1
        entries = self._feeds[number]
        if not entries:
            entries.extend(self._item() for _ in range(self._items))
        elif self._polls % NEW_EVERY == 0:
            entries.append(self._item())
        else:
            at = self._polls // NEW_EVERY % len(entries)
            entries[at] = entries[at].replace("<description>", "<description>Corrected. ", 1)
            if entries[at].count("Corrected. ") > 3:
                entries[at] = entries[at].replace("Corrected. ", "")
        body = f"<rss version='2.0'><channel><title>Paper {number}</title>{''.join(entries)}"
        return web.Response(
            text=f"{body}</channel></rss>", content_type="application/rss+xml", charset="utf-8"
        )

    def _item(self) -> str:
        self._made += 1
        number, names = self._made, self._news.names(3)
        wanted = (
            f"Watchword{number % self._rules}" if number * self._share % 1 < self._share else ""
        )
        title = f"{self._news.title(names)} {wanted}"
        text = self._news.text(names, FULL_WORDS)
        link = f"https://paper.test/{number}"
        if number % TEASER_EVERY == 0:
            self._pages[number] = f"<h1>{title}</h1><p>{text.replace('. ', '.</p><p>')}</p>"
            self._pages.pop(number - KEPT_PAGES, None)
            link = f"http://127.3.{number % 8}.1:{self.port}/page/{number}"
            text = text[: TEASER_WORDS * 6]
        return (
            f"<item><title>{title}</title><link>{link}</link><guid>{number}</guid>"
            f"<pubDate>{format_datetime(datetime.now(UTC))}</pubDate>"
            f"<description>{text}</description></item>"
        )

    def _page(self, number: int) -> web.Response:
        article = self._pages.get(number, "")
        text = f"<html><body><nav>Home</nav><article>{article}</article></body></html>"
        return web.Response(text=text, content_type="text/html", status=200 if article else 404)


async def forget(mails: SmtpSink) -> None:
    """Keep no mail: a soak brings many."""
    while True:
        await asyncio.sleep(FORGET_SECONDS)
        mails.mails.clear()
        mails.commands.clear()
        mails.cleartext.clear()


def main() -> None:
    """Serve until killed."""
    feeds, items, rules = map(int, sys.argv[1:4])
    with World(feeds, items, rules, float(sys.argv[4])) as world, SmtpSink() as mails:
        print(world.port, mails.port, flush=True)
        asyncio.run(forget(mails))


if __name__ == "__main__":
    main()
