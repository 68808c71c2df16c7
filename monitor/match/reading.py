"""Hold an article's fields as token positions with an index from form to places.

Keys of the index: a folded form as it is ("meta"), `=` and the form as written for exact hits
("=Meta"), a mark and the folded form for marked tokens ("#meta"). Folded forms never begin with
one of these signs, so keys cannot be mistaken for each other.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from functools import lru_cache

from monitor.text.folding import fold
from monitor.text.sentences import sentence_ends
from monitor.text.stems import UNKNOWN, stem
from monitor.text.tokens import Part, placed, url_words

Interval = tuple[int, int]
"""Token positions, half-open."""

_SIGNS = frozenset("=#@$")


def keys_of(part: Part) -> list[str]:
    """List the index keys under which a part is found."""
    keys = list(part.folds)
    keys += ["=" + form for form in part.exact]
    if part.mark:
        keys += [part.mark + form for form in part.folds]
    return keys


def searched(name: str, text: str) -> str:
    """Give the text of a field as it is cut into tokens; of the same length."""
    return url_words(text) if name == "url" else text


class FieldText:
    """Be one field of one article, tokenised.

    `starts[p]`/`ends[p]` are the code points of the token at position p, `paragraphs[p]` its
    paragraph. `postings` maps a key to the places of its tokens in order, each (position, end).
    `lang` is a lang_class, `stem_lang` a primary subtag.
    """

    __slots__ = (
        "_memo", "_sentences", "_stems", "ends", "name", "paragraphs", "postings", "starts",
        "stem_lang", "text",
    )  # fmt: skip

    def __init__(self, name: str, text: str, lang: str, stem_lang: str = UNKNOWN) -> None:
        self.name = name
        self.text = text
        self.stem_lang = stem_lang
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.paragraphs: list[int] = []
        self.postings: dict[str, list[Interval]] = {}
        self._memo: dict[str, list[Interval]] = {}
        self._stems: dict[str, list[Interval]] = {}
        self._sentences: list[int] = []
        for at, base, paragraph, reading in placed(searched(name, text), lang):
            for part in reading.parts:
                self._add(at, base, paragraph, part)
        if name == "tag":  # each line is a tag of its own
            self.paragraphs = _lines(text, self.starts)

    def _add(self, at: int, base: int, paragraph: int, part: Part) -> None:
        first = base + part.position
        place = (first, first + part.width)
        if part.width == 1:
            self.starts.append(at + part.start)
            self.ends.append(at + part.end)
            self.paragraphs.append(paragraph)
        for key in keys_of(part):
            self.postings.setdefault(key, []).append(place)

    def places(self, key: str) -> list[Interval]:
        """List the places of a key's tokens, in order."""
        return self.postings.get(key, [])

    def wild(self, pattern: str, mark: str) -> list[Interval]:
        """Find the tokens that a folded wildcard hits, in order; remembered."""
        key = mark + pattern
        if key not in self._memo:
            fits = wildcard(pattern).fullmatch
            hits = {
                place
                for form, places in self.postings.items()
                if (form[0] == mark if mark else form[0] not in _SIGNS) and fits(form[len(mark) :])
                for place in places
            }
            self._memo[key] = sorted(hits)
        return self._memo[key]

    def inflected(self, written: str) -> list[Interval]:
        """Find the tokens with the stem of a word, in order; the word itself is among them."""
        if not self._stems:
            for key, places in self.postings.items():
                if key[0] == "=":
                    stemmed = stem(key[1:].lower(), self.stem_lang)
                    self._stems.setdefault(stemmed, []).extend(places)
        places = self._stems.get(stem(written, self.stem_lang), [])
        return sorted({*places, *self.places(fold(written))})

    def in_a_row(self, parts: Sequence[Sequence[Interval]]) -> list[Interval]:
        """Find where places of the parts follow each other in one paragraph, in order."""
        if not all(parts):
            return []
        found = set(parts[0])
        for part in parts[1:]:
            behind: dict[int, list[int]] = {}
            for start, end in part:
                behind.setdefault(start, []).append(end)
            found = {(start, last) for start, end in found for last in behind.get(end, ())}
        if not found:
            return []
        homes = self.paragraphs
        return sorted((start, end) for start, end in found if homes[start] == homes[end - 1])

    def sentences(self) -> list[int]:
        """Give the sentence of each position; every field but the body is one for a paragraph."""
        if self.name != "body":
            return self.paragraphs
        if not self._sentences:
            self._sentences = self._cut_into_sentences()
        return self._sentences

    def _cut_into_sentences(self) -> list[int]:
        ends = deque(sentence_ends(self.text, self.stem_lang))
        numbers, number, paragraph = [], 0, 0
        for start, home in zip(self.starts, self.paragraphs, strict=True):
            is_next = home != paragraph
            while ends and ends[0] <= start:
                ends.popleft()
                is_next = True
            number, paragraph = number + is_next, home
            numbers.append(number)
        return numbers

    def span(self, place: Interval) -> Interval:
        """Give the code points that a place covers, half-open."""
        return self.starts[place[0]], self.ends[place[1] - 1]


def _lines(text: str, starts: list[int]) -> list[int]:
    """Count the newlines before each of some ascending offsets."""
    lines, line, last = [], 0, 0
    for start in starts:
        line += text.count("\n", last, start)
        last = start
        lines.append(line)
    return lines


@lru_cache(maxsize=10_000)
def wildcard(pattern: str) -> re.Pattern[str]:
    """Compile a wildcard: `*` any run, `?` one letter; matching time is linear.

    Each run takes the shortest text that lets the next piece fit and never gives it back (atomic
    groups, as fnmatch does): `*a*a*a*b` cannot go quadratic on a hostile token.
    """
    first, *rest = [re.escape(piece).replace(r"\?", r"\w") for piece in pattern.split("*")]
    if not rest:
        return re.compile(first)
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1] if piece)
    return re.compile(f"{first}{middle}.*{rest[-1]}", re.DOTALL)
