"""Tell whether a query finds every article that another one finds, as far as its terms show it.

A "yes" is certain; a "no" may be wrong, where only the whole language could tell. So what is
built on it warns of nothing that is not so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitor.match.revision import Renderings, rendered
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
    Regex,
    Together,
    Word,
    children,
)
from monitor.text.folding import fold

Words = tuple[str, ...]
_DEFAULT_FIELDS = frozenset({"title", "body", "lead"})
_MAX_PATTERNS = 50  # wildcards that do not begin with letters are tried one by one
_WILD = re.compile(r"[*?]")


def options(node: Node) -> Iterator[Node]:
    """List the alternatives of a query, those of ORs, lists and named lines in it included."""
    if isinstance(node, Or):
        for part in node.parts:
            yield from options(part)
    elif isinstance(node, (Line, ListRef)) and node.part is not None:
        yield from options(node.part)
    else:
        yield node


class Cover:
    """Know the alternatives of a query, to find the one that covers a term.

    With `is_in_place` only a term of as many words counts, since within a near the place matters.
    """

    def __init__(self, renderings: Renderings, *, is_in_place: bool = False) -> None:
        self.renderings = renderings
        self.is_in_place = is_in_place
        self.lists: list[Cover] = []
        self._exact: dict[str, Node] = {}
        self._words: dict[Words, Node] = {}
        self._prefixes: dict[str, Node] = {}
        self._patterns: list[tuple[re.Pattern[str], Node]] = []

    def add(self, option: Node) -> None:
        """Add an alternative; the first of two that mean the same is kept."""
        self._exact.setdefault(rendered(option, self.renderings), option)
        words = _sought_words(option)
        if words is None:
            return
        if not any(map(_WILD.search, words)):
            self._words.setdefault(words, option)
        elif len(words) == 1:
            self._add_pattern(words[0], option)

    def _add_pattern(self, word: str, option: Node) -> None:
        if word.endswith("*") and not _WILD.search(word[:-1]):
            self._prefixes.setdefault(word[:-1], option)
        elif len(self._patterns) < _MAX_PATTERNS:
            text = re.escape(word).replace(r"\*", ".*").replace(r"\?", ".")
            self._patterns.append((re.compile(text), option))

    def same(self, option: Node) -> Node | None:
        """Find an alternative that means the same."""
        found = self._exact.get(rendered(option, self.renderings))
        return found or _first(one.same(option) for one in self.lists)

    def twin(self, option: Node) -> Node | None:
        """Find another alternative that means the same."""
        found = self._exact.get(rendered(option, self.renderings))
        if found is not None and found is not option:
            return found
        return _first(one.same(option) for one in self.lists)

    def of(self, option: Node) -> Node | None:
        """Find another alternative that matches whatever this one matches."""
        words = _found_words(option)
        if words is None or (self.is_in_place and len(words) > 1):
            return None
        found = self._of_words(words, option)
        return found or _first(one.of(option) for one in self.lists)

    def has_word(self, word: str) -> bool:
        """Tell whether one of the alternatives finds a word that stands alone."""
        if (word,) in self._words:
            return True
        if any(word[:end] in self._prefixes for end in range(1, len(word) + 1)):
            return True
        is_wild = any(pattern.fullmatch(word) for pattern, _ in self._patterns)
        return is_wild or any(one.has_word(word) for one in self.lists)

    def _of_words(self, words: Words, option: Node) -> Node | None:
        for start in range(len(words)):
            if found := self._of_word(words[start], option):
                return found
            for end in range(start + 1, len(words) + 1):
                found = self._words.get(words[start:end])
                if found is not None and found is not option:
                    return found
        return None

    def _of_word(self, word: str, option: Node) -> Node | None:
        literal = _WILD.split(word, maxsplit=1)[0]
        for end in range(1, len(literal) + 1):
            found = self._prefixes.get(literal[:end])
            if found is not None and found is not option:
                return found
        if _WILD.search(word):
            return None
        matching = (node for pattern, node in self._patterns if pattern.fullmatch(word))
        return next((node for node in matching if node is not option), None)


class Covers:
    """Make covers, those of lists once for all rules."""

    def __init__(self, renderings: Renderings) -> None:
        self.renderings = renderings
        self._lists: dict[str, Cover] = {}

    def of(self, *nodes: Node, is_in_place: bool = False) -> Cover:
        """Prepare queries to be asked what any of them covers."""
        cover = Cover(self.renderings, is_in_place=is_in_place)
        for node in nodes:
            self._add(cover, node)
        return cover

    def _add(self, cover: Cover, node: Node) -> None:
        if isinstance(node, Or):
            for part in node.parts:
                self._add(cover, part)
        elif isinstance(node, Line):
            self._add(cover, node.part)
        elif isinstance(node, ListRef) and node.part is not None:
            if node.name not in self._lists:
                self._lists[node.name] = self.of(node.part)
            cover.lists.append(self._lists[node.name])
        else:
            cover.add(node)

    def implies(self, node: Node, other: Node) -> bool:
        """Tell whether every article that `node` finds is found by `other` too, for certain."""
        if isinstance(other, And):
            return all(self.implies(node, part) for part in other.parts)
        return is_covered(node, self.of(other))


def is_covered(node: Node, cover: Cover) -> bool:
    """Tell whether every alternative of a query is covered."""
    return all(_is_covered(option, cover) for option in options(node))


def _is_covered(option: Node, cover: Cover) -> bool:
    if cover.same(option) is not None or cover.of(option) is not None:
        return True
    if isinstance(option, (And, Near, Together)):
        return any(is_covered(part, cover) for part in option.parts)
    if isinstance(option, (NotNear, AtLeast)):
        return is_covered(option.part, cover)
    if isinstance(option, Field) and option.name in _DEFAULT_FIELDS:
        return not _negates(option.part) and is_covered(option.part, cover)
    return False


def _first(found: Iterator[Node | None]) -> Node | None:
    return next((node for node in found if node is not None), None)


def _negates(node: Node) -> bool:
    return isinstance(node, (Not, NotNear, Regex)) or any(map(_negates, children(node)))


def _sought_words(node: Node) -> Words | None:
    """Give the words in a row that a term asks for, None if it asks for more than words."""
    members = _members(node)
    if any(word.is_exact or word.mark or word.is_inflected for word in members):
        return None
    return tuple(part for word in members for part in word.word.split("-")) or None


def _found_words(node: Node) -> Words | None:
    """Give the words in a row that stand in every article a term matches.

    None for a compound, which is found in one word too, and for inflected words.
    """
    members = _members(node)
    if any(word.is_inflected or "-" in word.word for word in members):
        return None
    return tuple(fold(word.word) if word.is_exact else word.word for word in members) or None


def _members(node: Node) -> tuple[Word, ...]:
    if isinstance(node, Word):
        return (node,)
    return node.words if isinstance(node, Phrase) else ()
