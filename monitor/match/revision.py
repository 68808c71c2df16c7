"""Hash what a rule means: two texts that mean the same have one revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from monitor.match.tree import And, Field, Line, ListRef, Near, Node, Not, Only, Or, Phrase, Word
from monitor.model.keys import Revision, digest_of

_FORMAT = "1"  # raised when the rendering changes, so that no two formats are compared


def revision_of(
    query: Node, exclude: Sequence[Node], only: Only, renderings: dict[str, str]
) -> Revision:
    """Hash match, exclude and only, with lists resolved; names of lines do not count.

    `renderings` keeps the rendering of each list for the next rule that uses it.
    """
    excluded = sorted({rendered(part, renderings) for part in exclude})
    filters = [f"{item.name}={_value(getattr(only, item.name))}" for item in fields(Only)]
    return Revision(digest_of(_FORMAT, rendered(query, renderings), *excluded, "only", *filters))


def rendered(node: Node, renderings: dict[str, str]) -> str:
    """Write a query in its one canonical form: order, spaces, case and nesting settled."""
    if isinstance(node, Word):
        text = node.word if node.is_exact else node.word.casefold()
        return f"{'exact ' if node.is_exact else ''}{node.mark}{text}"
    if isinstance(node, Phrase):
        words = " ".join(rendered(word, renderings) for word in node.words)
        return f"{'exact ' if node.is_exact else ''}<{words}>"
    if isinstance(node, Near):
        parts = [rendered(part, renderings) for part in node.parts]
        kind = "onear" if node.is_ordered else "near"
        return f"({kind}/{node.gap} {' '.join(parts if node.is_ordered else sorted(parts))})"
    if isinstance(node, And | Or):
        return _joined(node, renderings)
    if isinstance(node, Not):
        return f"(not {rendered(node.part, renderings)})"
    if isinstance(node, Field):
        return f"({node.name}: {rendered(node.part, renderings)})"
    if isinstance(node, ListRef):
        return _listed(node, renderings)
    return rendered(node.part, renderings)


def _joined(node: And | Or, renderings: dict[str, str]) -> str:
    kind = "and" if isinstance(node, And) else "or"
    parts: set[str] = set()
    todo: list[Node] = list(node.parts)
    while todo:
        part = todo.pop()
        while isinstance(part, Line):
            part = part.part
        if type(part) is type(node) and isinstance(part, And | Or):
            todo += part.parts
        else:
            parts.add(rendered(part, renderings))
    return parts.pop() if len(parts) == 1 else f"({kind} {' '.join(sorted(parts))})"


def _listed(node: ListRef, renderings: dict[str, str]) -> str:
    if node.name not in renderings:
        text = rendered(node.part, renderings) if node.part is not None else f"${node.name}"
        renderings[node.name] = "list:" + digest_of(text)
    return renderings[node.name]


def _value(value: object) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, tuple) else str(value)
