"""Hold a field of which the matcher has read only what the rules ask for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate, chain, count
from operator import add, attrgetter
from typing import Any

from monitor.match.chunks import BREAK, ENDING, NOTHING, Chunk, cut
from monitor.match.lexicon import Lexicon
from monitor.match.reading import FieldText, Interval
from monitor.text.tokens import read_chunk

_CHUNK = re.compile(r"\S+")
_END = f" {BREAK}"
_WIDTH = attrgetter("width")


class KnownText(FieldText):
    """Be a title or body whose chunks are known to a lexicon.

    Places of the lexicon's names come from its chunks, code points from the few chunks that are
    asked for. Whatever else is asked reads the text whole, as any FieldText.
    """

    __slots__ = (
        "_chunks", "_firsts", "_found", "_having", "_numbers", "_offsets", "_phrases", "_places",
        "_said", "_spots", "_tokens", "lang",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        text: str,
        lang: str,
        stem_lang: str,
        said: Sequence[Chunk],
        *,
        lexicon: Lexicon,
        found: AbstractSet[int],
    ) -> None:
        """`said` is what its chunks mean; in `found` are the article's features, by number."""
        self.name = name
        self.text = text
        self.lang = lang
        self.stem_lang = stem_lang
        self._chunks: list[str] = []
        self._said = said
        self._numbers = lexicon.numbers
        self._phrases = lexicon.phrases
        self._found = found
        self._firsts: list[int] = []
        self._places: dict[int, list[Interval]] = {}
        self._offsets: list[int] = []
        self._spots: defaultdict[Chunk, list[int]] = defaultdict(list)
        self._having: defaultdict[int, list[Chunk]] = defaultdict(list)
        self._tokens: dict[int, Interval] = {}

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
        number = self._numbers.get(key)
        return super().places(key) if number is None else self._place(number)

    def wild(self, pattern: str, mark: str) -> list[Interval]:
        """Find the tokens that a folded wildcard hits, in order."""
        name = f"~{mark}{pattern}"
        return self.places(name) if name in self._numbers else super().wild(pattern, mark)

    def inflected(self, written: str) -> list[Interval]:
        """Find the tokens with the stem of a word, in order; the word itself is among them."""
        name = f"^{written}"
        return self.places(name) if name in self._numbers else super().inflected(written)

    def places_of(self, features: Iterable[int]) -> Sequence[Interval]:
        """List the places of some features, given by their numbers, in order."""
        found = [*filter(None, map(self._place, features))]
        return found[0] if len(found) == 1 else sorted({*chain.from_iterable(found)})

    def _place(self, feature: int) -> list[Interval]:
        if feature not in self._places:
            words = self._phrases.get(feature)
            self._places[feature] = (
                self.in_a_row([*map(self._place, words)]) if words else self._stands(feature)
            )
        return self._places[feature]

    def _stands(self, name: int) -> list[Interval]:
        """List the places of a name, in order."""
        if name not in self._found:
            return []
        if not self._spots:
            self._look()
        firsts = self._positions()
        found: list[Interval] = []
        chunks = self._having.get(name, ())
        for chunk in chunks:
            spots = map(firsts.__getitem__, self._spots[chunk])
            if chunk.width == 1:
                found += [(first, first + 1) for first in spots]
            else:
                ways = [(at, at + wide) for one, at, wide in chunk.places if one == name]
                found += [(first + start, first + end) for first in spots for start, end in ways]
        return found if len(chunks) == 1 else sorted(found)

    def _look(self) -> None:
        """Find the chunks that have a name, and where they stand: one look serves all names."""
        spots, having = self._spots, self._having
        for at, chunk in enumerate(self._said):
            if chunk is not NOTHING:
                spots[chunk].append(at)
        for chunk in spots:
            for name in chunk.names:
                having[name].append(chunk)

    def span(self, place: Interval) -> Interval:
        """Give the code points that a place covers, half-open."""
        first, behind = place
        start, end = self._token(first)
        return start, end if behind == first + 1 else self._token(behind - 1)[1]

    def _token(self, position: int) -> Interval:
        if position not in self._tokens:
            self._read_at(position)
        return self._tokens[position]

    def _read_at(self, position: int) -> None:
        """Find the tokens of the chunk that holds a position."""
        if not self._chunks:
            self._chunks = cut(self.text)
            self._offsets = _offsets(self._chunks, self.text)
        firsts = self._positions()
        at = bisect_right(firsts, position) - 1
        start, first = self._offsets[at], firsts[at]
        for part in read_chunk(self._chunks[at], self.lang).parts:
            if part.width == 1:
                self._tokens[first + part.position] = (start + part.start, start + part.end)

    def _positions(self) -> list[int]:
        """Give the first position of each chunk, and the number of positions."""
        if not self._firsts:
            self._firsts = [*accumulate(map(_WIDTH, self._said), initial=0)]
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
    sizes = [*map(len, chunks)]
    at = -1
    for _ in range(chunks.count(BREAK)):
        at = chunks.index(BREAK, at + 1)
        sizes[at] = 0
    offsets = [*map(add, accumulate(sizes, initial=0), count())]
    if offsets[-1] == len(text) + len(_END):  # no white space but one sign, or two at a BREAK
        return offsets
    starts = (hit.start() for hit in _CHUNK.finditer(text))
    return [-1 if chunk == BREAK else next(starts) for chunk in chunks]
