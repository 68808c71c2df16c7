"""Read JSON Feed 1 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from typing import Any

from monitor.errors import ParseError
from monitor.model.article import Entry, ParsedFeed, Precision
from monitor.model.network import Limits
from monitor.model.source import FeedHints
from monitor.parse.assemble import assemble
from monitor.parse.charset import decode
from monitor.parse.dates import read_date
from monitor.parse.markup import plain_as_markup

_MAX_DEPTH = 64  # a feed nests 4 levels; extensions a few more
_VERSION = "jsonfeed.org/version/"


def looks_like_json(body: bytes) -> bool:
    """Tell whether a document starts as a JSON object does."""
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def read_json_feed(body: bytes, charset: str | None, limits: Limits) -> ParsedFeed:
    """Read a JSON Feed; raise ParseError with one reason if it is none."""
    document = _loaded(body, charset)
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise ParseError("this is JSON, but no JSON Feed: it has no list of items")
    problems = []
    if _VERSION not in _text(document, "version"):
        problems.append("it does not say that it is a JSON Feed (version)")
    items = [item for item in document["items"] if isinstance(item, dict)]
    if len(items) < len(document["items"]):
        problems.append(f"{len(document['items']) - len(items)} items are no objects: left out")
    return assemble(
        [_entry(item) for item in items],
        title=plain_as_markup(_text(document, "title")),
        home_url=_text(document, "home_page_url"),
        lang=_text(document, "language"),
        hints=FeedHints(hub=_hub(document)),
        limits=limits,
        problems=problems,
    )


def _loaded(body: bytes, charset: str | None) -> Any:
    text, _ = decode(body, charset)
    _refuse_depth(text)
    try:
        return json.loads(text.lstrip("\ufeff"), strict=False)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"this is broken JSON: {str(error)[:200]}") from error


def _refuse_depth(text: str) -> None:
    """Refuse what no feed needs before the parser builds it; brackets in strings may count."""
    if "[" * _MAX_DEPTH in text or '{"":' * 8 in text:
        raise ParseError(f"this JSON is nested deeper than {_MAX_DEPTH} levels")


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if isinstance(value, bool) or value is None:
        return ""
    return str(value).strip() if isinstance(value, (str, int, float)) else ""


def _entry(item: dict[str, Any]) -> Entry:
    raw = _text(item, "date_published") or _text(item, "date_modified")
    dated = read_date(raw) if raw else None
    content = _text(item, "content_html") or plain_as_markup(_text(item, "content_text"))
    return Entry(
        guid=_text(item, "id") or None,
        link=_text(item, "url") or _text(item, "external_url") or None,
        title=plain_as_markup(_text(item, "title")) or None,
        summary=plain_as_markup(_text(item, "summary")) or None,
        content=content or None,
        author=_authors(item) or None,
        tags=tuple(tag for tag in _list(item, "tags") if isinstance(tag, str)),
        lang=_text(item, "language") or None,
        published_at=dated[0] if dated else None,
        published_raw=raw or None,
        published_precision=dated[1] if dated else Precision.UNKNOWN,
    )


def _list(record: dict[str, Any], name: str) -> list[Any]:
    value = record.get(name)
    return value if isinstance(value, list) else []


def _authors(item: dict[str, Any]) -> str:
    people = [*_list(item, "authors"), item.get("author")]
    names = (_text(one, "name") for one in people if isinstance(one, dict))
    return ", ".join(dict.fromkeys(name for name in names if name))


def _hub(document: dict[str, Any]) -> str | None:
    hubs = (_text(one, "url") for one in _list(document, "hubs") if isinstance(one, dict))
    return next((hub for hub in hubs if hub), None)
