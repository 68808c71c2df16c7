"""Check whole trees: what a near may hold, and that no alternative matches by absence alone."""

from __future__ import annotations

from monitor.match.problems import QueryProblem, error
from monitor.match.tree import And, Field, Line, ListRef, Near, Node, Not, Or

MAX_NEAR_PARTS = 8
"""An unordered near looks at the sets of its parts found so far: 2 to this power at most."""


def unanchored(node: Node) -> Node | None:
    """Find an alternative without any leaf that is not negated; None if every one has one.

    A list that is not resolved yet counts as a leaf.
    """
    if isinstance(node, Not):
        return node
    if isinstance(node, And):
        return node if all(unanchored(part) is not None for part in node.parts) else None
    if isinstance(node, Or):
        found = (unanchored(part) for part in node.parts)
        return next((part for part in found if part is not None), None)
    if isinstance(node, (Field, Line)):
        return unanchored(node.part)
    if isinstance(node, ListRef) and node.part is not None:
        return node if unanchored(node.part) is not None else None
    return None


def near_faults(node: Node) -> tuple[QueryProblem, ...]:
    """List what may not stand in a near; run it again once lists are resolved."""
    return tuple(_faults(node, near=None))


def _faults(node: Node, near: Near | None) -> list[QueryProblem]:
    if near is not None and isinstance(node, (And, Not, Field)):
        return [_stranger(node)]
    if isinstance(node, Near):
        many = [_too_many(node)] if len(node.parts) > MAX_NEAR_PARTS else []
        return many + [fault for part in node.parts for fault in _faults(part, node)]
    if isinstance(node, (And, Or)):
        return [fault for part in node.parts for fault in _faults(part, near)]
    if isinstance(node, (Field, Line, Not)):
        return _faults(node.part, near)
    if isinstance(node, ListRef) and node.part is not None:
        held = _faults(node.part, near)
        return [_in_list(node, held[0])] if held and near is not None else []
    return []


def _stranger(node: Node) -> QueryProblem:
    name = {And: "AND", Not: "NOT", Field: "a field"}[type(node)]
    if isinstance(node, Field):
        name = f"{node.name}:"
    what = f"{name} stands inside a near, which takes words, phrases, lists and ORs of these"
    return error(node.place.start, what, "move it outside the near", "near-operand")


def _too_many(node: Near) -> QueryProblem:
    what = f"a near of {len(node.parts)} parts, {MAX_NEAR_PARTS} are read"
    return error(node.place.start, what, "join some of them by AND", "near-parts")


def _in_list(node: ListRef, held: QueryProblem) -> QueryProblem:
    what = f"${node.name} cannot stand in a near: {held.what}"
    return error(node.place.start, what, "use a list without it", held.code)
