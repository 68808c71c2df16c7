"""Guess what a piece of query text was meant to be, and give the cure."""

from __future__ import annotations

import re

from monitor.match.tree import FIELDS

OPERATORS = ("AND", "OR", "NOT", "NEAR", "ONEAR", "SENTENCE", "PARAGRAPH", "ATLEAST")

_NUMBERED = ("NEAR", "ONEAR", "ATLEAST")
_SLASHED = re.compile(r"([A-Za-z]+)/([0-9]*)(.*)", re.DOTALL)
_GLUED = re.compile(r"(O?NEAR|ATLEAST|ADJ|PRE|NEXT|WITHIN)([0-9]{1,4})", re.IGNORECASE)
_BARE_GAP = re.compile(r"[/~]([0-9]{1,4})|/[sp]", re.IGNORECASE)
_MAYBE_GAP = re.compile(r"[WN]([0-9]{1,2})", re.IGNORECASE)
_FOREIGN = {"W", "N", "PRE", "ADJ", "P", "S", "NEXT", "WITHIN"}
_METADATA = {
    "lang": "lang",
    "language": "lang",
    "source": "source",
    "site": "source",
    "domain": "source",
    "country": "country",
    "tier": "tier",
    "group": "group",
    "words": "words",
    "max_age": "max_age",
}
_EXAMPLES = {"words": '">=150"', "max_age": "3d"}


def no_prefix(name: str, chunk: str) -> str:
    """Give the cure for a chunk such as `lang:en` or `COVID:19`; the name is in lower case."""
    value = chunk.partition(":")[2]
    if key := _METADATA.get(name):
        shown = _EXAMPLES.get(key) or f"[{value or '...'}]"
        otherwise = f'; if it is a text, quote it: "{chunk}"' if value else ""
        return f"write `only: {{{key}: {shown}}}` beside `match:`{otherwise}"
    close = closest(name, (*FIELDS, "exact", "forms"))
    meant = f"did you mean {close}:? If not, quote" if close else "quote"
    return f'{meant} it: "{chunk}"' if value else f"{meant} it together with what follows"


def misspelt(chunk: str) -> str:
    """Give the cure for a chunk that must be meant as an operator, "" if it may be a word."""
    if chunk.lower() == "atleast":
        return "write ATLEAST/3 before what must occur three times; if it is a word, quote it"
    if chunk.lower() == "onear":
        return "did you mean ONEAR? Operators are upper case"
    if glued := _GLUED.fullmatch(chunk):
        name, digits = glued[1].upper(), glued[2]
        return f"did you mean {name}/{digits}?" if name in _NUMBERED else _foreign(digits)
    if bare := _BARE_GAP.fullmatch(chunk):
        return _foreign(bare[1]) if bare[1] else _unit(chunk)
    return _slashed(chunk)


def vendor_gap(chunk: str) -> str:
    """Give the number of a word such as w5 or N5, which two vendors read as a near; else ""."""
    found = _MAYBE_GAP.fullmatch(chunk)
    return found[1] if found else ""


def _slashed(chunk: str) -> str:
    slashed = _SLASHED.fullmatch(chunk)
    if not slashed:
        return ""
    name, digits, rest = slashed[1].upper(), slashed[2], slashed[3]
    if name in ("NEAR", "ONEAR") and rest == "f" and digits:
        return f"did you mean ONEAR/{digits}?"
    if name in _NUMBERED:
        return f"did you mean {name}/{digits or 'n'}? A whole number stands behind the stroke"
    if name in ("SENTENCE", "PARAGRAPH"):
        return f"write {name} without a number, or NEAR/{digits or 'n'}"
    if name == "W" and not digits and rest.lower() in ("s", "p"):
        return _unit(chunk)
    meant = closest(name, _NUMBERED)
    if digits and not rest and meant:
        return f"did you mean {meant}/{digits}? If it is a word, quote it"
    if digits and not rest and name in _FOREIGN:
        return _foreign(digits)
    return ""


def _unit(chunk: str) -> str:
    meant = "PARAGRAPH" if chunk[-1] in "pP" else "SENTENCE"
    return f"did you mean {meant}? If it is a word, quote it"


def _foreign(digits: str) -> str:
    return f"did you mean NEAR/{digits} or ONEAR/{digits}? If it is a word, quote it"


def swapped(word: str) -> str:
    """Find the operator of which a word is a permutation."""
    return next((op for op in OPERATORS if len(op) > 2 and sorted(op) == sorted(word)), "")


def closest(word: str, names: tuple[str, ...], limit: int = 2) -> str:
    """Find the name within `limit` edits (a swap is one) of a word of three letters or more."""
    if len(word) < 3 or len(word) > 20:
        return ""
    distance, name = min((edits(word, name), name) for name in names)
    return name if distance <= min(limit, len(word) // 2) else ""


def edits(left: str, right: str) -> int:
    """Count the edits between two short words; swapping neighbours counts as one."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
