"""Hold a field of which the matcher has read only what the rules ask for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate
from typing import Any

from monitor.match.lexicon import BREAK, Chunk
from monitor.match.reading import FieldText, Interval
from monitor.text.tokens import read_chunk

_CHUNK = re.compile(r"\S+")


class KnownText(FieldText):
    """Be a title or body whose chunks are known to a lexicon.

    Places of the lexicon's names come from its chunks, code points from the few chunks that are
    asked for. Whatever else is asked reads the text whole, as any FieldText.
    """

    __slots__ = ("_chunks", "_firsts", "_known_places", "_names", "_spans", "_tokens", "lang")

    def __init__(
        self,
        name: str,
        text: str,
        lang: str,
        stem_lang: str,
        chunks: Sequence[Chunk],
        names: AbstractSet[str],
    ) -> None:
        """`chunks` are those of the text, with breaks; `names` all that they could have told."""
        self.name = name
        self.text = text
        self.lang = lang
        self.stem_lang = stem_lang
        self._chunks = chunks
        self._names = names
        self._known_places: dict[str, list[Interval]] | None = None
        self._firsts: list[int] = []
        self._spans: list[Interval] = []
        self._tokens: dict[int, dict[int, Interval]] = {}

    def __getattr__(self, name: str) -> Any:
        """Read the text whole when something is asked that only then is known."""
        if name not in FieldText.__slots__:
            raise AttributeError(name)
        super().__init__(self.name, self.text, self.lang, self.stem_lang)
        return getattr(self, name)

    def places(self, key: str) -> list[Interval]:
        """List the places of a key's tokens, in order."""
        if key not in self._names:
            return super().places(key)
        if self._known_places is None:
            self._known_places = self._find()
        return self._known_places.get(key, [])

    def wild(self, pattern: str, mark: str) -> list[Interval]:
        """Find the tokens that a folded wildcard hits, in order."""
        name = f"~{mark}{pattern}"
        return self.places(name) if name in self._names else super().wild(pattern, mark)

    def inflected(self, written: str) -> list[Interval]:
        """Find the tokens with the stem of a word, in order; the word itself is among them."""
        name = f"^{written}"
        return self.places(name) if name in self._names else super().inflected(written)

    def span(self, place: Interval) -> Interval:
        """Give the code points that a place covers, half-open."""
        if not self._spans:
            self._firsts = [0, *accumulate(c.width for c in self._chunks if c is not BREAK)]
            self._spans = [chunk.span() for chunk in _CHUNK.finditer(self.text)]
        return self._token(place[0])[0], self._token(place[1] - 1)[1]

    def _token(self, position: int) -> Interval:
        at = bisect_right(self._firsts, position) - 1
        if at not in self._tokens:  # a text without spaces is one chunk: it is read once
            start, end = self._spans[at]
            parts = read_chunk(self.text[start:end], self.lang).parts
            self._tokens[at] = {
                part.position: (start + part.start, start + part.end)
                for part in parts
                if part.width == 1
            }
        return self._tokens[at][position - self._firsts[at]]

    def _find(self) -> dict[str, list[Interval]]:
        """List the places of all names, and note the paragraph of each position."""
        found: dict[str, list[Interval]] = {}
        homes: list[int] = []
        first = paragraph = 0
        for chunk in self._chunks:
            width = chunk.width
            if width == 1:
                for name in chunk.names:
                    found.setdefault(name, []).append((first, first + 1))
            elif width:
                for name, inner, wide in chunk.places:
                    found.setdefault(name, []).append((first + inner, first + inner + wide))
            elif chunk is BREAK:
                homes += [paragraph] * (first - len(homes))
                paragraph += 1
            first += width
        self.paragraphs = homes
        return found
