"""Give an article the text of its page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor.model.article import Article, Page, Precision, TextState
from monitor.model.keys import ArticleKey, digest_of
from monitor.model.network import Limits
from monitor.model.source import Source
from monitor.normalise.entry import text_hash
from monitor.normalise.urls import canonical_url
from monitor.normalise.wording import primary_language
from monitor.text.clean import clean_line, clean_text
from monitor.text.language import language_of


def with_page(article: Article, page: Page, *, limits: Limits, now: datetime) -> Article:
    """Put a page's text in the place of the feed's teaser.

    The feed's title stays if it has a real one. A page that gives less than the teaser did (a
    paywall) leaves the teaser, and the article a stub. A canonical link replaces the identity of
    the URL only within the same host: another's page must not claim it.
    """
    body = clean_text(page.text[: limits.max_text_chars])
    if len(body) < len(article.body):
        return replace(article, text_state=TextState.STUB, fetched_at=now)
    title, is_real = article.title, article.has_real_title
    if not is_real and page.title:
        title, is_real = clean_line(page.title, limits.max_name_chars), True
    return replace(
        article,
        title=title,
        has_real_title=is_real,
        body=body,
        lang=language_of(title, body, article.lang or primary_language(page.lang)),
        canonical_url=_identity(article.canonical_url, page.canonical_url),
        text_state=TextState.PAGE,
        text_hash=text_hash(title, body),
        fetched_at=now,
    )


def article_of_page(
    page: Page, url: str, *, source: Source, limits: Limits, now: datetime
) -> Article:
    """Make an article of a page that no feed told of; it counts as published now."""
    title = clean_line(page.title or "", limits.max_name_chars)
    body = clean_text(page.text[: limits.max_text_chars])
    return Article(
        key=ArticleKey(digest_of("page", canonical_url(url))),
        feed="",
        source=source,
        url=url,
        canonical_url=_identity(canonical_url(url), page.canonical_url),
        title=title or url,
        has_real_title=bool(title),
        body=body,
        lang=language_of(title, body, primary_language(page.lang, source.lang)),
        published_at=now,
        published_precision=Precision.UNKNOWN,
        first_seen_at=now,
        fetched_at=now,
        text_state=TextState.PAGE,
        text_hash=text_hash(title, body),
    )


def _identity(ours: str, stated: str | None) -> str:
    theirs = canonical_url(stated) if stated else ""
    is_same_host = theirs.split("/")[2:3] == ours.split("/")[2:3]
    return theirs if theirs and is_same_host else ours
