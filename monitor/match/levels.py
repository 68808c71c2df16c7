"""Combine the operands of one level of parentheses: near binds first, then one operator only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitor.match.brackets import MAX_CHARS, ORDERS, Piece, bracketed
from monitor.match.lexer import Kind, Lexeme
from monitor.match.problems import QueryProblem, error
from monitor.match.tree import And, Near, Node, Not, NotNear, Or, Place, Together, Unit

_QUOTES = "'\"“”„‟«»＂‘’‚"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """Be one operand with the text it covers, parentheses and its negation included."""

    node: Node
    start: int
    end: int
    negation: Lexeme | None = None
    is_near: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Be what stands between two parentheses; `joins[i]` is between operands i and i + 1.

    `loads` tells whether a text is a query: a cure that is an error itself is not shown.
    """

    text: str
    operands: list[Operand]
    joins: list[Lexeme | None]
    loads: Callable[[str], bool]

    @property
    def is_long(self) -> bool:
        """Tell whether it is too long to be shown in a cure."""
        return self.operands[-1].end - self.operands[0].start > MAX_CHARS

    def part(self, operand: Operand) -> str:
        """Give the text of an operand."""
        return self.text[operand.start : operand.end]

    def written(self, *orders: str) -> tuple[str, ...]:
        """Write the level in each of these orders of binding, as far as it loads then."""
        if self.is_long:
            return ()
        pieces = [self._piece(operand) for operand in self.operands]
        joins = [join for join in self.joins if join]
        texts = dict.fromkeys(bracketed(pieces, joins, ORDERS[order]) for order in orders)
        return tuple(text for text in texts if self.loads(text))

    def _piece(self, operand: Operand) -> Piece:
        sign = operand.negation
        if sign is None:
            return Piece(text=self.part(operand))
        negation = "-" if sign.kind is Kind.MINUS else "NOT "
        return Piece(text=self.text[sign.end : operand.end].strip(), negation=negation)


def combine(level: Level, problems: list[QueryProblem]) -> Node | None:
    """Build one node, or list why not."""
    if any(join is None for join in level.joins):
        problems.append(_beside(level))
        return None
    before = len(problems)
    chains, chain_joins = _nears(level, problems)
    if len(problems) > before:
        return None
    kinds = {join.kind for join in chain_joins}
    negated = [operand for operand in chains if operand.negation]
    if Kind.OR in kinds and (Kind.AND in kinds or negated):
        problems.append(_mixed(level, chain_joins))
        return None
    text = level.text
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


def _beside(level: Level) -> QueryProblem:
    """Name operands without an operator between them, with both cures."""
    runs, joins = _runs(level)
    first = next(run for run in runs if len(run) > 1)
    if level.is_long:
        runs, joins = [first], []
    what = f"{' '.join(map(level.part, first))} stand side by side without an operator"
    texts = [[level.part(operand) for operand in run] for run in runs]
    phrase = _line([_phrase(run) for run in texts], joins)
    plain = _line([_all_of(run) for run in texts], joins)
    grouped = _line([f"({_all_of(run)})" if len(run) > 1 else run[0] for run in texts], joins)
    conjunction = next(filter(level.loads, (plain, grouped)), "")
    offered = tuple(filter(None, (phrase if level.loads(phrase) else "", conjunction)))
    cure = " or ".join(offered) + "?" if len(offered) > 1 else f"write {''.join(offered)}"
    if not offered:
        cure = "put an operator between them, or quote them as a phrase"
    return error(first[0].start, what, cure, "side-by-side", offered)


def _runs(level: Level) -> tuple[list[list[Operand]], list[str]]:
    """Gather what stands side by side, with the operators between."""
    runs, between = [[level.operands[0]]], []
    for join, operand in zip(level.joins, level.operands[1:], strict=True):
        if join is None:
            runs[-1].append(operand)
        else:
            runs.append([operand])
            between.append(join.text)
    return runs, between


def _phrase(run: list[str]) -> str:
    """Quote a run; "" if quotes would make a prefix, a list or a mark a word like any other."""
    if len(run) == 1:
        return run[0]
    if not all(map(_is_quotable, run)):
        return '""'  # which does not load
    return '"' + " ".join(piece.strip(_QUOTES) for piece in run) + '"'


def _is_quotable(piece: str) -> bool:
    return not (piece[0] in "($#@/" or ":" in piece or piece.startswith("ATLEAST/"))


def _all_of(run: list[str]) -> str:
    return " AND ".join(piece.strip("'") for piece in run)


def _line(texts: list[str], joins: list[str]) -> str:
    pairs = zip(joins, texts[1:], strict=True)
    return "".join([texts[0], *(f" {join} {text}" for join, text in pairs)])


def _nears(level: Level, problems: list[QueryProblem]) -> tuple[list[Operand], list[Lexeme]]:
    """Gather each run joined by NEAR into one operand."""
    before = len(problems)
    chains: list[Operand] = []
    outer: list[Lexeme] = []
    run = [level.operands[0]]
    inner: list[Lexeme] = []
    joins = [join for join in level.joins if join]
    for join, operand in zip(joins, level.operands[1:], strict=True):
        if join.kind is Kind.NEAR:
            inner.append(join)
            run.append(operand)
            continue
        chains.append(_near(level, run, inner, problems))
        outer.append(join)
        run, inner = [operand], []
    chains.append(_near(level, run, inner, problems))
    if not any(problem.code == "mixed-near" for problem in problems[before:]):
        problems += _or_beside_near(level, chains, outer)
    return chains, outer


def _near(
    level: Level, run: list[Operand], joins: list[Lexeme], problems: list[QueryProblem]
) -> Operand:
    if not joins:
        return run[0]
    first = joins[0]
    is_pair = first.value.startswith("NOT")
    other = next(
        (j for j in joins[1:] if is_pair or (j.value, j.number) != (first.value, first.number)),
        None,
    )
    if other is not None:
        what = f"{first.text} and {other.text} side by side"
        offered = level.written("near-and-or", "near-or-and")[:1]
        problems.append(error(other.start, what, _cure(offered, level), "mixed-near", offered))
    for operand in run[1:]:
        if operand.negation is not None:
            what = f"{operand.negation.text} stands inside {first.text}"
            cure = "exclude outside the near, with AND NOT"
            problems.append(error(operand.start, what, cure, "near-operand"))
    start = run[0].node.place.start if run[0].negation else run[0].start
    place = _place(level.text, min(start, run[0].end), run[-1].end)
    node = _beside_each_other(place, first, tuple(operand.node for operand in run))
    return Operand(
        node=node, start=run[0].start, end=run[-1].end, negation=run[0].negation, is_near=True
    )


def _beside_each_other(place: Place, join: Lexeme, parts: tuple[Node, ...]) -> Node:
    """Build the node of one operator of the near family."""
    if join.value in ("SENTENCE", "PARAGRAPH"):
        return Together(place=place, parts=parts, unit=Unit(join.value.lower()))
    is_ordered = join.value.endswith("ONEAR")
    if join.value.startswith("NOT"):
        part, other = parts[0], parts[1]  # a second one is an error
        return NotNear(place=place, part=part, other=other, gap=join.number, is_ordered=is_ordered)
    return Near(place=place, parts=parts, gap=join.number, is_ordered=is_ordered)


def _or_beside_near(
    level: Level, chains: list[Operand], joins: list[Lexeme]
) -> list[QueryProblem]:
    for at, join in enumerate(joins):
        if join.kind is Kind.OR and (chains[at].is_near or chains[at + 1].is_near):
            offered = level.written("near-and-or", "or-near-and")
            what = "an OR beside a near, without parentheses"
            return [error(join.start, what, _cure(offered, level), "mixed-near", offered)]
    return []


def _mixed(level: Level, joins: list[Lexeme]) -> QueryProblem:
    """Show the likely parentheses where AND or NOT stands beside OR."""
    words = "AND" if any(join.kind is Kind.AND for join in joins) else "NOT"
    offset = next(join.start for join in joins if join.kind is Kind.OR)
    what = f"{words} beside OR, without parentheses"
    offered = level.written("near-or-and", "near-and-or")
    return error(offset, what, _cure(offered, level), "mixed-operators", offered)


def _cure(offered: tuple[str, ...], level: Level) -> str:
    """Show what loads; an OR with a NOT beside it has no parentheses that help."""
    if offered:
        return f"write {', or '.join(offered)}"
    negated = next((operand for operand in level.operands if operand.negation), None)
    if negated is None or level.is_long:
        return "put what belongs together in parentheses"
    return f"add a word that must be there: (word AND {level.part(negated)}) in its place"
