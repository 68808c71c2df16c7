"""Find who publishes an entry: a feed may carry many outlets, so it is decided entry by entry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from monitor.model.keys import SourceKey
from monitor.model.source import Source
from monitor.normalise.urls import host_of
from monitor.text.clean import clean_line

# they stand between the reader and the publisher: their addresses name nobody
_GO_BETWEENS = frozenset(
    [
        "news.google.com",
        "feedproxy.google.com",
        "feeds.feedburner.com",
        "feedburner.com",
        "feedsportal.com",
        "rss.app",
        "t.co",
        "bit.ly",
        "ift.tt",
        "dlvr.it",
        "buff.ly",
        "ow.ly",
        "tinyurl.com",
        "goo.gl",
        "trib.al",
        "lnkd.in",
        "apple.news",
        "flip.it",
        "msn.com",
        "news.yahoo.com",
        "reddit.com",
        "redd.it",
        "facebook.com",
        "twitter.com",
        "x.com",
        "bing.com",
    ]
)
_SECOND_LEVEL = frozenset(
    [
        "ac",
        "co",
        "com",
        "edu",
        "gob",
        "gov",
        "gouv",
        "go",
        "gop",
        "info",
        "mil",
        "net",
        "ne",
        "nic",
        "or",
        "org",
        "web",
        "biz",
        "asn",
        "id",
        "sch",
        "res",
    ]
)
_SHARED_HOSTS = frozenset(
    [
        "blogspot.com",
        "wordpress.com",
        "substack.com",
        "medium.com",
        "github.io",
        "gitlab.io",
        "tumblr.com",
        "netlify.app",
        "vercel.app",
        "pages.dev",
        "typepad.com",
        "livejournal.com",
        "ghost.io",
        "over-blog.com",
    ]
)
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f:.]*:[0-9a-f:.]*")
_MAX_NAME_CHARS = 200


class SourceBook:
    """Look publishers up by host and by name."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._by_domain: dict[str, Source] = {}
        self._by_name: dict[str, Source] = {}
        for source in sources:
            self._by_name.setdefault(source.name.casefold(), source)
            for domain in source.domains:
                self._by_domain.setdefault(domain.lower().strip("."), source)

    def by_domain(self, host: str) -> Source | None:
        """Give the listed source with the longest domain that is a suffix of the host."""
        rest = host.lower().strip(".")
        while rest:
            if found := self._by_domain.get(rest):
                return found
            rest = rest.partition(".")[2]
        return None

    def for_url(self, url: str) -> Source:
        """Decide who publishes what stands at an address."""
        host = host_of(url)
        return self.by_domain(host) or _unlisted(host, None)

    def for_entry(
        self,
        feed_source: Source,
        entry_link: str | None,
        source_url: str | None,
        source_title: str | None,
    ) -> Source:
        """Decide who publishes an entry: its `<source>` if it names one, else its link's domain.

        A link through a go-between (Google News, a shortener), or a feed whose source states no
        domains, leaves it at the feed's source. Of sources that share a domain it is the feed's
        own. An unlisted publisher is keyed by its registered domain.
        """
        stated, linked = host_of(source_url or ""), host_of(entry_link or "")
        if stated:
            if found := self._owner(stated, feed_source):
                return found
            if not _is_same_house(feed_source, stated):
                return _unlisted(stated, source_title)
        elif named := self._by_name.get((source_title or "").strip().casefold()):
            return named  # by name alone only without an address: many papers share a name
        if found := self._owner(linked, feed_source):
            return found
        if not linked or not feed_source.domains or is_go_between(linked):
            return feed_source
        return feed_source if _is_same_house(feed_source, linked) else _unlisted(linked, None)

    def _owner(self, host: str, feed_source: Source) -> Source | None:
        found = self.by_domain(host)
        shared = set(feed_source.domains) & set(found.domains) if found else ()
        is_own = any(host == domain or host.endswith("." + domain) for domain in shared)
        return feed_source if is_own else found


def is_go_between(host: str) -> bool:
    """Tell whether a host stands between readers and publishers: its address names nobody."""
    while host and host not in _GO_BETWEENS:
        host = host.partition(".")[2]
    return bool(host)


def _is_same_house(source: Source, host: str) -> bool:
    """Tell whether a host is the source's own, under whatever top level (bbc.com, bbc.co.uk)."""
    label = registered_domain(host).partition(".")[0]
    return bool(label) and any(
        label == registered_domain(domain).partition(".")[0] for domain in source.domains
    )


def _unlisted(host: str, title: str | None) -> Source:
    domain = registered_domain(host)
    name = clean_line(title or "", _MAX_NAME_CHARS) or domain
    return Source(key=SourceKey(domain), name=name, domains=(domain,), is_listed=False)


@lru_cache(maxsize=1024)
def registered_domain(host: str) -> str:
    """Give the domain that its owner registered, by a simple rule.

    Two labels; three under a two-letter top level with a usual second level (co.uk, com.pk) and
    on hosts that many share (example.blogspot.com). An IP address stays whole.
    """
    host = host.lower().strip(".")
    labels = host.split(".")
    if len(labels) <= 2 or _ADDRESS.fullmatch(host):
        return host
    is_country = len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    is_shared = ".".join(labels[-2:]) in _SHARED_HOSTS
    return ".".join(labels[-3:] if is_country or is_shared else labels[-2:])
