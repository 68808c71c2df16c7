"""Keep one meaning for the texts of an entry: they are HTML, whatever the feed called them.

A title that is nominally plain text often holds escaped markup all the same ("AT&amp;amp;T"). The
guess is feedparser's: it is HTML if it closes a tag or names a known entity.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

_MARKUP_LIKE = re.compile(r"<[a-zA-Z/!?]|&#?\w{1,32};")
_CLOSING_TAG = re.compile(r"</[a-zA-Z][a-zA-Z0-9]{0,15}\s{0,4}>|<(?:br|hr|img)\b[^<>]{0,400}/?>")
_ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{1,32});")
_LINE_BREAKS = re.compile(r"(?:\r\n?|\n)")


def plain_as_markup(text: str) -> str:
    """Escape text that is certainly plain, keeping its lines."""
    if "<" not in text and "&" not in text:
        return text
    escaped = html.escape(text, quote=False)
    return _LINE_BREAKS.sub("<br>", escaped)


def guessed_as_markup(text: str) -> str:
    """Escape text that is said to be plain, unless it looks like HTML."""
    if "<" not in text and "&" not in text:
        return text
    if not _MARKUP_LIKE.search(text) or looks_like_html(text):
        return text
    return plain_as_markup(text)


def looks_like_html(text: str) -> bool:
    """Tell whether text closes a tag or names an entity that HTML knows."""
    if _CLOSING_TAG.search(text):
        return True
    return any(match[1][0] == "#" or match[1] + ";" in html5 for match in _ENTITY.finditer(text))
