"""Tell which news agency wrote a report, by how papers credit what they take from its wire.

    ISLAMABAD, Nov 26 (AFP) — Meta opens ...      a dateline
    ... the minister said. — Reuters              a sign-off
    (Reporting by A. Khan; Editing by B. Shah)    Reuters' own
    © 2026 The Associated Press                   a notice at the end
    By Press Trust of India                       the author

A name within a sentence ("told AFP", "with reporting by Reuters") credits nothing: what is said
around it is the paper's own. Only a text's beginning and end are looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from monitor.model.article import Article

_HEAD_CHARS = 200
_TAIL_CHARS = 700
_MAX_PLACE_WORDS = 7  # of a dateline without a dash: "NEW DELHI, Thursday, Nov 26, 2026 (PTI)"
_DASH = r"(?:--|[-\u2010-\u2015\u2212])"
_END = r"[.!?…。۔؟！？\"'”’»)\]]"  # of a sentence
_AUTHORS = re.compile(r"[/,;|&·•]|\s[-–—]\s|\s(?:and|with|via|et|und|y|e)\s", re.IGNORECASE)
_AUTHOR_TRIM = re.compile(
    r"^(?:by|from|the)\s+"
    r"|\s+(?:staff(?: writers?)?|writers?|reporters?|correspondents?|news ?wire|wire|in [\w ]+)$",
    re.IGNORECASE,
)
_REUTERS_DESK = re.compile(
    r"\breporting by\b.{1,400}?\b(?:editing|writing) by\b", re.IGNORECASE | re.DOTALL
)
_PICTURE = r"(?i:file|photo|image|picture|getty|video|graphic)"  # a caption's credit
_CJK_CABLE = "[^\\s。，]{0,24}[电電]"
_MAX_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class Agency:
    """Be a news agency: the name we show, how else papers spell it, and its own sites."""

    name: str
    spelt: tuple[str, ...]
    domains: tuple[str, ...]


class Wires:
    """Know the agencies' names: those that are shipped, and a workspace's own syndicators."""

    def __init__(self, own: Iterable[str] = ()) -> None:
        """Take the names of the workspace's sources that are syndicators."""
        shipped = _agencies()
        self._by_domain = {domain: one.name for one in shipped for domain in one.domains}
        names = {name: name for name in own if 2 <= len(name) <= _MAX_NAME_CHARS}
        for one in shipped:
            for spelt in (one.name, *one.spelt):
                names[spelt] = names[spelt.upper()] = one.name
        self._names = names
        self._folded = {_folded(spelt): name for spelt, name in names.items()}
        any_of = "|".join(_pattern(name) for name in sorted(names, key=len, reverse=True))
        name = rf"(?<!\w)(?P<name>{any_of})"
        others = rf"(?:(?:\s?[/,;|&]\s?|\s(?=[A-Z]))(?!{_PICTURE})[^()\[\]（）\n]{{1,40}})?"
        self._any = re.compile(rf"(?<!\w)(?:{any_of})")
        self._dateline = re.compile(
            rf"(?P<place>(?:\([^()（）\n]{{1,30}}\)|[^()（）\n]){{0,120}}?)[(（]\s*{name}{others}\s*[)）]"
            rf"(?P<sign>\s*\.?\s*(?:{_DASH}|[:：]))?"
        )
        self._opening = re.compile(rf"{name}(?:\s*(?:{_DASH}|[:：|])\s+(?=\S)|{_CJK_CABLE})")
        self._sign_off = re.compile(
            rf"(?:(?:{_END}|\n)\s{{0,3}}(?:{_DASH}\s{{0,3}}|[(\[（]\s{{0,3}})"
            rf"|\n\s{{0,3}}(?:(?:Source|Quelle|Fuente|Fonte)\s{{0,3}}[:：]\s{{0,3}})?)"
            rf"{name}{others}\s{{0,3}}[)\]）]?\s{{0,3}}\.?\s{{0,3}}$"
        )
        self._notice = re.compile(
            rf"(?:©|\(c\)|copyright)[\s©,]{{0,4}}(?:\(c\)\s?)?(?:\d{{4}}[\s,]{{1,2}})?(?:(?:by|the)\s){{0,2}}{name}",
            re.IGNORECASE,
        )

    def wire_of(self, article: Article) -> str | None:
        """Name the agency that a report comes from; None if it credits none.

        A syndicator's own report is its own.
        """
        source = article.source
        for domain in source.domains:
            if found := self._by_domain.get(domain):
                return found
        if source.is_syndicator:
            return self._folded.get(_folded(source.name), source.name[:_MAX_NAME_CHARS])
        return (
            self._of_head(article.body)
            or self._of_author(article.author)
            or self._of_tail(article.body)
        )

    def _of_head(self, body: str) -> str | None:
        head = body[:_HEAD_CHARS]
        if found := self._dateline.match(head):
            place = found["place"]
            if not self._any.search(place) and (found["sign"] or _is_place(place)):
                return self._names[found["name"]]
        opening = self._opening.match(head)
        return self._names[opening["name"]] if opening else None

    def _of_author(self, author: str) -> str | None:
        for part in _AUTHORS.split(author):
            name = part
            for _ in range(3):
                name = _AUTHOR_TRIM.sub("", name.strip())
                if found := self._folded.get(_folded(name)):
                    return found
        return None

    def _of_tail(self, body: str) -> str | None:
        tail = body[-_TAIL_CHARS:].rstrip()
        if found := self._sign_off.search(tail):
            return self._names[found["name"]]
        if _REUTERS_DESK.search(tail):
            return "Reuters"
        notice = self._notice.search(tail)
        return self._folded.get(_folded(notice["name"])) if notice else None


@lru_cache(maxsize=4)
def wires(own: tuple[str, ...] = ()) -> Wires:
    """Give the agencies that a workspace knows; `own` are the names of its syndicators."""
    return Wires(own)


def _pattern(name: str) -> str:
    """Match a name as a whole word; Chinese and Japanese set no blank behind one."""
    is_spaceless = "\u3040" <= name[-1] <= "\u9fff"
    return re.escape(name) + ("" if is_spaceless else r"(?!\w)")


def _is_place(text: str) -> bool:
    """Tell a dateline's place and date from the beginning of a sentence."""
    words = text.split()
    return 0 < len(words) <= _MAX_PLACE_WORDS and not any(word[0].islower() for word in words)


def _folded(name: str) -> str:
    return " ".join(name.casefold().removeprefix("the ").split())


def _agencies() -> tuple[Agency, ...]:
    here = resources.files("monitor.group").joinpath("agencies.json")
    found = json.loads(here.read_text("utf-8"))
    return tuple(Agency(one["name"], tuple(one["spelt"]), tuple(one["domains"])) for one in found)
