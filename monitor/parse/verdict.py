"""Say what a document is that is no feed, and which feeds it names."""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin

_MAX_SCANNED = 300_000
_MAX_NAMED = 5
_HTML = re.compile(
    r"\s{0,1000}(?:<\?xml[^>]{0,500}\?>\s{0,1000})?(?:<!--.{0,5000}?-->\s{0,1000}){0,3}"
    r"<(?:!doctype\s{1,20}html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_LINK = re.compile(r"<link\b([^<>]{0,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""\b(rel|type|href)\s{0,5}=\s{0,5}"""
    r"""(?:"([^"]{0,1000})"|'([^']{0,1000})'|([^\s"'>]{1,1000}))""",
    re.IGNORECASE,
)
_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
)
_BINARY = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
)
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]{0,60})")


def plainly_no_feed(body: bytes, content_type: str | None, url: str) -> str | None:
    """Give the reason why a document certainly is no feed, None if it may be one."""
    if not body.strip():
        return "the document is empty"
    for start, name in _BINARY:
        if body.startswith(start):
            return f"this is {name}, not a feed{_served(content_type)}"
    head = body[:8192].decode("latin-1").lstrip("\xef\xbb\xbf")
    return _html_reason(body, url) if _HTML.match(head) else None


def _html_reason(body: bytes, url: str) -> str:
    named = named_feeds(body[:_MAX_SCANNED].decode("utf-8", "replace"), url)
    if not named:
        return "this is an HTML page, not a feed, and it names no feed"
    return "this is an HTML page, not a feed; it names feeds: " + ", ".join(named)


def named_feeds(page: str, url: str) -> tuple[str, ...]:
    """List the feeds that a page's head names (`<link rel="alternate">`), at most 5."""
    found: dict[str, None] = {}
    for link in _LINK.finditer(page):
        parts = {m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(link[1])}
        is_feed = parts.get("type", "").strip().lower() in _FEED_TYPES
        if is_feed and "alternate" in parts.get("rel", "").lower() and parts.get("href"):
            found[_joined(url, html.unescape(parts["href"]).strip())] = None
        if len(found) == _MAX_NAMED:
            break
    return tuple(found)


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _served(content_type: str | None) -> str:
    shown = "".join(char for char in content_type or "" if char.isprintable())[:80]
    return f" (served as {shown})" if shown else ""


def why_no_feed(body: bytes, text: str, content_type: str | None) -> str:
    """Give the reason why a document, that no parser could read as a feed, is none."""
    if text.lstrip()[:1] in "{[":
        return "this is JSON, but no JSON Feed"
    root = _ROOT.search(text[:_MAX_SCANNED])
    if root is None:
        return f"this is no XML and no JSON Feed ({len(body)} bytes){_served(content_type)}"
    return f"this is no feed that we know: its first element is <{root[1]}>"
