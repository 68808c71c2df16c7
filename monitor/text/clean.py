"""Clean text that came from outside, so that it can be shown, sent and stored."""

from __future__ import annotations

import re
from html import unescape

import regex
from lxml import etree
from lxml import html as lxml_html

ELLIPSIS = "…"
MAX_MARKUP_DEPTH = 200
"""Deeper nesting is a hostile document: tags are dropped one by one instead of parsed."""

# U+200C and U+200D belong to words (Persian, Hindi) and stay
_HARMFUL = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
)
_LINE_ENDS = ("\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029")
_DROPPED = re.compile(f"[{_HARMFUL}]")
_SPACES = re.compile(r"\s+")
_BLANK = re.compile(r"\n{3,}")
_GRAPHEME = regex.compile(r"\X")


def clean_line(text: str, limit: int | None = None) -> str:
    """Make one line of a text: no controls, no direction marks, single spaces, no ends.

    Cut to at most `limit` code points (1 or more), the ellipsis included, between characters as
    a reader sees them. Idempotent.
    """
    line = text if text.isprintable() else _DROPPED.sub(_in_place_of, _ended(text, " "))
    line = _one_spaced(line).strip()
    return line if limit is None else cut(line, limit)


def clean_text(text: str) -> str:
    """Clean a text of many lines: as `clean_line`, but newlines stay.

    Paragraphs are separated by exactly one blank line, lines have no spaces at their ends.
    Idempotent.
    """
    if text.isprintable():
        return _one_spaced(text).strip()
    lines = [_clean_within(line) for line in _ended(text, "\n").split("\n")]
    joined = "\n".join(lines).strip()
    return _BLANK.sub("\n\n", joined) if "\n\n\n" in joined else joined


def _clean_within(line: str) -> str:
    """Clean what stands between two newlines."""
    if line.isprintable():  # true of most lines, and much cheaper to ask than to substitute
        return (_SPACES.sub(" ", line) if "  " in line else line).strip()
    return _one_spaced(_DROPPED.sub(_in_place_of, line)).strip()


def _ended(text: str, end: str) -> str:
    """Put `end` for every end of a line but the newline."""
    for other in _LINE_ENDS:  # one by one: a pattern of them all takes ten times as long
        text = text.replace(other, end)
    return text


def _one_spaced(text: str) -> str:
    """Make one space of every run of white space."""
    return text if text.isprintable() and "  " not in text else _SPACES.sub(" ", text)


def _in_place_of(hit: re.Match[str]) -> str:
    """Give a space for controls, which separate, and nothing for marks without width."""
    return " " if hit.group() < "\u00a0" else ""


def cut(line: str, limit: int) -> str:
    """Cut a line to at most `limit` code points between graphemes, with an ellipsis."""
    if len(line) <= limit:
        return line
    if limit <= 1:
        return ELLIPSIS[:limit]
    end = 0
    for hit in _GRAPHEME.finditer(line, 0, limit + 64):
        if hit.end() > limit - 1:
            break
        end = hit.end()
    return line[:end].rstrip() + ELLIPSIS


_DROPPED_TAGS = frozenset(
    ("script", "style", "noscript", "template", "iframe", "object", "svg", "math", "head", "title")
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_DEPTH_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
_RAW = re.compile(r"<(script|style|noscript|template)\b", re.IGNORECASE)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)[^<>]*>|<!--|<[!?/][^<>]*>")
_PLAIN_HTML = re.compile(  # tags that neither drop nor move text, their attributes quoted
    r"""(?:[^<]++|</?(?:a|abbr|b|blockquote|br|cite|code|div|em|figure|figcaption|h[1-6]|hr|i|img"""
    r"""|li|ol|p|q|s|small|span|strong|sub|sup|u|ul)"""
    r"""(?:\s++[a-z-]++(?:=(?:"[^"<>]*+"|'[^'<>]*+'))?)*+\s*+/?>)*+""",
    re.IGNORECASE,
)


def strip_markup(html: str) -> str:
    """Make plain text of an HTML fragment: cleaned, with a blank line between blocks.

    Entities are decoded; scripts, styles and the like are dropped with what they hold. Text
    without markup passes through cleaned.
    """
    if "<" not in html:
        return clean_text(unescape(html))
    if not html.isprintable():
        html = _DROPPED.sub(_in_place_of, html)
    if _PLAIN_HTML.fullmatch(html):
        return _strip_plain(html)
    if _depth(html) > MAX_MARKUP_DEPTH:
        return _strip_by_hand(html)
    try:
        root = lxml_html.fragment_fromstring(html, create_parent="div")
    except (etree.LxmlError, ValueError, AssertionError):
        return _strip_by_hand(html)
    return clean_text("".join(_pieces(root)))


def _depth(html: str) -> int:
    """Bound how deep elements nest: unclosed ones count, as a lenient parser may nest them."""
    depth = deepest = 0
    for hit in _DEPTH_TAG.finditer(html):
        if hit[1]:
            depth = max(depth - 1, 0)
        elif hit[2].lower() not in _VOID:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def _pieces(root: etree._Element) -> list[str]:
    """Walk the tree without recursion, in order, and gather its text."""
    pieces: list[str] = []
    skipped = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        tag = element.tag if isinstance(element.tag, str) else ""
        is_dropped = not tag or tag in _DROPPED_TAGS
        if event == "start":
            skipped += is_dropped
            if not skipped:
                pieces += _break(tag), _spaced(element.text)
            continue
        if event == "end":
            skipped -= is_dropped
            if not skipped:
                pieces.append(_break(tag) if tag != "br" else "")
        if not skipped and element is not root:
            pieces.append(_spaced(element.tail))
    return pieces


def _break(tag: str) -> str:
    if tag == "br":
        return "\n"
    return "\n\n" if tag in _BLOCKS else ""


def _spaced(text: str | None) -> str:
    """Give a text node's characters; its newlines are spaces in HTML."""
    return _one_spaced(text) if text else ""


def _strip_plain(html: str) -> str:
    """Do what `_strip_by_hand` does, cheaper, where `_PLAIN_HTML` holds: each "<" opens a tag."""
    first, *tagged = _one_spaced(html).split("<")
    pieces = [first]
    for part in tagged:
        tag, _, text = part.partition(">")
        pieces += _break(tag.strip("/").partition(" ")[0].rstrip("/").lower()), text
    return clean_text(unescape("".join(pieces)))


def _strip_by_hand(html: str) -> str:
    """Drop tags one after the other: for documents that no parser should see."""
    pieces: list[str] = []
    at = 0
    while hit := _TAG.search(html, at):
        pieces.append(_spaced(html[at : hit.start()]))
        at = hit.end()
        name = (hit[1] or "").lower()
        if hit.group() == "<!--":
            at = _behind(html, "-->", at)
        elif _RAW.match(hit.group()):
            close = re.compile(rf"</{name}\b[^<>]*>", re.IGNORECASE).search(html, at)
            at = close.end() if close else len(html)
        pieces.append(_break(name))
    pieces.append(_spaced(html[at:]))
    return clean_text(unescape("".join(pieces)))


def _behind(text: str, closer: str, at: int) -> int:
    found = text.find(closer, at)
    return len(text) if found < 0 else found + len(closer)
