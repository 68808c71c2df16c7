"""Take text and markup out of XML elements."""

from __future__ import annotations

import re

from lxml import etree

from monitor.parse.markup import guessed_as_markup
from monitor.parse.names import field_of

Element = etree._Element
Fields = dict[str, list[Element]]

_PREFIXED = re.compile(r"(</?)[A-Za-z_][\w.-]{0,40}:(?=[A-Za-z])")
_DECLARATION = re.compile(r'\sxmlns(?::[\w.-]{1,40})?="[^"]*"')
_HTML_TYPES = frozenset({"html", "text/html"})
_XHTML_TYPES = frozenset({"xhtml", "application/xhtml+xml"})
_PLAIN_TYPES = frozenset({"text", "text/plain", "plain", ""})


class Doubt(Exception):
    """Say that only a lenient parser should read this document."""


def gather(parent: Element) -> Fields:
    """Sort an element's children by the field they fill; media groups are looked into."""
    found: Fields = {}
    for child in parent:
        tag = child.tag
        field = field_of(tag) if isinstance(tag, str) else None
        if field is None:
            continue
        if field == "group":
            for name, inner in gather(child).items():
                found.setdefault(name, []).extend(inner)
        else:
            found.setdefault(field, []).append(child)
    return found


def name_of(element: Element) -> str:
    """Give an element's name as lxml writes it: `{namespace}name`."""
    return str(element.tag)


def text_of(element: Element) -> str:
    """Give an element's content as markup: its text, or what its children say."""
    if len(element) == 0:
        return (element.text or "").strip()
    return inner_markup(element)


def inner_markup(element: Element) -> str:
    """Write out an element's inside without namespaces."""
    parts = [_escaped(element.text or "")]
    parts += [etree.tostring(child, encoding="unicode") for child in element]
    markup = _DECLARATION.sub("", "".join(parts))
    return _PREFIXED.sub(r"\1", markup).strip()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def construct(element: Element) -> str:
    """Give an Atom text construct or content as markup, "" if it is no text (RFC 4287, 3.1)."""
    kind = (element.get("type") or "").strip().lower()
    if kind in _XHTML_TYPES or (len(element) and kind in _HTML_TYPES | _PLAIN_TYPES):
        only = element[0] if len(element) == 1 else None
        is_wrapped = only is not None and etree.QName(only).localname == "div"
        return inner_markup(only if is_wrapped and only is not None else element)
    text = (element.text or "").strip()
    if kind in _HTML_TYPES:
        return text
    if kind in _PLAIN_TYPES or kind.startswith("text/"):
        return guessed_as_markup(text)
    if kind.endswith(("+xml", "/xml")):
        return inner_markup(element)
    return ""  # base64 of a picture and the like
