"""Write a level of a query anew, with parentheses that settle what belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.match.lexer import Kind, Lexeme

MAX_CHARS = 300
"""A longer level is not written anew: nobody would read it in an error."""

ORDERS = {
    "near-and-or": (Kind.NEAR, Kind.AND, Kind.OR),
    "near-or-and": (Kind.NEAR, Kind.OR, Kind.AND),
    "or-near-and": (Kind.OR, Kind.NEAR, Kind.AND),
}
"""What may bind first, second and last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Be a piece of a level: `negation` is "", "NOT " or "-", `operator` what joins its text."""

    text: str
    negation: str = ""
    operator: str = ""

    def inside(self, kind: Kind) -> str:
        """Write it as an operand of another operator, without its negation."""
        if not self.operator:
            return self.text
        is_near = self.operator not in ("AND", "OR")
        binds_tighter = is_near and kind is Kind.AND and not self.negation
        return self.text if binds_tighter else f"({self.text})"


def bracketed(pieces: Sequence[Piece], joins: Sequence[Lexeme], order: tuple[Kind, ...]) -> str:
    """Write the pieces, each but the loosest operator of `order` in parentheses."""
    left, between = list(pieces), list(joins)
    for kind in order:
        left, between = _merged(left, between, kind)
    (whole,) = left
    return whole.negation + (whole.inside(Kind.AND) if whole.negation else whole.text)


def _merged(
    pieces: list[Piece], joins: list[Lexeme], kind: Kind
) -> tuple[list[Piece], list[Lexeme]]:
    merged, rest = [pieces[0]], []
    for join, piece in zip(joins, pieces[1:], strict=True):
        if join.kind is kind:
            merged[-1] = _joined(merged[-1], join, piece)
        else:
            merged.append(piece)
            rest.append(join)
    return merged, rest


def _joined(left: Piece, join: Lexeme, right: Piece) -> Piece:
    """Join two pieces; a negation before an OR or a near is one of the whole of it."""
    is_chain = left.operator == join.text and not join.value.startswith("NOT")
    before = left.text if is_chain else left.inside(join.kind)
    negation = left.negation
    if join.kind is Kind.AND:
        before, negation = negation + before, ""
    text = f"{before} {join.text} {right.negation}{right.inside(join.kind)}"
    return Piece(text=text, negation=negation, operator=join.text)
