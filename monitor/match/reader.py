"""Read of articles what rules or questions ask for, and no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from monitor.match.chunks import cut
from monitor.match.evaluate import DEFAULT_FIELDS, Document, field_text
from monitor.match.features import features
from monitor.match.known_text import KnownText
from monitor.match.lexicon import Lexicon
from monitor.match.reading import searched
from monitor.model.article import Article
from monitor.text.stems import primary
from monitor.text.tokens import lang_class


class Read(NamedTuple):
    """Be an article that was read: its features, and those of them that are not sure."""

    document: Document
    fields: tuple[KnownText, ...]
    found: set[str]
    unsure: set[str]


class Reader:
    """Read articles; immutable but for what it learns of chunks, which is bounded."""

    def __init__(self, names: Iterable[str], fields: Collection[str]) -> None:
        """`names` are the features that are asked for, `fields` what else than texts is named."""
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
            KnownText(name, text, kind, stem_lang, said, names=self._lexicon.names, found=found)
            for name, text, said in zip(DEFAULT_FIELDS, texts, (title, body), strict=False)
        )
        document = Document(article, {field.name: field for field in fields})
        return Read(document, fields, found, unsure)
