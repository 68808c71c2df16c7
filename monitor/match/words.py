"""Turn a query's words and quoted phrases into leaves, cut as an article is cut."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from sys import intern

from monitor.match.problems import QueryProblem, error, warning
from monitor.match.tree import Node, Phrase, Place, Word
from monitor.text.tokens import Token, tokenize, url_words

# Two letters of the Vai script stand for the wildcards while a word is cut and folded: they count
# as letters, have no case, and folding leaves them alone.
_TO_LETTERS = str.maketrans({"*": "\ua500", "?": "\ua501"})
_TO_WILDCARDS = str.maketrans({"\ua500": "*", "\ua501": "?"})
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}\D*")
MIN_LITERALS = 2
"""A wildcard with fewer letters would hit a good part of all words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """Be a leaf read from words: `node` is None if an error says why."""

    node: Node | None
    problems: tuple[QueryProblem, ...] = ()


def read_leaf(
    text: str,
    offset: int,
    *,
    shown: str | None = None,
    modifier: str = "",
    keeps_mark: bool = False,
    is_url: bool = False,
) -> Leaf:
    """Read a word, or words to stand side by side, that starts at `offset` of the query.

    `modifier` is "", "exact" or "forms". `shown` is the text its place repeats (with quotes or
    prefix); `keeps_mark` is set for words outside quotes, where # and @ mean something. With
    `is_url` the signs of a URL part words, and of the wildcards only `*` is left.
    """
    if text.isascii() and text.isalpha():  # most words: a quarter of the time
        return Leaf(node=_plain_word(text, offset, shown or text, modifier))
    units = _units(url_words(text) if is_url else text)
    problems = [*_punctuation(text, offset, units, is_url=is_url)]
    place = Place(text=shown or text, start=offset, end=offset + len(text))
    if not units:
        what = f"{text!r} holds no word" if text.strip() else "an empty phrase"
        return Leaf(node=None, problems=(error(offset, what, "remove it", "no-word"),))
    words = [_word(text, offset, unit, modifier, keeps_mark) for unit in units]
    problems += _wildcards(words, modifier)
    if any(problem.is_error for problem in problems):
        return Leaf(node=None, problems=tuple(p for p in problems if p.is_error))
    if len(words) == 1:
        return Leaf(node=replace(words[0], place=place), problems=tuple(problems))
    phrase = Phrase(place=place, words=tuple(words), is_exact=modifier == "exact")
    return Leaf(node=phrase, problems=tuple(problems))


def _plain_word(text: str, offset: int, shown: str, modifier: str) -> Word:
    """Read a word of ASCII letters alone, which has no other reading.

    Equal words of all rules are one string: it takes less memory, and is compared at a glance.
    """
    return Word(
        place=Place(text=intern(shown), start=offset, end=offset + len(text)),
        word=intern(text if modifier == "exact" else text.lower()),
        is_exact=modifier == "exact",
        is_inflected=modifier == "forms",
    )


def _units(text: str) -> list[tuple[Token, ...]]:
    """Group tokens into words: a plain token alone, a compound as (joined form, parts...)."""
    tokens = tokenize(text.translate(_TO_LETTERS), lang="en")
    units: list[tuple[Token, ...]] = []
    at = 0
    while at < len(tokens):
        if at + 1 < len(tokens) and (width := tokens[at + 1].width) > 1:
            units.append((tokens[at + 1], tokens[at], *tokens[at + 2 : at + 1 + width]))
            at += 1 + width
        else:
            units.append((tokens[at],))
            at += 1
    return units


def _word(
    text: str, offset: int, unit: tuple[Token, ...], modifier: str, keeps_mark: bool
) -> Word:
    head = unit[0]
    word = "-".join(part.folded for part in unit[1:]) or head.folded
    if _THOUSANDS.fullmatch(word):  # an article's 1,000,000 reads 1000000 too
        word = word.replace(",", "")
    if modifier == "exact":
        word = head.exact[0]
    elif modifier == "forms":
        word = head.exact[0].lower()
    return Word(
        place=Place(
            text=text[head.start : head.end], start=offset + head.start, end=offset + head.end
        ),
        word=intern(word.translate(_TO_WILDCARDS)),
        is_exact=modifier == "exact",
        is_inflected=modifier == "forms",
        mark=head.mark if keeps_mark else "",
    )


def _punctuation(
    text: str, offset: int, units: list[tuple[Token, ...]], *, is_url: bool
) -> list[QueryProblem]:
    """Note signs that an article's reading drops too."""
    if is_url:
        return []
    covered = [False] * len(text)
    for unit in units:
        for at in range(unit[0].start, unit[0].end):
            covered[at] = True
    lost = [at for at, char in enumerate(text) if not covered[at] and not char.isspace()]
    if not lost:
        return []
    signs = "".join(dict.fromkeys(text[at] for at in lost))
    what = f"{signs!r} in {text.strip()!r} only separates words, as it does in an article"
    return [warning(offset + lost[0], what, "leave it out to be clear", "punctuation")]


def _wildcards(words: list[Word], modifier: str) -> list[QueryProblem]:
    found = []
    for word in words:
        if modifier and ("*" in word.word or "?" in word.word):
            what = f"{modifier}: takes a word as written, {word.place.text!r} holds a wildcard"
            code = f"{modifier}-wildcard"
            found.append(error(word.place.start, what, "drop one of the two", code))
        for part in word.word.split("-") if not modifier else ():
            literals = sum(char.isalnum() for char in part)
            if ("*" in part or "?" in part) and literals < MIN_LITERALS:
                found.append(_too_open(word))
                break
        if word.word.endswith("?") and not word.word.endswith("??") and word is words[-1]:
            what = f"{word.place.text!r} asks for exactly one more letter"
            cure = "drop the question mark if it is only punctuation"
            found.append(warning(word.place.end - 1, what, cure, "trailing-question-mark"))
    return found


def _too_open(word: Word) -> QueryProblem:
    what = f"the wildcard {word.place.text!r} needs at least two letters beside it"
    cure = "write more letters; in scripts without spaces leave * out, parts of words are found"
    return error(word.place.start, what, cure, "open-wildcard")
