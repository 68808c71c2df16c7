"""Reduce a text to the terms by which an archive's index finds it again.

A term is a form that a query's word may have, folded and without its punctuation, cut where it is
long. Each form under which the matcher finds a token has its term here, in the readings of every
language: so what holds no term of a query cannot match it. The reverse does not follow, for terms
say neither place nor field; the matcher has the last word.

A database takes terms as they are: they hold lower-case ASCII letters, digits, and characters
beyond ASCII, but no white space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from monitor.text.folding import APOSTROPHES, fold
from monitor.text.tokens import MAX_CACHED_CHARS, lang_class, read_chunk, simple_word

READING = 1
"""Counts the ways in which texts have been read. Whoever changes what `terms_of` gives for a text
counts on: an index that was made before then counts as not made."""

MAX_TERM_CHARS = 64
MAX_TERMS_BYTES = 500_000
"""Of one text. PostgreSQL's tsvector takes a megabyte; no article of words comes near this."""

ANY = "~"
"""Stands for all terms, in the place of those of a text that has too many; no form has it."""

_DROPPED = re.compile(r"[\x00-/:-`{-\x7f\s\ud800-\udfff]+")
_LANGUAGES = tuple(dict.fromkeys(map(lang_class, ("en", "fr", "tr"))))
"""One of each class: all that a language changes in what a chunk reads as."""


class Term(NamedTuple):
    """Ask for a term, or for all that begin with it."""

    text: str
    is_prefix: bool = False


Condition = tuple[frozenset[Term], ...]
"""What a text must hold: of each group one term. The empty condition lets all through."""


def term_of(folded: str) -> str:
    """Give the term of a form that is folded already; "" if nothing is left of it.

    The term of a form's beginning is the beginning of its term.
    """
    return _DROPPED.sub("", folded)[:MAX_TERM_CHARS]


def written_term(form: str) -> str:
    """Give the term of a form as written."""
    return term_of(fold(form))


def terms_of(texts: Iterable[str]) -> frozenset[str]:
    """List the terms of some texts; only ANY if they are too many for an index."""
    found: set[str] = set()
    for text in texts:
        for chunk in set(text.split()):
            found.update(_chunk_terms(chunk))
    if sum(map(len, found)) > MAX_TERMS_BYTES // 4:  # UTF-8 takes four bytes at most
        size_bytes = sum(len(term.encode()) for term in found)
        if size_bytes > MAX_TERMS_BYTES:
            return frozenset({ANY})
    return frozenset(found)


def _chunk_terms(chunk: str) -> tuple[str, ...]:
    return _known(chunk) if len(chunk) <= MAX_CACHED_CHARS else _read(chunk)


@lru_cache(maxsize=32_768)
def _known(chunk: str) -> tuple[str, ...]:
    return _read(chunk)


def _read(chunk: str) -> tuple[str, ...]:
    if word := simple_word(chunk):
        return (word.lower()[:MAX_TERM_CHARS],)
    is_parted = any(apostrophe in chunk for apostrophe in APOSTROPHES)
    found: set[str] = set()
    for language in _LANGUAGES if is_parted else _LANGUAGES[:1]:
        for part in read_chunk(chunk, language).parts:
            found.update(map(term_of, part.folds))
            found.update(map(written_term, part.exact))
    return tuple(found - {""})
