"""Explain a verdict: every leaf with what was found where, nothing short-circuited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from monitor.match.evaluate import DEFAULT_FIELDS, Document
from monitor.match.findings import (
    found_text,
    is_positional,
    marked_spans,
)
from monitor.match.misses import missed_by, unit_found
from monitor.match.only import OnlyResult, judge_only, lang_origin
from monitor.match.tree import (
    And,
    AtLeast,
    Copies,
    Field,
    Line,
    ListRef,
    LoadedRule,
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
from monitor.model.article import Article
from monitor.model.rule import Span
from monitor.text.marks import snippet

MAX_MISSES_SHOWN = 8
SNIPPET_CHARS = 160


class NodeKind(StrEnum):
    """Name what a node of an explanation stands for; a line's label may be any word."""

    WORD = "word"
    PHRASE = "phrase"
    NEAR = "near"
    TOGETHER = "together"
    NOT_NEAR = "not near"
    AT_LEAST = "at least"
    REGEX = "regex"
    COPIES = "copies"
    ALL = "all"
    ANY = "any"
    NOT = "not"
    LIST = "list"
    FIELD = "field"
    LINE = "line"
    REST = "rest"  # alternatives that are only counted
    EXCLUDE = "exclude"
    ONLY = "only"


_TOLD_BY_CHILDREN = {NodeKind.ALL, NodeKind.ANY, NodeKind.NOT, NodeKind.FIELD, NodeKind.LINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Be what a node found: its words, their places (at most 20), and a line of text around.

    `marks` are half-open ranges of `snippet`.
    """

    text: str
    spans: tuple[Span, ...]
    snippet: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedNode:
    """Be one node of the rule with its verdict; `kind` says what it is.

    `label` is the writer's own name for the line, or what the node is ("all of", "any of",
    "near", "word", "exclude", "only", ...). `text` is its query text. `detail` says what a
    failure missed by ("office ... open: 14 apart, limit 12"), or a note.
    """

    kind: NodeKind
    label: str
    text: str
    matched: bool
    found: Sighting | None = None
    detail: str = ""
    children: tuple[ExplainedNode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Be the whole answer to "why" and "why not": `matched` is the engine's own verdict.

    `reasons` says in a sentence each what kept the rule from matching, () if it matches.
    """

    rule: str
    article: str
    title: str
    matched: bool
    query: ExplainedNode
    excludes: tuple[ExplainedNode, ...] = ()
    only: tuple[ExplainedNode, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def explain(loaded: LoadedRule, article: Article, *, with_only: bool = True) -> Explanation:
    """Explain why a rule matches an article, or why not.

    Without `with_only` metadata filters are left out, as `judge` leaves them out.
    """
    document = Document(article)
    query = _explained(loaded.query, document, DEFAULT_FIELDS)
    excludes = tuple(_excluded(node, document) for node in loaded.exclude)
    results = judge_only(loaded.only, document) if with_only else ()
    only = tuple(_filter(result, article) for result in results)
    reasons = (*_missing(query), *_fired(excludes), *_held_back(results))
    return Explanation(
        rule=loaded.rule.id,
        article=article.key,
        title=article.title,
        matched=not reasons,
        query=query,
        excludes=excludes,
        only=only,
        reasons=reasons,
        notes=tuple(dict.fromkeys(result.note for result in results if result.note)),
    )


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Give the explanation as an object that JSON can hold."""
    return asdict(explanation)


def as_lines(explanation: Explanation) -> list[str]:
    """Write the explanation as lines of plain text, indented by depth."""
    verdict = "matches" if explanation.matched else "does not match"
    lines = [f"{explanation.rule} {verdict} {explanation.title!r} ({explanation.article})"]
    lines += [f"  because {reason}" for reason in explanation.reasons]
    for node in (explanation.query, *explanation.excludes, *explanation.only):
        lines += _lines(node, 1)
    return lines + [f"  note: {note}" for note in explanation.notes]


def _lines(node: ExplainedNode, depth: int) -> Iterator[str]:
    indent = "  " * depth
    text = "" if node.children and node.kind in _TOLD_BY_CHILDREN else node.text
    sides = [part for part in (node.found.text if node.found else "", node.detail) if part]
    head = f"{indent}{'+' if node.matched else '-'} {node.label}"
    yield ": ".join([f"{head} {text}".rstrip(), *(["; ".join(sides)] if sides else [])])
    if node.found and node.found.snippet and not node.children:
        yield f"{indent}    {node.found.snippet}"
    for child in node.children:
        yield from _lines(child, depth + 1)


def _explained(node: Node, document: Document, fields: tuple[str, ...]) -> ExplainedNode:
    matched = document.holds(node, fields)
    is_found = matched and (is_positional(node) or isinstance(node, (AtLeast, Regex, Copies)))
    found = _sighting(node, document, fields) if is_found else None
    return ExplainedNode(
        kind=_KINDS[type(node)],
        label=_label(node),
        text=node.place.text,
        matched=matched,
        found=found,
        detail=_detail(node, document, fields, matched=matched),
        children=tuple(_children(node, document, fields)),
    )


def _children(node: Node, document: Document, fields: tuple[str, ...]) -> Iterator[ExplainedNode]:
    if isinstance(node, (Word, Phrase)):
        return
    if isinstance(node, Field):
        yield _explained(node.part, document, (node.name,))
    elif isinstance(node, (Not, Line)):
        yield _explained(node.part, document, fields)
    elif isinstance(node, ListRef):
        if node.part is not None:
            yield from _terms(_parts(node.part), document, fields)
    elif isinstance(node, Or):
        yield from _terms(node.parts, document, fields)
    else:
        for part in children(node):
            yield _explained(part, document, fields)


def _terms(
    parts: tuple[Node, ...], document: Document, fields: tuple[str, ...]
) -> Iterator[ExplainedNode]:
    """Explain alternatives: all that hit, and the first misses (lists may hold thousands)."""
    misses = 0
    for part in parts:
        if not document.holds(part, fields):
            misses += 1
            if misses > MAX_MISSES_SHOWN:
                continue
        yield _explained(part, document, fields)
    if misses > MAX_MISSES_SHOWN:
        text = f"{misses - MAX_MISSES_SHOWN} more alternatives"
        yield ExplainedNode(kind=NodeKind.REST, label="not found", text=text, matched=False)


def _parts(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, Or) else (node,)


def _label(node: Node) -> str:
    if isinstance(node, Line):
        return node.name or "line"
    if isinstance(node, Field):
        return f"in {node.name}"
    if isinstance(node, Near):
        return "ordered near" if node.is_ordered else "near"
    kind = _KINDS[type(node)]
    return {NodeKind.ALL: "all of", NodeKind.ANY: "any of"}.get(kind, kind.value)


_KINDS: dict[type[Node], NodeKind] = {
    Word: NodeKind.WORD, Phrase: NodeKind.PHRASE, Near: NodeKind.NEAR, And: NodeKind.ALL,
    Or: NodeKind.ANY, Not: NodeKind.NOT, ListRef: NodeKind.LIST, Field: NodeKind.FIELD,
    Line: NodeKind.LINE, Together: NodeKind.TOGETHER, NotNear: NodeKind.NOT_NEAR,
    AtLeast: NodeKind.AT_LEAST, Regex: NodeKind.REGEX, Copies: NodeKind.COPIES,
}  # fmt: skip


def _sighting(node: Node, document: Document, fields: tuple[str, ...]) -> Sighting:
    spans = tuple(marked_spans(node, document, fields))
    text = found_text(node, document, fields)
    if not spans:
        return Sighting(text=text, spans=(), snippet="", marks=())
    name = spans[0].field
    places = [(span.start, span.end) for span in spans if span.field == name]
    shown, marks = snippet(document.field(name).text, places[:1], width=SNIPPET_CHARS)
    return Sighting(text=text, spans=spans, snippet=shown, marks=marks)


def _detail(node: Node, document: Document, fields: tuple[str, ...], *, matched: bool) -> str:
    if not matched:
        return missed_by(node, document, fields)
    return unit_found(node, document, fields) if isinstance(node, Together) else ""


def _excluded(node: Node, document: Document) -> ExplainedNode:
    """Explain an exclusion; here `matched` means that it fired."""
    explained = _explained(node, document, DEFAULT_FIELDS)
    return ExplainedNode(
        kind=NodeKind.EXCLUDE,
        label="exclude",
        text=explained.text,
        matched=explained.matched,
        found=explained.found,
        detail=explained.detail,
        children=explained.children,
    )


def _filter(result: OnlyResult, article: Article) -> ExplainedNode:
    detail = result.note or f"is {result.found}"
    if result.key == "lang" and result.is_known:
        detail += f", {lang_origin(article)}"
    text = f"{result.key}: {result.wanted}"
    return ExplainedNode(
        kind=NodeKind.ONLY, label="only", text=text, matched=result.passed, detail=detail
    )


def _missing(node: ExplainedNode, names: str = "") -> Iterator[str]:
    """Name the deepest lines that failed, behind the names of the lines they stand in."""
    if node.matched:
        return
    if node.kind in (NodeKind.LINE, NodeKind.FIELD):
        names += f"{node.label}: "
    is_group = node.kind in (NodeKind.LINE, NodeKind.FIELD, NodeKind.ALL)
    failing = [child for child in node.children if not child.matched] if is_group else []
    for child in failing:
        yield from _missing(child, names)
    if not failing:
        yield f"{names}{node.text}: {node.detail or 'not found'}"


def _fired(excludes: tuple[ExplainedNode, ...]) -> Iterator[str]:
    for node in excludes:
        if node.matched:
            found = node.found
            words = (
                f": found {found.text} in {found.spans[0].field}" if found and found.spans else ""
            )
            yield f"the exclusion {node.text} fired{words}"


def _held_back(results: tuple[OnlyResult, ...]) -> Iterator[str]:
    for result in results:
        if not result.passed:
            yield f"only {result.key}: {result.wanted}; it is {result.found}"
