"""Warn of rules that are valid and still unwise."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.match.lists import TermLists
from monitor.match.tree import And, Field, Line, ListRef, LoadedRule, Node, Or, Phrase, Word
from monitor.model.problem import Problem, Severity
from monitor.text.yaml_nodes import Mapping, YamlNode, problem_at

_SHORT_CHARS = 3  # acronyms of up to three letters (US, IT, PTA) are words of other meanings too


def lint_rule(rule: LoadedRule, document: Mapping) -> list[Problem]:
    """List what is unwise in a rule that loaded."""
    found: list[Problem] = []
    if not rule.tests:
        what, cure = "the rule has no tests", "add `tests:` with a headline it must find"
        found.append(_warning(document, what, cure, "lint-no-tests"))
    lone = (word for word in _lone_words(rule.query) if _is_short(word))
    short = sorted({word.place.text for word in lone})  # in the writer's case, which exact: needs
    if short:
        named = ", ".join(f"`{text}`" for text in short[:3])
        what = f"{named} alone is enough for a match, and so short a word has other meanings"
        cure = f"add a second line, or write exact:{short[0]}"
        found.append(_warning(document.get("match") or document, what, cure, "lint-short-word"))
    return found


def lint_lists(lists: TermLists) -> list[Problem]:
    """List the term lists that no rule uses."""
    return [
        _warning(node, f"no rule uses the list ${name}", "use it or delete it", "lint-unused-list")
        for name, node in sorted(lists.places.items())
        if name not in lists.used
    ]


def _warning(node: YamlNode, what: str, cure: str, code: str) -> Problem:
    return problem_at(node, what, cure, code=code, severity=Severity.WARNING)


def _lone_words(node: Node) -> Iterator[Word]:
    """Find the words each of which is a whole alternative of its own."""
    if isinstance(node, Word):
        yield node
    elif isinstance(node, Phrase) and len(node.words) == 1:
        yield node.words[0]
    elif isinstance(node, Or):
        for part in node.parts:
            yield from _lone_words(part)
    elif isinstance(node, And) and len(node.parts) == 1:
        yield from _lone_words(node.parts[0])
    elif isinstance(node, Line | Field | ListRef) and node.part is not None:
        yield from _lone_words(node.part)


def _is_short(word: Word) -> bool:
    is_plain = not word.is_exact and not word.mark and not word.is_wildcard
    return is_plain and len(word.word) <= _SHORT_CHARS and word.word.isascii()
