"""Fetch one page that somebody asks about."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import datetime

from monitor.app.ports import open_network
from monitor.extract.page import extract_page
from monitor.fetch.page import fetch_page
from monitor.model.article import Article
from monitor.normalise.page import article_of_page
from monitor.normalise.source_book import SourceBook
from monitor.settings import Settings


async def fetch_article(settings: Settings, url: str, *, now: datetime) -> Article:
    """Fetch a page as the monitor would (guarded, asking robots.txt) and make an article of it.

    Nothing is stored. Raises FetchError, ChildError or ExtractError.
    """
    async with AsyncExitStack() as stack:
        network = await open_network(stack, settings)
        answer = await fetch_page(
            network.session,
            url,
            settings.limits,
            now=now,
            gate=network.gate,
            robots=network.robots,
        )
        page = await network.children.run(
            extract_page, answer.html, answer.final_url, answer.charset
        )
    source = SourceBook(settings.sources).for_url(answer.final_url)
    return article_of_page(page, url, source=source, limits=settings.limits, now=now)
