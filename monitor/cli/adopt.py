"""Make sources of the feeds of another reader's list."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from monitor.model.keys import SourceKey
from monitor.model.source import Source
from monitor.normalise.opml import OutlineFeed
from monitor.normalise.source_book import is_go_between, registered_domain
from monitor.normalise.urls import host_of
from monitor.settings import checks


def free_key(wish: str, taken: Collection[str]) -> SourceKey:
    """Make a key of the first part of a domain that no source has."""
    base = re.sub(r"[^a-z0-9]+", "-", wish.lower().split(".")[0]).strip("-") or "source"
    number, key = 2, base
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    return SourceKey(key)


def sources_with(outlines: Iterable[OutlineFeed], known: Sequence[Source]) -> tuple[Source, ...]:
    """Give the sources that these feeds belong to: new ones, and known ones with more feeds.

    A list that we have written names the source; of another one the feeds of one home page are
    one source. Further sources of the list keep their order.
    """
    found = {source.key: source for source in known}
    changed: dict[SourceKey, None] = {}
    for outline in outlines:
        source = _owner(outline, list(found.values())) or _new(outline, found)
        found[source.key] = replace(source, feeds=(*source.feeds, outline.url))
        changed[source.key] = None
    return tuple(found[key] for key in changed)


def _owner(outline: OutlineFeed, known: Iterable[Source]) -> Source | None:
    if outline.source:
        return next((source for source in known if source.key == outline.source.key), None)
    domain = _domain(outline)
    return next((source for source in known if domain and domain in source.domains), None)


def _new(outline: OutlineFeed, taken: Collection[str]) -> Source:
    lang = checks.lang_code(outline.lang) if outline.lang else None
    if outline.source:
        return replace(outline.source, lang=lang)
    domain = _domain(outline)
    return Source(
        key=free_key(_label(domain) or registered_domain(host_of(outline.url)), taken),
        name=outline.title or domain or outline.url,
        domains=(domain,) if domain else (),
        lang=lang,
    )


def _domain(outline: OutlineFeed) -> str:
    """Give the host of its home page, else what its address shows; "" behind a go-between."""
    home = checks.domain_name(host_of(outline.home_url)) if outline.home_url else None
    if home and not is_go_between(home):
        return home
    host = host_of(outline.url)
    return "" if is_go_between(host) else registered_domain(host)


def _label(domain: str) -> str:
    """Give what names a host best: "profit" of profit.example.com, "example" of en.example.com."""
    first = domain.partition(".")[0]
    return registered_domain(domain) if len(first) < 3 else domain
