"""Read Meltwater's Boolean search.

Described at:
- https://support.meltwater.com/hc/en-us/articles/360023166073-How-to-Master-Boolean-Search-2-3-
  (NEAR has at most 4 words between, NEAR/n at most n, ONEAR keeps the order)
- https://help.meltwater.com/en/articles/4064557-how-to-master-boolean-search-1-3 (quotes for
  phrases, wildcards in them; operators need not be upper case)
- https://help.meltwater.com/en/articles/4064566-how-to-master-boolean-search-3-3 (`^9` prefers a
  keyword in the sentence that is shown, and changes no hit)
- https://support.meltwater.com/hc/en-gb/articles/236016747-Boolean (title, ingress, wildcards)
- https://www.meltwater.com/au/blog/the-boolean-touch/ (NOT binds before AND, AND before OR)

Filters that analysts write into queries (country:, language:, source:, url:, author:, and the long
names of the same) and atleastN have no public page that we know; they are read as they say.
"""

from __future__ import annotations

import re

from monitor.match.dialects import prefixes
from monitor.match.dialects.convert import Dialect
from monitor.match.dialects.grammar import Habits
from monitor.match.dialects.parts import Effect, Loss, Part
from monitor.match.dialects.pieces import Cutter, Kind, Operator, Piece, Reading

DEFAULT_GAP = 4
_NEAR = re.compile(r"(o?)near(?:/(\d{1,6}))?", re.IGNORECASE)
_AT_LEAST = re.compile(r"atleast/?(\d{1,4})", re.IGNORECASE)
_HAT = re.compile(r"\^\d{1,4}(\.\d+)?")
_SOCIAL = prefixes.gone("is known of posts, not of articles", "leave it out")

_FIELDS: dict[str, Reading] = {
    "title": prefixes.field("title"),
    "headline": prefixes.field("title"),
    "ingress": prefixes.field("lead"),
    "body": prefixes.field("body"),
    "url": prefixes.field("url"),
    "metadata.url": prefixes.field("url"),
    "author": prefixes.field("author"),
    "authorname": prefixes.field("author"),
    "country": prefixes.countries,
    "metadata.source.location.countrycode": prefixes.countries,
    "language": prefixes.languages,
    "lang": prefixes.languages,
    "enrichments.languagecode": prefixes.languages,
    "source": prefixes.sites,
    "sourcename": prefixes.sites,
    "site": prefixes.sites,
    "hashtag": prefixes.marked("#"),
    "mention": prefixes.marked("@"),
}
_POSTS = """
    sentiment reach engagement followers verified gender inreplyto retweet mediatype sourcetype
    provider bio likes shares comments views sharedcount quotes replyto
"""


class _Cutter(Cutter):
    vendor = "Meltwater"
    prefixes = frozenset({*_FIELDS, *_POSTS.split()})

    def special(self, char: str) -> bool:
        if char == "^" and self.is_glued and (hat := _HAT.match(self.text, self.at)):
            self.add(Kind.SUFFIX, len(hat.group()), closing=_preferred)
            return True
        return False

    def word(self, chunk: str) -> None:
        hat = re.search(r"\^\d", chunk)
        if hat and hat.start():
            chunk = chunk[: hat.start()]
        operator = chunk.upper()
        if operator in ("AND", "OR"):
            self.join(Operator(operator), len(chunk))
        elif operator == "NOT":
            self.add(Kind.NOT, len(chunk))
        elif near := _NEAR.fullmatch(chunk):
            gap = int(near[2]) if near[2] else DEFAULT_GAP
            self.near(len(chunk), gap, is_ordered=bool(near[1]))
        elif count := _AT_LEAST.fullmatch(chunk):
            self.add(Kind.PREFIX, len(chunk), reading=prefixes.at_least(int(count[1])))
        elif re.fullmatch(r"o?near(/.*)?|atleast(/.*)?|[&|+~^]+", chunk, re.IGNORECASE):
            cure = "write NEAR, NEAR/10, ONEAR/10, AND, OR or NOT"
            self.fail(self.at, f"{chunk!r} is no operator of Meltwater", cure, "operator")
            self.at += len(chunk)
        elif chunk[0] in "#@" and len(chunk) > 1:
            self.term(chunk[1:], len(chunk), mark=chunk[0])
        else:
            self.term(chunk, len(chunk))

    def prefix(self, name: str, length: int) -> None:
        if name == "ingress":
            what = "is read as the first 50 words of the text"
            self.lose(length, what, "", Effect.UNSURE)
        self.add(Kind.PREFIX, length, reading=_FIELDS.get(name, _SOCIAL))


def _preferred(part: Part, piece: Piece) -> tuple[Part, tuple[Loss, ...]]:
    what = "prefers a keyword in what is shown, and changes no hit"
    loss = Loss(start=piece.start, end=piece.end, what=what, effect=Effect.SAME)
    return part, (loss,)


DIALECT = Dialect(
    vendor="Meltwater",
    cutter=_Cutter,
    habits=Habits(
        binding=(Operator.BESIDE, Operator.AND, Operator.OR),
        beside="words without an operator between them are read as AND",
    ),
)
