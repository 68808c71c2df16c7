"""Find a place of a scalar's text in the file, through quotes, escapes and folds."""

from __future__ import annotations

_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}


def raw_index(text: str, raw: str, style: str, offset: int) -> int:
    """Give the index in `raw` of a code point of `text`, which YAML read from it.

    `style` is "" (plain), "'", '"', "|" or ">".
    """
    at = raw.find("\n") + 1 if style in ("|", ">") and style else len(style)
    for position, char in enumerate(text):
        if style == '"' and raw[at : at + 2] == "\\\n":
            at = _past_space(raw, at + 1)
        if at < len(raw) and raw[at] != char and raw[at].isspace():
            after = _past_space(raw, at)
            at = after if not char.isspace() else at
        if position >= offset or at >= len(raw):
            return min(at, len(raw))
        at = _next_raw(raw, at, char, style)
    return min(at, len(raw))


def _next_raw(raw: str, at: int, char: str, style: str) -> int:
    if style == '"' and raw[at] == "\\":
        return at + _ESCAPE_LENGTHS.get(raw[at + 1 : at + 2], 2)
    if style == "'" and raw[at : at + 2] == "''":
        return at + 2
    return at + 1 if raw[at] == char else _past_space(raw, at + 1)


def _past_space(raw: str, at: int) -> int:
    while at < len(raw) and raw[at].isspace():
        at += 1
    return at
