"""Derive what an article must hold for a query to match: groups of features, one of each.

A feature is a folded form ("meta"), a written form for exact hits ("=Meta"), a marked form
("#meta"), a wildcard ("~open*", "~#open*"), a word whose stem is looked for ("^invest") or folded
words in a row ("set up"). The condition is necessary, never sufficient: it
may let an article through in vain, it never holds one back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.match.shares import cost
from monitor.match.tree import And, Field, Line, ListRef, Node, Or, Phrase, Word, children, sought

Group = frozenset[str]

MAX_GROUPS = 12  # of a rule: further ones hardly filter and cost a look each


def groups(node: Node, *, joins_phrases: bool = False) -> list[Group]:
    """List the necessary groups of a tree, the rarest first; none if nothing is required.

    With `joins_phrases` a phrase of plain words is one feature, otherwise each of its words is.
    """
    found = dict.fromkeys(_groups(node, joins_phrases))
    return sorted(found, key=cost)[:MAX_GROUPS]


def _groups(node: Node, joins: bool) -> list[Group]:
    if isinstance(node, Word):
        return _of_word(node)
    if isinstance(node, Phrase):
        return _of_phrase(node, joins)
    if isinstance(node, Or):
        return _of_or(node, joins)
    return [group for part in sought(node) for group in _groups(part, joins)]


def _of_or(node: Or, joins: bool) -> list[Group]:
    best = [min(_groups(part, joins), key=cost, default=None) for part in node.parts]
    known = [group for group in best if group is not None]
    if not known or len(known) < len(best):
        return []
    return [frozenset().union(*known)]


def conjuncts(node: Node) -> Iterator[Node]:
    """List the parts of a query that must all hold."""
    if isinstance(node, And):
        for part in node.parts:
            yield from conjuncts(part)
    elif isinstance(node, Line):
        yield from conjuncts(node.part)
    else:
        yield node


def exact_group(node: Node) -> Group | None:
    """Give the features of which one in title or body is all that a node asks for, if so.

    A phrase's feature says it only where the lexicon is sure of it.
    """
    names: set[str] = set()
    return frozenset(names) if _gather(node, names) else None


def _gather(node: Node, names: set[str]) -> bool:
    """Add the features of a node; tell whether they are all that it asks for."""
    if isinstance(node, Word):
        names.add(_of_one(node))
        return not _is_compound(node)
    if isinstance(node, Phrase):
        names.add(" ".join([word.word for word in node.words]))
        return all(map(_is_plain, node.words))
    if isinstance(node, (Line, ListRef)):
        return node.part is not None and _gather(node.part, names)
    return isinstance(node, Or) and all(_gather(part, names) for part in node.parts)


def asked(nodes: Iterable[Node]) -> tuple[set[str], set[str]]:
    """Gather the features of all words in some trees, required or not, and the fields named."""
    names: set[str] = set()
    fields: set[str] = set()
    left = [*nodes]
    while left:
        node = left.pop()
        if isinstance(node, Word) and not _is_compound(node):
            names.add(_of_one(node))
        elif isinstance(node, Word):
            names.update(*_of_word(node))
        elif isinstance(node, Phrase):
            left += node.words
        else:
            left += children(node)
            if isinstance(node, Field):
                fields.add(node.name)
    return names, fields


def _of_phrase(phrase: Phrase, joins: bool) -> list[Group]:
    if joins and all(map(_is_plain, phrase.words)):
        return [frozenset({" ".join(word.word for word in phrase.words)})]
    return [group for word in phrase.words for group in _of_word(word)]


def _is_plain(word: Word) -> bool:
    """Tell whether a word is found by its folded form alone."""
    return not (
        word.is_exact or word.is_inflected or word.is_wildcard or word.mark or "-" in word.word
    )


def _of_word(word: Word) -> list[Group]:
    if not _is_compound(word):
        return [frozenset({_of_one(word)})]
    parts = word.word.split("-")
    joined = _feature(word, "".join(parts), word.mark)
    marks = [word.mark, *[""] * (len(parts) - 1)]
    return [
        frozenset({joined, _feature(word, part, mark)})
        for part, mark in zip(parts, marks, strict=True)
    ]


def _is_compound(word: Word) -> bool:
    return "-" in word.word and not word.is_exact


def _of_one(word: Word) -> str:
    """Name the feature of a word that is no compound."""
    return "=" + word.word if word.is_exact else _feature(word, word.word, word.mark)


def _feature(word: Word, form: str, mark: str) -> str:
    """Name the feature of a form of a word: folded, a wildcard, or one to be stemmed."""
    if word.is_inflected:
        return "^" + form
    return ("~" if "*" in form or "?" in form else "") + mark + form
