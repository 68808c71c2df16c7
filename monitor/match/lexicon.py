"""Know what each chunk of text means to a set of rules.

One look in a dict tells which features of the rules a chunk has, and where phrases may begin. The
dict is filled on first sight and bounded; most chunks of most articles are old acquaintances, so
the linguistics are nearly free.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter

from monitor.match.chunks import (
    BREAK,
    EMPTY,
    ENDING,
    NO_PHRASES,
    NOTHING,
    Chunk,
    NamePlace,
    Phrases,
)
from monitor.match.reading import keys_of, wildcard
from monitor.match.shares import share
from monitor.text.folding import fold
from monitor.text.stems import has_stems, stem
from monitor.text.tokens import MAX_CACHED_CHARS, Reading, read_chunk, simple_word

MAX_KNOWN_CHUNKS = 100_000
"""Bounds the memory of what chunks mean, over all languages."""


class Wanted:
    """Hold the numbers of features that rules ask for, by how they are found in a text.

    `phrases` are the words of each phrase; those that nobody asks for are numbered behind all.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.numbers = {name: number for number, name in enumerate(names, start=1)}
        self.wild: dict[str, list[str]] = {}
        self.inflected: list[str] = []
        self.behind: dict[int, Phrases] = {}
        self.before: dict[int, Phrases] = {}
        self.phrases: dict[int, tuple[int, ...]] = {}
        phrases = []
        for name in self.numbers:
            if name[0] == "~":
                self.wild.setdefault(_opening(name[1:]), []).append(name)
            elif name[0] == "^":
                self.inflected.append(name)
            elif " " in name:
                phrases.append(name)
        for name in phrases:
            self._add_phrase(name)

    def _add_phrase(self, name: str) -> None:
        numbers, number, words = self.numbers, self.numbers[name], name.split(" ")
        numbered = tuple(numbers.setdefault(word, len(numbers) + 1) for word in words)
        self.phrases[number] = numbered
        first, second, *rest = numbered
        if share(words[1]) < share(words[0]):
            phrases = self.before.setdefault(second, {}).setdefault(first, [])
        else:
            phrases = self.behind.setdefault(first, {}).setdefault(second, [])
        phrases.append(((second, *rest), number))


class Lexicon:
    """Say what chunks mean; filled on first sight, bounded."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are the features that are asked for, numbered from 1 in this order."""
        self._wanted = Wanted(names)
        self.numbers = self._wanted.numbers
        self.phrases = self._wanted.phrases
        self._known: dict[tuple[str, str], _Known] = {}

    def read(self, chunks: Iterable[str], lang: str, stem_lang: str) -> list[Chunk]:
        """Say what chunks mean; `lang` is a lang_class, `stem_lang` a primary subtag."""
        return [*map(self._chunks_known(lang, stem_lang).__getitem__, chunks)]

    def _chunks_known(self, lang: str, stem_lang: str) -> _Known:
        is_stemmed = self._wanted.inflected and has_stems(stem_lang)
        kind = (lang, stem_lang if is_stemmed else "")
        if sum(map(len, tuple(self._known.values()))) > MAX_KNOWN_CHUNKS:
            self._known.clear()
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = _Known(self._wanted, *kind)
        return known


def _meaning(chunk: Chunk) -> tuple[object, ...]:
    return chunk.names, chunk.width, chunk.places


class _Known(dict[str, Chunk]):
    """Map a chunk's text to what it means; reads what it does not know yet."""

    def __init__(self, wanted: Wanted, lang: str, stem_lang: str) -> None:
        super().__init__({BREAK: ENDING})
        self._wanted = wanted
        self._lang = lang
        self._stem_lang = stem_lang
        self._shared: dict[tuple[object, ...], Chunk] = {_meaning(NOTHING): NOTHING}
        self._stems: dict[str, list[str]] = {}
        self._as_written: dict[str, list[str]] = {}
        for name in wanted.inflected:
            self._stems.setdefault(stem(name[1:], stem_lang), []).append(name)
            self._as_written.setdefault(fold(name[1:]), []).append(name)

    def __missing__(self, text: str) -> Chunk:
        if len(text) > MAX_CACHED_CHARS:
            return self._read(text)
        chunk = self._read(text)
        shared = self[text] = self._shared.setdefault(_meaning(chunk), chunk)
        return shared

    def _read(self, text: str) -> Chunk:
        word = simple_word(text)
        if word is not None:  # most chunks of most texts: a third of the time
            return self._single({word.lower(), "=" + word})
        reading = read_chunk(text, self._lang)
        if not reading.width:
            return EMPTY
        if reading.width == 1:
            return self._single({key for part in reading.parts for key in keys_of(part)})
        return self._compound(reading)

    def _single(self, keys: set[str]) -> Chunk:
        return self._chunk(self._names(keys))

    def _compound(self, reading: Reading) -> Chunk:
        places: set[NamePlace] = set()
        for part in reading.parts:
            keys = set(keys_of(part))
            places.update((name, part.position, part.width) for name in self._names(keys))
        chunk = self._chunk({name for name, _, _ in places})
        chunk.width = reading.width
        chunk.places = tuple(sorted(places, key=itemgetter(1, 2, 0)))
        return chunk

    def _chunk(self, names: set[int]) -> Chunk:
        return Chunk(
            tuple(sorted(names)),
            behind=_merged(map(self._wanted.behind.get, names)),
            before=_merged(map(self._wanted.before.get, names)),
        )

    def _names(self, keys: set[str]) -> set[int]:
        numbers = self._wanted.numbers
        names = {numbers[key] for key in keys if key in numbers}
        if self._wanted.wild:
            hits = (name for key in keys if key[0] != "=" for name in self._wild_hits(key))
            names.update(map(numbers.__getitem__, hits))
        if self._stems:
            hits = (name for key in keys for name in self._stem_hits(key))
            names.update(map(numbers.__getitem__, hits))
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


def _merged(found: Iterable[Phrases | None]) -> Phrases:
    known = [phrases for phrases in found if phrases]
    if len(known) < 2:
        return known[0] if known else NO_PHRASES
    merged: Phrases = {}
    for phrases in known:
        for word, some in phrases.items():
            merged[word] = [*merged.get(word, ()), *some]
    return merged


def _opening(pattern: str) -> str:
    """Give the first two characters of a wildcard that every hit shares, "" if it has none."""
    opening = pattern[:2]
    return "" if len(opening) < 2 or "*" in opening or "?" in opening else opening
