"""Judge a query the obvious way: every combination is tried, as the language defines it.

The oracle of the differential tests: written from the definition of the language, not from the
evaluator. Texts are plain words with spaces between them, so tokens are what `split` gives.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from monitor.match.tree import (
    And,
    AtLeast,
    Field,
    Line,
    ListRef,
    Near,
    Node,
    Not,
    NotNear,
    Or,
    Phrase,
    Regex,
    Together,
    Unit,
    Word,
)

Place = tuple[int, int]
LEAD = 50


@dataclass(frozen=True)
class Text:
    """Be a field: its words, each with the number of its paragraph and of its sentence."""

    raw: str
    words: tuple[str, ...]
    paragraphs: tuple[int, ...]
    sentences: tuple[int, ...]

    def lead(self) -> Text:
        ends = [found.end() for found in re.finditer(r"\w+", self.raw)]
        raw = self.raw[: ends[LEAD - 1]] if len(ends) > LEAD else self.raw
        return Text(raw, self.words[:LEAD], self.paragraphs[:LEAD], self.sentences[:LEAD])


Fields = dict[str, Text]


def holds(node: Node, fields: Fields, names: tuple[str, ...] = ("title", "body")) -> bool:
    """Tell whether a query matches."""
    match node:
        case And(parts=parts):
            return all(holds(part, fields, names) for part in parts)
        case Or(parts=parts):
            return any(holds(part, fields, names) for part in parts)
        case Not(part=part):
            return not holds(part, fields, names)
        case Field(name=name, part=part):
            return holds(part, fields, (name,))
        case ListRef(part=part) | Line(part=part) if part is not None:
            return holds(part, fields, names)
        case AtLeast(count=count, part=part):
            return most_apart(occurrences(part, fields, names)) >= count
    return bool(occurrences(node, fields, names))


def occurrences(node: Node, fields: Fields, names: tuple[str, ...]) -> set[tuple[str, int, int]]:
    """List (field, start, end) in characters of its text."""
    match node:
        case Field(name=name, part=part):
            return occurrences(part, fields, (name,))
        case Or(parts=parts):
            return set().union(*(occurrences(part, fields, names) for part in parts))
    found = set()
    for name in names:
        text = fields["body"].lead() if name == "lead" else fields[name]
        spans = [hit.span() for hit in re.finditer(r"[#\w]+", text.raw)]
        if isinstance(node, Regex):
            ranges = {hit.span() for hit in re.finditer(node.pattern, text.raw)}
        else:
            ranges = {(spans[s][0], spans[e - 1][1]) for s, e in places(node, text)}
        found |= {("body" if name == "lead" else name, s, e) for s, e in ranges}
    return found


def most_apart(found: set[tuple[str, int, int]]) -> int:
    """Count the largest set of places of which no two overlap."""
    for size in range(len(found), 0, -1):
        for some in itertools.combinations(sorted(found), size):
            if all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(some)):
                return size
    return 0


def places(node: Node, text: Text) -> set[Place]:
    """List where a word, phrase, near or OR of these stands, in words."""
    match node:
        case Word():
            return {(at, at + 1) for at, word in enumerate(text.words) if is_hit(node, word)}
        case Phrase(words=words):
            rows = combinations(words, text)
            found = {r for r in rows if all(a[1] == b[0] for a, b in itertools.pairwise(r))}
            return {(r[0][0], r[-1][1]) for r in found if is_in_one(text.paragraphs, r)}
        case Near(parts=parts, gap=gap, is_ordered=is_ordered):
            rows = combinations(parts, text)
            return minimal(
                {r for r in map(in_order, rows) if are_within(r, gap)}
                if not is_ordered
                else {r for r in rows if are_within(r, gap)}
            )
        case Together(parts=parts, unit=unit):
            homes = text.sentences if unit is Unit.SENTENCE else text.paragraphs
            rows = map(in_order, combinations(parts, text))
            return minimal({r for r in rows if are_within(r, 999) and is_in_one(homes, r)})
        case NotNear(part=part, other=other):
            others = places(other, text)
            return {a for a in places(part, text) if not any(is_by(a, b, node) for b in others)}
        case Or(parts=parts):
            return set().union(*(places(part, text) for part in parts))
    raise AssertionError(node)


def is_hit(node: Word, word: str) -> bool:
    bare = word.lstrip("#")
    if node.mark and not word.startswith(node.mark):
        return False
    if node.is_exact:
        return bare == node.word
    if node.is_inflected:
        return bare.lower().rstrip("s") == node.word.rstrip("s")
    pattern = re.escape(node.word).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, bare.lower()) is not None


def combinations(parts: tuple[Node, ...], text: Text) -> list[tuple[Place, ...]]:
    return list(itertools.product(*(sorted(places(part, text)) for part in parts)))


def in_order(row: tuple[Place, ...]) -> tuple[Place, ...]:
    return tuple(sorted(row))


def are_within(row: tuple[Place, ...], gap: int) -> bool:
    return all(0 <= right[0] - left[1] <= gap for left, right in itertools.pairwise(row))


def is_in_one(homes: tuple[int, ...], row: tuple[Place, ...]) -> bool:
    return len({homes[at] for start, end in row for at in range(start, end)}) == 1


def is_by(a: Place, b: Place, node: NotNear) -> bool:
    overlaps = b[0] < a[1] and a[0] < b[1]
    is_before = 0 <= a[0] - b[1] <= node.gap and not node.is_ordered
    return overlaps or is_before or 0 <= b[0] - a[1] <= node.gap


def minimal(rows: set[tuple[Place, ...]]) -> set[Place]:
    found = {(row[0][0], row[-1][1]) for row in rows}
    return {p for p in found if not any(q != p and p[0] <= q[0] and q[1] <= p[1] for q in found)}
