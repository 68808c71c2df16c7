"""Mend what keeps a document from being well-formed XML, without losing a character of its text.

feedparser's lenient parser reads a bare "AT&T" as "AT&T;", so this runs before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5

_CP1252_REFERENCE = re.compile(rb"&#(?:[xX]([89][0-9a-fA-F])|(1[2-5][0-9]));")
_C1_IN_UTF8 = re.compile(rb"\xc2[\x80-\x9f]")
_AMPERSAND = re.compile(
    r"&(?:#([0-9]{1,7});|#[xX]([0-9a-fA-F]{1,6});|([A-Za-z][A-Za-z0-9]{0,31});)?"
)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,1000}\?>\s*")
_IN_XML = {"amp", "lt", "gt", "quot", "apos"}
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def as_cp1252_meant(body: bytes) -> bytes:
    """Replace C1 controls in UTF-8, written out or as references, by what Windows-1252 means."""
    if b"&#1" in body or b"&#x" in body or b"&#X" in body:
        body = _CP1252_REFERENCE.sub(_reference, body)
    return _C1_IN_UTF8.sub(lambda match: _windows(match[0][1]), body)


def _reference(match: re.Match[bytes]) -> bytes:
    code = int(match[1], 16) if match[1] else int(match[2])
    return _windows(code) if 0x80 <= code <= 0x9F else match[0]


def _windows(code: int) -> bytes:
    return bytes((code,)).decode("cp1252", "replace").encode("utf-8")


def mended(text: str) -> str:
    """Drop the XML declaration and unfit characters, and escape ampersands that start nothing.

    Named entities of HTML, which XML does not know, become characters. CDATA stays as it is.
    """
    text = _UNFIT.sub(" ", _DECLARATION.sub("", text.lstrip("\ufeff \t\r\n"), count=1))
    return "".join(_mended_pieces(text)) if "&" in text else text


def _mended_pieces(text: str) -> Iterator[str]:
    place = 0
    while True:
        start = text.find("<![CDATA[", place)
        end = text.find("]]>", start) if start >= 0 else -1
        if end < 0:  # no CDATA left, or one that never closes
            yield _AMPERSAND.sub(_mended_reference, text[place:])
            return
        yield _AMPERSAND.sub(_mended_reference, text[place:start])
        yield text[start : end + 3]
        place = end + 3


def _mended_reference(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return match[0] if name in _IN_XML else _named(match[0], name)
    if decimal or hexadecimal:
        code = int(decimal) if decimal else int(hexadecimal, 16)
        return match[0] if _is_fit(code) else "\ufffd"
    return "&amp;"


def _named(whole: str, name: str) -> str:
    meaning = html5.get(name + ";")
    if meaning is None:
        return "&amp;" + whole[1:]
    return meaning.replace("&", "&amp;").replace("<", "&lt;")


def _is_fit(code: int) -> bool:
    return code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or (
        0x10000 <= code <= 0x10FFFF
    )  # fmt: skip
