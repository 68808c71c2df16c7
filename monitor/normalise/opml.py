"""Read and write lists of feeds as OPML 2.0 (http://opml.org/spec2.opml).

What OPML has no word for stands in attributes of our own namespace, which it allows: a list of
ours comes back whole, and other readers pass over them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html.entities import html5
from typing import TypeGuard
from xml.sax.saxutils import quoteattr

from lxml import etree

from monitor.model.keys import SourceKey
from monitor.model.problem import Problem, Severity
from monitor.model.source import Source
from monitor.text.clean import clean_line

_MAX_FEEDS = 20_000
_MAX_DEPTH = 30
_MAX_NAME_CHARS = 200
_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,31});")
_IN_XML = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})
_FEED_TYPES = frozenset({"rss", "atom", "rdf", "feed", "pie", "source", ""})
_LIST_TYPES = frozenset({"include", "link"})
_NAMESPACE = "urn:media-monitor:sources"
_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_TIER = re.compile(r"[1-9][0-9]?")
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineFeed:
    """Be one feed of an OPML list.

    `category` is its first place ("/"-joined), `categories` all of them: its folders from the
    outside in, and what its own `category` attribute says. `source` is whose feed it is, without
    the feed, in a list that we have written.
    """

    title: str
    url: str
    category: str = ""
    home_url: str = ""
    lang: str = ""
    categories: tuple[tuple[str, ...], ...] = ()
    source: Source | None = None


def read_opml(data: bytes) -> tuple[tuple[OutlineFeed, ...], tuple[Problem, ...]]:
    """Read a list of feeds, each once; never raises: what is wrong is listed.

    Lists in lists (`type="include"`) are named, not followed. The problems' `file` is "OPML".
    """
    if re.search(rb"<!ENTITY", data[:100_000], re.IGNORECASE):
        return (), (_problem("it declares XML entities", "export the list again", "opml-entity"),)
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(_ENTITY.sub(_character, data), parser=parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        return (), (_problem(f"it is no XML ({_first_line(error)})", "export it again"),)
    if not _is_opml(root):
        return (), (_problem("it is no OPML list", "export the list as OPML"),)
    return _listed(root)


def _character(found: re.Match[bytes]) -> bytes:
    if found[1] in _IN_XML:
        return found[0]
    meaning = html5.get(found[1].decode("ascii") + ";")
    return html.escape(meaning).encode("utf-8") if meaning else b"&amp;" + found[0][1:]


def _first_line(error: Exception) -> str:
    return clean_line((str(error).splitlines() or ["unreadable"])[0], 200)


def _problem(what: str, cure: str, code: str = "opml-unreadable") -> Problem:
    return Problem(file="OPML", what=what, cure=cure, code=code)


def _is_opml(root: etree._Element | None) -> TypeGuard[etree._Element]:  # recovery gives None
    return root is not None and str(root.tag).rpartition("}")[2].lower() == "opml"


def _listed(root: etree._Element) -> tuple[tuple[OutlineFeed, ...], tuple[Problem, ...]]:
    found: dict[str, OutlineFeed] = {}
    problems: list[Problem] = []
    for element, folders in _outlines(root):
        fields = {str(name).lower(): str(value).strip() for name, value in element.items()}
        kind = fields.get("type", "").lower()
        if kind in _LIST_TYPES and fields.get("url"):
            what = f"it refers to another list, {clean_line(fields['url'], 300)}, not followed"
            problem = _problem(what, "import that list too", "opml-include")
            problems.append(replace(problem, severity=Severity.WARNING))
        elif fields.get("xmlurl") and kind in _FEED_TYPES and len(found) < _MAX_FEEDS:
            feed = _feed(fields, folders)
            found[feed.url] = _merged(found.get(feed.url), feed)
    return tuple(found.values()), tuple(problems)


def _outlines(root: etree._Element) -> Iterator[tuple[etree._Element, tuple[str, ...]]]:
    stack: list[tuple[etree._Element, tuple[str, ...]]] = [(root, ())]
    while stack:
        element, folders = stack.pop()
        inner = folders
        if str(element.tag).rpartition("}")[2].lower() == "outline":
            yield element, folders
            name = _name(element)
            if name and len(folders) < _MAX_DEPTH:
                inner = (*folders, name)
        stack.extend((child, inner) for child in reversed(element))


def _name(element: etree._Element) -> str:
    text = (element.get("text") or "").strip() or (element.get("title") or "").strip()
    return clean_line(text, _MAX_NAME_CHARS)


def _feed(fields: dict[str, str], folders: tuple[str, ...]) -> OutlineFeed:
    url = clean_line(fields["xmlurl"], 4_096)
    title = fields.get("text") or fields.get("title") or url
    categories = _categories(fields.get("category", ""), folders)
    return OutlineFeed(
        title=clean_line(title, _MAX_NAME_CHARS),
        url=url,
        category="/".join(categories[0]) if categories else "",
        home_url=clean_line(fields.get("htmlurl", ""), 4_096),
        lang=clean_line(fields.get("language", ""), 35),
        categories=categories,
        source=_source(fields, clean_line(title, _MAX_NAME_CHARS)),
    )


def _source(fields: Mapping[str, str], name: str) -> Source | None:
    """Read the facts of a source; one that cannot be is left out."""

    def fact(key: str, pattern: re.Pattern[str]) -> str | None:
        text = fields.get(f"{{{_NAMESPACE}}}{key}", "")
        return text if pattern.fullmatch(text) else None

    key = fact("key", _KEY)
    if key is None:
        return None
    domains = fields.get(f"{{{_NAMESPACE}}}domains", "").split()
    return Source(
        key=SourceKey(key),
        name=name,
        domains=tuple(domain for domain in domains if _DOMAIN.fullmatch(domain)),
        country=fact("country", _COUNTRY),
        lang=fields.get("language", "").lower() or None,
        tier=int(fact("tier", _TIER) or 0) or None,
        group=clean_line(fields.get(f"{{{_NAMESPACE}}}group", ""), _MAX_NAME_CHARS) or None,
        is_syndicator=fields.get(f"{{{_NAMESPACE}}}syndicator") == "true",
        is_verified=fields.get(f"{{{_NAMESPACE}}}verified") == "true",
    )


def _categories(stated: str, folders: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    found: dict[tuple[str, ...], None] = {folders: None} if folders else {}
    for one in stated.split(",")[:50]:
        parts = tuple(
            line for part in one.split("/") if (line := clean_line(part, _MAX_NAME_CHARS))
        )
        if parts:
            found[parts] = None
    return tuple(found)


def _merged(known: OutlineFeed | None, again: OutlineFeed) -> OutlineFeed:
    if known is None:
        return again
    both = tuple(dict.fromkeys((*known.categories, *again.categories)))
    return replace(known, categories=both, category="/".join(both[0]) if both else "")


def write_opml(sources: Sequence[Source]) -> str:
    """Write sources as an OPML list: one folder a group, one outline a feed."""
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(source.group or "", []).append(source)
    opening = f'<opml version="2.0" xmlns:monitor="{_NAMESPACE}">'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', opening]
    lines += ["  <head><title>Media Monitor</title></head>", "  <body>"]
    for group, members in groups.items():
        indent = "      " if group else "    "
        lines += [f"    <outline text={_attribute(group)}>"] if group else []
        lines += [indent + line for source in members for line in _written(source)]
        lines += ["    </outline>"] if group else []
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _written(source: Source) -> Iterator[str]:
    home = f" htmlUrl={_attribute('https://' + source.domains[0] + '/')}" if source.domains else ""
    lang = f" language={_attribute(source.lang)}" if source.lang else ""
    facts = {
        "key": source.key,
        "domains": " ".join(source.domains),
        "country": source.country or "",
        "tier": str(source.tier or ""),
        "group": source.group or "",
        "syndicator": "true" if source.is_syndicator else "",
        "verified": "true" if source.is_verified else "",
    }
    own = "".join(f" monitor:{key}={_attribute(text)}" for key, text in facts.items() if text)
    for feed in source.feeds:
        name, url = _attribute(source.name), _attribute(feed)
        yield f'<outline type="rss" text={name} xmlUrl={url}{home}{lang}{own}/>'


def _attribute(text: str) -> str:
    return quoteattr(clean_line(text, 4_096))
