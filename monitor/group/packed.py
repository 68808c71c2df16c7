"""Pack what grouping keeps of an article into few bytes, and read it back.

A packed profile is a header, arrays and strings; its terms stand at the end, each once: as words
where it is stored, as the numbers of a `Terms` where it is held. Both have the same offsets.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from zlib import crc32

from monitor.group.profile import Profile, Vector
from monitor.model.keys import ArticleKey, SourceKey

INDEXED_PRINTS = 32  # smallest fingerprints of an article that are indexed; all are compared

_HEADER = Struct("<I3dI?7H5I")
_TIMES = Struct("<I3d")
_CHECKSUM = Struct("<I")
_FORM = 1 if sys.byteorder == "little" else 2  # of the arrays; counts up when the layout changes


@dataclass(frozen=True, slots=True)
class Packed:
    """Be a packed profile without its terms, and its terms: those of text and head come first.

    A term a line: strings of their own are made when they are asked for, which is once.
    """

    rest: bytes
    lines: str

    @property
    def terms(self) -> tuple[str, ...]:
        """Give the terms."""
        return tuple(self.lines.split("\n")) if self.lines else ()


def pack(profile: Profile, reading: int) -> Packed:
    """Pack a profile; `reading` names how it was read, so that another reading is told apart."""
    terms = dict.fromkeys((*profile.text.terms, *profile.head.terms))
    posted = len(terms)
    terms.update(dict.fromkeys((*sorted(profile.title), *sorted(profile.names))))
    number = {term: at for at, term in enumerate(terms)}
    code = _code(len(number))
    lists = (profile.head.terms, sorted(profile.title), sorted(profile.names))
    places = [word for pair in profile.places for word in pair]
    said = (sorted(profile.skeletons), sorted(profile.numbers), places)
    strings = [
        text.encode("utf-8", "surrogatepass")
        for text in (profile.key, profile.source, profile.url, profile.text_hash)
    ]
    strings.append("\0".join("\n".join(words) for words in said).encode("utf-8", "surrogatepass"))
    header = _HEADER.pack(
        reading ^ _FORM,
        profile.at,
        profile.seen_at,
        profile.slack,
        profile.words,
        profile.has_title,
        len(number),
        posted,
        len(profile.text.terms),
        *map(len, lists),
        len(profile.prints),
        *map(len, strings),
    )
    parts = [
        header,
        array("I", sorted(profile.prints)).tobytes(),
        profile.text.weights,
        profile.head.weights,
        *(array(code, [number[term] for term in one]).tobytes() for one in lists),
        *strings,
    ]
    return Packed(b"".join(parts), "\n".join(number))


def stored(held: bytes, terms: Sequence[str]) -> bytes:
    """Give the form that is stored of a held profile: a checksum is the last of it."""
    blob = held[: View(held).ends_at] + "\n".join(terms).encode("utf-8", "surrogatepass")
    return blob + _CHECKSUM.pack(crc32(blob))


def read_stored(stored: bytes, reading: int) -> Packed | None:
    """Read the stored form; None if it was made by another reading or layout, or is damaged."""
    blob = memoryview(stored)[: -_CHECKSUM.size]
    if len(blob) < _HEADER.size or _TIMES.unpack_from(blob)[0] != reading ^ _FORM:
        return None
    if _CHECKSUM.pack(crc32(blob)) != stored[-_CHECKSUM.size :]:
        return None
    end = View(stored).ends_at
    return Packed(bytes(blob[:end]), str(blob[end:], "utf-8", "surrogatepass"))


def moment_of(blob: bytes) -> tuple[float, float]:
    """Give when an article was published and when it was first seen, in hours since 1970."""
    _, at, seen_at, _ = _TIMES.unpack_from(blob)
    return at, seen_at


def _code(terms: int) -> str:
    return "B" if terms <= 256 else "H"


class View:
    """Read parts of a packed profile, each when it is asked for."""

    __slots__ = (
        "_code", "_has_title", "_lists", "_lists_at", "_posted", "_prints", "_slack", "_strings",
        "_strings_at", "_text", "_weights_at", "at", "blob", "ends_at", "seen_at", "term_count",
        "words",
    )  # fmt: skip

    def __init__(self, blob: bytes) -> None:
        self.blob = blob
        header = _HEADER.unpack_from(blob)
        _, self.at, self.seen_at, self._slack, self.words, self._has_title = header[:6]
        self.term_count, self._posted, self._text = header[6:9]
        self._lists, self._prints, self._strings = header[9:12], header[12], header[13:]
        self._code = _code(self.term_count)
        self._weights_at = _HEADER.size + 4 * self._prints
        self._lists_at = self._weights_at + self._text + header[9]
        width = 1 if self._code == "B" else 2
        self._strings_at = self._lists_at + width * sum(self._lists)
        self.ends_at = self._strings_at + sum(self._strings)

    @property
    def prints(self) -> array[int]:
        """Give the fingerprints in order."""
        return array("I", self.blob[_HEADER.size : self._weights_at])

    @property
    def sketch(self) -> array[int]:
        """Give the fingerprints that are indexed: the smallest."""
        end = min(self._weights_at, _HEADER.size + 4 * INDEXED_PRINTS)
        return array("I", self.blob[_HEADER.size : end])

    @property
    def numbers(self) -> array[int]:
        """Give the numbers of all terms, of a held profile."""
        return array("I", self.blob[self.ends_at :])

    @property
    def posted(self) -> array[int]:
        """Give the numbers of the terms of text and head, by which a story is found."""
        return array("I", self.blob[self.ends_at : self.ends_at + 4 * self._posted])

    @property
    def text(self) -> tuple[array[int], bytes]:
        """Give the numbers of the text's terms, and their weights."""
        numbers = array("I", self.blob[self.ends_at : self.ends_at + 4 * self._text])
        return numbers, self.blob[self._weights_at : self._weights_at + self._text]

    def _string(self, place: int) -> str:
        """Give key, source, address, hash of the text, or what is said beside the terms."""
        at = self._strings_at + sum(self._strings[:place])
        return self.blob[at : at + self._strings[place]].decode("utf-8", "surrogatepass")

    @property
    def title(self) -> list[int]:
        """Give the numbers of the title's terms."""
        width = 1 if self._code == "B" else 2
        at = self._lists_at + width * self._lists[0]
        chosen = array(self._code, self.blob[at : at + width * self._lists[1]])
        numbers = self.numbers
        return [numbers[one] for one in chosen]

    @property
    def key(self) -> ArticleKey:
        """Give the article's key."""
        return ArticleKey(self._string(0))

    @property
    def url(self) -> str:
        """Give the address, if it names an article."""
        return self._string(2)

    @property
    def text_hash(self) -> str:
        """Give the hash of title and text."""
        return self._string(3)

    def _chosen(self, terms: Sequence[str]) -> list[list[str]]:
        """Give the terms of head, title and names."""
        width = 1 if self._code == "B" else 2
        at, found = self._lists_at, []
        for length in self._lists:
            chosen = array(self._code, self.blob[at : at + width * length])
            found.append([terms[number] for number in chosen])
            at += width * length
        return found

    def profile(self, terms: Sequence[str]) -> Profile:
        """Read the whole profile; `terms` are all its terms in order."""
        head, title, names = self._chosen(terms)
        key, source, url, text_hash, said = map(self._string, range(len(self._strings)))
        skeletons, numbers, places = map(_words, said.split("\0"))
        heads_at = self._weights_at + self._text
        return Profile(
            key=ArticleKey(key),
            source=SourceKey(source),
            url=url,
            text_hash=text_hash,
            at=self.at,
            slack=self._slack,
            seen_at=self.seen_at,
            words=self.words,
            has_title=self._has_title,
            title=frozenset(title),
            text=Vector(tuple(terms[: self._text]), self.blob[self._weights_at : heads_at]),
            head=Vector(tuple(head), self.blob[heads_at : self._lists_at]),
            names=frozenset(names),
            skeletons=frozenset(skeletons),
            numbers=frozenset(numbers),
            prints=frozenset(self.prints),
            places=tuple(_pairs(places)),
        )


def _words(text: str) -> list[str]:
    return text.split("\n") if text else []


def _pairs(words: list[str]) -> Iterable[tuple[str, str]]:
    return list(pairwise(words))[::2]
