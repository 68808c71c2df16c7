"""Decode a page's bytes."""

from __future__ import annotations

import codecs
import re

_META = re.compile(
    rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE
)
_HEAD_BYTES = 4_096
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# WHATWG: pages that say these mean the Windows code page
_AS_WINDOWS = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252"}
_AS_WINDOWS |= {
    "us-ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}


def decoded(html: bytes, charset: str | None) -> str:
    """Decode by byte order mark, header, meta element, then UTF-8, then a guess.

    A statement that the bytes contradict is not believed if UTF-8 fits.
    """
    for mark, name in _MARKS:
        if html.startswith(mark):
            return html.decode(name, "replace")
    stated = [charset] if charset else []
    match = _META.search(html[:_HEAD_BYTES])
    if match:
        stated.append(match[1].decode("ascii"))
    for name in (*stated, "utf-8"):
        text = _strictly(html, name)
        if text is not None:
            return text
    return _guessed(html, stated)


def _strictly(html: bytes, name: str) -> str | None:
    name = _AS_WINDOWS.get(name.lower(), name)
    try:
        # some codecs ("base64", "zlib") give bytes or inflate: `decode` refuses those
        return html.decode(name)
    except (LookupError, UnicodeError, ValueError):
        return None


def _guessed(html: bytes, stated: list[str]) -> str:
    """Decode what fits no statement: as stated, with replacement characters; UTF-8 else."""
    for name in stated:
        try:
            return html.decode(_AS_WINDOWS.get(name.lower(), name), "replace")
        except (LookupError, UnicodeError, ValueError):
            continue
    return html.decode("cp1252", "replace")
