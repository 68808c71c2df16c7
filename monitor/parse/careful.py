"""Read what the strict path doubts with feedparser, the parser of record.

Meant for a child process that can be killed: feedparser needs seconds for a large hostile
document. The document is decoded and mended first (`monitor.parse.repair`), and if that alone
makes it sound, the strict path reads it after all: then a feed that breaks for a day keeps its
entries' identities.
"""

from __future__ import annotations

import calendar
import re
import warnings
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from monitor.errors import ParseError
from monitor.model.article import Entry, ParsedFeed, Precision
from monitor.model.network import Limits
from monitor.model.source import FeedHints
from monitor.parse.assemble import assemble, ttl_seconds
from monitor.parse.charset import decode
from monitor.parse.dates import Dated, read_date
from monitor.parse.fast import read_fast
from monitor.parse.markup import guessed_as_markup
from monitor.parse.repair import as_cp1252_meant, mended
from monitor.parse.verdict import why_no_feed

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_DATES = ("published", "updated", "created")
_INTERNAL_SUBSET = re.compile(r"<!ENTITY", re.IGNORECASE)
_ROOT = re.compile(r"<[A-Za-z_]")
_PLACE = re.compile(r"<unknown>:(\d+):(\d+): ")  # as the XML parser states it


def read_carefully(
    body: bytes, charset: str | None, content_type: str | None, limits: Limits
) -> ParsedFeed:
    """Read a malformed or unusual feed; raise ParseError with one reason if it is none."""
    text, is_sound = decode(body, charset)
    text = mended(text)
    _refuse_entities(text)
    problems = () if is_sound else ("some bytes make no sense in the feed's encoding",)
    data = as_cp1252_meant(text.encode("utf-8", "replace"))
    read = read_fast(data, "utf-8", limits)
    if read is not None:
        return _with_problems(read, problems)
    parsed = _feedparser_result(data)
    if not parsed["entries"] and not parsed.get("version"):
        raise ParseError(why_no_feed(body, text, content_type))
    return _mapped(parsed, limits, problems)


def _refuse_entities(text: str) -> None:
    root = _ROOT.search(text)
    if _INTERNAL_SUBSET.search(text, 0, root.start() if root else len(text)):
        raise ParseError("it declares XML entities, which can be an attack; they are refused")


def _with_problems(feed: ParsedFeed, problems: tuple[str, ...]) -> ParsedFeed:
    return ParsedFeed(
        title=feed.title, home_url=feed.home_url, lang=feed.lang, entries=feed.entries,
        entries_cut=feed.entries_cut, problems=(*problems, *feed.problems), hints=feed.hints,
    )  # fmt: skip


def _feedparser_result(data: bytes) -> Any:
    import feedparser  # slow to import, and rarely needed

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it deprecates its own mapping of dates
        try:
            return feedparser.parse(
                BytesIO(data), response_headers={"content-type": "application/xml; charset=utf-8"},
                resolve_relative_uris=False, sanitize_html=False,
            )  # fmt: skip
        except Exception as error:  # it lets errors of its parsers through, of any type
            raise ParseError(f"feedparser failed on it: {type(error).__name__}") from error


def _mapped(parsed: Any, limits: Limits, problems: tuple[str, ...]) -> ParsedFeed:
    feed = parsed["feed"]
    told = [*problems]
    if parsed.get("bozo"):
        told.append(f"malformed, read as far as it goes: {_fault(parsed.get('bozo_exception'))}")
    if not parsed["entries"]:
        told.append("it holds no entries")
    hub = next(
        (link.get("href") for link in feed.get("links", ()) if link.get("rel") == "hub"), ""
    )
    return assemble(
        [_entry(raw) for raw in parsed["entries"]],
        title=_constructed(feed, "title"),
        home_url=feed.get("link"),
        lang=feed.get("language"),
        hints=FeedHints(ttl_seconds=ttl_seconds(feed.get("ttl")), hub=hub or None),
        limits=limits,
        problems=told,
    )


def _fault(error: object) -> str:
    first_line = (str(error).splitlines() or ["not well-formed"])[0][:200]
    return _PLACE.sub(r"line \1, column \2: ", first_line)


def _entry(raw: Any) -> Entry:
    text, dated = _date(raw)
    source = raw.get("source") or {}
    return Entry(
        guid=raw.get("id") or None,
        link=_link(raw),
        title=_constructed(raw, "title"),
        summary=_constructed(raw, "summary"),
        content=_content(raw),
        author=raw.get("author") or None,
        tags=tuple(_tags(raw)),
        lang=_lang(raw),
        published_at=dated[0] if dated else None,
        published_raw=text,
        published_precision=dated[1] if dated else Precision.UNKNOWN,
        source_url=source.get("href") or source.get("link") or None,
        source_title=source.get("title") or None,
    )


def _link(raw: Any) -> str | None:
    original = raw.get("feedburner_origlink") or ""
    if original.startswith(("http://", "https://")):
        return str(original)
    link = raw.get("link") or ""
    # feedparser takes any guid for a link that does not say it is none
    is_guid = link and link == raw.get("id") and not link.startswith(("http:", "https:", "/"))
    return None if is_guid else link or None


def _constructed(raw: Any, name: str) -> str | None:
    text = raw.get(name)
    if not text:
        return None
    kind = (raw.get(name + "_detail") or {}).get("type", "text/plain")
    return str(text) if kind in _HTML_TYPES else guessed_as_markup(str(text))


def _content(raw: Any) -> str | None:
    texts = [
        value if one.get("type") in _HTML_TYPES else guessed_as_markup(value)
        for one in raw.get("content", ())
        if isinstance(value := one.get("value"), str)
    ]
    return max(texts, key=len, default="") or None


def _tags(raw: Any) -> list[str]:
    tags = (tag.get("label") or tag.get("term") or "" for tag in raw.get("tags", ()))
    return [str(tag) for tag in tags if tag]


def _lang(raw: Any) -> str | None:
    for name in ("content", "summary_detail", "title_detail"):
        detail = raw.get(name)
        detail = detail[0] if isinstance(detail, list) and detail else detail
        if isinstance(detail, dict) and detail.get("language"):
            return str(detail["language"])
    return raw.get("language") or None


def _date(raw: Any) -> tuple[str | None, Dated | None]:
    stated: str | None = None
    for name in _DATES:
        text = dict.get(raw, name)  # raw.get would take `published` for `updated`
        if not text:
            continue
        stated = stated or str(text)
        dated = read_date(str(text)) or _shifted(dict.get(raw, name + "_parsed"))
        if dated:
            return str(text), dated
    return stated, None


def _shifted(parts: Any) -> Dated | None:
    if not parts:
        return None
    try:  # feedparser has shifted this to UTC already: timegm, not mktime
        return datetime.fromtimestamp(calendar.timegm(parts), UTC), Precision.SECOND
    except (ValueError, OverflowError, OSError):
        return None
