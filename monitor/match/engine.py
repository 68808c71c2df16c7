"""Match articles against all rules at once.

An article becomes the set of those of its features that any rule asks for, by one look-up a chunk
of text (`Lexicon`). A rule is posted under its rarest necessary group of features and tested on
the others (`Index`); most rules are decided by that, the few that are left are judged on the text.
A text whose pick-up is watched is such a feature, found by its passages (`Watched`). Rules that
require nothing are judged always.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import takewhile

from monitor.match.evaluate import Document
from monitor.match.index import NO_REST, Index, Nearby, Rest
from monitor.match.matched import Matched, matched
from monitor.match.near import is_near
from monitor.match.necessary import asked
from monitor.match.pickup import Watched
from monitor.match.reader import Read, Reader
from monitor.match.tree import LoadedRule, Node, Phrase, Word, sought
from monitor.memory import collector_at_rest
from monitor.model.article import Article
from monitor.model.keys import Revision, digest_of
from monitor.text.folding import fold


class Engine:
    """Hold rules ready to be matched; immutable but for a private cache."""

    def __init__(self, rules: Sequence[LoadedRule]) -> None:
        self._rules = tuple(rules)
        with collector_at_rest():
            names, fields = asked(loaded.query for loaded in self._rules)
            excluded, _ = asked(node for loaded in self._rules for node in loaded.exclude)
            self._index = Index(self._rules, names | excluded)
            self._reader = Reader(self._index.names[1:], fields)
            self._watched = Watched(self._index.watched)

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

    def match(self, article: Article) -> tuple[Matched, ...]:
        """List the rules that match, in their order; each can tell what it found."""
        read = self._reader.read(article)
        if self._watched:
            read.found.update(self._watched.found(read.document.passages))
        candidates = self._index.candidates(read.found, read.unsure)
        held = (self._rules[at] for at in candidates if self._holds(at, read))
        hits = (matched(loaded, read.document, with_only=True) for loaded in held)
        return tuple(hit for hit in hits if hit is not None)

    def _holds(self, at: int, read: Read) -> bool:
        """Judge a candidate: by its features where all of them are sure."""
        if read.unsure and self._index.depends_on(at, read.unsure):
            return _holds(self._rules[at], read.document)
        rest = self._index.rests[at]
        return rest is NO_REST or _passes(rest, read)


def _passes(rest: Rest, read: Read) -> bool:
    """Judge what the features looked at so far leave open."""
    misses, holds = read.found.isdisjoint, read.document.holds
    return (
        misses(rest.excluded)
        and not any(map(misses, rest.further))
        and all(_is_near(near, read) for near in rest.near)
        and all(map(holds, rest.left))
        and not any(map(holds, rest.barred))
    )


def _is_near(near: Nearby, read: Read) -> bool:
    """Tell whether features of each group stand near each other in title or body."""
    groups = [[*filter(read.found.__contains__, group)] for group in near.groups]
    for field in reversed(read.fields):  # a title seldom holds both
        parts = [*takewhile(bool, map(field.places_of, groups))]
        if len(parts) == len(groups) and is_near(parts, near.gap, is_ordered=near.is_ordered):
            return True
    return False


def judge(loaded: LoadedRule, article: Article, *, with_only: bool = True) -> Matched | None:
    """Judge one rule on one article; without `with_only` metadata filters are left out."""
    document = Document(article)
    return matched(loaded, document, with_only=with_only) if _holds(loaded, document) else None


def _holds(loaded: LoadedRule, document: Document) -> bool:
    return document.holds(loaded.query) and not any(map(document.holds, loaded.exclude))


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
