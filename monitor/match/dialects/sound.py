"""Make a part one that our language can say: its terms, its nears, its filters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from monitor.match.dialects.parts import (
    And,
    AtLeast,
    Effect,
    Field,
    Filter,
    Loss,
    Lost,
    Near,
    Not,
    Or,
    Part,
    Term,
    all_of,
    any_of,
    holds,
    inner,
)
from monitor.match.dialects.write_query import term_text
from monitor.match.lexer import MAX_GAP
from monitor.match.query import Parsed, parse_query

_MAX_NEARS = 60
"""A near over ANDs and ORs is written out as no more of them; nobody would read more."""

_SIGNS = frozenset("+#%$€£")
"""Signs that tell names apart (C++, Google+) and are dropped from words as in an article."""


def rebuilt(part: Part, change: Callable[[Part], Part]) -> Part:
    """Change a part from the inside out."""
    if isinstance(part, And | Or | Near):
        part = replace(part, parts=tuple(rebuilt(one, change) for one in part.parts))
        if isinstance(part, And | Or):
            part = all_of(part.parts) if isinstance(part, And) else any_of(part.parts)
    elif isinstance(part, Not | Field | AtLeast):
        part = replace(part, part=rebuilt(part.part, change))
    return change(part)


class Settler:
    """Settle what cannot be said as it is; what that changes goes to `losses`."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []

    def settled(self, part: Part) -> Part:
        """Settle a whole query."""
        part = self._terms(part, is_url=False)
        return rebuilt(part, self._change)

    def _lose(self, part: Part, what: str, cure: str, effect: Effect) -> None:
        self.losses.append(
            Loss(start=part.start, end=part.end, what=what, cure=cure, effect=effect)
        )

    def _change(self, part: Part) -> Part:
        if isinstance(part, Near):
            return self._near(part)
        if isinstance(part, Not) and isinstance(part.part, Not):
            return part.part.part
        if isinstance(part, Or | And):
            parts = _distinct(part.parts)
            return any_of(parts) if isinstance(part, Or) else all_of(parts)
        return part

    def _terms(self, part: Part, *, is_url: bool) -> Part:
        if isinstance(part, Term):
            return self._term(part, is_url=is_url)
        if isinstance(part, Field):
            return replace(part, part=self._terms(part.part, is_url=part.name == "url"))
        if isinstance(part, And | Or | Near):
            each = tuple(self._terms(one, is_url=is_url) for one in part.parts)
            return replace(part, parts=each)
        if isinstance(part, Not | AtLeast):
            return replace(part, part=self._terms(part.part, is_url=is_url))
        return part

    def _term(self, term: Term, *, is_url: bool) -> Part:
        if term.is_exact and ("*" in term.text or "?" in term.text):
            what = "is searched in any case: case as written has no wildcards"
            self._lose(term, what, "write the spellings with exact: and OR", Effect.WIDER)
            term = replace(term, is_exact=False)
        text = term_text(term, is_url=is_url)
        parsed = parse_query(f"url:{text}" if is_url else text)
        if parsed.node is not None:
            if _SIGNS.intersection(text) and not is_url and _drops_signs(parsed):
                what = "is found without the signs beside its letters: they only separate words"
                self._lose(term, what, "add a word that tells it apart", Effect.UNSURE)
            return term
        fault = next(problem for problem in parsed.problems if problem.is_error)
        return Lost(
            start=term.start, end=term.end, what=f"is not read: {fault.what}", cure=fault.cure
        )

    def _near(self, near: Near) -> Part:
        names = {part.name if isinstance(part, Field) else "" for part in near.parts}
        if len(names) == 1 and (name := names.pop()):
            parts = tuple(part.part for part in near.parts if isinstance(part, Field))
            inside = self._near(replace(near, parts=parts))
            return Field(start=near.start, end=near.end, name=name, part=inside)
        if near.gap > MAX_GAP:
            return self._loosened(near, f"a near of more than {MAX_GAP:,} words is AND")
        if holds(near, (Field, Filter, AtLeast)):
            what = "a field, a filter or a count inside a near is joined by AND"
            return self._loosened(near, what)
        if holds(near, (And, Not)):
            return self._spread(near)
        return near

    def _loosened(self, near: Near, what: str) -> Part:
        if near.is_negated:
            return Lost(start=near.start, end=near.end, what=what, cure="write it anew")
        self._lose(near, what, "check that this is what is meant", Effect.WIDER)
        return all_of(near.parts)

    def _spread(self, near: Near) -> Part:
        if near.is_negated or prod(map(_width, near.parts)) > _MAX_NEARS:
            what = "AND or NOT inside a near cannot be written out"
            return self._loosened(near, what)
        what = "AND or NOT inside a near is read as a near for each of its sides"
        self._lose(near, what, "check that this is what is meant", Effect.UNSURE)
        return _spread(near)


def _drops_signs(parsed: Parsed) -> bool:
    return any(problem.code == "punctuation" for problem in parsed.problems)


def _distinct(parts: tuple[Part, ...]) -> list[Part]:
    """Keep each term once."""
    kept: dict[object, Part] = {}
    for part in parts:
        key = (part.text, part.is_exact, part.mark) if isinstance(part, Term) else part
        kept.setdefault(key, part)
    return list(kept.values())


def _spread(near: Near) -> Part:
    """Write `a NEAR (b AND c)` as `(a NEAR b) AND (a NEAR c)`."""
    for at, part in enumerate(near.parts):
        if isinstance(part, Not):
            return replace(part, start=near.start, part=_spread(_with(near, at, part.part)))
        if _is_spread(part):
            each = [_spread(_with(near, at, one)) for one in inner(part)]
            return all_of(each) if isinstance(part, And) else any_of(each)
    return near


def _is_spread(part: Part) -> bool:
    return isinstance(part, And | Or) and holds(part, (And, Not))


def _width(part: Part) -> int:
    """Count the nears that `_spread` would make of one with this part in it."""
    if isinstance(part, Not):
        return _width(part.part)
    return sum(map(_width, inner(part))) if _is_spread(part) else 1


def _with(near: Near, at: int, part: Part) -> Near:
    return replace(near, parts=(*near.parts[:at], part, *near.parts[at + 1 :]))
