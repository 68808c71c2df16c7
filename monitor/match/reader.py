"""Read of articles what rules or questions ask for, and no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from monitor.match.chunks import cut
from monitor.match.evaluate import DEFAULT_FIELDS, Document, field_text
from monitor.match.features import features
from monitor.match.known_text import KnownText
from monitor.match.lexicon import Lexicon
from monitor.match.reading import FieldText, searched
from monitor.match.tree import Node, Phrase, Word
from monitor.model.article import Article
from monitor.text.stems import primary
from monitor.text.tokens import lang_class


class Read(NamedTuple):
    """Be an article that was read: its features by number, and those that are not sure."""

    document: Document
    fields: tuple[KnownText, ...]
    found: set[int]
    unsure: set[int]


class _KnownDocument(Document):
    """Be an article of which the features are known."""

    def __init__(
        self,
        article: Article,
        fields: dict[str, FieldText],
        *,
        numbers: Mapping[str, int],
        found: AbstractSet[int],
    ) -> None:
        """`numbers` are of all features looked for, `found` holds those that are there."""
        super().__init__(article, fields)
        self._numbers = numbers
        self._found = found

    def present(self, parts: Sequence[Node]) -> Sequence[Node]:
        """Leave out plain words that are no feature of the article, and phrases that open so."""
        found, numbers = self._found, self._numbers
        kept = []
        for part in parts:
            word = part.words[0] if isinstance(part, Phrase) else part
            if not isinstance(word, Word) or (
                (number := numbers.get(word.word)) is None  # a wildcard, a compound
                or number in found
                or word.mark
                or word.is_exact
                or word.is_inflected
            ):
                kept.append(part)
        return kept


class Reader:
    """Read articles; immutable but for what it learns of chunks, which is bounded."""

    def __init__(self, names: Iterable[str], fields: Collection[str]) -> None:
        """`names` are the features that are asked for, `fields` what else than texts is named.

        Features are numbered from 1, in this order.
        """
        self._lexicon = Lexicon(names)
        self._fields = (*DEFAULT_FIELDS, *sorted({*fields} - {*DEFAULT_FIELDS, "lead"}))

    def read(self, article: Article) -> Read:
        """Find the features of an article, and hold its title and body ready to be judged."""
        lang = article.lang or article.source.lang
        kind, stem_lang = lang_class(lang), primary(lang)
        texts = [field_text(article, name) for name in self._fields]
        title, body, *others = (
            self._lexicon.read(cut(searched(name, text)), kind, stem_lang)
            for name, text in zip(self._fields, texts, strict=True)
        )
        found, unsure = features(title + body)
        for other in others:
            elsewhere, _ = features(other)
            unsure |= elsewhere - found
        found |= unsure
        fields = tuple(
            KnownText(name, text, kind, stem_lang, said, lexicon=self._lexicon, found=found)
            for name, text, said in zip(DEFAULT_FIELDS, texts, (title, body), strict=False)
        )
        named: dict[str, FieldText] = {field.name: field for field in fields}
        document = _KnownDocument(article, named, numbers=self._lexicon.numbers, found=found)
        return Read(document, fields, found, unsure)
