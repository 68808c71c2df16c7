"""Cut lines of YAML into what stands there, and write texts in the quotes that YAML wants."""

from __future__ import annotations

import re

_KEY = re.compile(r"""\s*(?:- +)*(?:[\w-]+: +)?""")
_SINGLE_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT|O?NEAR)\b")
_FLOW_PIECE = re.compile(r""""[^"]*"|'[^']*'|.""")
_FLOW_STARTS = ",[{"
_FLOW_ITEM = re.compile(r"""(?:(?<!\w)"[^"]*"|(?<!\w)'[^']*'|[^,\]}])*""")


def quoted(text: str) -> str:
    """Write a text in quotes as YAML wants it; single ones where they are easier to read."""
    if '"' in text or "\\" in text or "'" not in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def rest_of_line(text: str, index: int, *, in_flow: bool) -> str:
    """Give what stands from an index to the line's end; in brackets, to the item's end."""
    end = text.find("\n", index)
    rest = text[index : end if end >= 0 else len(text)].strip()[:200]
    found = _FLOW_ITEM.match(rest) if in_flow else None
    return found.group().strip() if found else rest


def in_double_quotes(leaf: str) -> str:
    """Write the quotes that a leaf opens with so that query text reads them as a phrase."""
    found = _SINGLE_QUOTED.match(leaf)
    if not found:
        return leaf
    inner = found[1].replace("''", "'")
    is_query = '"' in inner or _OPERATOR.search(inner) is not None
    return (f"({inner})" if is_query else f'"{inner}"') + leaf[found.end() :]


def key_length(line: str) -> int:
    """Measure what stands before a line's value: indentation, `- `, `key: `."""
    found = _KEY.match(line)
    return found.end() if found else 0


def item_start(before: str) -> int:
    """Find where the item in brackets begins that a line ends in."""
    start = 0
    for piece in _FLOW_PIECE.finditer(before):
        is_key = piece.group() == ":" and before[piece.end() : piece.end() + 1] in ("", " ")
        if piece.group() in _FLOW_STARTS or is_key:
            start = piece.end()
    return start
