"""Put the pieces of a vendor's query together, by the order in which its operators bind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from monitor.match.dialects.parts import Effect, Loss, Near, Not, Part, all_of, any_of
from monitor.match.dialects.pieces import Cutter, Join, Kind, Operator, Piece
from monitor.match.problems import QueryProblem, error

MAX_DEPTH = 40
"""Parentheses stand no deeper in a query that a person wrote; ours allow 50."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Say how a vendor reads what its query leaves open.

    `binding` names the operators but NEAR, which binds first, from the tightest to the loosest.
    `beside` and `mixed` are what to say of words without an operator between them, and of AND
    beside OR without parentheses; "" says nothing.
    """

    binding: tuple[Operator, ...]
    beside: str = ""
    mixed: str = ""


BESIDE = Join(operator=Operator.BESIDE)
AND = Join(operator=Operator.AND)


class Grammar:
    """Read the pieces of one query into one part."""

    def __init__(self, cutter: Cutter, habits: Habits) -> None:
        self.text = cutter.text
        self.pieces = cutter.pieces
        self.habits = habits
        self.problems: list[QueryProblem] = []
        self.losses: list[Loss] = []
        self.at = 0

    def read(self) -> Part | None:
        """Give the whole query's part; None if `problems` say why not."""
        if not self.pieces:
            self._fail(0, "the query is empty", "write a word", "empty")
            return None
        if not self._is_balanced():
            return None
        part = self._level()
        return None if self.problems else part

    def _fail(self, offset: int, what: str, cure: str, code: str) -> None:
        self.problems.append(error(offset, what, cure, code))

    def _note(self, start: int, end: int, what: str, cure: str, effect: Effect) -> None:
        self.losses.append(Loss(start=start, end=end, what=what, cure=cure, effect=effect))

    def _is_balanced(self) -> bool:
        opened: list[Piece] = []
        for piece in self.pieces:
            if piece.kind is Kind.OPEN:
                opened.append(piece)
            elif piece.kind is Kind.CLOSE and not opened:
                cure = "remove it, or add '(' before"
                self._fail(piece.start, "this parenthesis closes nothing", cure, "parenthesis")
                return False
            elif piece.kind is Kind.CLOSE:
                opened.pop()
            if len(opened) > MAX_DEPTH:
                what = f"parentheses stand more than {MAX_DEPTH} deep"
                self._fail(piece.start, what, "remove those that are not needed", "too-deep")
                return False
        if opened:
            what = "this parenthesis is never closed"
            self._fail(opened[0].start, what, "add ')'", "parenthesis")
        return not opened

    def _peek(self) -> Piece | None:
        return self.pieces[self.at] if self.at < len(self.pieces) else None

    def _take(self) -> Piece | None:
        piece = self._peek()
        self.at += 1
        return piece

    def _level(self) -> Part | None:
        """Read up to a closing parenthesis or the end, which is left unread."""
        parts: list[Part] = []
        negated: list[Piece | None] = []
        joins: list[Join] = []
        while (piece := self._peek()) is not None and piece.kind is not Kind.CLOSE:
            join = self._join(piece) if parts else None
            sign = self._negation()
            part = self._operand()
            if part is None:
                return None
            if join is not None:
                joins.append(join)
            parts.append(part)
            negated.append(sign)
        if not parts:
            offset = piece.start if piece else len(self.text)
            self._fail(offset, "nothing stands here", "write a word or a phrase", "empty")
            return None
        return self._bound(parts, negated, joins)

    def _join(self, piece: Piece) -> Join:
        if piece.join is not None:
            self.at += 1
            return piece.join
        return AND if piece.kind is Kind.NOT else BESIDE

    def _negation(self) -> Piece | None:
        """Take a NOT; two of them are one too many."""
        piece = self._peek()
        if piece is None or piece.kind is not Kind.NOT:
            return None
        self.at += 1
        after = self._peek()
        if after is not None and after.kind is Kind.NOT:
            self._fail(after.start, "a negation of a negation", "remove both", "double-negation")
        return piece

    def _operand(self) -> Part | None:
        piece = self._take()
        if piece is None or piece.kind in (Kind.JOIN, Kind.CLOSE, Kind.NOT, Kind.SUFFIX):
            return self._missing(piece)
        part = self._plain(piece)
        while part is not None and (suffix := self._peek()) and suffix.kind is Kind.SUFFIX:
            assert suffix.closing
            self.at += 1
            part, losses = suffix.closing(part, suffix)
            self.losses += losses
        return part

    def _missing(self, piece: Piece | None) -> Part | None:
        before = self.pieces[self.at - 2] if self.at > 1 else None
        is_behind = before is not None and (piece is None or piece.kind is Kind.CLOSE)
        place = before if is_behind else piece
        assert place is not None
        side = "behind" if is_behind else "before"
        what = f"nothing stands {side} {place.text}"
        self._fail(place.start, what, "add a word, or remove the operator", "operand")
        return None

    def _plain(self, piece: Piece) -> Part | None:
        if piece.kind is Kind.OPEN:
            part = self._level()
            close = self._take()  # there is one: parentheses balance
            return replace(part, start=piece.start, end=close.end) if part and close else None
        if piece.kind is Kind.PREFIX:
            assert piece.reading
            if (after := self._peek()) and after.kind is Kind.PREFIX:
                what = f"{after.text} stands behind {piece.text}"
                self._fail(after.start, what, "write one of them only", "prefixes")
                return None
            part = self._operand()
            return piece.reading(part, piece.start) if part is not None else None
        return piece.part

    def _bound(
        self, parts: list[Part], negated: list[Piece | None], joins: list[Join]
    ) -> Part | None:
        self._remark(parts, joins)
        chains, signs, left = self._nears(parts, negated, joins)
        whole = [_negated(part, sign) for part, sign in zip(chains, signs, strict=True)]
        for operator in self.habits.binding:
            whole, left = _merged(whole, left, operator)
        (part,) = whole
        return part

    def _remark(self, parts: Sequence[Part], joins: Sequence[Join]) -> None:
        """Say how a level was read that leaves it open."""
        operators = [join.operator for join in joins]
        if self.habits.beside and Operator.BESIDE in operators:
            at = operators.index(Operator.BESIDE)
            start, end = parts[at].start, parts[at + 1].end
            cure = "write AND between them, or quote them as a phrase"
            self._note(start, end, self.habits.beside, cure, Effect.UNSURE)
        if self.habits.mixed and Operator.AND in operators and Operator.OR in operators:
            cure = "check that this is what is meant"
            self._note(parts[0].start, parts[-1].end, self.habits.mixed, cure, Effect.UNSURE)

    def _nears(
        self, parts: list[Part], negated: list[Piece | None], joins: list[Join]
    ) -> tuple[list[Part], list[Piece | None], list[Join]]:
        """Put near chains together, which bind first; what joins these is left."""
        ends = [at for at, join in enumerate(joins) if join.operator is not Operator.NEAR]
        starts = [0, *(at + 1 for at in ends)]
        chains: list[Part] = []
        for start, end in zip(starts, [*ends, len(joins)], strict=True):
            for sign in filter(None, negated[start + 1 : end + 1]):
                what, cure = f"{sign.text} stands inside a near", "exclude outside it, with NOT"
                self._fail(sign.start, what, cure, "near-operand")
            chains.append(self._chain(parts[start : end + 1], joins[start:end]))
        return chains, [negated[at] for at in starts], [joins[at] for at in ends]

    def _chain(self, parts: list[Part], joins: list[Join]) -> Part:
        """Join from the left: the same near again is one of more parts, another one nests."""
        whole, at = parts[0], 0
        runs = groupby(enumerate(joins), key=lambda one: (one[1], _nests(one)))
        for nested, (_, same) in enumerate(runs):
            run = [join for _, join in same]
            if nested == MAX_DEPTH:
                what = f"more than {MAX_DEPTH} different nears in a row"
                self._fail(parts[at].start, what, "put parts of it in parentheses", "nears")
                break
            whole = _near([whole, *parts[at + 1 : at + 1 + len(run)]], run[0])
            at += len(run)
        return whole


def _nests(one: tuple[int, Join]) -> int:
    """Tell a NOT NEAR from the next one: each is about what stands before it."""
    return one[0] if one[1].is_negated else 0


def _near(parts: Sequence[Part], join: Join) -> Near:
    return Near(
        start=parts[0].start,
        end=parts[-1].end,
        parts=tuple(parts),
        gap=join.gap,
        is_ordered=join.is_ordered,
        is_negated=join.is_negated,
    )


def _negated(part: Part, sign: Piece | None) -> Part:
    return Not(start=sign.start, end=part.end, part=part) if sign else part


def _merged(
    parts: list[Part], joins: list[Join], operator: Operator
) -> tuple[list[Part], list[Join]]:
    """Put together what an operator joins; the rest is left."""
    groups, left = [[parts[0]]], []
    for join, part in zip(joins, parts[1:], strict=True):
        if join.operator is operator:
            groups[-1].append(part)
        else:
            groups.append([part])
            left.append(join)
    together = any_of if operator is Operator.OR else all_of
    return [together(group) for group in groups], left
