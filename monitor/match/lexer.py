"""Cut query text into lexemes, and name what no version or this version cannot read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.match.mistakes import misspelt, no_prefix, swapped, vendor_gap
from monitor.match.problems import QueryProblem, error, warning
from monitor.match.tree import FIELDS

MAX_QUERY_CHARS = 100_000
MAX_DEPTH = 50
DEFAULT_GAP = 4  # a bare NEAR, as Meltwater reads it
MAX_GAP = 1_000
WIDE_GAP = 50

_CLOSERS = {'"': '"＂', "＂": '"＂', "«": "»", "»": "«"} | dict.fromkeys("“”„‟", '“”‟"')
_SINGLE_QUOTED = re.compile(r"[‘‚](.+?)[’‘](?!\w)", re.DOTALL)  # ’ inside a word is an apostrophe
_STOPS = re.compile(r"[\s()" + "".join(_CLOSERS) + "]")
_REGEX = re.compile(r"/(?:[^/\\\n]|\\.)+/[a-z]*(?=[\s)]|$)")
_PREFIX = re.compile(r"([A-Za-z_]+):")
_NEAR = re.compile(r"(O?)NEAR(?:/([0-9]+))?")
_LIST = re.compile(r"\$[a-z][a-z0-9_-]*")
_CASHTAG = re.compile(r"\$[A-Z][A-Z0-9]*")
_SIGNS = {"&": "AND", "&&": "AND", "+": "AND", "|": "OR", "||": "OR", "!": "NOT"}
_DASHES = frozenset("‐‑‒–—―−")
_LATER = {
    "SENTENCE": "SENTENCE (both in one sentence)",
    "PARAGRAPH": "PARAGRAPH (both in one paragraph)",
    "ATLEAST": "ATLEAST (counting occurrences)",
    "forms": "forms: (inflected forms)",
    "copies_of": "copies_of: (the pick-up of a text)",
}
_INSTEAD = {
    "SENTENCE": "write NEAR/15, or quote the word if it is meant as one",
    "PARAGRAPH": "write NEAR/40, or quote the word if it is meant as one",
    "ATLEAST": "leave it out, or quote the word if it is meant as one",
    "forms": "write a wildcard such as invest*, or the forms with OR",
    "copies_of": "watch for a phrase of the text",
}


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
    NEAR = "NEAR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexeme:
    """Be one piece of query text; `value` is a word, a phrase inside its quotes, or a name."""

    kind: Kind
    text: str
    start: int
    value: str = ""
    gap: int = 0
    is_ordered: bool = False

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

    def _add(
        self,
        kind: Kind,
        length: int,
        value: str = "",
        *,
        gap: int = 0,
        is_ordered: bool = False,
    ) -> None:
        text = self.text[self.at : self.at + length]
        self.lexemes.append(
            Lexeme(
                kind=kind, text=text, start=self.at, value=value, gap=gap, is_ordered=is_ordered
            )
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
        elif char == "/" and (regex := _REGEX.match(self.text, self.at)):
            self._fail(
                self.at,
                f"the regular expression {regex.group()} is not supported in this version",
                "write words with wildcards",
                "unsupported",
            )
            self.at = regex.end()
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

    def _chunk(self) -> None:
        stop = _STOPS.search(self.text, self.at)
        chunk = self.text[self.at : stop.start() if stop else len(self.text)]
        is_in_url = self._is_in_url()
        prefix = _PREFIX.match(chunk)
        if prefix and (not is_in_url or prefix[1] in (*FIELDS, "exact")):
            self._prefix(prefix)
        elif is_in_url and "/" in chunk:
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
        if name in _LATER:
            self._later(name, prefix.end())
        elif name in FIELDS or name == "exact":
            self._add(Kind.PREFIX, prefix.end(), name)
        else:
            stop = _STOPS.search(self.text, self.at)
            chunk = self.text[self.at : stop.start() if stop else len(self.text)]
            what = f"unknown prefix {name + ':'!r}"
            cure = no_prefix(name.lower(), chunk)
            self._fail(self.at, what, cure, "unknown-prefix")
            self.at += len(chunk)

    def _later(self, name: str, length: int) -> None:
        what = f"{_LATER[name]} is not supported in this version"
        self._fail(self.at, what, _INSTEAD[name], "unsupported")
        self.at += length

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
        elif (chunk in _LATER and chunk.isupper()) or chunk.startswith("ATLEAST/"):
            self._later(chunk.partition("/")[0], len(chunk))
        elif chunk in _DASHES:
            self._lone_dash(chunk)
        elif chunk in _SIGNS or chunk == "~":
            cure = f"write {_SIGNS[chunk]}" if chunk in _SIGNS else "write NEAR"
            self._fail(self.at, f"{chunk!r} is no operator here", cure, "sign")
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
        is_not_near = bool(self.lexemes) and self.lexemes[-1].kind is Kind.NOT
        if is_not_near:
            cure = "write A AND NOT (A NEAR/n B), judged on the whole article"
            self._fail(
                self.lexemes[-1].start,
                f"NOT {near.group()} is not supported in this version",
                cure,
                "unsupported",
            )
        if len(digits) > 4 or int(digits) > MAX_GAP:
            what = f"{near.group()} reaches further than {MAX_GAP:,} words"
            self._fail(self.at, what, "write AND", "gap")
            digits = "0"
        elif int(digits) > WIDE_GAP:
            what = f"{near.group()} is nearly AND in a news article"
            self.problems.append(warning(self.at, what, "write AND, or a smaller n", "wide-near"))
        self._add(Kind.NEAR, len(near.group()), gap=int(digits), is_ordered=bool(near[1]))

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
