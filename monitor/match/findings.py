"""Say what a matching rule found, line by line, in the article's own words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise

from monitor.match.evaluate import DEFAULT_FIELDS, Document, place_order, span_of
from monitor.match.near import Chain
from monitor.match.reading import Interval
from monitor.match.tree import And, Field, Line, ListRef, Near, Node, Not, Or, Phrase, Word
from monitor.model.rule import Finding, Span
from monitor.text.clean import clean_line

MAX_SPANS = 20
MAX_FINDINGS = 50
MAX_ALTERNATIVES = 3  # of an OR of conditions: more of the same tells nothing new
MAX_SHOWN = 4  # distinct spellings named in one finding
MAX_SHOWN_CHARS = 60


def findings(query: Node, document: Document) -> tuple[Finding, ...]:
    """List what a query that matches found: one finding a line and condition."""
    found = []
    for finding in _findings(query, document, "", DEFAULT_FIELDS):
        found.append(finding)
        if len(found) == MAX_FINDINGS:
            break
    return tuple(found)


def conditions_text(node: Node, document: Document, fields: tuple[str, ...]) -> str:
    """Say what a node that holds found, one condition after the other; "" if it found nothing."""
    found = islice(_findings(node, document, "", fields), MAX_SHOWN)
    return ", ".join(finding.text for finding in found)


def _findings(
    node: Node, document: Document, line: str, fields: tuple[str, ...]
) -> Iterator[Finding]:
    if isinstance(node, Line):
        yield from _findings(node.part, document, join_line(line, node.name), fields)
    elif isinstance(node, Field):
        yield from _findings(node.part, document, line, (node.name,))
    elif isinstance(node, And):
        for part in node.parts:
            yield from _findings(part, document, line, fields)
    elif isinstance(node, Not):
        return
    elif is_positional(node):
        yield from _finding(node, document, line, fields)
    elif isinstance(node, ListRef) and node.part is not None:
        yield from _findings(node.part, document, line, fields)
    elif isinstance(node, Or):
        hits = [part for part in node.parts if document.holds(part, fields)]
        for part in hits[:MAX_ALTERNATIVES]:
            yield from _findings(part, document, line, fields)


def join_line(outer: str, name: str) -> str:
    """Name a nested line: outer and inner joined by a stop."""
    return f"{outer}.{name}" if outer and name else outer or name


def is_positional(node: Node) -> bool:
    """Tell whether a node has places: words, phrases, nears and ORs and lists of these."""
    if isinstance(node, (Word, Phrase, Near)):
        return True
    if isinstance(node, Or):
        return all(is_positional(part) for part in node.parts)
    return isinstance(node, ListRef) and node.part is not None and is_positional(node.part)


def _finding(
    node: Node, document: Document, line: str, fields: tuple[str, ...]
) -> Iterator[Finding]:
    text = found_text(node, document, fields)
    if text:
        spans = tuple(marked_spans(node, document, fields))
        yield Finding(line=line, clause=node.place.text, text=text, spans=spans)


def found_text(node: Node, document: Document, fields: tuple[str, ...]) -> str:
    """Say what a positional node found: its spellings in order of place; "" if nothing."""
    shown: dict[str, str] = {}
    for text in _texts(node, document, fields):
        shown.setdefault(text.casefold(), text)
        if len(shown) > MAX_SHOWN:
            break
    texts = list(shown.values())
    return ", ".join(texts[:MAX_SHOWN]) + (", ..." if len(texts) > MAX_SHOWN else "")


def _texts(node: Node, document: Document, fields: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, ListRef) and node.part is not None:
        yield from _texts(node.part, document, fields)
    elif isinstance(node, Or) and any(_holds_near(part) for part in node.parts):
        for part in node.parts:
            yield from _texts(part, document, fields)
    elif isinstance(node, Near):
        found = [(name, chain) for name in fields for chain in document.chains(node, name)]
        if found:
            name, chain = min(found, key=lambda each: max(gaps(each[1])))
            yield chain_text(chain, document, name)
    else:
        for name in fields:
            for place in document.occurrences(node, name):
                yield surface(document, name, place)


def _holds_near(node: Node) -> bool:
    if isinstance(node, ListRef) and node.part is not None:
        return _holds_near(node.part)
    return isinstance(node, Near) or (
        isinstance(node, Or) and any(_holds_near(part) for part in node.parts)
    )


def gaps(chain: Chain) -> list[int]:
    """Count the tokens between neighbours."""
    places = [place for _, place in chain.members]
    return [right[0] - left[1] for left, right in pairwise(places)]


def chain_text(chain: Chain, document: Document, name: str) -> str:
    """Write a near as found: "office ... open, 2 words apart"."""
    words = " ... ".join(surface(document, name, place) for _, place in chain.members)
    between = gaps(chain)
    if len(between) > 1:
        return f"{words}, {' and '.join(map(str, between))} words apart"
    if between[0] == 0:
        return f"{words}, side by side"
    return f"{words}, {between[0]} word{'s' if between[0] > 1 else ''} apart"


def surface(document: Document, name: str, place: Interval) -> str:
    """Give what stands at a place, on one line, cut where it is long."""
    span = span_of(document, name, place)
    text = document.field(name).text[span.start : span.end][: MAX_SHOWN_CHARS * 4]
    return clean_line(text, MAX_SHOWN_CHARS)


def marked_spans(node: Node, document: Document, fields: tuple[str, ...]) -> list[Span]:
    """List the first places to mark, a near's words one by one, in order of place."""
    spans = {
        span_of(document, name, place)
        for name in fields
        for place in _marked(node, document, name, None)
    }
    return sorted(spans, key=place_order)[:MAX_SPANS]


def _marked(
    node: Node, document: Document, name: str, inside: Interval | None
) -> Iterator[Interval]:
    """Give the places of a node's words; `inside` keeps to the places of one interval."""
    if isinstance(node, ListRef) and node.part is not None:
        yield from _marked(node.part, document, name, inside)
    elif isinstance(node, Near):
        chains = document.chains(node, name)
        fitting = (c for c in chains if inside in (None, (c.start, c.end)))
        for chain in islice(fitting, MAX_SPANS):
            for which, place in chain.members:
                yield from _marked(node.parts[which], document, name, place)
    elif isinstance(node, Or):
        for part in node.parts:
            yield from _marked(part, document, name, inside)
    elif inside is None:
        yield from islice(document.occurrences(node, name), MAX_SPANS)
    elif inside in document.occurrences(node, name):
        yield inside
