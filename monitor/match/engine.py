"""Match articles against all rules at once.

An article becomes the set of those of its features that any rule asks for, by one look-up a chunk
of text (`Lexicon`). A rule is posted under its rarest necessary group of features and tested on
the others (`Index`); most rules are decided by that, the few that are left are judged on the text.
Rules that require nothing are judged always.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from monitor.match.evaluate import DEFAULT_FIELDS, Document, field_text
from monitor.match.findings import findings
from monitor.match.index import Index
from monitor.match.known_text import KnownText
from monitor.match.lexicon import Chunk, Lexicon, features
from monitor.match.necessary import leaf_names
from monitor.match.only import judge_only
from monitor.match.reading import FieldText, searched
from monitor.match.tree import Field, LoadedRule, Node, Phrase, Word, children, sought
from monitor.model.article import Article
from monitor.model.keys import Revision, digest_of
from monitor.model.rule import Match
from monitor.text.folding import fold
from monitor.text.stems import primary
from monitor.text.tokens import lang_class


class Engine:
    """Hold rules ready to be matched; immutable but for a private cache."""

    def __init__(self, rules: Sequence[LoadedRule]) -> None:
        self._rules = tuple(rules)
        with _collector_at_rest():
            self._index = index = Index(self._rules)
            asked = {name for loaded in self._rules for name in _asked(loaded)}
            self._lexicon = Lexicon(asked.union(index.names))
            named = {name for loaded in self._rules for name in _fields(loaded.query)}
        self._fields = (*DEFAULT_FIELDS, *sorted(named - {*DEFAULT_FIELDS, "lead"}))

    @property
    def rules(self) -> tuple[LoadedRule, ...]:
        """Give the rules, in the order they were given."""
        return self._rules

    @cached_property
    def revision(self) -> Revision:
        """Hash what the rules mean all together, whatever their order: who judges by what."""
        ruled = sorted((loaded.rule.id, loaded.rule.revision) for loaded in self._rules)
        return Revision(digest_of("rules", *(part for pair in ruled for part in pair)))

    @property
    def always_count(self) -> int:
        """Count the rules that no required word lets us skip."""
        return len(self._index.always)

    def match(self, article: Article) -> tuple[Match, ...]:
        """List the rules that match, in their order, with what they found."""
        document, held = self._held(article)
        matches = (_match_of(self._rules[at], document, with_only=True) for at in held)
        return tuple(match for match in matches if match is not None)

    def _held(self, article: Article) -> tuple[Document, list[int]]:
        """Find the rules that hold but for their `only`."""
        document, read = self._read(article)
        found, unsure = features(read[:2])
        if len(read) > 2:
            elsewhere = features(read[2:])[0]
            unsure |= elsewhere - found
            found |= elsewhere
        held = []
        for at in self._index.candidates(found):
            if unsure and self._index.depends_on(at, unsure):
                if _holds(self._rules[at], document):
                    held.append(at)
            elif self._is_held(at, found, document):
                held.append(at)
        return document, held

    def _read(self, article: Article) -> tuple[Document, list[list[Chunk]]]:
        lang = article.lang or article.source.lang
        kind, stem_lang = lang_class(lang), primary(lang)
        texts = [searched(name, field_text(article, name)) for name in self._fields]
        read = self._lexicon.read(texts, kind, stem_lang)
        fields: dict[str, FieldText] = {
            name: KnownText(name, text, kind, stem_lang, chunks, self._lexicon.names)
            for name, text, chunks in zip(DEFAULT_FIELDS, texts, read, strict=False)
        }
        return Document(article, fields), read

    def _is_held(self, at: int, found: set[str], document: Document) -> bool:
        """Judge a candidate of whose features all are sure."""
        index = self._index
        if index.is_excluded(at, found):
            return False
        return all(map(document.holds, index.left(at))) and not any(
            map(document.holds, index.barred(at))
        )


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the garbage collector from looking at all rules again and again while they are indexed.

    Nothing that is built refers to itself; other threads would stand still for each look.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def judge(loaded: LoadedRule, article: Article, *, with_only: bool = True) -> Match | None:
    """Judge one rule on one article; without `with_only` metadata filters are left out."""
    document = Document(article)
    return _match_of(loaded, document, with_only=with_only) if _holds(loaded, document) else None


def _holds(loaded: LoadedRule, document: Document) -> bool:
    return document.holds(loaded.query) and not any(map(document.holds, loaded.exclude))


def _match_of(loaded: LoadedRule, document: Document, *, with_only: bool) -> Match | None:
    """Say what a rule that holds found; None if its `only` holds it back."""
    results = judge_only(loaded.only, document) if with_only else ()
    if not all(result.passed for result in results):
        return None
    return Match(
        rule_id=loaded.rule.id,
        revision=loaded.rule.revision,
        article=document.article.key,
        findings=findings(loaded.query, document),
        notes=tuple(dict.fromkeys(result.note for result in results if result.note)),
    )


def _asked(loaded: LoadedRule) -> Iterator[str]:
    """List the features of all leaves of a rule, required or not."""
    for node in (loaded.query, *loaded.exclude):
        yield from leaf_names(node)


def query_terms(loaded: LoadedRule) -> frozenset[str]:
    """List the folded literal words of a rule's leaves that are not negated, lists resolved.

    Wildcards are left out; a hyphenated word gives its parts and its joined form; an exact word
    gives its folded form.
    """
    terms: set[str] = set()
    for word in _words(loaded.query):
        parts = fold(word.word).split("-")
        terms.update((*parts, "".join(parts)))
    return frozenset(term for term in terms if term and "*" not in term and "?" not in term)


def _words(node: Node) -> Iterator[Word]:
    if isinstance(node, Word):
        yield node
    elif isinstance(node, Phrase):
        yield from node.words
    else:
        for part in sought(node):
            yield from _words(part)


def _fields(node: Node) -> Iterator[str]:
    """List the fields that a tree names."""
    if isinstance(node, Field):
        yield node.name
    for part in children(node):
        yield from _fields(part)
