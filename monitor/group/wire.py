"""Tell which news agency wrote a report, by how papers credit what they take from its wire.

    ISLAMABAD, Nov 26 (AFP) — Meta opens ...      a dateline
    ... the minister said. — Reuters              a sign-off
    (Reporting by A. Khan; Editing by B. Shah)    Reuters' own
    © 2026 The Associated Press                   a notice at the end
    By Press Trust of India                       the author

A name within a sentence ("told AFP", "with reporting by Reuters") credits nothing: what is said
around it is the paper's own. Nor does a picture's credit, or the short form of a name that stands
before it: "Pakistan Tehreek-e-Insaf (PTI)". Only a text's beginning and end are looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from monitor.model.article import Article
from monitor.model.source import Source
from monitor.model.story import Wire

_HEAD_CHARS = 200
_TAIL_CHARS = 700
_MAX_NAME_CHARS = 60
_SHORT_CHARS = 5  # a name up to here is a short form: many things are called so
_NAMED_ALONE = frozenset({"AFP", "EFE", "dpa", "DPA", "TASS"})  # though short
_AMBIGUOUS = frozenset(
    ["AA", "AAP", "ANP", "BSS", "CP", "INP", "MENA", "NNI", "PA", "PPI", "PTI", "SPA", "TT", "UNI"]
)
"""Names that parties, indices and airlines have, too: only a place makes them an agency's."""
_MAX_PLACE_WORDS = 7  # of a dateline without a dash: "NEW DELHI, Thursday, Nov 26, 2026 (PTI)"
_MAX_CASELESS_WORDS = 3  # of one in a script without capitals
_DASH = r"(?:--|[-\u2010-\u2015\u2212])"
_END = r"[.!?…。۔؟！？\"'”’»)\]]"  # of a sentence
_CALENDAR = re.compile(
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?",
    re.IGNORECASE,
)
_SMALL = frozenset(["a", "al", "and", "d", "da", "de", "e", "for", "in", "la", "l", "of", "the"])
_PICTURE = r"(?i:file|photo|image|picture|getty|video|graphic|caption|credit)"
_PICTURE_CHARS = 30  # so near before a notice, or a third behind, such a word makes it its own
_CABLE = "[^\\s。，]{0,24}[电電]"  # 新华社伊斯兰堡11月26日电
_REUTERS_DESK = re.compile(
    r"\breporting by\b.{1,400}?\b(?:editing|writing) by\b", re.IGNORECASE | re.DOTALL
)
_IMPRINT = re.compile(r"\n\s{0,3}Published in [^\n]{3,80}$")  # Dawn's last line
_AUTHORS = re.compile(r"[/,;|&·•]|\s[-–—]\s|\s(?:and|via|et|und|y|e)\s", re.IGNORECASE)
_BEFORE_NAME = re.compile(r"^(?:(?:by|from)\s+)?(?:the\s+)?", re.IGNORECASE)
_BEHIND_NAME = re.compile(
    r"\s+(?:staff(?: writers?)?|writers?|reporters?|correspondents?|news ?wire|wire|in [\w ]+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Agency:
    """Be a news agency: the name we show, how else papers spell it, and its own sites."""

    name: str
    spelt: tuple[str, ...]
    domains: tuple[str, ...]


class Wires:
    """Know the agencies' names: those that are shipped, and a workspace's own syndicators."""

    def __init__(self, own: Iterable[Agency] = ()) -> None:
        """Take the workspace's sources that are syndicators, as agencies; their names win."""
        shipped = _agencies()
        self._by_domain = {domain: one.name for one in shipped for domain in one.domains}
        names = {
            spelt: one.name
            for one in shipped
            for written in (one.name, *one.spelt)
            for spelt in (written, written.upper())
        }
        names.update((one.name, one.name) for one in own if not self._is_known(one, names))
        self._names = names
        self._folded = {_folded(n): name for n, name in names.items() if len(n) > _SHORT_CHARS}
        self._short = {n: name for n, name in names.items() if len(n) <= _SHORT_CHARS}
        self._alone = {n.casefold(): names[n] for n in _NAMED_ALONE}
        any_of = _any_of(names)
        alone = _any_of(n for n in names if len(n) > _SHORT_CHARS or n in _NAMED_ALONE)
        plain = _any_of(n for n in names if n not in _AMBIGUOUS)
        spaceless = _any_of(n for n in names if _is_spaceless(n))
        name = rf"(?<!\w)(?P<name>{any_of})"
        others = rf"(?:(?:\s?[/,;|&]\s?|\s(?=[A-Z]))(?!{_PICTURE})[^()\[\]（）\n]{{1,40}})?"
        self._any = re.compile(rf"(?<!\w)(?:{any_of})")
        self._dateline = re.compile(
            r"(?P<place>(?:\([^()（）\n]{1,30}\)|[^()（）/\n]|/(?=\w)){0,120}?)"
            rf"(?:[(（]\s?(?P<desk>[^()（）/=\n]{{1,20}}[/=])??{name}{others}\s?[)）]"
            rf"(?P<sign>\s?\.?\s?(?:{_DASH}|[:：]))?"
            rf"|/(?P<slashed>{any_of})/(?P<stop>\s?[.:]|\s?{_DASH}))"
        )
        self._opening = re.compile(
            rf"(?P<name>{alone})\s?(?:{_DASH}|[:：|])\s+(?=\S)|(?P<cable>{spaceless}){_CABLE}"
        )
        self._sign_off = re.compile(
            rf"(?:(?:{_END}|\n)\s{{0,3}}{_DASH}\s{{0,3}}(?P<dashed>{any_of})"
            rf"|(?:(?:{_END}|\n)\s{{0,3}}[(\[（/]\s{{0,3}}"
            rf"|\n\s{{0,3}}(?:(?:Source|Quelle|Fuente|Fonte)\s?[:：]\s{{0,3}})?)"
            rf"(?P<name>{plain})){others}\s{{0,3}}[)\]）/]?\s{{0,3}}\.?$"
        )
        mark, the = r"(?:©|\(c\)|(?i:copyright))", r"(?:(?i:by|the)\s){0,2}"
        self._notice = re.compile(
            rf"{mark}[\s©,]{{0,4}}(?:\(c\)\s?)?"
            rf"(?:\d{{4}}[\s,]{{1,2}}{the}{name}|{the}(?P<behind>{any_of})[\s,]{{1,2}}\d{{4}}"
            rf"|{the}(?P<undated>{any_of}))"
            r"(?P<rights>[^\n]{0,40}(?i:all rights reserved))?"
        )

    def wire_of(self, article: Article) -> Wire | None:
        """Tell from which agency a report is; None if it credits none."""
        own = self._published_by(article.source)
        if own is not None:
            return Wire(own, is_taken=False)
        body = article.body
        found = self._of_head(body) or self._of_author(article.author) or self._of_tail(body)
        return Wire(found, is_taken=True) if found else None

    def _published_by(self, source: Source) -> str | None:
        """Name the agency that a source is."""
        for domain in source.domains:
            rest = domain
            while rest:
                if found := self._by_domain.get(rest):
                    return found
                rest = rest.partition(".")[2]
        if source.is_syndicator:
            return self._named(source.name) or source.name[:_MAX_NAME_CHARS]
        return None

    def _is_known(self, own: Agency, shipped: dict[str, str]) -> bool:
        """Tell whether a workspace's syndicator is a shipped agency, under whatever spelling."""
        if any(domain in self._by_domain for domain in own.domains):
            return True
        known = {_folded(name) for name in shipped}
        return not own.domains and _folded(own.name) in known

    def _of_head(self, body: str) -> str | None:
        head = body[:_HEAD_CHARS]
        if found := self._dateline.match(head):
            place, name = found["place"], found["name"] or found["slashed"]
            is_signed = found["sign"] or found["stop"] or (found["desk"] or "").endswith("=")
            is_placed = _is_place(place) or (bool(is_signed) and _is_dated(place))
            is_dateline = is_placed or (is_signed and name not in _AMBIGUOUS)
            if is_dateline and not self._any.search(place) and not _is_short_of(name, place):
                return self._names[name]
        opening = self._opening.match(head)
        return self._names[opening["name"] or opening["cable"]] if opening else None

    def _of_author(self, author: str) -> str | None:
        for part in (author, *_AUTHORS.split(author)):
            name = _BEFORE_NAME.sub("", part.strip())
            found = self._named(name) or self._named(_BEHIND_NAME.sub("", name))
            if found:
                return found
        return None

    def _of_tail(self, body: str) -> str | None:
        tail = _IMPRINT.sub("", body[-_TAIL_CHARS:].rstrip()).rstrip()
        if found := self._sign_off.search(tail):
            return self._names[found["name"] or found["dashed"]]
        if _REUTERS_DESK.search(tail):
            return "Reuters"
        for notice in self._notice.finditer(tail):
            dated = notice["name"] or notice["behind"]
            is_whole = dated or notice["rights"] or "opyright" in notice.group().casefold()
            start, end = (
                max(0, notice.start() - _PICTURE_CHARS),
                notice.end() + _PICTURE_CHARS // 3,
            )
            if is_whole and not re.search(_PICTURE, tail[start:end]):
                return self._names[dated or notice["undated"]]
        return None

    def _named(self, name: str) -> str | None:
        """Find an agency by a name that stands alone; "App" is none, "APP" is."""
        folded = _folded(name)
        return self._short.get(name) or self._alone.get(folded) or self._folded.get(folded)


@lru_cache(maxsize=4)
def wires(own: tuple[Agency, ...] = ()) -> Wires:
    """Give the agencies that a workspace knows; `own` are its syndicators."""
    return Wires(own)


def syndicators(sources: Iterable[Source]) -> tuple[Agency, ...]:
    """Give the sources that are news agencies, as such."""
    return tuple(
        Agency(one.name, (), one.domains)
        for one in sources
        if one.is_syndicator and 2 <= len(one.name) <= _MAX_NAME_CHARS
    )


def _any_of(names: Iterable[str]) -> str:
    """Match one of these names as a whole word; Chinese and Japanese set no blank behind one."""
    ordered = sorted(names, key=len, reverse=True)
    return "|".join(re.escape(n) + ("" if _is_spaceless(n) else r"(?!\w)") for n in ordered)


def _is_spaceless(name: str) -> bool:
    return "\u3040" <= name[-1] <= "\u9fff"


def _is_short_of(name: str, text: str) -> bool:
    """Tell whether a name is short for the words before it: Pakistan Tehreek-e-Insaf (PTI).

    Not of a dateline's: ALLENTOWN, Pa. (AP).
    """
    words = re.findall(r"[^\W\d_]+", text)
    first, *rest = words or [""]
    if len(first) > 2 and first.isupper() and len(rest) <= 2 and not "".join(rest).isupper():
        return False
    left = list(name.casefold())
    for word in reversed(words):
        initial = word[0].casefold()
        if left and initial == left[-1]:
            left.pop()
        elif left and word.casefold() not in _SMALL:
            return False
    return not left


def _is_place(text: str) -> bool:
    """Tell a dateline's place and date from other words: "NEW DELHI, Nov 26:"."""
    words = re.findall(r"[^\W\d_]+", text)
    if not words or len(text.split()) > _MAX_PLACE_WORDS:
        return False
    if all(word == word.lower() == word.upper() for word in words):
        return len(words) <= _MAX_CASELESS_WORDS
    named = [word for word in words if not _CALENDAR.fullmatch(word)]
    return bool(named) and all(word.isupper() for word in named) and len(named[0]) > 2


def _is_dated(text: str) -> bool:
    """Tell whether a place has a date behind it: "New Delhi, Nov 26"."""
    words = re.findall(r"[^\W\d_]+|\d+", text)
    return any(map(_CALENDAR.fullmatch, words)) and any(word.isdigit() for word in words)


def _folded(name: str) -> str:
    return " ".join(name.casefold().removeprefix("the ").split())


def _agencies() -> tuple[Agency, ...]:
    here = resources.files("monitor.group").joinpath("agencies.json")
    found = json.loads(here.read_text("utf-8"))
    return tuple(Agency(one["name"], tuple(one["spelt"]), tuple(one["domains"])) for one in found)
