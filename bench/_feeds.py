"""Serve made-up feeds on loopback, in a process of its own, so that its CPU is nobody's.

    python bench/_feeds.py FEEDS ITEMS WORDS

The first line on stdout is the address. Feeds lie at /etag/N.xml (with an ETag, answering 304) and
/plain/N.xml (without validators, always 200).
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from _lab import News
from aiohttp import web


def feed(news: News, number: int, items: int, words: int) -> bytes:
    """Write an RSS document as newspapers do: paragraphs, links, a picture."""
    now, entries = datetime.now(UTC), []
    for at in range(items):
        names = news.names(3)
        day = format_datetime(now - timedelta(minutes=7 * at))
        link = f"https://paper{number}.test/{at}"
        entries.append(
            f"<item><title>{news.title(names)}</title><link>{link}</link>"
            f"<guid isPermaLink='true'>{link}</guid><pubDate>{day}</pubDate>"
            f"<category>{news.words(1)[0]}</category>"
            f"<dc:creator>{' '.join(names[:2])}</dc:creator>"
            f"<description><![CDATA[{_text(news, names, link, words)}]]></description></item>"
        )
    head = f"<title>Paper {number}</title><link>https://paper{number}.test/</link><description/>"
    return (
        "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0' "
        "xmlns:dc='http://purl.org/dc/elements/1.1/'><channel>"
        f"{head}<language>en</language>{''.join(entries)}</channel></rss>"
    ).encode()


def _text(news: News, names: list[str], link: str, words: int) -> str:
    """Write paragraphs of at most 60 words, with a picture before and links between."""
    picture = f'<figure><img src="{link}.jpg" alt="{names[0]}" width="640"/></figure>'
    sizes = [min(60, words - at) for at in range(0, words, 60)]
    paragraphs = [news.text(names, size) for size in sizes]
    paragraphs[1::2] = [
        f'{one} <a href="{link}#more">{names[-1]}</a>.' for one in paragraphs[1::2]
    ]
    return picture + "".join(f"<p>{one}</p>" for one in paragraphs)


async def serve(feeds: int, items: int, words: int) -> None:
    """Serve until killed."""
    news = News()
    bodies = [feed(news, number, items, words) for number in range(feeds)]
    tags = ['"' + hashlib.sha256(body).hexdigest()[:16] + '"' for body in bodies]

    async def answer(request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if request.match_info["kind"] == "plain":
            return web.Response(body=bodies[number], content_type="application/rss+xml")
        headers = {"ETag": tags[number]}
        if request.headers.get("If-None-Match") == tags[number]:
            return web.Response(status=304, headers=headers)
        body, kind = bodies[number], "application/rss+xml"
        return web.Response(body=body, content_type=kind, headers=headers)

    app = web.Application()
    app.router.add_get("/{kind}/{number}.xml", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site.name if ":0" not in site.name else _address(runner), flush=True)
    await asyncio.Event().wait()


def _address(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:4])))
