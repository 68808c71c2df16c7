"""Judge a query tree on one article, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain as joined
from typing import assert_never

from monitor.match import regexes
from monitor.match.near import Chain, apart, chains, together
from monitor.match.pickup import Passages, Taken, taken
from monitor.match.reading import FieldText, Interval
from monitor.match.tree import (
    POSITIONAL,
    And,
    AtLeast,
    Copies,
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
    Unit,
    Word,
)
from monitor.model.article import Article
from monitor.model.rule import Span
from monitor.text.stems import primary
from monitor.text.tokens import lang_class

DEFAULT_FIELDS = ("title", "body")
LEAD_TOKENS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Be a verdict with the places found, in order of field and place."""

    matched: bool
    spans: tuple[Span, ...]


class Document:
    """Be an article ready to be judged: fields are tokenised on first need and kept.

    Title and body are two texts: no phrase or near reaches from one into the other.
    """

    def __init__(self, article: Article, fields: dict[str, FieldText] | None = None) -> None:
        """`fields` are those that are read already."""
        self.article = article
        lang = article.lang or article.source.lang
        self.lang = lang_class(lang)
        self.stem_lang = primary(lang)
        self._fields = fields if fields is not None else {}
        # by identity: hashing a tree walks it; the node is kept so that its id stays its own
        self._memo: dict[tuple[int, str], tuple[Node, list[Interval]]] = {}
        self._chains: dict[tuple[int, str], tuple[Node, list[Chain]]] = {}
        self._hits: dict[tuple[str, str], list[Interval]] = {}
        self._taken: dict[str, Taken] = {}

    @cached_property
    def passages(self) -> Passages:
        """Give the body's passages, which are compared with watched texts."""
        return Passages(self.article.body)

    def field(self, name: str) -> FieldText:
        """Give a field; `lead` is the body's."""
        name = "body" if name == "lead" else name
        field = self._fields.get(name)
        if field is None:
            text = field_text(self.article, name)
            field = self._fields[name] = FieldText(name, text, self.lang, self.stem_lang)
        return field

    def present(self, parts: Sequence[Node]) -> Sequence[Node]:
        """Leave out parts of which it is known at a glance that they stand nowhere."""
        return parts

    def occurrences(self, node: Node, name: str) -> list[Interval]:
        """List the places of a positional node, or an OR of some, in one field, in order.

        Other nodes have no places of their own and give none.
        """
        key = (id(node), name)
        known = self._memo.get(key)
        if known is None:
            known = self._memo[key] = node, self._find(node, name)
        return known[1]

    def chains(self, node: Near | Together, name: str) -> list[Chain]:
        """List the places of a near, or of words together in a unit, with their members."""
        key = (id(node), name)
        if key not in self._chains:
            self._chains[key] = node, self._find_chains(node, name)
        return self._chains[key][1]

    def _find_chains(self, node: Near | Together, name: str) -> list[Chain]:
        parts = []
        for part in node.parts:
            places = self.occurrences(part, name)
            if not places:  # most often in a title: the other parts need no look
                return []
            parts.append(places)
        if isinstance(node, Near):
            return chains(parts, node.gap, is_ordered=node.is_ordered)
        return together(parts, self._homes(node.unit, name))

    def hits(self, node: Regex, name: str) -> list[Interval]:
        """List the code points of what a regular expression finds in one field, in order."""
        key = (node.pattern, name)
        if key not in self._hits:
            self._hits[key] = regexes.hits(node.pattern, self._searched_text(name))
        return self._hits[key]

    def taken(self, node: Copies) -> Taken:
        """Say what the body takes over of a watched text."""
        if node.path not in self._taken:
            self._taken[node.path] = taken(node, self.passages)
        return self._taken[node.path]

    def count(self, node: Node, fields: tuple[str, ...] = DEFAULT_FIELDS) -> int:
        """Count the places of a node that do not overlap, over all these fields."""
        count, last = 0, ("", 0)
        for field, start, end in _by_end(positive_spans(node, self, fields)):
            if field != last[0] or start >= last[1]:
                count += 1
                last = field, end
        return count

    def _homes(self, unit: Unit, name: str) -> list[int]:
        field = self.field(name)
        return field.paragraphs if unit is Unit.PARAGRAPH else field.sentences()

    def _searched_text(self, name: str) -> str:
        field = self.field(name)
        if name == "lead" and len(field.ends) > LEAD_TOKENS:
            return field.text[: field.ends[LEAD_TOKENS - 1]]
        return field.text

    def _find(self, node: Node, name: str) -> list[Interval]:
        if isinstance(node, (Word, Phrase)):
            found = _leaf(node, self.field(name))
            return found if name != "lead" else [place for place in found if _is_in_lead(place)]
        if isinstance(node, (Near, Together)):
            return [(chain.start, chain.end) for chain in self.chains(node, name)]
        if isinstance(node, NotNear):
            parts, others = self.occurrences(node.part, name), self.occurrences(node.other, name)
            return apart(parts, others, node.gap, is_ordered=node.is_ordered)
        if isinstance(node, Or):
            each = [self.occurrences(part, name) for part in self.present(node.parts)]
            return each[0] if len(each) == 1 else sorted({*joined.from_iterable(each)})
        if isinstance(node, (ListRef, Line)) and node.part is not None:
            return self.occurrences(node.part, name)
        return []

    def holds(self, node: Node, fields: tuple[str, ...] = DEFAULT_FIELDS) -> bool:
        """Tell whether a tree matches in these fields."""
        if isinstance(node, POSITIONAL):
            return any(self.occurrences(node, name) for name in fields)
        if isinstance(node, And):
            return all(self.holds(part, fields) for part in node.parts)
        if isinstance(node, Or):
            return any(self.holds(part, fields) for part in self.present(node.parts))
        if isinstance(node, Regex):
            return any(self.hits(node, name) for name in fields)
        if isinstance(node, (AtLeast, Copies)):
            return self._has_enough(node, fields)
        if isinstance(node, Not):
            return not self.holds(node.part, fields)
        if isinstance(node, Field):
            return self.holds(node.part, (node.name,))
        if isinstance(node, (ListRef, Line)):
            return node.part is not None and self.holds(node.part, fields)
        assert_never(node)

    def _has_enough(self, node: AtLeast | Copies, fields: tuple[str, ...]) -> bool:
        if isinstance(node, Copies):
            return self.taken(node).is_enough
        return self.count(node.part, fields) >= node.count


def document(article: Article) -> Document:
    """Prepare an article to be judged."""
    return Document(article)


def evaluate(node: Node, document: Document) -> Evaluation:
    """Judge a tree on an article; lists must be resolved (one that is not never matches)."""
    matched = document.holds(node)
    spans = positive_spans(node, document, DEFAULT_FIELDS) if matched else []
    return Evaluation(matched=matched, spans=tuple(spans))


def positive_spans(node: Node, document: Document, fields: tuple[str, ...]) -> list[Span]:
    """List the places of all leaves that are not negated; nears as whole intervals."""
    if isinstance(node, POSITIONAL):
        return [
            span_of(document, name, place)
            for name in fields
            for place in document.occurrences(node, name)
        ]
    if isinstance(node, Regex):
        return [span for name in fields for span in hit_spans(node, document, name)]
    if isinstance(node, Copies):
        return list(document.taken(node).spans)
    if isinstance(node, Field):
        return positive_spans(node.part, document, (node.name,))
    if isinstance(node, (And, Or)):
        found = {s for part in node.parts for s in positive_spans(part, document, fields)}
        return sorted(found, key=place_order)
    if isinstance(node, (ListRef, Line, AtLeast)) and node.part is not None:
        return positive_spans(node.part, document, fields)
    return []


def span_of(document: Document, name: str, place: Interval) -> Span:
    """Turn token positions of a field into code points."""
    field = document.field(name)
    start, end = field.span(place)
    return Span(field=field.name, start=start, end=end)


def hit_spans(node: Regex, document: Document, name: str) -> list[Span]:
    """Give the places of what a regular expression finds in one field."""
    field = document.field(name).name
    return [Span(field=field, start=start, end=end) for start, end in document.hits(node, name)]


def place_order(span: Span) -> tuple[bool, bool, str, int, int]:
    """Sort spans title first, then body, then the rest, each by place."""
    return (span.field != "title", span.field != "body", span.field, span.start, span.end)


def field_text(article: Article, name: str) -> str:
    """Give a field's original text; tags are joined by newlines."""
    if name == "tag":
        return "\n".join(article.tags)
    if name in ("title", "body", "author", "url"):
        return str(getattr(article, name))
    raise ValueError(f"no such field: {name}")


def _by_end(spans: list[Span]) -> list[tuple[str, int, int]]:
    ordered = sorted((span.field, span.end, span.start) for span in spans)
    return [(field, start, end) for field, end, start in ordered]


def _is_in_lead(place: Interval) -> bool:
    return place[1] <= LEAD_TOKENS


def _leaf(node: Word | Phrase, field: FieldText) -> list[Interval]:
    if isinstance(node, Word):
        return _word(node, field)
    return field.in_a_row([_word(word, field) for word in node.words])


def _word(word: Word, field: FieldText) -> list[Interval]:
    if word.is_exact:
        return field.places("=" + word.word)
    if "-" not in word.word:
        return _form(word, word.word, word.mark, field)
    first, *rest = word.word.split("-")
    parts = [
        _form(word, first, word.mark, field),
        *(_form(word, part, "", field) for part in rest),
    ]
    joined = _form(word, "".join([first, *rest]), word.mark, field)
    return sorted({*field.in_a_row(parts), *joined})


def _form(word: Word, form: str, mark: str, field: FieldText) -> list[Interval]:
    if word.is_inflected:
        return field.inflected(form)
    if "*" in form or "?" in form:
        return field.wild(form, mark)
    return field.places(mark + form)
