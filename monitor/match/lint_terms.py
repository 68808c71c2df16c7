"""Warn of terms that add nothing, never match, or were hardly meant as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import regex

from monitor.match.covers import Cover, Covers, is_covered
from monitor.match.tree import (
    And,
    AtLeast,
    Field,
    Line,
    ListRef,
    Near,
    Node,
    Not,
    NotNear,
    Or,
    Phrase,
    Together,
    Word,
    children,
)
from monitor.model.problem import Problem, Severity
from monitor.text.yaml_nodes import Scalar, YamlNode, problem_at

_OPERATOR = re.compile(r"\b(?:AND|OR|NOT|O?NEAR(?:/\d+)?)\b")
_QUOTES = "\"“”„‟«»＂'‘‚"
_SCRIPTS = tuple(regex.compile(rf"\p{{{name}}}") for name in ("Latin", "Cyrillic", "Greek"))
_PLURAL = re.compile(r"[a-z]{3,}[^aiusw\W]s|[a-z]{3,}ies")
_NOT_PLURAL = """
always athletics besides diabetes downstairs economics headquarters perhaps physics politics series
sometimes species upstairs
"""
_NO_PLURALS = frozenset(_NOT_PLURAL.split())
_PLAIN = re.compile(r"[a-z]{4,}")
_SIBILANTS = ("s", "x", "z", "ch", "sh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Be an alternative: where it is written, and the list it comes from, if any."""

    node: Node
    leaf: Scalar
    from_list: str = ""


class TermLint:
    """Look through the queries of one rule or list.

    `leaves` tells by identity which scalar a query was read from.
    """

    def __init__(self, covers: Covers, leaves: Mapping[int, Scalar], start: Scalar) -> None:
        self.covers = covers
        self.leaves = leaves
        self.start = start
        self.found: list[Problem] = []

    def look_through(self, node: Node, *, is_exclusion: bool = False) -> None:
        """Judge a query and all that is written in it."""
        self._visit(node, self.start, in_place=False, with_plurals=not is_exclusion)

    def look_beside(self, nodes: Sequence[Node]) -> None:
        """Judge alternatives that stand in a list, each by itself and beside the others."""
        options = [one for node in nodes for one in self.options(node, self.start)]
        self._compare(options, self.covers.of(*nodes))

    def options(self, node: Node, leaf: Scalar, from_list: str = "") -> Iterator[Option]:
        """List the alternatives of a query with their places."""
        leaf = self.leaves.get(id(node), leaf) if not from_list else leaf
        if isinstance(node, Or):
            for part in node.parts:
                yield from self.options(part, leaf, from_list)
        elif isinstance(node, Line):
            yield from self.options(node.part, leaf, from_list)
        elif isinstance(node, ListRef) and node.part is not None:
            yield from self.options(node.part, leaf, from_list or node.name)
        else:
            yield Option(node=node, leaf=leaf, from_list=from_list)

    def warn_of_dead(self, node: Node, cover: Cover, why: str, code: str) -> None:
        """List the alternatives that never match, because what covers them must be absent."""
        leaf = self.start
        for part, place in self._written(node, leaf):
            if isinstance(part, Or):
                for one in self.options(part, place):
                    if not one.from_list and is_covered(one.node, cover):
                        what = f"`{one.node.place.text}` never counts: {why}"
                        self._warn(one, what, "remove it here, or narrow what excludes it", code)

    def _written(self, node: Node, leaf: Scalar) -> Iterator[tuple[Node, Scalar]]:
        """Go through the nodes that must be found and stand in the rule itself."""
        leaf = self.leaves.get(id(node), leaf)
        yield node, leaf
        if isinstance(node, (And, Near, Together)):
            for part in node.parts:
                yield from self._written(part, leaf)
        elif isinstance(node, Line):
            yield from self._written(node.part, leaf)

    def _visit(self, node: Node, leaf: Scalar, *, in_place: bool, with_plurals: bool) -> None:
        leaf = self.leaves.get(id(node), leaf)
        if isinstance(node, (Word, Phrase)):
            self._judge_term(node, leaf)
            if with_plurals and isinstance(node, Word):
                self._judge_plural(Option(node=node, leaf=leaf), None)
            return
        if isinstance(node, Or):
            self._visit_or(node, leaf, in_place=in_place, with_plurals=with_plurals)
            return
        if isinstance(node, ListRef):
            return
        if isinstance(node, And):
            self._judge_all(node, leaf)
        inside = in_place or isinstance(node, (Near, Together, NotNear, AtLeast))
        plurals = with_plurals and not isinstance(node, (Not, Field))
        for part in children(node):
            self._visit(part, leaf, in_place=inside, with_plurals=plurals)

    def _visit_or(self, node: Or, leaf: Scalar, *, in_place: bool, with_plurals: bool) -> None:
        options = list(self.options(node, leaf))
        cover = self.covers.of(node, is_in_place=in_place)
        self._compare(options, cover)
        for one in options:
            if one.from_list:
                continue
            if isinstance(one.node, Word):
                self._judge_term(one.node, one.leaf)
                if with_plurals:
                    self._judge_plural(one, cover)
            else:
                self._visit(one.node, one.leaf, in_place=in_place, with_plurals=with_plurals)

    def _compare(self, options: Sequence[Option], cover: Cover) -> None:
        """Warn of alternatives that stand twice, or that another one covers."""
        lists = {id(one.node): one.from_list for one in options}
        for one in options:
            if one.from_list:
                continue
            text = one.node.place.text
            same = cover.twin(one.node)
            if same is not None:
                where = lists.get(id(same))
                what = f"`{text}` is in ${where} already" if where else f"`{text}` stands twice"
                self._warn(one, what, "remove it here", "lint-duplicate-term")
            elif (wider := cover.of(one.node)) is not None:
                where = f" of ${lists[id(wider)]}" if lists.get(id(wider)) else ""
                what = f"`{text}` adds nothing: `{wider.place.text}`{where} finds it too"
                self._warn(one, what, "remove one of the two", "lint-implied-term")

    def _judge_all(self, node: And, leaf: Scalar) -> None:
        """Warn of parts that another part brings along, and of parts that shut each other out."""
        told: set[int] = set()
        for part, other in permutations(node.parts, 2):
            if id(part) in told or id(other) in told:
                continue
            if isinstance(other, Not):
                if isinstance(part, Not):
                    continue
                self._judge_opposites(part, other, leaf)
            elif self.covers.implies(part, other):
                told.add(id(other))
                what = f"`{_shown(other)}` adds nothing: whatever has `{_shown(part)}` has it"
                self._warn(self._option(other, leaf), what, "remove it", "lint-implied-term")

    def _judge_opposites(self, part: Node, negated: Not, leaf: Scalar) -> None:
        code = "lint-contradiction"
        cover = self.covers.of(negated.part)
        if is_covered(part, cover):
            what = f"`{_shown(part)}` and NOT `{_shown(negated.part)}` cannot both be so"
            self._warn(self._option(negated, leaf), what, "narrow what is negated", code)
        else:
            self.warn_of_dead(part, cover, f"NOT `{_shown(negated.part)}` stands beside it", code)

    def _option(self, node: Node, leaf: Scalar) -> Option:
        inner = node.part if isinstance(node, Line) else node
        return Option(node=inner, leaf=self.leaves.get(id(inner), leaf))

    def _judge_term(self, node: Word | Phrase, leaf: Scalar) -> None:
        one, text = Option(node=node, leaf=leaf), node.place.text
        if isinstance(node, Phrase) and text[:1] in _QUOTES and (sign := _OPERATOR.search(text)):
            what = f"{sign.group()} inside quotes is a word like any other"
            cure = f"close the quotes before {sign.group()}"
            self._warn(one, what, cure, "lint-operator-in-phrase")
        for word in node.words if isinstance(node, Phrase) else (node,):
            if sum(bool(script.search(word.place.text)) for script in _SCRIPTS) > 1:
                what = f"`{word.place.text}` mixes letters of two scripts that look alike"
                self._warn(one, what, "type it anew on one keyboard", "lint-mixed-script")
        if "\u200b" in text:
            what = f"an invisible space stands inside `{text.replace(chr(0x200B), '')}`"
            self._warn(one, what, "type the term anew", "lint-invisible-character")

    def _judge_plural(self, one: Option, cover: Cover | None) -> None:
        """Warn of a plural in small letters (no name) without its singular beside it."""
        word = one.node
        if not isinstance(word, Word) or not _is_plural(word):
            return
        singulars = _singulars(word.word)
        if cover is not None and any(cover.has_word(each) for each in singulars):
            return
        what = f"`{word.word}` is searched, its singular is not"
        cure = f"write ({singulars[0]} OR {word.word}), or forms:{singulars[0]}"
        self._warn(one, what, cure, "lint-plural-alone")

    def _warn(self, one: Option, what: str, cure: str, code: str) -> None:
        self.found.append(warning_at(one.leaf, what, cure, code, offset=one.node.place.start))


def warning_at(node: YamlNode, what: str, cure: str, code: str, *, offset: int = 0) -> Problem:
    """Make a warning that points at a node, or at a code point of a scalar's text."""
    return problem_at(node, what, cure, code=code, offset=offset, severity=Severity.WARNING)


def other_forms(word: Word) -> tuple[str, ...]:
    """Guess the singular or the plural of a word in small letters; none of all else."""
    if _is_plural(word):
        return _singulars(word.word)
    is_marked = word.is_exact or word.is_inflected or word.mark
    if is_marked or not _PLAIN.fullmatch(word.place.text) or word.word in _NO_PLURALS:
        return ()
    if word.word.endswith("y") and word.word[-2] not in "aeiou":
        return (word.word[:-1] + "ies",)
    return (word.word + ("es" if word.word.endswith(_SIBILANTS) else "s"),)


def _is_plural(word: Word) -> bool:
    if word.is_exact or word.is_inflected or word.mark or word.word in _NO_PLURALS:
        return False
    return _PLURAL.fullmatch(word.place.text) is not None


def _singulars(plural: str) -> tuple[str, ...]:
    if plural.endswith("ies"):
        return (plural[:-3] + "y", plural[:-1])
    if plural.endswith(("ches", "shes", "xes", "sses", "zes")):
        return (plural[:-2],)
    return (plural[:-1],)


def _shown(node: Node) -> str:
    return node.place.text[:80]
