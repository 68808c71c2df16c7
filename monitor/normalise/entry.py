"""Make articles of a feed's entries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from monitor.model.article import Article, Entry, ParsedFeed, Precision, TextState
from monitor.model.keys import digest_of
from monitor.model.network import Limits
from monitor.model.source import Source
from monitor.normalise.identity import Identity, Names, identify
from monitor.normalise.source_book import SourceBook
from monitor.normalise.urls import absolute_link, canonical_url, host_of
from monitor.normalise.wording import (
    MAX_TITLE_CHARS,
    clean_tags,
    first_sentence,
    person,
    plain,
    plain_line,
    primary_language,
    title_without_source,
)
from monitor.text.language import language_of

_EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)  # no feed is older: a date before it is a mistake
_OPAQUE_HOSTS = frozenset({"news.google.com"})  # their pages hold no article


def normalise_feed(
    parsed: ParsedFeed,
    *,
    feed_url: str,
    source: Source,
    sources: SourceBook,
    now: datetime,
    limits: Limits,
) -> tuple[Article, ...]:
    """Make the articles of a document, each once, in the document's order.

    Entries without any title, text and link are left out: there is nothing to tell. Of an entry
    that stands twice (same guid, link and title) the first stays.
    """
    entries = [entry for entry in parsed.entries if _says_something(entry)]
    base = _base(feed_url, parsed.home_url)
    links = [absolute_link(entry.link, base) for entry in entries]
    names = [_names(*pair) for pair in zip(entries, links, strict=True)]
    found: dict[str, Article] = {}
    for entry, link, identity in zip(entries, links, identify(feed_url, names), strict=True):
        if identity.key not in found:
            found[identity.key] = _article(
                entry, link, identity,
                feed_url=feed_url, feed=parsed, source=source, sources=sources, now=now,
                limits=limits,
            )  # fmt: skip
    return tuple(found.values())


def _says_something(entry: Entry) -> bool:
    return any(text and text.strip() for text in _words(entry)) or bool(entry.link)


def _words(entry: Entry) -> Iterator[str | None]:
    yield from (entry.title, entry.content, entry.summary)


def _base(feed_url: str, home_url: str | None) -> str:
    """Choose what relative links resolve against: the site, if another host serves the feed."""
    home = absolute_link(home_url, feed_url)
    return home if home and host_of(home) != host_of(feed_url) else feed_url


def _names(entry: Entry, link: str) -> Names:
    day = entry.published_at.date().isoformat() if entry.published_at else ""
    title = (entry.title or entry.summary or entry.content or "").strip()[:MAX_TITLE_CHARS]
    guid = (entry.guid or "").strip()
    return Names(guid=guid, link=canonical_url(link), title=" ".join(title.split()), day=day)


def _article(
    entry: Entry,
    link: str,
    identity: Identity,
    *,
    feed_url: str,
    feed: ParsedFeed,
    source: Source,
    sources: SourceBook,
    now: datetime,
    limits: Limits,
) -> Article:
    publisher = sources.for_entry(source, link, entry.source_url, entry.source_title)
    body = _body(entry, limits)
    stated = plain_line(entry.title, MAX_TITLE_CHARS)
    title = title_without_source(stated, publisher, entry.source_title)
    title = title or first_sentence(body) or link
    published_at, precision = _published(entry, now)
    return Article(
        key=identity.key,
        feed=feed_url,
        source=publisher,
        url=link,
        canonical_url=canonical_url(link),
        title=title,
        has_real_title=bool(stated),
        body=body,
        author=person(entry.author, limits.max_name_chars),
        tags=clean_tags(entry.tags, limits.max_name_chars),
        lang=language_of(
            title, body, primary_language(entry.lang, feed.lang, publisher.lang, source.lang)
        ),
        published_at=published_at,
        published_precision=precision,
        first_seen_at=now,
        fetched_at=now,
        text_state=_text_state(body, link, limits),
        text_hash=text_hash(title, body),
        aliases=identity.aliases,
    )


def text_hash(title: str, body: str) -> str:
    """Hash what an article says; equal exactly for equal title and body."""
    return digest_of("text", title, body)


def _body(entry: Entry, limits: Limits) -> str:
    content = plain(entry.content, limits.max_text_chars)
    summary = plain(entry.summary, limits.max_text_chars)
    return content if len(content) > len(summary) else summary


def _published(entry: Entry, now: datetime) -> tuple[datetime, Precision]:
    stated = entry.published_at
    if stated is None or stated < _EARLIEST:
        return now, Precision.UNKNOWN
    precision = entry.published_precision
    if stated <= now:
        return stated, precision
    if precision is Precision.DAY:  # east of Greenwich it is tomorrow already
        return now.replace(hour=0, minute=0, second=0, microsecond=0), precision
    return now, precision


def _text_state(body: str, link: str, limits: Limits) -> TextState:
    if len(body) >= limits.full_text_chars:
        return TextState.FULL
    return TextState.PENDING if link and host_of(link) not in _OPAQUE_HOSTS else TextState.STUB
