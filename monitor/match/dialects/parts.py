"""Draw the tree that a vendor's query becomes before it is written as one of ours.

`start`/`end` of a part are code points of the vendor's query, half-open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """Say what a loss does to what the rule finds."""

    WIDER = "the rule finds more"
    NARROWER = "the rule finds less"
    SAME = "the rule finds the same"
    UNSURE = "the rule may find more or less"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Name what a rule does not carry over, or reads otherwise; `cure` may be ""."""

    start: int
    end: int
    what: str
    cure: str = ""
    effect: Effect = Effect.UNSURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Find one word or a phrase; `*` and `?` are wildcards, `mark` is "", "#", "@" or "$"."""

    start: int
    end: int
    text: str
    is_exact: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Find the parts, at most `gap` words between; negated: the first, none of the rest near."""

    start: int
    end: int
    parts: tuple[Part, ...]
    gap: int
    is_ordered: bool = False
    is_negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """Find all parts."""

    start: int
    end: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """Find any part."""

    start: int
    end: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Find no such part in the whole article."""

    start: int
    end: int
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Find the part in one field of ours."""

    start: int
    end: int
    name: str
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast:
    """Find the part so many times."""

    start: int
    end: int
    count: int
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Let pass by metadata: any of the values of a key of `only`."""

    start: int
    end: int
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Stand where something was that no rule can say; its effect depends on where it stands."""

    start: int
    end: int
    what: str
    cure: str = ""


Part = Term | Near | And | Or | Not | Field | AtLeast | Filter | Lost


def all_of(parts: Sequence[Part]) -> Part:
    """Join by AND; a part alone stays as it is, and an AND in an AND becomes one with it."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, And) else (part,))]
    return flat[0] if len(flat) == 1 else And(start=flat[0].start, end=_end(flat), parts=(*flat,))


def any_of(parts: Sequence[Part]) -> Part:
    """Join by OR; a part alone stays as it is, and an OR in an OR becomes one with it."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, Or) else (part,))]
    return flat[0] if len(flat) == 1 else Or(start=flat[0].start, end=_end(flat), parts=(*flat,))


def _end(parts: Sequence[Part]) -> int:
    return max(part.end for part in parts)


def inner(part: Part) -> tuple[Part, ...]:
    """Give the parts that a part is made of."""
    if isinstance(part, And | Or | Near):
        return part.parts
    return (part.part,) if isinstance(part, Not | Field | AtLeast) else ()


def holds(part: Part, kinds: tuple[type, ...]) -> bool:
    """Tell whether a part is, or has inside, one of these kinds."""
    return isinstance(part, kinds) or any(holds(one, kinds) for one in inner(part))
