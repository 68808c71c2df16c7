"""Build an entry from the XML element of an item or entry."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.article import Entry, Precision
from monitor.parse.dates import Dated, read_date
from monitor.parse.elements import (
    Doubt,
    Element,
    Fields,
    construct,
    gather,
    inner_markup,
    name_of,
    text_of,
)
from monitor.parse.markup import guessed_as_markup
from monitor.parse.names import ATOM, RDF_ABOUT, XML_LANG

_IN_ATOM = "{" + ATOM + "}"
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "html", "xhtml"})
_DATES = ("published", "updated", "created")


def read_entry(element: Element, *, is_atom: bool, has_base: bool) -> Entry:
    """Read an item; raise Doubt if a lenient parser might read it otherwise."""
    fields = gather(element)
    guid = _guid(element, fields)
    link = _link(fields, is_atom=is_atom)
    title = _title(fields)
    if not (guid or link or title):
        raise Doubt
    if has_base and link and "://" not in link[:16]:
        raise Doubt
    raw, published = _date(fields)
    source_url, source_title = _source(fields)
    return Entry(
        guid=guid,
        link=link,
        title=title,
        summary=_summary(fields),
        content=_content(fields),
        author=_author(fields),
        tags=tuple(_tags(fields)) if "tag" in fields else (),
        lang=_lang(element, fields),
        published_at=published[0] if published else None,
        published_raw=raw,
        published_precision=published[1] if published else Precision.UNKNOWN,
        source_url=source_url,
        source_title=source_title,
    )


def _guid(element: Element, fields: Fields) -> str | None:
    for found in reversed(fields.get("guid", ())):
        if found.text and (text := found.text.strip()):
            return text
    return element.get(RDF_ABOUT) or None


def _link(fields: Fields, *, is_atom: bool) -> str | None:
    for found in fields.get("original_link", ()):
        if found.text and found.text.strip().startswith(("http://", "https://")):
            return found.text.strip()
    for found in reversed(fields.get("link", ())):
        if address := _address(found):
            return address
    for found in fields.get("guid", ()):
        text = (found.text or "").strip()
        is_permalink = (found.get("isPermaLink") or "true").strip().lower() == "true"
        if is_permalink and text.startswith(("http://", "https://") if is_atom else
                                            ("http://", "https://", "/")):  # fmt: skip
            return text
    return None


def _address(found: Element) -> str:
    href = found.get("href")
    if href is None:
        return (found.text or "").strip()
    is_page = (found.get("type") or "text/html").strip().lower() in _PAGE_TYPES
    return (
        href.strip()
        if (found.get("rel") or "alternate").lower() == "alternate" and is_page
        else ""
    )


def _markup(found: Element) -> str:
    if name_of(found).startswith(_IN_ATOM) or found.get("type"):
        return construct(found)
    text = text_of(found)
    return text if len(found) else guessed_as_markup(text)


def _first(fields: Fields, *names: str) -> str | None:
    for name in names:
        for found in fields.get(name, ()):
            if text := _markup(found):
                return text
    return None


def _title(fields: Fields) -> str | None:
    return _first(fields, "title", "other_title")


def _summary(fields: Fields) -> str | None:
    for found in fields.get("summary", ()):
        is_atom = name_of(found).startswith(_IN_ATOM)
        if text := (construct(found) if is_atom else text_of(found)):
            return text
    return _first(fields, "other_summary", "last_summary")


def _content(fields: Fields) -> str | None:
    texts = [text_of(found) for found in fields.get("encoded", ())]
    texts += [_markup(found) for found in fields.get("content", ())]
    texts += [inner_markup(found) for found in fields.get("markup", ())]
    # a second description is the whole text where the first is the teaser
    texts += [text_of(found) for found in fields.get("summary", ())[1:]]
    return max(texts, key=len, default="") or None


def _author(fields: Fields) -> str | None:
    for name in ("author", "other_author", "last_author"):
        names = (_person(found) for found in fields.get(name, ()))
        if joined := ", ".join(dict.fromkeys(one for one in names if one)):
            return joined
    return None


def _person(found: Element) -> str:
    if len(found) == 0:
        return (found.text or "").strip()
    parts = {
        name_of(child).rpartition("}")[2].lower(): (child.text or "").strip() for child in found
    }
    return parts.get("name") or parts.get("email") or ""


def _tags(fields: Fields) -> Iterator[str]:
    for found in fields["tag"]:
        text = found.get("label") or found.get("term") or found.text or ""
        if text := text.strip():
            yield text


def _date(fields: Fields) -> tuple[str | None, Dated | None]:
    for name in _DATES:
        for found in reversed(fields.get(name, ())):
            if found.text and (raw := found.text.strip()):
                dated = read_date(raw)
                if dated is None:
                    raise Doubt
                return raw, dated
    return None, None


def _source(fields: Fields) -> tuple[str | None, str | None]:
    found = next(iter(fields.get("source", ())), None)
    if found is None:
        return None, None
    if len(found) == 0:
        return found.get("url") or None, (found.text or "").strip() or None
    inner = gather(found)  # Atom: the feed that the entry was taken from
    addresses = (address for link in inner.get("link", ()) if (address := _address(link)))
    return next(addresses, None), _first(inner, "title")


def _lang(element: Element, fields: Fields) -> str | None:
    if "lang" in fields:
        return text_of(fields["lang"][0]) or None
    return element.get(XML_LANG) or None
