"""Cut text into tokens that know their place, their folded form and their other readings.

The unit of work is a chunk: what stands between white space. Nothing joins across white space, so
a chunk is read once and remembered (Zipf makes most chunks old acquaintances); tokens of a text
are its chunks' parts moved to their place. Everything is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import regex

from monitor.text.folding import APOSTROPHES, HYPHENS, IGNORED, fold, plain

MAX_CACHED_CHARS = 64
"""Longer chunks (texts without spaces, hostile ones) are read each time and not remembered."""
MAX_COMPOUND_PARTS = 8
"""A longer chain of hyphens is a line or a hostile text: it has parts but no joined form."""

_UNSPACED = (
    r"[[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc\uff70]"
    r"--[\p{Nd}\p{M}]]"
)
_LETTER = rf"[[\w\p{{M}}]--{_UNSPACED}--[\u200c\u200d]--[\uff9e\uff9f]]"
_SKIPPED = rf"(?:[{IGNORED}]|(?<!\p{{Arabic}})\u200c)"
_SUBSCRIPTS = "\u2080-\u2089"
_SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
_SCRIPT = rf"(?<=\p{{L}})[{_SUBSCRIPTS}{_SUPERSCRIPTS}]++"  # H₂O, km²; 10² is no 102
_RUN = rf"{_LETTER}(?:{_LETTER}|{_SKIPPED}|{_SCRIPT})*+"
_JOINT = (
    rf"(?:[{APOSTROPHES}](?={_LETTER})"
    r"|(?<=\p{Nd})[.\u066b](?=\p{Nd})"
    r"|(?<=\p{Nd})[,\u066c](?=\p{Nd}{2,3}(?!\p{Nd}))"
    rf"|(?<=(?<!{_LETTER})\p{{L}}{{1,3}})&(?=\p{{L}}{{1,3}}(?!{_LETTER})))"
)
_INITIALS = (
    rf"(?<!{_LETTER})\p{{L}}\p{{M}}*+(?:\.\p{{L}}\p{{M}}*+)+(?!{_LETTER})"
    rf"\.?+(?:[{APOSTROPHES}][sS](?!{_LETTER}))?+"
)
_PART = regex.compile(
    rf"(?P<mark>(?<![\w\p{{M}}])(?:[#@＃＠](?={_LETTER}|{_UNSPACED})|[$＄](?=\p{{L}})))?+"
    rf"(?:(?P<initials>{_INITIALS})|(?P<word>{_RUN}(?:{_JOINT}{_RUN})*+)"
    rf"|(?P<sign>{_UNSPACED}[\p{{M}}\uff9e\uff9f]*+))",
    regex.V1,
)
_HYPHEN = regex.compile(f"[{HYPHENS}\u200c]")
_CHUNK = re.compile(r"\n\s*\n|\S+")
_ELISION = re.compile(
    r"(?:[ldjmtscn]|qu|jusqu|lorsqu|puisqu|quoiqu"
    r"|un|dell|all|dall|nell|sull|coll|quell|quest|sant|bell|nessun|ciascun)'(?=\w\w)",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"'[sS]$")
_MARKS = {"#": "#", "@": "@", "$": "$", "＃": "#", "＠": "@", "＄": "$"}
_URL_SIGNS = str.maketrans("?&=", "   ")
_SIMPLE = re.compile(r"[\"'(\[]*([A-Za-z]+)[\"'),.;:!?\]]*")


class Part(NamedTuple):
    """Be one reading of a stretch of a chunk; offsets and positions count from the chunk's own.

    `width` is the number of positions it takes: 1, or more for a compound's joined form.
    `folds` holds the folded form first, then its variants; `exact` the forms as written.
    """

    start: int
    end: int
    position: int
    width: int
    folds: tuple[str, ...]
    exact: tuple[str, ...]
    mark: str


class Reading(NamedTuple):
    """Be all a chunk says: its parts by place, and how many positions it takes."""

    parts: tuple[Part, ...]
    width: int


class Token(NamedTuple):
    """Be one token of a text.

    `start`/`end` are code points of the original text, half-open; `surface` is what stands there.
    `position` counts tokens from 0 over the whole text; `width` is 1, or the number of parts for
    the joined form of a hyphenated compound, which stands right after its first part (filter
    `width == 1` to count words). `paragraph` counts from 0. `folded` is the folded form and
    `variants` the other folded readings of the same position ("meta's": "meta"). `exact` are the
    forms that `exact:` may hit, `mark` is "", "#", "@" or "$".
    """

    surface: str
    start: int
    end: int
    position: int
    width: int
    paragraph: int
    folded: str
    variants: tuple[str, ...]
    exact: tuple[str, ...]
    mark: str


def tokenize(text: str, *, lang: str | None = None) -> tuple[Token, ...]:
    """Cut a text into tokens, in order of place; `lang` is BCP 47 or None for unknown."""
    return tuple(_tokens(text, lang_class(lang)))


def _tokens(text: str, lang: str) -> Iterator[Token]:
    for at, chunk_position, paragraph, reading in placed(text, lang):
        for start, end, position, width, folds, exact, mark in reading.parts:
            yield Token(
                text[at + start : at + end],
                at + start,
                at + end,
                chunk_position + position,
                width,
                paragraph,
                folds[0],
                folds[1:],
                exact,
                mark,
            )


def placed(text: str, lang: str = "") -> Iterator[tuple[int, int, int, Reading]]:
    """Give each chunk's offset, first position, paragraph and reading; `lang` is a lang_class."""
    position = paragraph = 0
    for hit in _CHUNK.finditer(text):
        chunk = hit.group()
        if chunk[0] == "\n":
            paragraph += 1
            continue
        reading = read_chunk(chunk, lang)
        if reading.width:
            yield hit.start(), position, paragraph, reading
            position += reading.width


def url_words(url: str) -> str:
    """Part a URL at `?`, `&` and `=`, which would be a wildcard or join words; same length."""
    return url.translate(_URL_SIGNS)


@lru_cache(maxsize=1_000)
def lang_class(lang: str | None) -> str:
    """Reduce a language to what changes readings: "elides", "suffixes" or "plain"."""
    primary = (lang or "").lower().replace("_", "-").split("-")[0]
    if primary in {"", "und", "fr", "it", "ca", "oc"}:
        return "elides"
    return "suffixes" if primary in {"tr", "az"} else "plain"


def simple_word(chunk: str) -> str | None:
    """Give the one word of an ASCII chunk that has no other reading; None if it may have some."""
    simple = _SIMPLE.fullmatch(chunk)
    return simple[1] if simple else None


def read_chunk(chunk: str, lang: str = "elides") -> Reading:
    """Read what stands between white space; `lang` is a lang_class."""
    if len(chunk) > MAX_CACHED_CHARS:
        return _read(chunk, lang)
    return _read_cached(chunk, lang)


@lru_cache(maxsize=4_096)  # of English news eight times as many find 65 of 100, not 62
def _read_cached(chunk: str, lang: str) -> Reading:
    return _read(chunk, lang)


def _read(chunk: str, lang: str) -> Reading:
    if simple := _SIMPLE.fullmatch(chunk):  # most of an English text: a tenth of the time
        word = simple[1]
        part = Part(simple.start(1), simple.end(1), 0, 1, (word.lower(),), (word,), "")
        return Reading((part,), 1)
    parts: list[Part] = []
    compound: list[Part] = []
    position = 0
    for hit in _PART.finditer(chunk):
        part, kind = _part(hit, position, lang)
        if not part.folds:
            continue
        position += 1
        if kind == "sign" or part.mark or not _continues(chunk, compound, part.start):
            parts += _with_joined(compound)
            compound = []
        compound.append(part)
    parts += _with_joined(compound)
    return Reading(tuple(parts), position)


def _continues(chunk: str, compound: list[Part], start: int) -> bool:
    """Tell whether a part hangs on the one before it by a hyphen."""
    if not compound or start != compound[-1].end + 1:
        return False
    return _HYPHEN.match(chunk, start - 1) is not None


def _with_joined(compound: list[Part]) -> list[Part]:
    """Add the joined form behind a compound's first part."""
    if not 2 <= len(compound) <= MAX_COMPOUND_PARTS:
        return compound
    first, last = compound[0], compound[-1]
    joined = fold("".join(part.folds[0] for part in compound))
    folds = [joined]
    if len(last.folds) > 1:  # "e-mail's" reads "email" too
        folds.append(fold("".join(part.folds[0] for part in compound[:-1]) + last.folds[1]))
    written = "-".join(part.exact[0] for part in compound)
    exact = [written, *("-".join([*(p.exact[0] for p in compound[:-1]), e]) for e in last.exact)]
    if len(first.exact) > 1:  # "l'Arc-en-Ciel" reads "Arc-en-Ciel" too
        exact += ("-".join([e, *(p.exact[0] for p in compound[1:])]) for e in first.exact[1:])
    part = Part(
        first.start,
        last.end,
        first.position,
        len(compound),
        tuple(folds),
        tuple(dict.fromkeys(exact)),
        first.mark,
    )
    return [first, part, *compound[1:]]


def _part(hit: regex.Match[str], position: int, lang: str) -> tuple[Part, str]:
    """Read a hit of `_PART`; its folds are empty if nothing of it is left (a lone mark)."""
    text, kind = hit.group(), hit.lastgroup or ""
    mark = _MARKS.get(text[0], "")
    forms = _forms if len(text) <= MAX_CACHED_CHARS else _forms.__wrapped__
    folds, exact = forms(text[1:] if mark else text, kind, lang)
    return Part(hit.start(), hit.end(), position, 1, folds, exact, mark), kind


@lru_cache(maxsize=2_048)
def _forms(word: str, kind: str, lang: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give a word's folded forms and its forms as written, the main one first."""
    written = plain(word)
    if kind == "initials":
        written = written.replace(".", "")
    exact = [written]
    if _POSSESSIVE.search(written):
        exact.append(written[:-2])
    if kind == "word":
        exact += _apart(exact[-1], lang)
        exact += _without_note(word)
    folds = [fold(form) for form in exact]
    if "," in folds[-1]:
        folds.append(folds[-1].replace(",", ""))
    return tuple(dict.fromkeys(form for form in folds if form)), tuple(dict.fromkeys(exact))


def _apart(written: str, lang: str) -> list[str]:
    """List what else a word reads as, in its own case: its parts around an apostrophe."""
    if "'" not in written:
        return []
    if lang == "suffixes":
        return [written.partition("'")[0]]  # Meta'nın: names keep their endings apart
    if lang == "elides" and (elision := _ELISION.match(written)):
        return [written[elision.end() :], written[: elision.end() - 1]]
    return []


def _without_note(word: str) -> list[str]:
    """Give a word without the raised digits at its end, which may be a note: Meta², km²."""
    bare = word.rstrip(_SUPERSCRIPTS)
    return [plain(bare)] if bare != word else []
