"""Write a part as query text of ours, with the parentheses that it needs."""

from __future__ import annotations

import re

from monitor.match.dialects.parts import (
    And,
    AtLeast,
    Field,
    Filter,
    Lost,
    Near,
    Not,
    Or,
    Part,
    Term,
)
from monitor.match.lexer import Kind, Lexer

_URL_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_~%-]*[A-Za-z0-9]")
_LETTERS = re.compile(r"[A-Z]?[a-z]{3,}")  # most words; the lexer tells of the others
_LIKE_OPERATORS = frozenset({"onear", "atleast", "Onear", "Atleast"})
_QUOTES = str.maketrans(dict.fromkeys('"＂“”„‟«»', " "))


def written(part: Part) -> str:
    """Give the text of a part that stands alone; a Filter or a Lost has none."""
    match part:
        case Term():
            return term_text(part)
        case Near():
            return _near(part)
        case And():
            return _and(part)
        case Or():
            return " OR ".join(_inside(one, (And, Near, Not)) for one in part.parts)
        case Not():
            return f"NOT {_inside(part.part, (And, Or, Near))}"
        case Field():
            return f"{part.name}:{_in_field(part)}"
        case AtLeast():
            return f"ATLEAST/{part.count} ({written(part.part)})"
        case Filter() | Lost():
            raise AssertionError(part)


def term_text(term: Term, *, is_url: bool = False) -> str:
    """Write a term bare where that means the same, else in quotes."""
    text = " ".join(term.text.translate(_QUOTES).split())
    if is_url:
        return text if _URL_WORD.fullmatch(text) else f'"{text}"'
    if term.mark:
        return term.mark + (text.upper() if term.mark == "$" else text)
    shown = text if _is_plain(text) else f'"{text}"'
    return f"exact:{shown}" if term.is_exact else shown


def _is_plain(text: str) -> bool:
    """Tell whether a text is read as one word, behind an operator too."""
    if _LETTERS.fullmatch(text) and text not in _LIKE_OPERATORS:
        return True
    lexer = Lexer(f"word AND {text}")
    lexer.read()
    kinds = [lexeme.kind for lexeme in lexer.lexemes]
    return kinds == [Kind.WORD, Kind.AND, Kind.WORD] and not lexer.problems


def _inside(part: Part, wrapped: tuple[type, ...]) -> str:
    return f"({written(part)})" if isinstance(part, wrapped) else written(part)


def _near(near: Near) -> str:
    name = f"{'O' if near.is_ordered else ''}NEAR/{near.gap}"
    operator = f" NOT {name} " if near.is_negated else f" {name} "
    return operator.join(_inside(one, (And, Or, Near)) for one in near.parts)


def _and(part: And) -> str:
    """Write what must be there first: a text that begins with NOT reads badly."""
    parts = sorted(part.parts, key=lambda one: isinstance(one, Not))
    return " AND ".join(_inside(one, (Or,)) for one in parts)


def _in_field(field: Field) -> str:
    inner = field.part
    if isinstance(inner, Term) and not inner.mark and not inner.is_exact:
        return term_text(inner, is_url=field.name == "url")
    if field.name == "url" and isinstance(inner, Or):
        each = (one for one in inner.parts if isinstance(one, Term))
        return f"({' OR '.join(term_text(one, is_url=True) for one in each)})"
    return f"({written(inner)})"
