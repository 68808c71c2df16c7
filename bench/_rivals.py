"""Match made-up rules in the two ways that come to mind first, to stand beside the engine."""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Sequence

import ahocorasick
from _rules import Draft

_WORD = re.compile(r"\w+")


class ReMatcher:
    """Hold one compiled pattern a rule, with look-ahead for what stands anywhere."""

    def __init__(self, rules: Sequence[Draft]) -> None:
        self._patterns = [re.compile(_pattern(rule), re.IGNORECASE | re.DOTALL) for rule in rules]

    def match(self, text: str) -> list[int]:
        """List the rules that match."""
        return [at for at, pattern in enumerate(self._patterns) if pattern.match(text)]


def _pattern(rule: Draft) -> str:
    names, context = _alternatives(rule.names), _alternatives(rule.context)
    without = "".join(rf"(?!.*{_alternatives((term,))})" for term in rule.excluded)
    if rule.gap is None:
        return rf"{without}(?=.*{names})(?=.*{context})"
    between = rf"(?:\W+\w+){{0,{rule.gap}}}\W+"
    return rf"{without}(?=.*(?:{names}{between}{context}|{context}{between}{names}))"


def _alternatives(terms: Sequence[str]) -> str:
    written = (re.escape(t).replace(r"\*", r"\w*").replace(r"\ ", r"\W+") for t in terms)
    return rf"\b(?:{'|'.join(written)})\b"


class AhoMatcher:
    """Hold one automaton over all terms; what it finds selects the rules, which are verified."""

    def __init__(self, rules: Sequence[Draft]) -> None:
        start = time.thread_time()
        self._rules = [
            (_keys(rule.names), _keys(rule.context), rule.gap, _keys(rule.excluded))
            for rule in rules
        ]
        self._by_name: dict[str, list[int]] = {}
        self._automaton = ahocorasick.Automaton()
        for at, rule in enumerate(self._rules):
            for term in rule[0]:
                self._by_name.setdefault(term, []).append(at)
            for term in {*rule[0], *rule[1], *rule[3]}:
                self._automaton.add_word(term.rstrip("*"), (term, len(term.rstrip("*"))))
        self._automaton.make_automaton()
        self.build_s = time.thread_time() - start

    def match(self, text: str) -> list[int]:
        """List the rules that match."""
        low = text.lower()
        found = self._places(low)
        rules = {at for term in found for at in self._by_name.get(term, ())}
        starts = [hit.start() for hit in _WORD.finditer(low)] if rules else []
        return [at for at in sorted(rules) if self._holds(at, found, starts)]

    def _places(self, low: str) -> dict[str, list[tuple[int, int]]]:
        """Find whole words and pairs; a term with `*` may go on."""
        found: dict[str, list[tuple[int, int]]] = {}
        for last, (term, length) in self._automaton.iter(low):
            start, end = last + 1 - length, last + 1
            if start and low[start - 1].isalnum():
                continue
            if end < len(low) and low[end].isalnum() and term[-1] != "*":
                continue
            found.setdefault(term, []).append((start, end))
        return found

    def _holds(
        self, at: int, found: dict[str, list[tuple[int, int]]], starts: Sequence[int]
    ) -> bool:
        names, context, gap, excluded = self._rules[at]
        if found.keys().isdisjoint(context) or not found.keys().isdisjoint(excluded):
            return False
        if gap is None:
            return True
        return any(
            _between(left, right, starts) <= gap
            for name in names
            for left in found.get(name, ())
            for term in context
            for right in found.get(term, ())
        )


def _keys(terms: Sequence[str]) -> frozenset[str]:
    return frozenset(term.lower() for term in terms)


def _between(left: tuple[int, int], right: tuple[int, int], starts: Sequence[int]) -> int:
    """Count the words between two places."""
    first, second = sorted((left, right))
    return bisect_left(starts, second[0]) - bisect_left(starts, first[1])
