"""Draw the tree that a rule's query becomes: frozen nodes, each knowing its own text.

`text` of a node is the query text it was read from, as the writer wrote it; `start`/`end` are
code points in the leaf's text, half-open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from monitor.model.article import Article
from monitor.model.rule import Rule

FIELDS = ("title", "body", "lead", "author", "url", "tag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Be the query text of a node and where in its leaf it stands."""

    text: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Match one token, folded; with `*` and `?` a wildcard; `mark` is "", "#", "@" or "$".

    An inflected word (`forms:`) matches tokens of its stem in the article's language; `word` then
    is in lower case with its accents, because stemmers need them.
    """

    place: Place
    word: str
    is_exact: bool = False
    is_inflected: bool = False
    mark: str = ""

    @property
    def is_wildcard(self) -> bool:
        """Tell whether the word holds a wildcard."""
        return not self.is_exact and ("*" in self.word or "?" in self.word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Match consecutive tokens of one paragraph."""

    place: Place
    words: tuple[Word, ...]
    is_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Match occurrences with at most `gap` tokens between neighbours, in one field."""

    place: Place
    parts: tuple[Node, ...]
    gap: int
    is_ordered: bool = False


class Unit(StrEnum):
    """Name the stretches of text in which words may stand together."""

    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Match occurrences without overlap in one sentence or paragraph, in any order."""

    place: Place
    parts: tuple[Node, ...]
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNear:
    """Match an occurrence of `part` with none of `other` in its field within `gap` tokens.

    One of `other` that overlaps it is within. Ordered, only those that overlap or follow count.
    """

    place: Place
    part: Node
    other: Node
    gap: int
    is_ordered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast:
    """Match if at least `count` places of the part without overlap are in all searched fields."""

    place: Place
    count: int
    part: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Regex:
    """Match where an RE2 pattern finds something in a field's original text."""

    place: Place
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Match if the article's body is a copy of a watched text, an excerpt of it, or holds it.

    `prints` are the fingerprints of its passages; `path` is where it lies in the workspace.
    """

    place: Place
    path: str
    prints: frozenset[int]
    text_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """Match if all parts match."""

    place: Place
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """Match if any part matches."""

    place: Place
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Match if the part does not, judged on the whole article (inside a field: on that field)."""

    place: Place
    part: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Match the part in one field only."""

    place: Place
    name: str
    part: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRef:
    """Stand for a list of terms; `part` is its resolved Or, None until lists are resolved."""

    place: Place
    name: str
    part: Node | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Give a part the writer's own name ("who"), for explanations."""

    place: Place
    name: str
    part: Node


Positional = Word | Phrase | Near | Together | NotNear
"""Nodes with places of their own, counted in tokens; ORs and lists have those of their parts."""
POSITIONAL = (Word, Phrase, Near, Together, NotNear)
"""The same for `isinstance`, which takes three times as long to ask a union."""

Node = Positional | AtLeast | Regex | Copies | And | Or | Not | Field | ListRef | Line


def children(node: Node) -> tuple[Node, ...]:
    """List the nodes right below a node; a phrase's words and a list not resolved have none."""
    if isinstance(node, (Near, Together, And, Or)):
        return node.parts
    if isinstance(node, NotNear):
        return (node.part, node.other)
    if isinstance(node, (AtLeast, Not, Field, ListRef, Line)) and node.part is not None:
        return (node.part,)
    return ()


def sought(node: Node) -> tuple[Node, ...]:
    """List the nodes right below a node whose presence it asks for."""
    if isinstance(node, Not):
        return ()
    return (node.part,) if isinstance(node, NotNear) else children(node)


def rebuilt(node: Node, change: Callable[[Node], Node | None]) -> Node | None:
    """Give the node with each child changed; None if one became None."""
    changed = [change(child) for child in children(node)]
    kept = tuple(child for child in changed if child is not None)
    if len(kept) < len(changed):
        return None
    if isinstance(node, (Near, Together, And, Or)):
        return replace(node, parts=kept)
    if isinstance(node, NotNear):
        return replace(node, part=kept[0], other=kept[1])
    if isinstance(node, (AtLeast, Not, Field, ListRef, Line)) and kept:
        return replace(node, part=kept[0])
    return node


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Filter by metadata: values of a key are ORed, keys ANDed; `None` or () means no filter.

    Values are folded: lang lower case, country upper case. `source` values are source keys or
    domains. `words` is (operator, count) with operator one of < <= > >= =.
    `max_age` bounds first_seen_at - published_at; seeds are exempt. Unknown passes unless
    `known` is set.
    """

    lang: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    tier: tuple[int, ...] = ()
    group: tuple[str, ...] = ()
    not_lang: tuple[str, ...] = ()
    not_source: tuple[str, ...] = ()
    not_country: tuple[str, ...] = ()
    not_tier: tuple[int, ...] = ()
    not_group: tuple[str, ...] = ()
    words: tuple[tuple[str, int], ...] = ()
    max_age: timedelta | None = None
    known: bool = False


UNFILTERED = Only()
"""Of a rule that says nothing of metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """Be one case of a rule's `tests:`.

    `article` is built from the case (text: a body without a title; a path under seeds/ is read by
    the loader's caller, so it stands in `seed` with `article` None). `judges_only` tells whether
    the case gave metadata, so that `only` is judged too.
    """

    name: str
    expects_match: bool
    article: Article | None = None
    seed: str = ""
    judges_only: bool = False
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRule:
    """Be a rule with its query, lists resolved: what the engine runs."""

    rule: Rule
    query: Node
    exclude: tuple[Node, ...] = ()
    only: Only = UNFILTERED
    tests: tuple[RuleTest, ...] = ()
