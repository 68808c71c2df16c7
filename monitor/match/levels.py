"""Combine the operands of one level of parentheses: near binds first, then one operator only."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.match.lexer import Kind, Lexeme
from monitor.match.problems import QueryProblem, error
from monitor.match.tree import And, Near, Node, Not, Or, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """Be one operand with the text it covers, parentheses and its negation included."""

    node: Node
    start: int
    end: int
    negation: Lexeme | None = None
    is_near: bool = False


def combine(
    text: str,
    operands: list[Operand],
    joins: list[Lexeme | None],
    problems: list[QueryProblem],
) -> Node | None:
    """Build one node, or list why not; `joins[i]` stands between operands i and i + 1."""
    side_by_side = [i for i, join in enumerate(joins) if join is None]
    if side_by_side:
        problems.append(_beside(text, operands, joins, side_by_side[0]))
        return None
    before = len(problems)
    chains, chain_joins = _nears(text, operands, [join for join in joins if join], problems)
    if len(problems) > before:
        return None
    kinds = {join.kind for join in chain_joins}
    negated = [operand for operand in chains if operand.negation]
    if Kind.OR in kinds and (Kind.AND in kinds or negated):
        problems.append(_mixed(text, chains, chain_joins))
        return None
    parts = tuple(_signed(text, operand) for operand in chains)
    if len(parts) == 1:
        return parts[0]
    place = _place(text, chains[0].start, chains[-1].end)
    return Or(place=place, parts=parts) if Kind.OR in kinds else And(place=place, parts=parts)


def _place(text: str, start: int, end: int) -> Place:
    return Place(text=text[start:end], start=start, end=end)


def _signed(text: str, operand: Operand) -> Node:
    if operand.negation is None:
        return operand.node
    return Not(place=_place(text, operand.start, operand.end), part=operand.node)


def _beside(
    text: str, operands: list[Operand], joins: list[Lexeme | None], first: int
) -> QueryProblem:
    """Name operands without an operator between them, with both cures."""
    last = first
    while last < len(joins) and joins[last] is None:
        last += 1
    texts = [text[operand.start : operand.end] for operand in operands[first : last + 1]]
    bare = " ".join(piece.strip('"“”„‟«»＂‘’‚') for piece in texts)
    conjunction = " AND ".join(texts)
    # in quotes a prefix, a list or a mark would be a word like any other
    is_phrase = not any(piece[0] in "($#@" or ":" in piece for piece in texts)
    cure = f'"{bare}" or {conjunction}?' if is_phrase else f"write {conjunction}"
    what = f"{' '.join(texts)} stand side by side without an operator"
    return error(operands[first].start, what, cure, "side-by-side")


def _nears(
    text: str, operands: list[Operand], joins: list[Lexeme], problems: list[QueryProblem]
) -> tuple[list[Operand], list[Lexeme]]:
    """Gather each run joined by NEAR into one operand."""
    chains: list[Operand] = []
    outer: list[Lexeme] = []
    run = [operands[0]]
    inner: list[Lexeme] = []
    for join, operand in zip(joins, operands[1:], strict=True):
        if join.kind is Kind.NEAR:
            inner.append(join)
            run.append(operand)
            continue
        chains.append(_near(text, run, inner, problems))
        outer.append(join)
        run, inner = [operand], []
    chains.append(_near(text, run, inner, problems))
    problems += _or_beside_near(text, chains, outer)
    return chains, outer


def _near(
    text: str, run: list[Operand], joins: list[Lexeme], problems: list[QueryProblem]
) -> Operand:
    if not joins:
        return run[0]
    first = joins[0]
    other = next(
        (j for j in joins if (j.gap, j.is_ordered) != (first.gap, first.is_ordered)), None
    )
    if other is not None:
        cut = joins.index(other)
        left = text[run[0].start : run[cut].end]
        cure = f"write ({left}) {other.text} {text[run[cut + 1].start : run[-1].end]}"
        what = f"{first.text} and {other.text} side by side"
        problems.append(error(other.start, what, cure, "mixed-near"))
    for operand in run[1:]:
        if operand.negation is not None:
            what = f"{operand.negation.text} stands inside {first.text}"
            cure = "exclude outside the near, with AND NOT"
            problems.append(error(operand.start, what, cure, "near-operand"))
    start = run[0].node.place.start if run[0].negation else run[0].start
    node = Near(
        place=_place(text, min(start, run[0].end), run[-1].end),
        parts=tuple(operand.node for operand in run),
        gap=first.gap,
        is_ordered=first.is_ordered,
    )
    return Operand(
        node=node, start=run[0].start, end=run[-1].end, negation=run[0].negation, is_near=True
    )


def _or_beside_near(text: str, chains: list[Operand], joins: list[Lexeme]) -> list[QueryProblem]:
    for at, join in enumerate(joins):
        left, right = chains[at], chains[at + 1]
        if join.kind is Kind.OR and (left.is_near or right.is_near):
            texts = [_grouped(text, chain) for chain in (left, right)]
            cure = f"write {texts[0]} OR {texts[1]} if that is meant"
            what = "an OR beside a near, without parentheses"
            return [error(join.start, what, cure, "mixed-near")]
    return []


def _grouped(text: str, operand: Operand) -> str:
    piece = text[operand.start : operand.end]
    return f"({piece})" if operand.is_near else piece


def _mixed(text: str, operands: list[Operand], joins: list[Lexeme]) -> QueryProblem:
    """Show the likely parentheses where AND or NOT stands beside OR."""
    words = "AND" if any(j.kind is Kind.AND for j in joins) else "NOT"
    ors_first = _bracketed(text, operands, joins, Kind.OR)
    ands_first = _bracketed(text, operands, joins, Kind.AND)
    cure = f"write {ors_first}" + (f", or {ands_first}" if ands_first != ors_first else "")
    offset = next(join.start for join in joins if join.kind is Kind.OR)
    return error(offset, f"{words} beside OR, without parentheses", cure, "mixed-operators")


def _bracketed(text: str, operands: list[Operand], joins: list[Lexeme], inner: Kind) -> str:
    """Write the level with the runs joined by `inner` in parentheses."""
    groups: list[list[str]] = [[]]
    outer = []
    for at, operand in enumerate(operands):
        if at and joins[at - 1].kind is not inner:
            groups.append([])
            outer.append(joins[at - 1].kind.value)
        piece = text[operand.start : operand.end]
        is_bare_not = operand.negation is not None and inner is Kind.OR
        groups[-1].append(f"({piece})" if is_bare_not and len(operands) == 2 else piece)
    pieces = [
        f"({f' {inner.value} '.join(group)})" if len(group) > 1 else group[0] for group in groups
    ]
    line = pieces[0]
    for operator, piece in zip(outer, pieces[1:], strict=True):
        line += f" {operator} {piece}"
    return line
