"""Warn of rules that are valid and still unwise; `lint_codes` says why each finding is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import assert_never

from monitor.match.common_words import COMMON_WORDS
from monitor.match.covers import Covers, is_covered
from monitor.match.lint_archive import Archive, ArchiveLint
from monitor.match.lint_terms import Option, TermLint, warning_at
from monitor.match.lists import TermLists
from monitor.match.tree import (
    And,
    AtLeast,
    Copies,
    Field,
    Line,
    ListRef,
    LoadedRule,
    Near,
    Node,
    Not,
    NotNear,
    Only,
    Or,
    Phrase,
    Regex,
    Together,
    Word,
)
from monitor.model.problem import Problem, Severity
from monitor.text.yaml_nodes import Mapping as YamlMapping
from monitor.text.yaml_nodes import Scalar, YamlNode
from monitor.text.yaml_nodes import Sequence as YamlSequence

_SHORT_CHARS = 3  # acronyms of up to three letters (US, IT, PTA) are words of other meanings too
_MAX_SHOWN = 3
_ONLY_KEYS = ("lang", "source", "country", "tier", "group")


class Lint:
    """Look through all rules and lists of a workspace, one after the other."""

    def __init__(self, covers: Covers, archive: Archive | None) -> None:
        self.covers = covers
        self._archive = ArchiveLint(archive, covers) if archive else None
        self._meanings: dict[str, LoadedRule] = {}

    def rule(
        self, rule: LoadedRule, document: YamlMapping, leaves: Mapping[int, Scalar]
    ) -> list[Problem]:
        """List what is unwise in a rule that loaded; `leaves`: which scalar a query came from."""
        place = next(iter(leaves.values()))
        terms = TermLint(self.covers, leaves, place)
        terms.look_through(rule.query)
        terms.look_beside(rule.exclude)
        for part in rule.exclude:
            terms.look_through(part, is_exclusion=True)
        self._warn_of_kills(rule, terms)
        return [
            *terms.found,
            *_lone(rule, terms),
            *_common_exclusions(rule, terms),
            *_cost(rule, document),
            *_filters(rule.only, document),
            *_tests(rule, document),
            *self._twin(rule),
            *(self._archive.rule(rule, document, terms) if self._archive else ()),
        ]

    def _warn_of_kills(self, rule: LoadedRule, terms: TermLint) -> None:
        for part in rule.exclude:
            cover = self.covers.of(part)
            code, shown = "lint-exclude-kills", part.place.text[:80]
            if is_covered(rule.query, cover):
                what = f"`{shown}` excludes every article that the rule finds"
                cure = "narrow it to a phrase, or remove it"
                leaf = terms.leaves.get(id(part), terms.start)
                terms.found.append(warning_at(leaf, what, cure, code))
            else:
                terms.warn_of_dead(rule.query, cover, f"`{shown}` is excluded", code)

    def _twin(self, rule: LoadedRule) -> Iterator[Problem]:
        first = self._meanings.setdefault(rule.rule.revision, rule).rule
        if first is not rule.rule:
            yield Problem(
                file=rule.rule.file,
                line=rule.rule.line,
                column=1,
                what=f"this rule means the same as {first.id} ({first.file}:{first.line})",
                cure="keep one of the two",
                code="lint-duplicate-rule",
                severity=Severity.WARNING,
            )

    def whole(
        self, rules: Sequence[LoadedRule], lists: TermLists, used: AbstractSet[str]
    ) -> list[Problem]:
        """List what is unwise in the lists, and in what the rules find together."""
        found = self._lists(lists, used)
        return found + list(self._archive.whole(rules) if self._archive else ())

    def _lists(self, lists: TermLists, used: AbstractSet[str]) -> list[Problem]:
        found: list[Problem] = []
        for name, node in sorted(lists.places.items()):
            if name not in used:
                what = f"no rule uses the list ${name}"
                found.append(warning_at(node, what, "use it or delete it", "lint-unused-list"))
            found += self._list(lists.terms(name))
        return found

    def _list(self, terms: Sequence[tuple[Scalar, Node]]) -> list[Problem]:
        if not terms:
            return []
        leaves = {id(node): leaf for leaf, node in terms}
        lint = TermLint(self.covers, leaves, terms[0][0])
        nodes = [node for _, node in terms]
        lint.look_beside(nodes)
        for node in nodes:
            lint.look_through(node)
        return lint.found + list(self._archive.list(nodes, lint) if self._archive else ())


def _lone(rule: LoadedRule, terms: TermLint) -> Iterator[Problem]:
    """Warn once of short words, and once of common words, that are enough for a match."""
    lone = [one for one in terms.options(rule.query, terms.start) if isinstance(one.node, Word)]
    if short := [one for one in lone if _is_short(one.node)]:
        what = (
            f"{_named(short)} alone is enough for a match, and so short a word has other meanings"
        )
        cure = f"add a second line, or write exact:{short[0].node.place.text}"
        yield _at(short[0], what, cure, "lint-short-word")
    if common := [one for one in lone if _is_common(one.node) and not _is_short(one.node)]:
        what = f"{_named(common)} alone is enough for a match, and stands in every fifth article"
        yield _at(common[0], what, "add a second line, or make it a phrase", "lint-common-word")


def _common_exclusions(rule: LoadedRule, terms: TermLint) -> Iterator[Problem]:
    for part in rule.exclude:
        for one in terms.options(part, terms.start):
            if _is_common(one.node):
                why = "stands in every fifth article, and all of these are lost"
                what = f"`{one.node.place.text}` {why}"
                cure = "exclude a phrase that stands for the wrong meaning"
                yield _at(one, what, cure, "lint-common-exclude")


def _at(one: Option, what: str, cure: str, code: str) -> Problem:
    offset = 0 if one.from_list else one.node.place.start
    return warning_at(one.leaf, what, cure, code, offset=offset)


def _named(options: Sequence[Option]) -> str:
    texts = sorted({one.node.place.text for one in options})
    return ", ".join(f"`{text}`" for text in texts[:_MAX_SHOWN])


def _plain_word(node: Node) -> str:
    """Give a word that is searched as any token of it, "" for all else."""
    if not isinstance(node, Word) or node.is_wildcard:
        return ""
    return "" if node.is_exact or node.mark or node.is_inflected else node.word


def _is_short(node: Node) -> bool:
    word = _plain_word(node)
    return 0 < len(word) <= _SHORT_CHARS and word.isascii()


def _is_common(node: Node) -> bool:
    return _plain_word(node) in COMMON_WORDS


def _cost(rule: LoadedRule, document: YamlMapping) -> Iterator[Problem]:
    if not _asks_for_words(rule.query):
        what = "no whole word must be found, so the rule is worked out on every article"
        place = document.get("match") or document
        yield warning_at(place, what, "add a word that must be there", "lint-costly")


def _asks_for_words(node: Node) -> bool:
    """Tell whether each alternative asks for a word whose beginning is known."""
    if isinstance(node, Copies):
        return True  # its price is known, and no word makes it less
    if isinstance(node, Word):
        return node.is_exact or node.word[0] not in "*?"
    if isinstance(node, Phrase):
        return any(map(_asks_for_words, node.words))
    if isinstance(node, Or):
        return all(map(_asks_for_words, node.parts))
    if isinstance(node, (And, Near, Together)):
        return any(map(_asks_for_words, node.parts))
    if isinstance(node, (NotNear, AtLeast, Field, Line)):
        return _asks_for_words(node.part)
    if isinstance(node, ListRef):
        return node.part is None or _asks_for_words(node.part)
    if isinstance(node, (Not, Regex)):
        return False
    assert_never(node)


def _filters(only: Only, document: YamlMapping) -> Iterator[Problem]:
    """Warn of values of `only:` that no article can have at once."""
    place = document.get("only") or document
    for key in _ONLY_KEYS:
        wanted, refused = getattr(only, key), getattr(only, f"not_{key}")
        if wanted and set(wanted) <= set(refused):
            what = f"`{key}` and `not_{key}` shut each other out"
            yield warning_at(place, what, "remove one of them", "lint-contradiction")
    if only.words and not any(_fits(only.words, count) for count in _edges(only.words)):
        what = "no article has so many words and so few"
        yield warning_at(place, what, "correct `words`", "lint-contradiction")
    if only.known and only == Only(known=True):
        what = "`known` asks for facts, and no fact is asked for"
        yield warning_at(place, what, "add one, such as `country: PK`", "lint-known-alone")


def _edges(bounds: Sequence[tuple[str, int]]) -> list[int]:
    return [count for _, bound in bounds for count in (bound - 1, bound, bound + 1) if count >= 0]


def _fits(bounds: Sequence[tuple[str, int]], count: int) -> bool:
    tests = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__, "=": int.__eq__}
    return all(tests[sign](count, bound) for sign, bound in bounds)


def _tests(rule: LoadedRule, document: YamlMapping) -> Iterator[Problem]:
    if not rule.tests:
        what, cure = "the rule has no tests", "add `tests:` with a headline it must find"
        yield warning_at(document, what, cure, "lint-no-tests")
    node = document.get("tests")
    if not isinstance(node, YamlMapping):
        return
    found = {" ".join(case.text.split()) for case in _cases(node.get("match"))}
    for case in _cases(node.get("no_match")):
        if " ".join(case.text.split()) in found:
            what = "this text stands under `match` and under `no_match`"
            yield warning_at(case, what, "remove one of the two", "lint-tests-contradict")


def _cases(node: YamlNode | None) -> list[Scalar]:
    items = node.items if isinstance(node, YamlSequence) else (node,)
    return [item for item in items if isinstance(item, Scalar)]
