"""Warn of what an archive shows to be unwise: terms that nobody writes, filters nobody meets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from monitor.match.covers import Covers
from monitor.match.engine import Engine
from monitor.match.lint_terms import Option, TermLint, other_forms, warning_at
from monitor.match.narrow import condition_of
from monitor.match.only import LISTED_KEYS, article_has, source_has
from monitor.match.tree import Field, ListRef, LoadedRule, Node, Only, Phrase, Word, sought
from monitor.model.article import Article
from monitor.model.problem import Problem, Severity
from monitor.model.source import Source
from monitor.text.folding import fold
from monitor.text.stems import UNKNOWN, stem
from monitor.text.terms import Term, term_of
from monitor.text.yaml_nodes import Mapping, Scalar, YamlNode

MIN_ARTICLES = 1_000
"""A smaller archive shows little by what it lacks."""
MIN_OF_FORM = 10
"""In so many articles another form must stand alone, before it is worth a word."""
MIN_SHARE_OF_FORM = 0.1
"""The same as a share of the articles that hold the term itself."""
MIN_LATEST = 200
MAX_SHARE = 0.1
"""A rule that finds more of the latest articles is hardly about one thing."""
_MAX_SHOWN = 3
_FACTS_OF_SOURCES = ("country", "tier", "group")  # an article's language is detected


class Archive(Protocol):
    """Say what stored articles hold."""

    @property
    def size(self) -> int:
        """Count the articles whose terms are known."""

    @property
    def sources(self) -> Sequence[Source]:
        """List the sources of sources.yaml."""

    @property
    def latest(self) -> Sequence[Article]:
        """List the latest articles, as many as all rules can be tried on."""

    def count(self, term: Term, *, without: Term | None = None) -> int:
        """Count the articles that hold a term, and not the other."""

    def holds(self, term: Term) -> bool:
        """Tell whether an article holds a term."""


class Beside:
    """Know the words that a rule or a list finds anywhere, so that none of them is called missed.

    Words in fields do not count: they are looked for elsewhere.
    """

    def __init__(self, covers: Covers, *nodes: Node) -> None:
        self._stems: set[str] = set()
        self._cover = covers.of(*(leaf for node in nodes for leaf in self._leaves(node)))

    def has(self, word: str) -> bool:
        """Tell whether a folded word is found."""
        return self._cover.has_word(word) or stem(word, UNKNOWN) in self._stems

    def _leaves(self, node: Node) -> Iterator[Node]:
        if isinstance(node, Word):
            if node.is_inflected:
                self._stems.add(stem(node.word, UNKNOWN))
            yield replace(node, word=fold(node.word), is_exact=False) if node.is_exact else node
        elif isinstance(node, ListRef):
            yield node
        elif not isinstance(node, Field):
            for part in sought(node):
                yield from self._leaves(part)


class ArchiveLint:
    """Judge the rules and lists of a workspace by an archive, one after the other."""

    def __init__(self, archive: Archive, covers: Covers) -> None:
        self.archive = archive
        self.covers = covers
        self._held: dict[Term, bool] = {}
        self._counted: dict[tuple[Term, Term | None], int] = {}
        self._stated: dict[tuple[str, str | int], bool] = {}

    def rule(self, rule: LoadedRule, document: Mapping, terms: TermLint) -> Iterator[Problem]:
        """List what is unwise in a rule's own terms and in its filters."""
        beside = Beside(self.covers, rule.query)
        yield from self._terms(self._written(rule.query, terms, terms.start), beside)
        yield from self._filters(rule.only, document)

    def list(self, nodes: Sequence[Node], terms: TermLint) -> Iterator[Problem]:
        """List what is unwise in the terms of a list."""
        written = (one for node in nodes for one in self._written(node, terms, terms.start))
        yield from self._terms(written, Beside(self.covers, *nodes))

    def whole(self, rules: Sequence[LoadedRule]) -> Iterator[Problem]:
        """List the rules that find too much of the latest articles."""
        latest = self.archive.latest
        if len(latest) < MIN_LATEST:
            return
        engine = Engine(rules)
        found = Counter(match.rule_id for article in latest for match in engine.match(article))
        for rule in rules:
            share = found[rule.rule.id] / len(latest)
            if share > MAX_SHARE:
                yield Problem(
                    file=rule.rule.file,
                    line=rule.rule.line,
                    column=1,
                    what=f"the rule finds {share:.0%} of the latest {len(latest):,} articles",
                    cure="add a line that must be found as well, or exclude what is not meant",
                    code="lint-too-wide",
                    severity=Severity.WARNING,
                )

    def _written(
        self, node: Node, terms: TermLint, leaf: Scalar, *, is_in_field: bool = False
    ) -> Iterator[tuple[Option, bool]]:
        """List the terms to be found that stand here; of each, whether a field is looked in."""
        leaf = terms.leaves.get(id(node), leaf)
        if isinstance(node, (Word, Phrase)):
            yield Option(node=node, leaf=leaf), is_in_field
        elif not isinstance(node, ListRef):
            is_in_field = is_in_field or isinstance(node, Field)
            for part in sought(node):
                yield from self._written(part, terms, leaf, is_in_field=is_in_field)

    def _terms(self, written: Iterator[tuple[Option, bool]], beside: Beside) -> Iterator[Problem]:
        unseen: list[Option] = []
        for one, is_in_field in written:
            # the archive knows terms of whole articles: of a field's it shows no more than absence
            form = None if is_in_field else self._missed_form(one.node, beside)
            if form:
                yield _form_warning(one, *form)
            elif self.archive.size >= MIN_ARTICLES and self._is_unseen(one.node):
                unseen.append(one)
        if unseen:
            yield self._unseen_warning(unseen)

    def _missed_form(self, node: Node, beside: Beside) -> tuple[str, int] | None:
        """Find a form of a word that many articles hold without it, with their number."""
        if not isinstance(node, Word):
            return None
        word = Term(term_of(node.word))
        for form in other_forms(node):
            if beside.has(form) or not self._holds(Term(form)):
                continue
            if not self._holds(word):
                least = 1.0
            elif len(form) < len(node.word):  # a plural that is seen: lint-plural-alone
                continue
            else:
                least = max(MIN_OF_FORM, MIN_SHARE_OF_FORM * self._count(word))
            alone = self._count(Term(form), without=word)
            if alone >= least:
                return form, alone
        return None

    def _count(self, term: Term, *, without: Term | None = None) -> int:
        if (term, without) not in self._counted:
            self._counted[term, without] = self.archive.count(term, without=without)
        return self._counted[term, without]

    def _is_unseen(self, node: Node) -> bool:
        return any(not any(map(self._holds, group)) for group in condition_of(node))

    def _holds(self, term: Term) -> bool:
        if term not in self._held:
            self._held[term] = self.archive.holds(term)
        return self._held[term]

    def _unseen_warning(self, unseen: Sequence[Option]) -> Problem:
        texts = list(dict.fromkeys(one.node.place.text for one in unseen))
        shown = ", ".join(f"`{text}`" for text in texts[:_MAX_SHOWN])
        more = f" and {len(texts) - _MAX_SHOWN} more" if len(texts) > _MAX_SHOWN else ""
        verb = "stands" if len(texts) == 1 else "stand"
        return warning_at(
            unseen[0].leaf,
            f"{shown}{more} {verb} in none of {self.archive.size:,} archived articles",
            "look for a slip of the pen; leave it if it is to come",
            "lint-never-seen",
            offset=unseen[0].node.place.start,
        )

    def _filters(self, only: Only, document: Mapping) -> Iterator[Problem]:
        filters = document.get("only")
        if not isinstance(filters, Mapping):
            return
        for key in LISTED_KEYS:
            wanted, refused = getattr(only, key), getattr(only, f"not_{key}")
            place = filters.get(key) or filters.get(f"not_{key}") or filters
            for value in wanted:
                if not self._is_stated(key, value):
                    code = "lint-unknown-source" if key == "source" else "lint-unknown-value"
                    what = f"no source and no late article has the {key} `{value}`"
                    cure = "correct it, or add the source: monitor sources add"
                    yield warning_at(place, what, cure, code)
            if key in _FACTS_OF_SOURCES and (wanted or refused) and not only.known:
                yield from self._lacking(key, place)

    def _lacking(self, key: str, place: YamlNode) -> Iterator[Problem]:
        sources = self.archive.sources
        lacking = sum(getattr(source, key) is None for source in sources)
        if lacking:
            what = f"{lacking} of {len(sources)} sources state no {key}, and are let through"
            cure = f"add `{key}:` to them in sources.yaml, or write `known: true`"
            yield warning_at(place, what, cure, "lint-sources-lack")

    def _is_stated(self, key: str, value: str | int) -> bool:
        """Tell whether a source of ours, or one that a late article came from, has a value."""
        if (key, value) not in self._stated:
            self._stated[key, value] = any(
                source_has(key, value, source) for source in self.archive.sources
            ) or any(article_has(key, value, article) for article in self.archive.latest)
        return self._stated[key, value]


def _form_warning(one: Option, form: str, alone: int) -> Problem:
    """Warn of a form that many articles hold without the word that is searched."""
    text = one.node.place.text
    articles = "1 archived article" if alone == 1 else f"{alone:,} archived articles"
    what = f"`{text}` is searched, and `{form}` stands in {articles} without it"
    stem = min(form, text, key=len)
    cure = f"write ({text} OR {form}), or forms:{stem}"
    return warning_at(one.leaf, what, cure, "lint-other-form", offset=one.node.place.start)
