"""Match articles against all rules at once.

A rule is posted under its rarest necessary group of features; an article becomes the set of those
of its features that any rule asks for, by one look-up a distinct chunk of text. Rules found this
way are tested on their other groups, and only the few that are left are judged on positions.
Rules that require nothing (their words are all in lists not resolved) are judged always.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from monitor.match.evaluate import Document, field_text
from monitor.match.findings import findings
from monitor.match.necessary import Group, groups
from monitor.match.only import judge_only
from monitor.match.reading import keys_of, searched, wildcard
from monitor.match.tree import Field, LoadedRule, Node, Phrase, Word, children, sought
from monitor.model.article import Article
from monitor.model.keys import Revision, digest_of
from monitor.model.rule import Match
from monitor.text.folding import fold
from monitor.text.tokens import MAX_CACHED_CHARS, lang_class, read_chunk, simple_word

MAX_KNOWN_CHUNKS = 200_000
"""Bounds the memory of what chunks of text mean to the rules, for each class of languages."""


class Engine:
    """Hold rules ready to be matched; immutable but for a private cache."""

    def __init__(self, rules: Sequence[LoadedRule]) -> None:
        self._rules = tuple(rules)
        self._groups = tuple(tuple(groups(loaded.query)) for loaded in self._rules)
        self._postings: dict[str, list[int]] = {}
        self._always: list[int] = []
        for at, needed in enumerate(self._groups):
            if not needed:
                self._always.append(at)
            for name in needed[0] if needed else ():
                self._postings.setdefault(name, []).append(at)
        wanted = {name for needed in self._groups for group in needed for name in group}
        self._lexicon = _Lexicon(wanted)
        named = {name for loaded in self._rules for name in _fields(loaded.query)}
        self._fields = ("title", "body", *sorted(named - {"title", "body", "lead"}))

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
        return len(self._always)

    def match(self, article: Article) -> tuple[Match, ...]:
        """List the rules that match, in their order."""
        found = self._features(article)
        document = Document(article)
        matches = (self._judge(at, found, document) for at in self._candidates(found))
        return tuple(match for match in matches if match is not None)

    def _features(self, article: Article) -> set[str]:
        chunks: set[str] = set()
        for name in self._fields:
            chunks.update(searched(name, field_text(article, name)).split())
        return self._lexicon.features(chunks, lang_class(article.lang or article.source.lang))

    def _candidates(self, found: set[str]) -> list[int]:
        postings = self._postings
        rules = set(self._always)
        for name in found:
            if name in postings:
                rules.update(postings[name])
        return sorted(rules)

    def _judge(self, at: int, found: set[str], document: Document) -> Match | None:
        if any(group.isdisjoint(found) for group in self._groups[at]):
            return None
        return _judged(self._rules[at], document, with_only=True)


class _Lexicon:
    """Know which of the wanted features a chunk of text has; filled on first sight, bounded."""

    def __init__(self, wanted: set[str]) -> None:
        self._wanted = frozenset(name for name in wanted if name[0] != "~")
        self._wild: dict[str, list[str]] = {}
        for name in wanted:
            if name[0] == "~":
                self._wild.setdefault(_opening(name[1:]), []).append(name)
        self._known: dict[str, dict[str, Group]] = {}
        self._barren: dict[str, set[str]] = {}

    def features(self, chunks: set[str], lang: str) -> set[str]:
        """Gather the wanted features of an article's chunks."""
        known, barren = self._known.setdefault(lang, {}), self._barren.setdefault(lang, set())
        if len(known) + len(barren) > MAX_KNOWN_CHUNKS:
            known.clear()
            barren.clear()
        found: set[str] = set()
        for chunk in chunks - barren:  # what is left are few, most of them new
            hits = known.get(chunk)
            if hits is None:
                hits = frozenset(self._read(chunk, lang))
                if len(chunk) > MAX_CACHED_CHARS:
                    pass
                elif hits:
                    known[chunk] = hits
                else:
                    barren.add(chunk)
            found |= hits
        return found

    def _read(self, chunk: str, lang: str) -> Iterator[str]:
        word = simple_word(chunk)
        if word is not None:  # most chunks of most texts: a third of the time
            keys = {word.lower(), "=" + word}
        else:
            keys = {key for part in read_chunk(chunk, lang).parts for key in keys_of(part)}
        for key in keys:
            if key in self._wanted:
                yield key
            if self._wild and key[0] != "=":
                yield from self._wild_hits(key)

    def _wild_hits(self, key: str) -> Iterator[str]:
        for name in (*self._wild.get(key[:2], ()), *self._wild.get("", ())):
            if wildcard(name[1:]).fullmatch(key):
                yield name


def _opening(pattern: str) -> str:
    """Give the first two characters of a wildcard that every hit shares, "" if it has none."""
    opening = pattern[:2]
    return "" if len(opening) < 2 or "*" in opening or "?" in opening else opening


def judge(loaded: LoadedRule, article: Article, *, with_only: bool = True) -> Match | None:
    """Judge one rule on one article; without `with_only` metadata filters are left out."""
    return _judged(loaded, Document(article), with_only=with_only)


def _judged(loaded: LoadedRule, document: Document, *, with_only: bool) -> Match | None:
    if not document.holds(loaded.query):
        return None
    if any(document.holds(node) for node in loaded.exclude):
        return None
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
