"""Hash what a rule means: two texts that mean the same have one revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache

from monitor.match.tree import (
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
    Only,
    Or,
    Phrase,
    Regex,
    Together,
    Word,
)
from monitor.model.keys import Revision, digest_of

_FORMAT = "2"  # raised when the rendering changes, so that no two formats are compared


class Renderings:
    """Keep what lists were rendered to, for the next rule that uses them."""

    def __init__(self) -> None:
        self.alternatives: dict[str, frozenset[str]] = {}
        self.whole: dict[str, str] = {}


def revision_of(
    query: Node, exclude: Sequence[Node], only: Only, renderings: Renderings
) -> Revision:
    """Hash match, exclude and only; names of lines do not count.

    A list counts as its terms: to write them in its place is no new revision.
    """
    excluded = sorted({rendered(part, renderings) for part in exclude})
    return Revision(
        digest_of(_FORMAT, rendered(query, renderings), *excluded, "only", *_filters(only))
    )


@lru_cache(maxsize=1_000)
def _filters(only: Only) -> tuple[str, ...]:
    """Write filters by metadata; most rules share a few of them."""
    return tuple(f"{item.name}={_value(getattr(only, item.name))}" for item in fields(Only))


def rendered(node: Node, renderings: Renderings) -> str:
    """Write a query in its one canonical form: order, spaces, case and nesting settled."""
    if isinstance(node, Word):
        return _word(node)
    if isinstance(node, Phrase):
        words = " ".join(rendered(word, renderings) for word in node.words)
        return f"{'exact ' if node.is_exact else ''}<{words}>"
    if isinstance(node, Near | Together | NotNear):
        return _beside(node, renderings)
    if isinstance(node, And | Or | ListRef):
        return _group(node, renderings)
    if isinstance(node, Regex | Copies):
        return f"/{node.pattern}/" if isinstance(node, Regex) else f"(copies {node.text_hash})"
    part = rendered(node.part, renderings)
    if isinstance(node, AtLeast):
        return f"(atleast/{node.count} {part})"
    if isinstance(node, Not):
        return f"(not {part})"
    return f"({node.name}: {part})" if isinstance(node, Field) else part


def _word(word: Word) -> str:
    if word.is_exact:
        return f"exact {word.mark}{word.word}"
    return f"{'forms ' if word.is_inflected else ''}{word.mark}{word.word.casefold()}"


def _beside(node: Near | Together | NotNear, renderings: Renderings) -> str:
    if isinstance(node, NotNear):
        kind = f"not {'o' if node.is_ordered else ''}near/{node.gap}"
        parts = [rendered(node.part, renderings), rendered(node.other, renderings)]
        return f"({kind} {' '.join(parts)})"
    parts = [rendered(part, renderings) for part in node.parts]
    if isinstance(node, Together):
        return f"({node.unit} {' '.join(sorted(parts))})"
    kind = "onear" if node.is_ordered else "near"
    return f"({kind}/{node.gap} {' '.join(parts if node.is_ordered else sorted(parts))})"


def _group(node: And | Or | ListRef, renderings: Renderings) -> str:
    if isinstance(node, And):
        parts = _conjuncts(node, renderings)
        return next(iter(parts)) if len(parts) == 1 else f"(and {' '.join(sorted(parts))})"
    if isinstance(node, Or):
        return _any_of(_alternatives(node, renderings))
    return _listed(node, renderings)


def _conjuncts(node: Node, renderings: Renderings) -> set[str]:
    """Render what an AND joins, those of the ANDs in it included."""
    node = _bare(node)
    if isinstance(node, And):
        return {text for part in node.parts for text in _conjuncts(part, renderings)}
    return {rendered(node, renderings)}


def _alternatives(node: Node, renderings: Renderings) -> frozenset[str]:
    """Render what an OR joins, those of the ORs and lists in it included."""
    node = _bare(node)
    if isinstance(node, Or):
        return frozenset().union(*(_alternatives(part, renderings) for part in node.parts))
    if isinstance(node, ListRef) and node.part is not None:
        if node.name not in renderings.alternatives:
            renderings.alternatives[node.name] = _alternatives(node.part, renderings)
        return renderings.alternatives[node.name]
    return frozenset({rendered(node, renderings)})


def _bare(node: Node) -> Node:
    """Give a node without names of lines, and without ORs and lists of one term around it."""
    while True:
        if isinstance(node, Line):
            node = node.part
        elif isinstance(node, Or) and len(node.parts) == 1:
            node = node.parts[0]
        elif isinstance(node, ListRef) and isinstance(node.part, Or) and len(node.part.parts) == 1:
            node = node.part
        else:
            return node


def _any_of(alternatives: frozenset[str]) -> str:
    if len(alternatives) == 1:
        return next(iter(alternatives))
    return f"(or {digest_of(*sorted(alternatives))})"  # short: a list may have thousands


def _listed(node: ListRef, renderings: Renderings) -> str:
    if node.part is None:
        return f"${node.name}"
    if node.name not in renderings.whole:
        renderings.whole[node.name] = _any_of(_alternatives(node, renderings))
    return renderings.whole[node.name]


def _value(value: object) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, tuple) else str(value)
