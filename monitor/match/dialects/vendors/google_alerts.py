"""Read Google's search operators, as Google Alerts takes them.

Described at:
- https://support.google.com/websearch/answer/2466433 (quotes, -, site:)
- https://google-expert-tips.blogspot.com/2009/09/google-advanced-operators-rules.html (OR, AND,
  intitle: and inurl: take the next word or phrase, allintitle: all that follow)
- https://erinpagemd.wordpress.com/tag/technology/ (OR binds before the AND of a space)
- https://search.tennessee.edu/tips.php (upper or lower case makes no difference; the AND of a
  space)
- https://www.oreilly.com/library/view/google-advertising-tools/9780596805432/ch07s03.html (`|`)

AROUND(n) has at most n words between; `*` in quotes stands for words.
"""

from __future__ import annotations

import re

from monitor.match.dialects import prefixes
from monitor.match.dialects.convert import Dialect
from monitor.match.dialects.grammar import Habits
from monitor.match.dialects.parts import Effect, Near, Term
from monitor.match.dialects.pieces import Cutter, Kind, Operator, Reading

STAR_GAP = 4
"""A `*` in quotes is read as so many words at most; Google gives no number."""

_AROUND = re.compile(r"AROUND ?\( ?(\d{1,6}) ?\)")
_NUMBERS = re.compile(r"\$?\d[\d.,]*?\.\.\$?\d[\d.,]*")
_WEB = "is about web pages, not about articles"

_FIELDS: dict[str, Reading] = {
    "intitle": prefixes.field("title"),
    "inurl": prefixes.field("url"),
    "intext": prefixes.field("body"),
    "site": prefixes.sites,
    "location": prefixes.countries,
    "author": prefixes.field("author"),
}
_ALL_IN = {
    "allintitle": _FIELDS["intitle"],
    "allinurl": _FIELDS["inurl"],
    "allintext": _FIELDS["intext"],
}
_GONE = {
    name: prefixes.gone(_WEB, "leave it out")
    for name in (
        *("filetype", "ext", "link", "related", "cache", "info", "define"),
        *("inanchor", "allinanchor"),
    )
} | {
    "source": prefixes.gone(
        "is a publisher as Google News calls it", "name its domain under `only: {source: [...]}`"
    ),
    "before": prefixes.gone("is a date", "bound the age by `only: {max_age: 3d}`"),
    "after": prefixes.gone("is a date", "bound the age by `only: {max_age: 3d}`"),
    "when": prefixes.gone("is an age", "bound it by `only: {max_age: 3d}`"),
}


class _Cutter(Cutter):
    vendor = "Google"
    prefixes = frozenset({*_FIELDS, *_ALL_IN, *_GONE})
    _has_variants = False
    _is_all_in = False

    def special(self, char: str) -> bool:
        before = self.text[self.at - 1 : self.at]
        if char in "-+~" and (not before or before.isspace() or before == "("):
            self._sign(char)
        elif char == "|":
            self.join(Operator.OR, 1)
        elif around := _AROUND.match(self.text, self.at):
            self.near(len(around.group()), int(around[1]))
        else:
            return False
        return True

    def _sign(self, char: str) -> None:
        after = self.text[self.at + 1 : self.at + 2]
        if not after or after.isspace():
            self.lose(1, "is only punctuation", "", Effect.SAME)
            self.at += 1
        elif char == "-":
            self.add(Kind.NOT, 1)
        else:
            self.lose(1, "is no operator of Google any more", "", Effect.SAME)
            self.at += 1

    def word(self, chunk: str) -> None:
        pipe = chunk.find("|")
        if pipe > 0:
            chunk = chunk[:pipe]
        if chunk in ("AND", "OR"):
            self.join(Operator(chunk), len(chunk))
        elif _NUMBERS.fullmatch(chunk):
            self.lost(len(chunk), "is a range of numbers", "write the numbers with OR")
        elif not chunk.strip("*"):
            self.lose(len(chunk), "stands for any word", "", Effect.SAME)
            self.at += len(chunk)
        elif chunk[0] in "#@" and len(chunk) > 1:
            self.term(chunk[1:], len(chunk), mark=chunk[0])
        else:
            self._word(chunk)

    def _word(self, chunk: str) -> None:
        if not self._is_value() and not self._has_variants:
            self._has_variants = True
            cure = f"for other forms of a word write forms:{chunk.strip('*?') or chunk}, or OR"
            what = "Google finds other forms and synonyms of words outside quotes too"
            self.lose(len(chunk), what, cure, Effect.NARROWER)
        self.term(self._plain(chunk, len(chunk)), len(chunk))

    def _plain(self, text: str, length: int) -> str:
        """Take * and ? out: inside a word they are punctuation to Google."""
        if "*" in text or "?" in text:
            self.lose(length, "* and ? are only punctuation here", "", Effect.SAME)
        return text.replace("*", " ").replace("?", " ")

    def phrase(self, text: str, length: int) -> None:
        pieces = [" ".join(each) for each in _runs(text)]
        if len(pieces) < 2:
            self.term(self._plain(text, length), length)
            return
        what = f"* is read as at most {STAR_GAP} words"
        self.lose(length, what, "change the number behind ONEAR", Effect.UNSURE)
        end = self.at + length
        parts = tuple(Term(start=self.at, end=end, text=piece) for piece in pieces)
        near = Near(start=self.at, end=end, parts=parts, gap=STAR_GAP, is_ordered=True)
        self.add(Kind.TERM, length, part=near)

    def prefix(self, name: str, length: int) -> None:
        reading = _FIELDS.get(name) or _GONE.get(name)
        if reading is not None:
            self.add(Kind.PREFIX, length, reading=reading)
            return
        self.add(Kind.PREFIX, length, reading=_ALL_IN[name])
        self.add(Kind.OPEN, 0)
        self._is_all_in = True

    def end(self) -> None:
        if self._is_all_in:
            self.add(Kind.CLOSE, 0)


def _runs(text: str) -> list[list[str]]:
    """Cut a phrase at its lone stars."""
    runs: list[list[str]] = [[]]
    for word in text.split():
        if word.strip("*"):
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


DIALECT = Dialect(
    vendor="Google Alerts",
    cutter=_Cutter,
    habits=Habits(binding=(Operator.OR, Operator.BESIDE, Operator.AND)),
)
