"""Cut, wrap and orient text for people: graphemes stay whole, right-to-left is told apart."""

from __future__ import annotations

import re
import unicodedata

import regex

TEXT_COLUMNS = 78
MAX_URL_CHARS = 2_000
"""Longer links are broken by mail clients and proxies."""

_GRAPHEME = regex.compile(r"\X")
_RTL = frozenset({"R", "AL"})
_STRONG = frozenset({"L", "R", "AL"})
_URL = re.compile(r"https?://[^\s<>\"'`{}|\\^\x00-\x20\x7f]+", re.IGNORECASE)


def shorten(text: str, limit: int) -> str:
    """Cut text to at most `limit` code points, between words where that costs little."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    kept = ""
    for match in _GRAPHEME.finditer(text, 0, limit + 40):
        if len(kept) + len(match.group()) > limit - 1:
            break
        kept += match.group()
    at = kept.rfind(" ")
    whole = kept[:at] if at > limit * 2 // 3 else kept
    return whole.rstrip(" ,;:-–") + "…"


def direction(text: str) -> str:
    """Say which way a text runs by its first strong character: "ltr" or "rtl"."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in _STRONG:
            return "rtl" if kind in _RTL else "ltr"
    return "ltr"


def safe_url(url: str) -> str:
    """Give an http(s) URL that a message may link, or "" (other schemes, blanks, overlong)."""
    return url if len(url) <= MAX_URL_CHARS and _URL.fullmatch(url) else ""


def count(number: int, noun: str, plural: str = "") -> str:
    """Count things: "1 story", "1,200 stories"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def independent(reports: int, copies: int) -> str:
    """Count a story's reports: "4 independent reports, 37 copies"."""
    return f"{count(reports, 'independent report')}, {count(copies, 'copy', 'copies')}"


def columns(text: str) -> int:
    """Count the terminal columns that text takes: wide characters take two, marks none."""
    return sum(_width(char) for char in text)


def wrap(text: str, first: str = "", rest: str | None = None, width: int = TEXT_COLUMNS) -> str:
    """Break text into lines of at most `width` columns; a URL is never broken.

    `first` leads the first line, `rest` every other (spaces as wide as `first` if None).
    """
    rest = " " * columns(first) if rest is None else rest
    lines: list[str] = []
    line, used, is_empty = first, columns(first), True
    pieces = (piece for word in text.split() for piece in _pieces(word, width - 20))
    for piece in pieces:
        size = columns(piece)
        if not is_empty and used + 1 + size > width:
            lines.append(line)
            line, used, is_empty = rest, columns(rest), True
        gap = "" if is_empty else " "
        line, used, is_empty = line + gap + piece, used + len(gap) + size, False
    return "\n".join((*lines, line))


def _pieces(word: str, width: int) -> list[str]:
    """Break a word that no line can hold; scripts without spaces come as such words."""
    if columns(word) <= width or _URL.fullmatch(word):
        return [word]
    pieces, piece, used = [], "", 0
    for match in _GRAPHEME.finditer(word):
        size = columns(match.group())
        if used + size > width and piece:
            pieces.append(piece)
            piece, used = "", 0
        piece, used = piece + match.group(), used + size
    return [*pieces, piece]


def _width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
