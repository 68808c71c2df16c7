"""Read query text into a tree (monitor.match.tree), with every defect named and cured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitor.match.checks import near_faults, unanchored
from monitor.match.levels import Level, Operand, combine
from monitor.match.lexer import MODIFIERS, Kind, Lexeme, Lexer
from monitor.match.problems import MAX_TOLD, QueryProblem, error, told
from monitor.match.tree import AtLeast, Field, ListRef, Node, Place, Regex
from monitor.match.words import Leaf, read_leaf

__all__ = ["Parsed", "QueryProblem", "near_faults", "parse_query", "unanchored"]

_STARTS = {
    Kind.OPEN, Kind.QUOTED, Kind.WORD, Kind.MARKED, Kind.LIST, Kind.PREFIX, Kind.AT_LEAST,
    Kind.REGEX,
}  # fmt: skip

MAX_TRIALS = 4 * MAX_TOLD
"""A cure tries four texts at most; problems are found in the order of their places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """Be a query text read: `node` is None exactly if one of `problems` is an error."""

    node: Node | None
    problems: tuple[QueryProblem, ...] = ()


def parse_query(text: str, *, needs_positive: bool = True) -> Parsed:
    """Read one leaf's query text (RULES.md, section 2).

    With `needs_positive` a query that could match by absence alone is an error; a line such as
    `NOT x` beside other lines is judged by `unanchored` on the whole rule instead. Lists are left
    unresolved: run `near_faults` again on the resolved tree.
    """
    return _parsed(text, needs_positive=needs_positive, loads=_Trials())


class _Trials:
    """Tell whether a text is a query as it stands, so often as the cures that are told need it.

    Its own cures are not worked out.
    """

    def __init__(self) -> None:
        self.left = MAX_TRIALS

    def __call__(self, text: str) -> bool:
        if not self.left:
            return False
        self.left -= 1
        return _parsed(text, needs_positive=True, loads=_is_not_asked).node is not None


def _is_not_asked(_text: str) -> bool:
    return False


def _parsed(text: str, *, needs_positive: bool, loads: Callable[[str], bool]) -> Parsed:
    lexer = Lexer(text)
    lexer.read()
    problems = lexer.problems
    node = None
    if not any(problem.is_error for problem in problems):
        reader = _Reader(text, lexer.lexemes, problems, loads)
        node = reader.read()
    if node is not None:
        problems += near_faults(node)
        lacking = unanchored(node) if needs_positive else None
        if lacking is not None:
            problems.append(_only_negated(lacking))
    if any(problem.is_error for problem in problems):
        node = None
    return Parsed(node=node, problems=told(problems))


def _only_negated(node: Node) -> QueryProblem:
    what = f"{node.place.text!r} only says what must be absent"
    return error(node.place.start, what, "add a word that must be there", "only-negated")


class _Reader:
    """Read balanced lexemes, one level of parentheses after the other."""

    def __init__(
        self,
        text: str,
        lexemes: list[Lexeme],
        problems: list[QueryProblem],
        loads: Callable[[str], bool],
    ) -> None:
        self.text = text
        self.lexemes = lexemes
        self.problems = problems
        self.loads = loads
        self.at = 0

    def read(self) -> Node | None:
        if not self.lexemes:
            self._fail(0, "the query is empty", "write a word", "empty")
            return None
        if len(self.lexemes) > 1 and all(lexeme.kind is Kind.WORD for lexeme in self.lexemes):
            start, end = self.lexemes[0].start, self.lexemes[-1].end
            return self._keep(read_leaf(self.text[start:end], start))
        return self._level(in_field="")

    def _fail(self, offset: int, what: str, cure: str, code: str) -> None:
        self.problems.append(error(offset, what, cure, code))

    def _keep(self, leaf: Leaf) -> Node | None:
        self.problems += leaf.problems
        return leaf.node

    def _peek(self) -> Lexeme | None:
        return self.lexemes[self.at] if self.at < len(self.lexemes) else None

    def _level(self, in_field: str) -> Node | None:
        """Read up to the closing parenthesis or the end, which is left unread."""
        operands: list[Operand] = []
        joins: list[Lexeme | None] = []
        unread = 0
        while (lexeme := self._peek()) is not None and lexeme.kind is not Kind.CLOSE:
            if operands or unread:
                joins.append(self._join(lexeme))
            operand = self._operand(in_field)
            if operand is None:
                unread += 1
            else:
                operands.append(operand)
        if not operands and not unread:
            offset = lexeme.start if lexeme else len(self.text)
            self._fail(offset, "nothing stands here", "write a word or phrase", "empty")
        if not operands or unread:
            return None
        level = Level(text=self.text, operands=operands, joins=joins, loads=self.loads)
        return combine(level, self.problems)

    def _join(self, lexeme: Lexeme) -> Lexeme | None:
        """Take the operator between two operands; None where they stand side by side."""
        if lexeme.kind in (Kind.AND, Kind.OR, Kind.NEAR):
            self.at += 1
            return lexeme
        if lexeme.kind in (Kind.NOT, Kind.MINUS):
            return Lexeme(kind=Kind.AND, text="AND", start=lexeme.start)
        return None

    def _operand(self, in_field: str) -> Operand | None:
        lexeme = self._peek()
        before = self.lexemes[self.at - 1] if self.at else None
        if lexeme is None or lexeme.kind not in _STARTS | {Kind.NOT, Kind.MINUS}:
            place = before if before and (lexeme is None or lexeme.kind is Kind.CLOSE) else lexeme
            if place is not None:
                self._lone_operator(place, before, "before" if place is lexeme else "behind")
            if lexeme is not None and lexeme.kind is not Kind.CLOSE:
                self.at += 1
            return None
        negation = lexeme if lexeme.kind in (Kind.NOT, Kind.MINUS) else None
        if negation is not None:
            self.at += 1
            return self._negated(negation, in_field)
        node = self._plain(lexeme, in_field)
        end = self.lexemes[self.at - 1].end
        return Operand(node=node, start=lexeme.start, end=end) if node else None

    def _lone_operator(self, operator: Lexeme, before: Lexeme | None, side: str) -> None:
        is_behind_and = before is not None and before.kind is Kind.AND and side == "before"
        cure = "add a word, or remove the operator"
        if is_behind_and and operator.value.startswith("NOT"):
            cure = f"leave AND out: A {operator.text} B"
        self._fail(operator.start, f"nothing stands {side} {operator.text}", cure, "operand")

    def _negated(self, negation: Lexeme, in_field: str) -> Operand | None:
        lexeme = self._peek()
        if lexeme is not None and lexeme.kind in (Kind.NOT, Kind.MINUS):
            what = "a negation of a negation"
            self._fail(lexeme.start, what, "remove both", "double-negation")
            self.at += 1
            return None
        if lexeme is None or lexeme.kind not in _STARTS:
            what = f"nothing stands behind {negation.text}"
            self._fail(negation.start, what, "add what to exclude", "operand")
            return None
        node = self._plain(lexeme, in_field)
        end = self.lexemes[self.at - 1].end
        if node is None:
            return None
        return Operand(node=node, start=negation.start, end=end, negation=negation)

    def _plain(self, lexeme: Lexeme, in_field: str) -> Node | None:
        self.at += 1
        if lexeme.kind is Kind.OPEN:
            node = self._level(in_field)
            self.at += 1  # the lexer made sure that a CLOSE stands here
            return node
        if lexeme.kind is Kind.PREFIX:
            return self._prefixed(lexeme, in_field)
        if lexeme.kind is Kind.AT_LEAST:
            return self._at_least(lexeme, in_field)
        if lexeme.kind is Kind.LIST:
            return ListRef(place=self._place(lexeme), name=lexeme.value)
        if lexeme.kind is Kind.REGEX:
            return Regex(place=self._place(lexeme), pattern=lexeme.value)
        return self._word(lexeme, in_field=in_field)

    def _place(self, first: Lexeme) -> Place:
        """Give the text from a lexeme to the last one read."""
        end = self.lexemes[self.at - 1].end
        return Place(text=self.text[first.start : end], start=first.start, end=end)

    def _at_least(self, operator: Lexeme, in_field: str) -> Node | None:
        lexeme = self._peek()
        if lexeme is None or lexeme.kind not in _STARTS:
            what = f"nothing stands behind {operator.text}"
            self._fail(operator.start, what, "add a word, or words in parentheses", "operand")
            return None
        if lexeme.kind is Kind.AT_LEAST:  # here, and not by checks: thousands would nest
            what = "ATLEAST stands inside an ATLEAST"
            self._fail(operator.start, what, "leave one of them out", "atleast-operand")
            while (inner := self._peek()) is not None and inner.kind is Kind.AT_LEAST:
                self.at += 1
            self._skip()
            return None
        part = self._plain(lexeme, in_field)
        if part is None:
            return None
        return AtLeast(place=self._place(operator), count=operator.number, part=part)

    def _word(self, lexeme: Lexeme, *, in_field: str, prefix: Lexeme | None = None) -> Node | None:
        is_quoted = lexeme.kind is Kind.QUOTED
        offset = lexeme.start + (1 if is_quoted else 0)
        shown = self.text[prefix.start if prefix else lexeme.start : lexeme.end]
        return self._keep(
            read_leaf(
                lexeme.value,
                offset,
                shown=shown,
                modifier=prefix.value if prefix else "",
                keeps_mark=lexeme.kind is Kind.MARKED,
                is_url=in_field == "url",
            )
        )

    def _prefixed(self, prefix: Lexeme, in_field: str) -> Node | None:
        lexeme = self._peek()
        if lexeme is None or lexeme.kind not in _STARTS:
            what = f"nothing stands behind {prefix.text}"
            self._fail(prefix.start, what, "add a word, a phrase or parentheses", "operand")
            return None
        if prefix.value in MODIFIERS:
            return self._modified(prefix, lexeme, in_field)
        if in_field or (lexeme.kind is Kind.PREFIX and lexeme.value not in MODIFIERS):
            self._fail(
                lexeme.start if not in_field else prefix.start,
                "a field inside a field",
                "name one field only",
                "nested-field",
            )
            self._skip()
            return None
        node = self._plain(lexeme, prefix.value)
        if node is None:
            return None
        return Field(place=self._place(prefix), name=prefix.value, part=node)

    def _modified(self, prefix: Lexeme, lexeme: Lexeme, in_field: str) -> Node | None:
        if lexeme.kind in (Kind.WORD, Kind.QUOTED):
            self.at += 1
            return self._word(lexeme, in_field=in_field, prefix=prefix)
        start = self.at
        self._skip()
        inner = self.lexemes[start : self.at] if lexeme.kind is Kind.OPEN else []
        name = prefix.value
        offered = tuple(filter(self.loads, [self._each_modified(name, inner)]))
        general = f'write {name}:Word or {name}:"Two Words" for each'
        cure = f"write {offered[0]}" if offered else general
        what = f"{name}: takes one word or one phrase"
        self.problems.append(error(prefix.start, what, cure, name, offered))
        return None

    def _each_modified(self, name: str, lexemes: list[Lexeme]) -> str:
        """Write `(US OR UK)` as `exact:US OR exact:UK`, bare words as one phrase."""
        words = (Kind.WORD, Kind.QUOTED)
        inner = lexemes[1:-1]
        if len(inner) > 1 and all(each.kind is Kind.WORD for each in inner):
            return f'{name}:"{self.text[inner[0].start : inner[-1].end]}"'
        text = " ".join((f"{name}:" if each.kind in words else "") + each.text for each in inner)
        is_whole = len(lexemes) + 1 == len(self.lexemes)
        return text if is_whole else f"({text})"

    def _skip(self) -> None:
        """Pass over the operand that follows: prefixes, then a word or whole parentheses."""
        while (lexeme := self._peek()) is not None and lexeme.kind is Kind.PREFIX:
            self.at += 1
        depth = 0
        while (lexeme := self._peek()) is not None:
            depth += (lexeme.kind is Kind.OPEN) - (lexeme.kind is Kind.CLOSE)
            if depth < 0:
                return
            self.at += 1
            if depth == 0:
                return
