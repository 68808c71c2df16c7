"""Say by how much a part of a query missed an article, and what it all but found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from monitor.match import regexes
from monitor.match.evaluate import DEFAULT_FIELDS, Document
from monitor.match.findings import conditions_text, gaps, is_positional, surface
from monitor.match.near import Chain, chains, closest
from monitor.match.pickup import MIN_SHARE
from monitor.match.reading import Interval
from monitor.match.tree import (
    AtLeast,
    Copies,
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
    children,
)
from monitor.text.clean import clean_line
from monitor.text.folding import fold

MAX_GAP_SHOWN = 500
"""How far apart the closest near is looked for."""
MAX_NEAR_MISSES = 3
MAX_LEAVES = 2_000
"""Of a list: so many terms are compared with what the article holds."""
MAX_UNIT_CHARS = 200


def missed_by(node: Node, document: Document, fields: tuple[str, ...]) -> str:
    """Say what a node that does not hold missed by; "" if there is nothing to say."""
    if isinstance(node, (Near, Together, NotNear)):
        return _missing(node, document, fields) or _beside(node, document, fields)
    if isinstance(node, (AtLeast, Copies)):
        return _too_little(node, document, fields)
    if isinstance(node, Not):
        return f"found {conditions_text(node.part, document, fields) or node.part.place.text}"
    if isinstance(node, ListRef) and node.part is None:
        return "the list is not loaded"
    if isinstance(node, Or) and (told := _alternatives(node, document, fields)):
        return told
    if isinstance(node, Or) and not is_positional(node):
        return "no alternative holds"
    if isinstance(node, (Word, Phrase, Regex, Or, ListRef)):
        return ", ".join(islice(_nearly(node, document, fields), MAX_NEAR_MISSES))
    return ""


def _too_little(node: AtLeast | Copies, document: Document, fields: tuple[str, ...]) -> str:
    if isinstance(node, AtLeast):
        return f"{document.count(node.part, fields)} found, {node.count} needed"
    taken = document.taken(node)
    if taken.of_shorter < MIN_SHARE:
        return f"{taken.of_shorter:.0%} of the shorter text is shared, {MIN_SHARE:.0%} needed"
    return "the article is too short to tell a copy from a quotation"


def _alternatives(node: Or, document: Document, fields: tuple[str, ...]) -> str:
    """Say by how much nears among alternatives missed; if all are nears, what they lack."""
    nears = [part for part in node.parts if isinstance(part, (Near, Together, NotNear))]
    lacks = [_missing(part, document, fields) for part in nears]
    whole = [part for part, lack in zip(nears, lacks, strict=True) if not lack]
    told = [_beside(part, document, fields) for part in whole]
    if not told and len(nears) == len(node.parts):
        told = lacks
    return "; ".join(told[:MAX_NEAR_MISSES])


def unit_found(node: Together, document: Document, fields: tuple[str, ...]) -> str:
    """Give the sentence or paragraph in which words stand together, cut where it is long."""
    for name in fields:
        for chain in document.chains(node, name)[:1]:
            return f"in: {_unit_text(node.unit, document, name, chain)}"
    return ""


def _unit_text(unit: Unit, document: Document, name: str, chain: Chain) -> str:
    field = document.field(name)
    homes = field.paragraphs if unit is Unit.PARAGRAPH else field.sentences()
    first = last = chain.start
    while first and homes[first - 1] == homes[chain.start]:
        first -= 1
    while last + 1 < len(homes) and homes[last + 1] == homes[chain.start]:
        last += 1
    start, end = field.span((first, last + 1))
    return clean_line(field.text[start : end + 1], MAX_UNIT_CHARS)


def _missing(node: Near | Together | NotNear, document: Document, fields: tuple[str, ...]) -> str:
    """Name the parts of a near that are nowhere, with what was all but found."""
    parts = (node.part,) if isinstance(node, NotNear) else node.parts
    missing = [
        part for part in parts if not any(document.occurrences(part, name) for name in fields)
    ]
    if not missing:
        return ""
    nearly = [text for part in missing for text in _nearly(part, document, fields)]
    named = ", ".join(part.place.text for part in missing)
    return ", ".join([f"nowhere found: {named}", *nearly[:MAX_NEAR_MISSES]])


def _beside(node: Near | Together | NotNear, document: Document, fields: tuple[str, ...]) -> str:
    """Say how far apart, or how close, parts stand that are all there."""
    if isinstance(node, NotNear):
        return _too_close(node, document, fields)
    is_ordered = isinstance(node, Near) and node.is_ordered
    best: tuple[int, str, Chain] | None = None
    for name in fields:
        parts = [document.occurrences(part, name) for part in node.parts]
        gap = closest(parts, is_ordered=is_ordered, limit=MAX_GAP_SHOWN)
        if gap is not None and (best is None or gap < best[0]):
            found = chains(parts, gap, is_ordered=is_ordered)
            best = gap, name, min(found, key=lambda chain: max(gaps(chain)))
    limit = f"limit {node.gap}" if isinstance(node, Near) else f"never in one {node.unit}"
    if best is None:
        if _overlap(node, document, fields):
            return "found only where they overlap, and a near takes words beside each other"
        order = " in this order" if is_ordered else ""
        return f"not in one field within {MAX_GAP_SHOWN} words{order}, {limit}"
    gap, name, chain = best
    words = " ... ".join(surface(document, name, place) for _, place in chain.members)
    return f"{words}: {gap} apart, {limit}"


def _overlap(node: Near | Together, document: Document, fields: tuple[str, ...]) -> bool:
    """Tell whether a field has every part of a near, and never apart at any distance."""
    places = [[document.occurrences(part, name) for part in node.parts] for name in fields]
    whole = [(name, parts) for name, parts in zip(fields, places, strict=True) if all(parts)]
    return bool(whole) and not any(
        chains(parts, len(document.field(name).starts), is_ordered=False) for name, parts in whole
    )


def _too_close(node: NotNear, document: Document, fields: tuple[str, ...]) -> str:
    """Name the first occurrence that has one of the others by it."""
    for name in fields:
        for place in document.occurrences(node.part, name)[:1]:
            others = document.occurrences(node.other, name)
            if node.is_ordered:
                others = [other for other in others if other[1] > place[0]]
            distance, other = min((_distance(place, other), other) for other in others)
            words = f"{surface(document, name, place)} has {surface(document, name, other)} by it"
            if distance < 0:
                return f"{words}: they overlap, limit {node.gap}"
            return f"{words}: {distance} apart, limit {node.gap}"
    return ""


def _distance(place: Interval, other: Interval) -> int:
    """Count the tokens between two places; negative if they overlap."""
    return max(other[0] - place[1], place[0] - other[1])


def _nearly(node: Node, document: Document, fields: tuple[str, ...]) -> Iterator[str]:
    """Say what the article holds that a laxer query would have found."""
    for leaf in islice(_leaves(node), MAX_LEAVES):
        if isinstance(leaf, Regex):
            yield from _without_case(leaf, document, fields)
            continue
        for laxer, why in _laxer(leaf):
            if seen := _seen(laxer, document, fields):
                yield f"{seen!r} seen; {why}"
                break
        else:
            elsewhere = (n for n in DEFAULT_FIELDS if document.occurrences(leaf, n))
            yield from (f"seen in the {n} only" for n in elsewhere if n not in fields)


def _leaves(node: Node) -> Iterator[Word | Phrase | Regex]:
    if isinstance(node, (Word, Phrase, Regex)):
        yield node
    elif isinstance(node, (Or, ListRef, Line, Field)):
        for part in children(node):
            yield from _leaves(part)


def _laxer(leaf: Word | Phrase) -> Iterator[tuple[Word | Phrase, str]]:
    """Give queries that ask for less than a leaf does, and what of it they leave out."""
    if isinstance(leaf, Phrase):
        if not leaf.is_exact and not leaf.words[0].is_inflected:
            words = tuple(map(_inflected, leaf.words))
            yield replace(leaf, words=words), "forms is off"
    elif leaf.is_exact:
        bare = replace(leaf, word=fold(leaf.word), is_exact=False)
        yield bare, "exact minds case and accents"
    elif leaf.mark:
        yield replace(leaf, mark=""), f"not marked with {leaf.mark}"
    elif not leaf.is_inflected and not leaf.is_wildcard:
        yield _inflected(leaf), "forms is off"


def _inflected(word: Word) -> Word:
    return word if word.is_wildcard else replace(word, is_inflected=True)


def _seen(node: Word | Phrase, document: Document, fields: tuple[str, ...]) -> str:
    for name in fields:
        for place in document.occurrences(node, name)[:1]:
            return surface(document, name, place)
    return ""


def _without_case(node: Regex, document: Document, fields: tuple[str, ...]) -> Iterator[str]:
    pattern = f"(?i:{node.pattern})"
    for name in fields:
        text = document.field(name).text
        for start, end in regexes.hits(pattern, text, limit=1):
            yield f"{clean_line(text[start:end], MAX_UNIT_CHARS)!r} seen; an expression minds case"
