"""Derive what an article must hold for a query to match: groups of features, one of each.

A feature is a folded form ("meta"), a written form for exact hits ("=Meta"), a marked form
("#meta") or a wildcard ("~open*", "~#open*"). The condition is necessary, never sufficient: it
may let an article through in vain, it never holds one back.
"""

from __future__ import annotations

from monitor.match.tree import Node, Or, Phrase, Word, sought

Group = frozenset[str]

_COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "last",
        "may",
        "more",
        "new",
        "no",
        "not",
        "of",
        "on",
        "one",
        "or",
        "our",
        "out",
        "over",
        "said",
        "says",
        "she",
        "so",
        "than",
        "that",
        "the",
        "their",
        "there",
        "they",
        "this",
        "to",
        "two",
        "up",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "which",
        "who",
        "will",
        "with",
        "would",
        "year",
        "years",
        "you",
        "after",
        "all",
        "also",
        "about",
        "people",
        "government",
        "mr",
        "would",
        "could",
        "first",
        "time",
        "other",
    ]
)
MAX_GROUPS = 12  # of a rule: further ones hardly filter and cost a look each


def groups(node: Node) -> list[Group]:
    """List the necessary groups of a tree, the rarest first; none if nothing is required."""
    found = dict.fromkeys(_groups(node))
    return sorted(found, key=cost)[:MAX_GROUPS]


def _groups(node: Node) -> list[Group]:
    if isinstance(node, Word):
        return _of_word(node)
    if isinstance(node, Phrase):
        return [group for word in node.words for group in _of_word(word)]
    if isinstance(node, Or):
        return _of_or(node)
    return [group for part in sought(node) for group in _groups(part)]


def _of_or(node: Or) -> list[Group]:
    best = [min(_groups(part), key=cost, default=None) for part in node.parts]
    known = [group for group in best if group is not None]
    if not known or len(known) < len(best):
        return []
    return [frozenset().union(*known)]


def _of_word(word: Word) -> list[Group]:
    if word.is_inflected:  # what it hits depends on the article's language
        return []
    if word.is_exact:
        return [frozenset({"=" + word.word})]
    parts = word.word.split("-")
    if len(parts) == 1:
        return [frozenset({feature(word.word, word.mark)})]
    joined = feature("".join(parts), word.mark)
    marks = [word.mark, *[""] * (len(parts) - 1)]
    return [
        frozenset({joined, feature(part, mark)}) for part, mark in zip(parts, marks, strict=True)
    ]


def feature(form: str, mark: str) -> str:
    """Name the feature of a folded form or wildcard."""
    return ("~" if "*" in form or "?" in form else "") + mark + form


def cost(group: Group) -> float:
    """Estimate which share of articles holds one of the group's features; only the order counts.

    Long words are rare, wildcards hit more than words, marks and exact forms less.
    """
    return sum(_share(each) for each in group)


def _share(name: str) -> float:
    form = name.lstrip("~=#@$")
    if form.lower() in _COMMON:
        return 1.0
    share = 1.0 / (2 + len(form)) ** 2
    if name[0] == "~":
        return share * 8
    return share / 10 if name[0] in "#@$" else share
