"""Hold a field of which the matcher has read only what the rules ask for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate, chain, compress
from typing import Any

from monitor.match.chunks import BREAK, ENDING, Chunk, cut
from monitor.match.reading import FieldText, Interval
from monitor.text.tokens import read_chunk

_CHUNK = re.compile(r"\S+")


class KnownText(FieldText):
    """Be a title or body whose chunks are known to a lexicon.

    Places of the lexicon's names come from its chunks, code points from the few chunks that are
    asked for. Whatever else is asked reads the text whole, as any FieldText.
    """

    __slots__ = (
        "_chunks", "_firsts", "_found", "_names", "_offsets", "_places", "_said", "_tokens",
        "lang",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        text: str,
        lang: str,
        stem_lang: str,
        said: Sequence[Chunk],
        *,
        names: AbstractSet[str],
        found: AbstractSet[str],
    ) -> None:
        """`said` is what its chunks mean, `names` all that they could, `found` holds what do."""
        self.name = name
        self.text = text
        self.lang = lang
        self.stem_lang = stem_lang
        self._chunks: list[str] = []
        self._said = said
        self._names = names
        self._found = found
        self._firsts: list[int] = []
        self._places: dict[str, list[Interval]] = {}
        self._offsets: list[int] = []
        self._tokens: dict[int, dict[int, Interval]] = {}

    def __getattr__(self, name: str) -> Any:
        """Find out what is asked for the first time: what only the whole text tells, reads it."""
        if name == "paragraphs":
            self.paragraphs = self._count_paragraphs()
        elif name in FieldText.__slots__:
            super().__init__(self.name, self.text, self.lang, self.stem_lang)
        else:
            raise AttributeError(name)
        return getattr(self, name)

    def places(self, key: str) -> list[Interval]:
        """List the places of a key's tokens, in order."""
        return self._place(key) if key in self._names else super().places(key)

    def wild(self, pattern: str, mark: str) -> list[Interval]:
        """Find the tokens that a folded wildcard hits, in order."""
        name = f"~{mark}{pattern}"
        return self.places(name) if name in self._names else super().wild(pattern, mark)

    def inflected(self, written: str) -> list[Interval]:
        """Find the tokens with the stem of a word, in order; the word itself is among them."""
        name = f"^{written}"
        return self.places(name) if name in self._names else super().inflected(written)

    def places_of(self, features: Collection[str]) -> Sequence[Interval]:
        """List the places of some features, in order: of names, and of folded words in a row."""
        found = [*filter(None, map(self._place, features))]
        return found[0] if len(found) == 1 else sorted({*chain.from_iterable(found)})

    def seek(self, names: set[str]) -> None:
        """Find the places of some names, all at once: what is asked next is known then."""
        places: dict[str, list[Interval]] = {name: [] for name in names}
        having = {chunk for chunk in set(self._said) if not names.isdisjoint(chunk.names)}
        stand = zip(self._said, self._positions(), strict=False)
        for chunk, first in compress(stand, map(having.__contains__, self._said)):
            if chunk.width == 1:
                for name in names.intersection(chunk.names):
                    places[name].append((first, first + 1))
            else:
                for name, inner, wide in chunk.places:
                    if name in names:
                        places[name].append((first + inner, first + inner + wide))
        self._places |= places

    def _place(self, feature: str) -> list[Interval]:
        if feature not in self._places:
            if " " in feature:
                words = [self._place(word) for word in feature.split(" ")]
                self._places[feature] = self.in_a_row(words)
            elif feature in self._found:
                self.seek({feature})
            else:
                self._places[feature] = []
        return self._places[feature]

    def span(self, place: Interval) -> Interval:
        """Give the code points that a place covers, half-open."""
        return self._token(place[0])[0], self._token(place[1] - 1)[1]

    def _token(self, position: int) -> Interval:
        if not self._chunks:
            self._chunks = cut(self.text)
            self._offsets = _offsets(self._chunks, self.text)
        firsts = self._positions()
        at = bisect_right(firsts, position) - 1
        if at not in self._tokens:  # a text without spaces is one chunk: it is read once
            start = self._offsets[at]
            parts = read_chunk(self._chunks[at], self.lang).parts
            self._tokens[at] = {
                part.position: (start + part.start, start + part.end)
                for part in parts
                if part.width == 1
            }
        return self._tokens[at][position - firsts[at]]

    def _positions(self) -> list[int]:
        """Give the first position of each chunk, and the number of positions."""
        if not self._firsts:
            self._firsts = [*accumulate([chunk.width for chunk in self._said], initial=0)]
        return self._firsts

    def _count_paragraphs(self) -> list[int]:
        """Give the paragraph of each position."""
        homes: list[int] = []
        ends = zip(self._said, self._positions(), strict=False)
        for number, end in enumerate(first for chunk, first in ends if chunk is ENDING):
            homes += [number] * (end - len(homes))
        return homes


def _offsets(chunks: Sequence[str], text: str) -> list[int]:
    """Give the code point where each chunk begins; of a BREAK it means nothing."""
    if " ".join(chunks[:-1]).replace(f" {BREAK} ", "\n\n") == text:  # as most texts are kept
        lengths = (1 if chunk == BREAK else len(chunk) + 1 for chunk in chunks)
        return [*accumulate(lengths, initial=0)]
    starts = (hit.start() for hit in _CHUNK.finditer(text))
    return [-1 if chunk == BREAK else next(starts) for chunk in chunks]
