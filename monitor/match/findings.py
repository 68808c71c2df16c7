"""Say what a matching rule found, line by line, in the article's own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

from monitor.match.evaluate import (
    DEFAULT_FIELDS,
    Document,
    hit_spans,
    place_order,
    span_of,
)
from monitor.match.near import Chain
from monitor.match.reading import Interval
from monitor.match.tree import (
    POSITIONAL,
    And,
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
    Word,
    children,
)
from monitor.model.rule import Finding, Span
from monitor.text.clean import clean_line

MAX_SPANS = 20
MAX_FINDINGS = 50
MAX_ALTERNATIVES = 3  # of an OR of conditions: more of the same tells nothing new
MAX_SHOWN = 4  # distinct spellings named in one finding
MAX_SHOWN_CHARS = 60
MAX_READ_CHARS = 4 * MAX_SHOWN_CHARS  # of which those are left when white space is one space


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
    elif is_positional(node) or isinstance(node, (AtLeast, Regex, Copies)):
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
    if isinstance(node, POSITIONAL):
        return True
    if isinstance(node, Or):
        return all(map(is_positional, node.parts))
    return isinstance(node, ListRef) and node.part is not None and is_positional(node.part)


def _finding(
    node: Node, document: Document, line: str, fields: tuple[str, ...]
) -> Iterator[Finding]:
    if _is_of_words(node):
        text, spans = _words_found(node, document, fields)
    else:
        text = found_text(node, document, fields)
        spans = marked_spans(node, document, fields) if text else []
    if text:
        yield Finding(line=line, clause=node.place.text, text=text, spans=tuple(spans))


def found_text(node: Node, document: Document, fields: tuple[str, ...]) -> str:
    """Say what a node found: its spellings in order of place; "" if nothing."""
    if isinstance(node, AtLeast):
        count = document.count(node.part, fields)
        return f"{found_text(node.part, document, fields)}: {count} of {node.count} needed"
    if isinstance(node, Copies):
        return f"{document.taken(node).share:.0%} of {node.path} taken over"
    return _shown(_texts(node, document, fields))


def _shown(found: Iterable[str]) -> str:
    """Name the first few of some spellings, each once."""
    shown: dict[str, str] = {}
    for text in found:
        shown.setdefault(text.casefold(), text)
        if len(shown) > MAX_SHOWN:
            break
    texts = list(shown.values())
    return ", ".join(texts[:MAX_SHOWN]) + (", ..." if len(texts) > MAX_SHOWN else "")


def _words_found(
    node: Node, document: Document, fields: tuple[str, ...]
) -> tuple[str, list[Span]]:
    """Say what a node found that is shown as the words at its places, and the first of these."""
    spans: list[Span] = []
    written: dict[str, None] = {}
    for name in fields:
        field = document.field(name)
        for place in document.occurrences(node, name):
            start, end = field.span(place)
            written[field.text[start : min(end, start + MAX_READ_CHARS)]] = None
            if len(spans) < MAX_SPANS:
                spans.append(Span(field=field.name, start=start, end=end))
    return _shown(map(_line, written)), spans


def _texts(node: Node, document: Document, fields: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, (Near, Together)):
        yield from _best_chain(node, document, fields)
    elif isinstance(node, Regex):
        for name in fields:
            yield from (text_of(document, span) for span in hit_spans(node, document, name))
    elif isinstance(node, Field):
        yield from _texts(node.part, document, (node.name,))
    elif isinstance(node, (Or, ListRef)) and not _is_of_words(node):
        for part in children(node):
            yield from _texts(part, document, fields)
    else:
        note = f" ({node.place.text})" if _is_inflected(node) else ""
        for name in fields:
            for place in document.occurrences(node, name):
                yield surface(document, name, place) + note


def _best_chain(
    node: Near | Together, document: Document, fields: tuple[str, ...]
) -> Iterator[str]:
    found = [(name, chain) for name in fields for chain in document.chains(node, name)]
    if found:
        name, chain = min(found, key=lambda each: max(gaps(each[1])))
        unit = f"in one {node.unit}" if isinstance(node, Together) else ""
        yield chain_text(chain, document, name, unit)


def _is_of_words(node: Node) -> bool:
    """Tell whether what a node found is shown as the words at its places."""
    if isinstance(node, (Or, ListRef)):
        return all(map(_is_of_words, children(node)))
    return isinstance(node, (Word, Phrase, NotNear)) and not _is_inflected(node)


def _is_inflected(node: Node) -> bool:
    if isinstance(node, Phrase):
        return node.words[0].is_inflected
    return isinstance(node, Word) and node.is_inflected


def gaps(chain: Chain) -> list[int]:
    """Count the tokens between neighbours."""
    places = [place for _, place in chain.members]
    return [right[0] - left[1] for left, right in pairwise(places)]


def chain_text(chain: Chain, document: Document, name: str, unit: str = "") -> str:
    """Write a near as found: "office ... open, 2 words apart", or the unit in their place."""
    words = " ... ".join(surface(document, name, place) for _, place in chain.members)
    if unit:
        return f"{words}, {unit}"
    between = gaps(chain)
    if len(between) > 1:
        return f"{words}, {' and '.join(map(str, between))} words apart"
    if between[0] == 0:
        return f"{words}, side by side"
    return f"{words}, {between[0]} word{'s' if between[0] > 1 else ''} apart"


def surface(document: Document, name: str, place: Interval) -> str:
    """Give what stands at a place, on one line, cut where it is long."""
    return text_of(document, span_of(document, name, place))


def text_of(document: Document, span: Span) -> str:
    """Give the text of a span, on one line, cut where it is long."""
    return _line(document.field(span.field).text[span.start : span.end])


def _line(text: str) -> str:
    return clean_line(text[:MAX_READ_CHARS], MAX_SHOWN_CHARS)


def marked_spans(node: Node, document: Document, fields: tuple[str, ...]) -> list[Span]:
    """List the first places to mark, a near's words one by one, in order of place."""
    return sorted(set(_marked_spans(node, document, fields)), key=place_order)[:MAX_SPANS]


def _marked_spans(node: Node, document: Document, fields: tuple[str, ...]) -> Iterator[Span]:
    if isinstance(node, Copies):
        yield from document.taken(node).spans
    elif isinstance(node, Regex):
        for name in fields:
            yield from hit_spans(node, document, name)[:MAX_SPANS]
    elif isinstance(node, Field):
        yield from _marked_spans(node.part, document, (node.name,))
    elif isinstance(node, (AtLeast, Or, ListRef)):
        for part in children(node):
            yield from _marked_spans(part, document, fields)
    else:
        for name in fields:
            yield from (span_of(document, name, at) for at in _marked(node, document, name, None))


def _marked(
    node: Node, document: Document, name: str, inside: Interval | None
) -> Iterator[Interval]:
    """Give the places of a node's words; `inside` keeps to the places of one interval."""
    if isinstance(node, ListRef) and node.part is not None:
        yield from _marked(node.part, document, name, inside)
    elif isinstance(node, (Near, Together)):
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
