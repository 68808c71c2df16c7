"""Decide in which encoding a document is written.

A byte order mark decides first (RFC 7303), then bytes that are valid UTF-8 beyond ASCII: servers
and declarations that call such bytes Latin-1 are wrong. Then the declaration, then the header.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
_UNMARKED = (  # "<?xm" or "<" without a byte order mark
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00<\x00", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
_DECLARED = re.compile(
    rb"\s{0,100}<\?xml[^>]{0,200}?encoding\s{0,5}=\s{0,5}[\"']([\w.:-]{1,40})[\"']"
)
_LANGUAGE = re.compile(rb"<(?:dc:)?language>\s{0,20}([a-zA-Z]{2})|xml:lang=[\"']([a-zA-Z]{2})")
_CODE_PAGES = {
    **dict.fromkeys(("ru", "uk", "be", "bg", "sr", "mk"), "cp1251"),
    **dict.fromkeys(("ar", "fa", "ur"), "cp1256"),
    **dict.fromkeys(("pl", "cs", "sk", "hu", "sl", "hr", "ro"), "cp1250"),
    "el": "cp1253",
    "tr": "cp1254",
    "he": "cp1255",
}
_CYRILLIC_RUN = re.compile(rb"[\xc0-\xff]{4,}")
_WESTERN = frozenset({"iso8859-1", "cp1252", "ascii", "iso8859-15"})
_HEAD_BYTES = 4096


def declared_encoding(body: bytes) -> str | None:
    """Name the codec that the XML declaration states, None if it states none that is known."""
    match = _DECLARED.match(body[:_HEAD_BYTES])
    return known_codec(match[1].decode("ascii")) if match else None


def known_codec(name: str | None) -> str | None:
    """Give Python's name of an encoding of text, None if it is unknown."""
    if not name or len(name) > 40:
        return None
    try:
        info = codecs.lookup(name.strip().strip("\"'"))
    except (LookupError, ValueError):
        return None
    if not getattr(info, "_is_text_encoding", True):
        return None
    # GB 18030 contains GB 2312, and feeds that declare the latter use the former
    return "gb18030" if info.name in {"gb2312", "gbk"} else info.name


def is_plainly_utf8(body: bytes, charset: str | None) -> bool:
    """Tell whether a document states UTF-8 and nothing contradicts: it may be parsed as bytes."""
    if body[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE) or b"\x00" in body[:4]:
        return False
    declared = declared_encoding(body)
    said = {declared, known_codec(charset)} - {None, "utf-8", "ascii"}
    return not said or body.isascii()


def decode(body: bytes, charset: str | None) -> tuple[str, bool]:
    """Decode a document, and tell whether every byte made sense.

    Never raises: bytes that make no sense in the likeliest encoding become U+FFFD.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], name)
    for start, name in _UNMARKED:
        if body.startswith(start):
            return _decoded(body, name)
    for name in _candidates(body, charset):
        try:
            return body.decode(name), True
        except (UnicodeDecodeError, LookupError):
            continue
    return _guessed(body)


def _decoded(body: bytes, name: str) -> tuple[str, bool]:
    text = body.decode(name, "replace")
    return text, "\ufffd" not in text


def _candidates(body: bytes, charset: str | None) -> tuple[str, ...]:
    declared, served = declared_encoding(body), known_codec(charset)
    stated = tuple(name for name in (declared, served) if name)
    multibyte = tuple(name for name in stated if name not in _WESTERN and name != "utf-8")
    # a page in GBK or ISO-2022 may happen to be valid UTF-8: believe what names it expressly
    first = multibyte[:1] if len(set(stated)) == 1 or declared in multibyte else ()
    western = "cp1252"  # what those who declare Latin-1 write
    return (*first, "utf-8", *(western if name in _WESTERN else name for name in stated[:2]
                               if name not in first and name != "utf-8"))  # fmt: skip


def _guessed(body: bytes) -> tuple[str, bool]:
    text = body.decode("utf-8", "replace")
    damage = text.count("\ufffd")
    intact = len(body) - len(text)  # grows with every multi-byte character that decoded
    if damage and intact > 4 * damage:
        return text, False  # UTF-8 with a few broken places
    page = _code_page(body)
    return body.decode(page, "replace"), False


def _code_page(body: bytes) -> str:
    match = _LANGUAGE.search(body[: 16 * _HEAD_BYTES])
    if match:
        language = (match[1] or match[2]).decode("ascii").lower()
        if language in _CODE_PAGES:
            return _CODE_PAGES[language]
    high = sum(map(len, _CYRILLIC_RUN.findall(body[: 16 * _HEAD_BYTES])))
    return "cp1251" if high > 40 else "cp1252"
