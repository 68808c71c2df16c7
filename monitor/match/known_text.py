"""Hold a field of which the matcher has read only what the rules ask for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate, chain
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
        "_chunks", "_firsts", "_inner", "_named", "_names", "_offsets", "_places", "_said",
        "_stand", "_tokens", "lang",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        text: str,
        lang: str,
        stem_lang: str,
        said: Sequence[Chunk],
        names: AbstractSet[str],
    ) -> None:
        """`said` is what the chunks of the text mean; `names` are all that they could."""
        self.name = name
        self.text = text
        self.lang = lang
        self.stem_lang = stem_lang
        self._chunks: list[str] = []
        self._said = said
        self._names = names
        self._firsts: list[int] = []
        self._stand: dict[Chunk, list[int]] = {}  # where chunks with names stand
        self._named: dict[str, list[Chunk]] = {}  # the chunks of a name that take one position
        self._inner: dict[str, list[Interval]] = {}  # its places in those that take more
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

    def _place(self, feature: str) -> list[Interval]:
        places = self._places.get(feature)
        if places is None:
            if not self._firsts:
                self._look_up()
            if " " in feature:
                places = self.in_a_row([self._place(word) for word in feature.split(" ")])
            else:
                places = self._find(feature)
            self._places[feature] = places
        return places

    def span(self, place: Interval) -> Interval:
        """Give the code points that a place covers, half-open."""
        return self._token(place[0])[0], self._token(place[1] - 1)[1]

    def _token(self, position: int) -> Interval:
        if not self._chunks:
            self._chunks = cut(self.text)
            self._offsets = _offsets(self._chunks, self.text)
        at = bisect_right(self._firsts, position) - 1
        if at not in self._tokens:  # a text without spaces is one chunk: it is read once
            start = self._offsets[at]
            parts = read_chunk(self._chunks[at], self.lang).parts
            self._tokens[at] = {
                part.position: (start + part.start, start + part.end)
                for part in parts
                if part.width == 1
            }
        return self._tokens[at][position - self._firsts[at]]

    def _find(self, name: str) -> list[Interval]:
        found = [*self._inner.get(name, ())]
        for chunk in self._named.get(name, ()):
            found += [(first, first + 1) for first in self._stand[chunk]]
        found.sort()
        return found

    def _look_up(self) -> None:
        """Note the first position of each chunk, and which of them have which names."""
        stand = self._stand
        self._firsts = [*accumulate([chunk.width for chunk in self._said], initial=0)]
        for chunk, first in zip(self._said, self._firsts, strict=False):
            if chunk.names:
                stand.setdefault(chunk, []).append(first)
        for chunk, firsts in stand.items():
            for name in chunk.names if chunk.width == 1 else ():
                self._named.setdefault(name, []).append(chunk)
            for name, inner, wide in chunk.places:
                places = self._inner.setdefault(name, [])
                places += [(first + inner, first + inner + wide) for first in firsts]

    def _count_paragraphs(self) -> list[int]:
        """Give the paragraph of each position."""
        if not self._firsts:
            self._look_up()
        homes: list[int] = []
        ends = zip(self._said, self._firsts, strict=False)
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
