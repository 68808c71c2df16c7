"""Check whole trees: what a near may hold, and that no alternative matches by absence alone."""

from __future__ import annotations

from monitor.match.problems import QueryProblem, error
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
    Word,
    children,
)

MAX_NEAR_PARTS = 6
"""An unordered near looks at the sets of its parts found so far: 2 to this power at most."""

_STRANGERS = {"near": (And, Not, Field, AtLeast, Regex), "ATLEAST": (And, Not, AtLeast)}
_NAMES: dict[type[Node], str] = {
    And: "AND", Not: "NOT", AtLeast: "ATLEAST", Regex: "a regular expression",
}  # fmt: skip
_ARTICLES = {"near": "a near", "ATLEAST": "an ATLEAST"}
_TAKES = {
    "near": "a near, which takes words, phrases, lists and ORs of these",
    "ATLEAST": "an ATLEAST, which counts words, phrases, nears, lists and ORs of these",
}
_CURES: dict[str, dict[type[Node], str]] = {
    "near": {
        And: "write A NEAR/n B NEAR/n C, or join two nears by AND outside",
        Not: "write A NOT NEAR/n B, or exclude outside the near, with AND NOT",
        Field: "put the whole near into the field, or move it outside, joined by AND",
    },
    "ATLEAST": {
        And: "count each by itself: ATLEAST/n A AND ATLEAST/n B",
        Not: "exclude outside it, with AND NOT",
        AtLeast: "leave one of them out",
    },
}


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
    if isinstance(node, (Field, Line, AtLeast)):
        return unanchored(node.part)
    if isinstance(node, ListRef) and node.part is not None:
        return node if unanchored(node.part) is not None else None
    return None


def near_faults(node: Node) -> tuple[QueryProblem, ...]:
    """List what may not stand in a near or an ATLEAST; run it again once lists are resolved."""
    return tuple(_faults(node, ""))


def _faults(node: Node, around: str) -> list[QueryProblem]:
    if around and isinstance(node, _STRANGERS[around]):
        return [_stranger(node, around)]
    if isinstance(node, ListRef):
        held = _faults(node.part, around) if node.part is not None else []
        return [_in_list(node, held[0], around)] if held and around else []
    faults = []
    if isinstance(node, (Near, Together, NotNear)):
        around = "near"
        faults = _misused(node)
    elif isinstance(node, AtLeast):
        around = "ATLEAST"
    return faults + [fault for part in children(node) for fault in _faults(part, around)]


def _stranger(node: Node, around: str) -> QueryProblem:
    name = f"{node.name}:" if isinstance(node, Field) else _NAMES[type(node)]
    what = f"{name} stands inside {_TAKES[around]}"
    cure = _CURES[around].get(type(node), "move it outside, joined by AND")
    return error(node.place.start, what, cure, f"{around.lower()}-operand")


def _misused(node: Near | Together | NotNear) -> list[QueryProblem]:
    if isinstance(node, NotNear):
        is_same = _sought(node.part) == _sought(node.other)
        return [_beside_itself(node)] if is_same else []
    return [_too_many(node)] if len(node.parts) > MAX_NEAR_PARTS else []


def _sought(node: Node) -> object:
    """Give what a term looks for, wherever it stands."""
    if isinstance(node, Word):
        return node.word, node.is_exact, node.mark, node.is_inflected
    if isinstance(node, Phrase):
        return node.is_exact, tuple(map(_sought, node.words))
    return node.place.text


def _beside_itself(node: NotNear) -> QueryProblem:
    text = node.part.place.text
    what = f"each {text} is beside itself, so this is never found"
    cure = f"for articles with no second one write {text} AND NOT ATLEAST/2 {text}"
    return error(node.place.start, what, cure, "near-itself")


def _too_many(node: Near | Together) -> QueryProblem:
    what = f"a near of {len(node.parts)} parts, {MAX_NEAR_PARTS} are read"
    return error(node.place.start, what, "join some of them by AND", "near-parts")


def _in_list(node: ListRef, held: QueryProblem, around: str) -> QueryProblem:
    what = f"${node.name} cannot stand in {_ARTICLES[around]}: {held.what}"
    return error(node.place.start, what, "use a list without it", held.code)
