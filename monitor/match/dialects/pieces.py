"""Cut a vendor's query into pieces; what all dialects share of it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from itertools import islice

from monitor.match.dialects.parts import Effect, Loss, Lost, Part, Term
from monitor.match.problems import QueryProblem, error

MAX_CHARS = 50_000
"""A longer query is refused: no vendor takes one that long."""
MAX_PIECES = 10_000
MAX_WORD_CHARS = 1_000
_MAX_PROBLEMS = 20  # more helps nobody

_CLOSERS = {'"': '"＂', "＂": '"＂', "«": "»", "»": "«"} | dict.fromkeys("“”„‟", '“”‟"')
_CHUNK = re.compile(f"[^\\s(){''.join(_CLOSERS)}]{{1,{MAX_WORD_CHARS + 1}}}")
_HARMFUL = re.compile("[^\\s\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Control signs and the like, which no rule file may hold either."""
_PREFIX = re.compile(r"([A-Za-z][A-Za-z_.]*):")
_URL = re.compile(r"https?://[^\s()\"]+", re.IGNORECASE)


class Kind(StrEnum):
    """Name the kinds of piece."""

    OPEN = "("
    CLOSE = ")"
    TERM = "term"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    JOIN = "join"
    NOT = "not"


class Operator(StrEnum):
    """Name what joins two parts; BESIDE is nothing between them."""

    AND = "AND"
    OR = "OR"
    NEAR = "NEAR"
    BESIDE = "beside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Say how two parts are joined; the last three are a near's."""

    operator: Operator
    gap: int = 0
    is_ordered: bool = False
    is_negated: bool = False


Reading = Callable[[Part, int], Part]
"""Reads a part behind a prefix that starts at an offset."""

Closing = Callable[[Part, "Piece"], tuple[Part, tuple[Loss, ...]]]
"""Reads a part before a suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Be one piece of a vendor's query; a piece of no width is implied."""

    kind: Kind
    start: int
    end: int
    text: str
    part: Part | None = None
    join: Join | None = None
    reading: Reading | None = None
    closing: Closing | None = None


class Cutter(ABC):
    """Cut one query, piece by piece; a dialect overrides `special`, `word` and `prefix`.

    What is neither a piece nor in `losses` is white space or a comment (`comments`, spans).
    """

    vendor = ""
    prefixes: frozenset[str] = frozenset()

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.pieces: list[Piece] = []
        self.losses: list[Loss] = []
        self.problems: list[QueryProblem] = []
        self.comments: list[tuple[int, int]] = []

    def cut(self) -> None:
        """Cut the whole text."""
        if len(self.text) > MAX_CHARS:
            what = f"the query has {len(self.text):,} characters, {MAX_CHARS:,} are read"
            self.fail(0, what, "split it", "too-long")
            return
        for found in islice(_HARMFUL.finditer(self.text), _MAX_PROBLEMS):
            what = f"the control sign U+{ord(found.group()):04X}"
            self.fail(found.start(), what, "remove it", "control")
        while self.at < len(self.text) and len(self.problems) < _MAX_PROBLEMS:
            self._step(self.text[self.at])
            if len(self.pieces) > MAX_PIECES:
                what = f"the query has more than {MAX_PIECES:,} words and operators"
                self.fail(self.at, what, "split it", "too-long")
                return
        self.end()

    def end(self) -> None:  # noqa: B027 - most dialects have nothing left
        """Do what is left when all is cut."""

    def special(self, char: str) -> bool:  # noqa: ARG002 - for dialects that have some
        """Read what only this dialect has, at `at`; tell whether there was something."""
        return False

    def word(self, chunk: str) -> None:
        """Read a run of signs without white space, quotes and parentheses."""
        self.term(chunk, len(chunk))

    @abstractmethod
    def prefix(self, name: str, length: int) -> None:
        """Read a prefix; its colon is its last sign."""

    def fail(self, offset: int, what: str, cure: str, code: str) -> None:
        """List what keeps the query from being read."""
        self.problems.append(error(offset, what, cure, code))

    def lose(self, length: int, what: str, cure: str, effect: Effect) -> None:
        """Name something at `at` that is left out and has no place in the tree."""
        loss = Loss(start=self.at, end=self.at + length, what=what, cure=cure, effect=effect)
        self.losses.append(loss)

    def term(self, text: str, length: int, *, is_exact: bool = False, mark: str = "") -> None:
        """Add a term that takes `length` signs."""
        end = self.at + length
        part = Term(start=self.at, end=end, text=text, is_exact=is_exact, mark=mark)
        self.add(Kind.TERM, length, part=part)

    def lost(self, length: int, what: str, cure: str) -> None:
        """Add a place where something stands that no rule can say."""
        part = Lost(start=self.at, end=self.at + length, what=what, cure=cure)
        self.add(Kind.TERM, length, part=part)

    def join(self, operator: Operator, length: int) -> None:
        """Add AND or OR."""
        self.add(Kind.JOIN, length, join=Join(operator=operator))

    def near(self, length: int, gap: int, *, is_ordered: bool = False) -> None:
        """Add a near; a NOT right before it makes it NOT NEAR."""
        is_negated = bool(self.pieces) and self.pieces[-1].kind is Kind.NOT
        if is_negated:
            start = self.pieces.pop().start
            self.at, length = start, self.at + length - start
        join = Join(operator=Operator.NEAR, gap=gap, is_ordered=is_ordered, is_negated=is_negated)
        self.add(Kind.JOIN, length, join=join)

    def add(
        self,
        kind: Kind,
        length: int,
        *,
        part: Part | None = None,
        join: Join | None = None,
        reading: Reading | None = None,
        closing: Closing | None = None,
    ) -> None:
        """Add a piece and step over it."""
        end = self.at + length
        piece = Piece(
            kind=kind,
            start=self.at,
            end=end,
            text=self.text[self.at : end],
            part=part,
            join=join,
            reading=reading,
            closing=closing,
        )
        self.pieces.append(piece)
        self.at = end

    @property
    def is_glued(self) -> bool:
        """Tell whether a piece ends right before `at`."""
        return bool(self.pieces) and self.pieces[-1].end == self.at

    def _step(self, char: str) -> None:
        if char.isspace():
            self.at += 1
        elif self.special(char):
            return
        elif char in "()":
            self.add(Kind(char), 1)
        elif char in _CLOSERS:
            self._quoted(_CLOSERS[char])
        else:
            self._chunk()

    def _quoted(self, closers: str) -> None:
        end = re.compile(f"[{closers}]").search(self.text, self.at + 1)
        if end is None:
            self.fail(self.at, "this quote is never closed", "add the closing quote", "quote")
            self.at = len(self.text)
            return
        self.phrase(self.text[self.at + 1 : end.start()], end.end() - self.at)

    def phrase(self, text: str, length: int) -> None:
        """Read a text in quotes; `length` has the quotes."""
        self.term(text, length)

    def _chunk(self) -> None:
        url = _URL.match(self.text, self.at)
        if url:
            self.url(url.group())
            return
        chunk = self.chunk_at(self.at)
        if len(chunk) > MAX_WORD_CHARS:
            what = f"a word of more than {MAX_WORD_CHARS:,} signs"
            self.fail(self.at, what, "put spaces where they belong", "long-word")
            self.at = len(self.text)
            return
        found = _PREFIX.match(chunk)
        if found and not self._is_value():
            self._prefixed(found, chunk)
        else:
            self.word(chunk)

    def chunk_at(self, at: int) -> str:
        """Give the run of signs that starts at an offset."""
        found = _CHUNK.match(self.text, at)
        return found.group() if found else ""

    def url(self, text: str) -> None:
        """Read a web address that stands for itself."""
        self.word(text)

    def _is_value(self) -> bool:
        """Tell whether a prefix stands right before: then a colon belongs to its value."""
        return self.is_glued and self.pieces[-1].kind is Kind.PREFIX

    def _prefixed(self, found: re.Match[str], chunk: str) -> None:
        if found[1].lower() in self.prefixes:
            self.prefix(found[1].lower(), found.end())
            return
        what = f"{self.vendor} has no operator {found[1]}:"
        close = _close(found[1].lower(), self.prefixes)
        meant = f"did you mean {close}:? If it is a text, quote it" if close else "quote it"
        self.fail(self.at, what, f'{meant}: "{chunk}"', "unknown-prefix")
        self.at += len(chunk)


def _close(name: str, names: frozenset[str]) -> str:
    return next(iter(get_close_matches(name, sorted(names), n=1, cutoff=0.75)), "")
