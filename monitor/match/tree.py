"""Draw the tree that a rule's query becomes: frozen nodes, each knowing its own text.

`text` of a node is the query text it was read from, as the writer wrote it; `start`/`end` are
code points in the leaf's text, half-open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

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
    """Match one token, folded; with `*` and `?` a wildcard; `mark` is "", "#", "@" or "$"."""

    place: Place
    word: str
    is_exact: bool = False
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


Node = Word | Phrase | Near | And | Or | Not | Field | ListRef | Line


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
    only: Only = Only()
    tests: tuple[RuleTest, ...] = ()
