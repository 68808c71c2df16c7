"""Read RSS 0.9x, 1.0 (RDF), 2.0 and Atom 1.0 strictly, and give up on any doubt.

This is the cheap path: one lxml parse and one walk. Whatever a lenient parser might read otherwise
(a syntax error, a DOCTYPE, an unreadable date, an entry without id, link and title, a link that
depends on xml:base) is left to `monitor.parse.careful`, so text is never lost here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from monitor.model.article import ParsedFeed
from monitor.model.network import Limits
from monitor.model.source import FeedHints
from monitor.parse.assemble import assemble, ttl_seconds
from monitor.parse.charset import decode, is_plainly_utf8
from monitor.parse.elements import Doubt, Element, Fields, gather, text_of
from monitor.parse.entries import read_entry
from monitor.parse.names import ATOM, RDF, XML_LANG
from monitor.parse.repair import as_cp1252_meant

_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)
_TWICE_ENCODED = b"\xc3\x83\xc2"  # UTF-8 taken for Latin-1 and encoded again: feedparser mends it


def read_fast(body: bytes, charset: str | None, limits: Limits) -> ParsedFeed | None:
    """Read a feed strictly, or give None if anything about it is doubtful."""
    prepared = _prepared(body, charset)
    if prepared is None:
        return None
    try:
        root = etree.fromstring(prepared, parser=_parser())
        return _read_root(root, limits, has_base=b"xml:base" in body)
    except (etree.XMLSyntaxError, Doubt, ValueError):
        return None


def _prepared(body: bytes, charset: str | None) -> bytes | None:
    if not is_plainly_utf8(body, charset):
        text, is_sound = decode(body, charset)
        if not is_sound:
            return None
        body = text.encode("utf-8", "replace")
    if _TWICE_ENCODED in body or _DOCTYPE.search(body[: body.find(b"<", 4096) + 1 or 4096]):
        return None
    return as_cp1252_meant(body.lstrip(b"\xef\xbb\xbf\r\n\t "))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, recover=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip


def _read_root(root: Element, limits: Limits, *, has_base: bool) -> ParsedFeed | None:
    if root.getroottree().docinfo.doctype:
        return None
    head, elements, name = _layout(root)
    if not elements or sum(1 for _ in root.iter("{*}" + name)) != len(elements):
        return None  # entries in places where only a lenient parser looks
    is_atom = name == "entry"
    fields = gather(head)
    entries = [read_entry(element, is_atom=is_atom, has_base=has_base) for element in elements]
    return assemble(
        entries,
        title=text_of(fields["title"][0]) if "title" in fields else None,
        home_url=_home(fields),
        lang=_lang(root, head, fields),
        hints=_hints(fields),
        limits=limits,
    )


def _layout(root: Element) -> tuple[Element, list[Element], str]:
    if root.tag == f"{{{ATOM}}}feed":
        return root, list(root.iterchildren(f"{{{ATOM}}}entry")), "entry"
    if root.tag == "rss":
        channel = root.find("channel")
        if channel is None:
            raise Doubt
        return channel, [*channel.iterchildren("item"), *root.iterchildren("item")], "item"
    if root.tag == f"{{{RDF}}}RDF":
        channel = root.find("{*}channel")
        items = list(root.iterchildren("{*}item"))
        if any(etree.QName(item).namespace != etree.QName(items[0]).namespace for item in items):
            raise Doubt
        return (root if channel is None else channel), items, "item"
    raise Doubt


def _links(fields: Fields) -> Iterator[tuple[str, str]]:
    for element in fields.get("link", ()):
        href = element.get("href")
        yield (element.get("rel") or "alternate").lower(), (href or element.text or "").strip()


def _home(fields: Fields) -> str | None:
    return next((href for rel, href in _links(fields) if rel == "alternate" and href), None)


def _hints(fields: Fields) -> FeedHints:
    ttl = text_of(fields["ttl"][0]) if "ttl" in fields else None
    hub = next((href for rel, href in _links(fields) if rel == "hub" and href), None)
    return FeedHints(ttl_seconds=ttl_seconds(ttl), hub=hub)


def _lang(root: Element, head: Element, fields: Fields) -> str | None:
    if "lang" in fields:
        return text_of(fields["lang"][0]) or None
    return head.get(XML_LANG) or root.get(XML_LANG) or None
