"""Cut query text into lexemes, and name what no version or this version cannot read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.match.mistakes import misspelt, no_prefix, swapped, vendor_gap
from monitor.match.problems import QueryProblem, error, warning
from monitor.match.regexes import fault
from monitor.match.tree import FIELDS

MAX_QUERY_CHARS = 100_000
MAX_DEPTH = 50
DEFAULT_GAP = 4  # a bare NEAR, as Meltwater reads it
MAX_GAP = 1_000
MAX_COUNT = 1_000
WIDE_GAP = 50

_CLOSERS = {'"': '"＂', "＂": '"＂', "«": "»", "»": "«"} | dict.fromkeys("“”„‟", '“”‟"')
# ’ inside a word is an apostrophe; the length bounds the search for a closing sign
_SINGLE_QUOTED = re.compile(r"[‘‚](.{1,500}?)[’‘](?!\w)", re.DOTALL)
_STOPS = re.compile(r"[\s()" + "".join(_CLOSERS) + "]")
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)+)/([a-z]*)(?=[\s)]|$)")
_PREFIX = re.compile(r"([A-Za-z_]+):")
_NEAR = re.compile(r"(O?NEAR)(?:/([0-9]+))?")
_AT_LEAST = re.compile(r"ATLEAST/([0-9]+)")
_LIST = re.compile(r"\$[a-z][a-z0-9_-]*")
_CASHTAG = re.compile(r"\$[A-Z][A-Z0-9]*")
_SIGNS = {"&": "AND", "&&": "AND", "+": "AND", "|": "OR", "||": "OR", "!": "NOT"}
_TYPICAL_GAPS = {"SENTENCE": 15, "PARAGRAPH": 40}
_DASHES = frozenset("‐‑‒–—―−")
MODIFIERS = ("exact", "forms")
"""Prefixes that change how a word is compared, not where it is looked for."""


class Kind(StrEnum):
    """Name the kinds of lexeme."""

    OPEN = "("
    CLOSE = ")"
    QUOTED = "quoted"
    WORD = "word"
    MARKED = "marked"
    LIST = "list"
    PREFIX = "prefix"
    MINUS = "-"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    NEAR = "NEAR"  # and its family; `value` tells which of them
    AT_LEAST = "ATLEAST"
    REGEX = "regex"


_OPERAND_ENDS = {Kind.CLOSE, Kind.QUOTED, Kind.WORD, Kind.MARKED, Kind.LIST, Kind.REGEX}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexeme:
    """Be one piece of query text.

    `value` is a word, a phrase inside its quotes, a pattern or a name; `number` the gap of a near
    or the count of an ATLEAST.
    """

    kind: Kind
    text: str
    start: int
    value: str = ""
    number: int = 0

    @property
    def end(self) -> int:
        """Give the offset behind the piece."""
        return self.start + len(self.text)


@dataclass(slots=True)
class Lexer:
    """Read one query text; after `read`, `lexemes` balance unless `problems` hold an error."""

    text: str
    at: int = 0
    lexemes: list[Lexeme] = field(default_factory=list)
    problems: list[QueryProblem] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)

    def read(self) -> None:
        """Cut the whole text."""
        if len(self.text) > MAX_QUERY_CHARS:
            what = f"the query has {len(self.text):,} characters, {MAX_QUERY_CHARS:,} are read"
            self._fail(0, what, "put its terms into a list under rules/lists", "too-long")
            return
        while self.at < len(self.text):
            self._step(self.text[self.at])
        for start in self.opened[:1]:
            self._fail(start, "this parenthesis is never closed", "add ')'", "parenthesis")

    def _fail(self, offset: int, what: str, cure: str, code: str) -> None:
        self.problems.append(error(offset, what, cure, code))

    def _add(self, kind: Kind, length: int, value: str = "", *, number: int = 0) -> None:
        text = self.text[self.at : self.at + length]
        self.lexemes.append(
            Lexeme(kind=kind, text=text, start=self.at, value=value, number=number)
        )
        self.at += length

    def _step(self, char: str) -> None:
        if char.isspace():
            self.at += 1
        elif char == "(":
            self._open()
        elif char == ")":
            self._close()
        elif char in _CLOSERS:
            self._quoted(_CLOSERS[char])
        elif char in "‘‚" and (quoted := _SINGLE_QUOTED.match(self.text, self.at)):
            self._add(Kind.QUOTED, len(quoted.group()), quoted[1])
        elif char == "-":
            self._minus()
        elif char == "/":
            self._slash()
        else:
            self._chunk()

    def _open(self) -> None:
        self.opened.append(self.at)
        self._add(Kind.OPEN, 1)
        if len(self.opened) > MAX_DEPTH:
            what = f"parentheses stand more than {MAX_DEPTH} deep"
            self._fail(self.at - 1, what, "put parts into lists or named lines", "too-deep")
            self.opened.clear()
            self.at = len(self.text)

    def _close(self) -> None:
        if self.opened:
            self.opened.pop()
        else:
            what = "this parenthesis closes nothing"
            self._fail(self.at, what, "remove it, or add '(' before", "parenthesis")
        self._add(Kind.CLOSE, 1)

    def _quoted(self, closers: str) -> None:
        ends = [at for mark in closers if (at := self.text.find(mark, self.at + 1)) >= 0]
        if not ends:
            self._fail(self.at, "this quote is never closed", "add the closing quote", "quote")
            self.at = len(self.text)
            return
        self._add(Kind.QUOTED, min(ends) + 1 - self.at, self.text[self.at + 1 : min(ends)])

    def _minus(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if not following or following.isspace() or following in ")-":
            self._lone_dash("-")
            return
        self._add(Kind.MINUS, 1)

    def _lone_dash(self, dash: str) -> None:
        cure = "write -word to exclude a word; a dash between words is left out or quoted"
        self._fail(self.at, f"a {dash!r} that belongs to no word", cure, "lone-minus")
        self.at += 1

    def _slash(self) -> None:
        """Read a regular expression, or what else may begin with a stroke."""
        regex = _REGEX.match(self.text, self.at)
        chunk = self._word_text()
        if regex is None and (self._is_in_url() or "/" in chunk[1:] or self._is_behind_operand()):
            self._chunk()
        elif regex is None:
            what = "this regular expression is never closed"
            cure = f'add the closing /, or quote it if it is a text: "{chunk}"'
            self._fail(self.at, what, cure, "regex")
            self.at = len(self.text)
        elif self._is_behind_operand() and misspelt(chunk):
            self._chunk()
        else:
            self._regex(regex)

    def _regex(self, regex: re.Match[str]) -> None:
        pattern, flags = regex[1], regex[2]
        if flags:
            cure = f"write /(?i){pattern}/ to ignore case" if "i" in flags else "leave them out"
            self._fail(self.at, f"flags ({flags}) behind a regular expression", cure, "regex")
        elif self._is_in_url() and re.fullmatch(r"[\w-]+", pattern):
            what = f"{regex.group()} in url: may be a path or a regular expression"
            cure = f'write "{pattern}" for the path, or /\\/{pattern}\\// for the expression'
            self._fail(self.at, what, cure, "regex")
        elif defect := fault(pattern):
            self._fail(self.at, *defect, "regex")
        self._add(Kind.REGEX, len(regex.group()), pattern)

    def _is_behind_operand(self) -> bool:
        return bool(self.lexemes) and self.lexemes[-1].kind in _OPERAND_ENDS

    def _word_text(self) -> str:
        """Give what stands here up to white space, a parenthesis or a quote."""
        stop = _STOPS.search(self.text, self.at)
        return self.text[self.at : stop.start() if stop else len(self.text)]

    def _chunk(self) -> None:
        is_in_url = self._is_in_url()
        prefix = _PREFIX.match(self.text, self.at)
        if prefix and (not is_in_url or prefix[1] in (*FIELDS, *MODIFIERS)):
            self._prefix(prefix)
            return
        chunk = self._word_text()
        if is_in_url and "/" in chunk:
            self._add(Kind.WORD, len(chunk), chunk)
        elif chunk[0] == "$" and chunk[1:2].isalpha():
            self._dollar(chunk)
        elif chunk[0] in "#@" and len(chunk) > 1:
            self._add(Kind.MARKED, len(chunk), chunk)
        elif not self._operator(chunk):
            self._add(Kind.WORD, len(chunk), chunk)

    def _is_in_url(self) -> bool:
        last = self.lexemes[-1] if self.lexemes else None
        return last is not None and last.kind is Kind.PREFIX and last.value == "url"

    def _prefix(self, prefix: re.Match[str]) -> None:
        name = prefix[1]
        if name in FIELDS or name in MODIFIERS:
            self._add(Kind.PREFIX, len(prefix.group()), name)
            return
        chunk = self._word_text()
        if name == "copies_of":
            what, code = "copies_of: is no part of a query", "copies-of"
            cure = "write it as a line of its own: match: {copies_of: releases/NAME.md}"
        else:
            what, code = f"unknown prefix {name + ':'!r}", "unknown-prefix"
            cure = no_prefix(name.lower(), chunk)
        self._fail(self.at, what, cure, code)
        self.at += len(chunk)

    def _dollar(self, chunk: str) -> None:
        if _LIST.fullmatch(chunk):
            self._add(Kind.LIST, len(chunk), chunk[1:])
        elif _CASHTAG.fullmatch(chunk):
            self._add(Kind.MARKED, len(chunk), chunk)
        else:
            name = re.sub(r"[^A-Za-z0-9_-].*", "", chunk[1:], flags=re.DOTALL)
            cure = f"write ${name.lower()} for the list or ${name.upper()} for the cashtag"
            what = f"{chunk!r} is neither a list ($a-z, 0-9, _, -) nor a cashtag ($A-Z, 0-9)"
            self._fail(self.at, what, cure, "dollar")
            self.at += len(chunk)

    def _operator(self, chunk: str) -> bool:
        """Read an operator, or fail on what must be meant as one; False if it is a word."""
        if chunk in ("AND", "OR", "NOT"):
            self._add(Kind(chunk), len(chunk))
        elif near := _NEAR.fullmatch(chunk):
            self._near(near)
        elif chunk in ("SENTENCE", "PARAGRAPH"):
            self._together(chunk)
        elif at_least := _AT_LEAST.fullmatch(chunk):
            self._at_least(at_least)
        elif chunk in _DASHES:
            self._lone_dash(chunk)
        elif chunk in _SIGNS or chunk == "~":
            cure = f"write {_SIGNS[chunk]}" if chunk in _SIGNS else "write NEAR"
            self._fail(self.at, f"{chunk!r} is no operator here", cure, "sign")
            self.at += len(chunk)
        elif chunk[0] in _DASHES and chunk[1:2].isalnum():
            cure = f"write -{chunk[1:]} to exclude it, or leave the dash out"
            self._fail(self.at, f"{chunk!r} begins with a dash that is no minus", cure, "sign")
            self.at += len(chunk)
        elif chunk[0] == "!" and chunk[1:2].isalnum():
            cure = f"write NOT {chunk[1:]}, or leave it out"
            self._fail(self.at, f"{chunk!r} would be read as {chunk[1:]!r}", cure, "sign")
            self.at += len(chunk)
        elif cure := misspelt(chunk):
            self._fail(self.at, f"unknown operator {chunk!r}", cure, "unknown-operator")
            self.at += len(chunk)
        else:
            self._doubt(chunk)
            return False
        return True

    def _near(self, near: re.Match[str]) -> None:
        digits = near[2] or str(DEFAULT_GAP)
        if len(digits) > 4 or int(digits) > MAX_GAP:
            what = f"{near.group()} reaches further than {MAX_GAP:,} words"
            self._fail(self.at, what, "write AND", "gap")
            digits = "0"
        elif int(digits) > WIDE_GAP:
            what = f"{near.group()} is nearly AND in a news article"
            self.problems.append(warning(self.at, what, "write AND, or a smaller n", "wide-near"))
        name, end = near[1], self.at + len(near.group())
        if self.lexemes and self.lexemes[-1].kind is Kind.NOT:
            self.at, name = self.lexemes.pop().start, f"NOT {name}"
        self._add(Kind.NEAR, end - self.at, name, number=int(digits))

    def _together(self, name: str) -> None:
        if self.lexemes and self.lexemes[-1].kind is Kind.NOT:
            cure = f"write A NOT NEAR/{_TYPICAL_GAPS[name]} B, or A AND NOT (A {name} B)"
            self._fail(self.lexemes[-1].start, f"NOT {name} is no operator", cure, "operand")
        self._add(Kind.NEAR, len(name), name)

    def _at_least(self, found: re.Match[str]) -> None:
        digits = found[1]
        if len(digits) > 4 or not 1 <= int(digits) <= MAX_COUNT:
            what = f"{found.group()} counts from 1 to {MAX_COUNT:,}"
            self._fail(self.at, what, "write a number in between, such as ATLEAST/3", "count")
            digits = "1"
        self._add(Kind.AT_LEAST, len(found.group()), number=int(digits))

    def _doubt(self, chunk: str) -> None:
        """Note words that look like operators."""
        if chunk.lower() in ("and", "or", "not"):
            what = f"{chunk!r} is read as a word"
            cure = f"write {chunk.upper()} for the operator"
            self.problems.append(warning(self.at, what, cure, "lower-case-operator"))
        elif chunk.isupper() and (meant := swapped(chunk)):
            what = f"{chunk!r} is read as a word; did you mean {meant}?"
            self.problems.append(
                warning(self.at, what, "quote it if it is a word", "looks-like-operator")
            )
        elif self.lexemes and (gap := vendor_gap(chunk)):
            what = f"{chunk!r} is read as a word; did you mean NEAR/{gap}?"
            self.problems.append(
                warning(self.at, what, "quote it if it is a word", "looks-like-operator")
            )
