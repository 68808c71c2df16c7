"""Know what each chunk of text means to a set of rules, and what a whole article therefore holds.

The unit is a chunk, what stands between white space: one look in a dict tells which features of
the rules it has, and where phrases may begin. The dict is filled on first sight and bounded; most
chunks of most articles are old acquaintances, so the linguistics are nearly free.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, count
from operator import itemgetter

from monitor.match.reading import keys_of, wildcard
from monitor.text.folding import fold
from monitor.text.stems import stem
from monitor.text.tokens import MAX_CACHED_CHARS, Reading, read_chunk, simple_word

MAX_KNOWN_CHUNKS = 100_000
"""Bounds the memory of what chunks mean, for each kind of language."""
MAX_KINDS = 64
"""Of languages that are remembered apart."""

_PARAGRAPH_END = re.compile(r"\n\s*\n")
_Starts = dict[str, list[tuple[tuple[str, ...], str]]]
"""Of a phrase's second word: the words behind it, and the phrase's feature."""
_NamePlace = tuple[str, int, int]


class Chunk:
    """Be what a chunk means to the rules; compared by identity, shared by chunks that mean it too.

    `names` are its features, `forms` those of its folded forms that stand in phrases, `starts` the
    phrases that it may begin. It takes `width` positions; if that is not one, `places` says which
    of them each name has: (name, first, how many).
    """

    __slots__ = ("forms", "names", "places", "starts", "width")

    def __init__(
        self,
        names: tuple[str, ...] = (),
        forms: frozenset[str] = frozenset(),
        starts: _Starts | None = None,
        *,
        width: int = 1,
        places: tuple[_NamePlace, ...] = (),
    ) -> None:
        self.names = names
        self.forms = forms
        self.starts = starts
        self.width = width
        self.places = places


BREAK = Chunk(width=0)
"""Ends a paragraph or a field."""
_EMPTY = Chunk(width=0)  # a dash between spaces: no position at all


class Wanted:
    """Hold the features that rules ask for, sorted by how they are found in a text."""

    def __init__(self, names: Iterable[str]) -> None:
        self.plain: set[str] = set()
        self.wild: dict[str, list[str]] = {}
        self.inflected: list[str] = []
        self.starts: dict[str, _Starts] = {}
        self.in_phrases: set[str] = set()
        for name in names:
            if name[0] == "~":
                self.wild.setdefault(_opening(name[1:]), []).append(name)
            elif name[0] == "^":
                self.inflected.append(name)
            elif " " in name:
                self._add_phrase(name)
            else:
                self.plain.add(name)

    def _add_phrase(self, name: str) -> None:
        first, second, *rest = name.split(" ")
        self.in_phrases.update((first, second, *rest))
        starts = self.starts.setdefault(first, {})
        starts.setdefault(second, []).append((tuple(rest), name))


class Lexicon:
    """Find the features of articles; filled on first sight, bounded."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self._wanted = Wanted(self.names)
        self._known: dict[tuple[str, str], _Known] = {}

    def read(self, texts: Sequence[str], lang: str, stem_lang: str) -> list[list[Chunk]]:
        """Cut fields into chunks; a break stands behind each paragraph.

        `lang` is a lang_class, `stem_lang` a primary subtag.
        """
        look = self._chunks_known(lang, stem_lang).__getitem__
        fields = []
        for text in texts:
            chunks: list[Chunk] = []
            for paragraph in _paragraphs(text):
                chunks += map(look, paragraph.split())
                chunks.append(BREAK)
            fields.append(chunks)
        return fields

    def _chunks_known(self, lang: str, stem_lang: str) -> _Known:
        kind = (lang, stem_lang if self._wanted.inflected else "")
        known = self._known.get(kind)
        if known is None or len(known) > MAX_KNOWN_CHUNKS:
            if len(self._known) >= MAX_KINDS:
                self._known.clear()
            known = self._known[kind] = _Known(self._wanted, *kind)
        return known


def _paragraphs(text: str) -> Iterable[str]:
    if "\n" not in text:
        return (text,)
    parts = text.split("\n\n")  # as articles are kept: a fifth of the time of the pattern
    if not any(part.count("\n") > 1 for part in parts):
        return parts
    return _PARAGRAPH_END.split(text)


def features(fields: Iterable[Sequence[Chunk]]) -> tuple[set[str], set[str]]:
    """Gather the wanted features of fields that were read: one that is there is never missed.

    Behind all of them come those that are not sure: phrases that reach into a compound, or into a
    text without spaces.
    """
    chunks = list(chain.from_iterable(fields))
    distinct = set(chunks)
    found = set().union(*[chunk.names for chunk in distinct])
    opening = {chunk for chunk in distinct if chunk.starts is not None}
    if not opening:
        return found, set()
    if _EMPTY in distinct:
        chunks = [chunk for chunk in chunks if chunk is not _EMPTY]
    sure: set[str] = set()
    unsure: set[str] = set()
    for at in compress(count(), map(opening.__contains__, chunks)):
        if chunks[at + 1].forms or chunks[at].width > 1:
            _find_phrases(chunks, at, sure, unsure)
    found |= sure
    found |= unsure
    return found, unsure - sure


class _Known(dict[str, Chunk]):
    """Map a chunk's text to what it means; reads what it does not know yet."""

    def __init__(self, wanted: Wanted, lang: str, stem_lang: str) -> None:
        super().__init__()
        self._wanted = wanted
        self._lang = lang
        self._stem_lang = stem_lang
        self._shared: dict[tuple[object, ...], Chunk] = {}
        self._stems: dict[str, list[str]] = {}
        self._as_written: dict[str, list[str]] = {}
        for name in wanted.inflected:
            self._stems.setdefault(stem(name[1:], stem_lang), []).append(name)
            self._as_written.setdefault(fold(name[1:]), []).append(name)

    def __missing__(self, text: str) -> Chunk:
        if len(text) > MAX_CACHED_CHARS:
            return self._read(text)
        chunk = self._read(text)
        meaning = (chunk.names, chunk.forms, chunk.width, chunk.places)
        shared = self[text] = self._shared.setdefault(meaning, chunk)
        return shared

    def _read(self, text: str) -> Chunk:
        word = simple_word(text)
        if word is not None:  # most chunks of most texts: a third of the time
            return self._single({word.lower(), "=" + word})
        reading = read_chunk(text, self._lang)
        if not reading.width:
            return _EMPTY
        if reading.width == 1:
            return self._single({key for part in reading.parts for key in keys_of(part)})
        return self._compound(reading)

    def _single(self, keys: set[str]) -> Chunk:
        forms = self._wanted.in_phrases & keys
        return Chunk(tuple(sorted(self._names(keys))), frozenset(forms), self._starts(forms))

    def _compound(self, reading: Reading) -> Chunk:
        places: set[_NamePlace] = set()
        forms: set[str] = set()
        for part in reading.parts:
            keys = set(keys_of(part))
            forms |= self._wanted.in_phrases & keys
            places.update((name, part.position, part.width) for name in self._names(keys))
        return Chunk(
            tuple(sorted({name for name, _, _ in places})),
            frozenset(forms),
            self._starts(forms),
            width=reading.width,
            places=tuple(sorted(places, key=itemgetter(1, 2, 0))),
        )

    def _names(self, keys: set[str]) -> set[str]:
        names = self._wanted.plain & keys
        if self._wanted.wild:
            names.update(name for key in keys if key[0] != "=" for name in self._wild_hits(key))
        if self._stems:
            names.update(name for key in keys for name in self._stem_hits(key))
        return names

    def _wild_hits(self, key: str) -> Iterator[str]:
        wild = self._wanted.wild
        for name in (*wild.get(key[:2], ()), *wild.get("", ())):
            if wildcard(name[1:]).fullmatch(key):
                yield name

    def _stem_hits(self, key: str) -> Iterator[str]:
        if key[0] == "=":
            yield from self._stems.get(stem(key[1:].lower(), self._stem_lang), ())
        else:
            yield from self._as_written.get(key, ())

    def _starts(self, forms: set[str]) -> _Starts | None:
        found = [self._wanted.starts[form] for form in forms if form in self._wanted.starts]
        if len(found) < 2:
            return found[0] if found else None
        merged: _Starts = {}
        for starts in found:
            for second, phrases in starts.items():
                merged[second] = [*merged.get(second, ()), *phrases]
        return merged


def _find_phrases(chunks: Sequence[Chunk], at: int, sure: set[str], unsure: set[str]) -> None:
    """Sort the phrases that may begin in a chunk; the last chunk of all is a break."""
    chunk, behind = chunks[at], chunks[at + 1]
    starts = chunk.starts or {}
    if chunk.width == 1 and behind.width <= 1:
        for form in behind.forms:
            for rest, name in starts.get(form, ()):
                if not rest:
                    sure.add(name)
                elif _follow(chunks, at, (form, *rest)):
                    unsure.add(name)
        return
    for form in behind.forms if chunk.width == 1 else behind.forms | chunk.forms:
        for rest, name in starts.get(form, ()):
            if _follow(chunks, at, (form, *rest)):
                unsure.add(name)


def _follow(chunks: Sequence[Chunk], at: int, words: Sequence[str]) -> bool:
    """Tell whether words may follow the one in a chunk, in it or in those behind it."""
    places = {at}
    for word in words:
        within = {p for p in places if chunks[p].width > 1 and word in chunks[p].forms}
        places = within | {p + 1 for p in places if word in chunks[p + 1].forms}
    return bool(places)


def _opening(pattern: str) -> str:
    """Give the first two characters of a wildcard that every hit shares, "" if it has none."""
    opening = pattern[:2]
    return "" if len(opening) < 2 or "*" in opening or "?" in opening else opening
