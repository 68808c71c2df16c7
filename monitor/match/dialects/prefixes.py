"""Read what stands behind a vendor's prefixes (`title:`, `site:`, `links:`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from monitor.match.dialects.parts import (
    And,
    Field,
    Filter,
    Lost,
    Not,
    Or,
    Part,
    Term,
    any_of,
    holds,
)
from monitor.match.dialects.parts import AtLeast as _AtLeast
from monitor.match.dialects.pieces import Reading
from monitor.match.dialects.places import country, language

_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.IGNORECASE)


def field(name: str) -> Reading:
    """Search in one of our fields."""

    def read(part: Part, start: int) -> Part:
        if holds(part, (Field, Filter, _AtLeast)):
            what = "a field inside a field"
            return Lost(start=start, end=part.end, what=what, cure="name one field only")
        return Field(start=start, end=part.end, name=name, part=part)

    return read


def gone(what: str, cure: str) -> Reading:
    """Say that a rule has nothing of the kind."""

    def read(part: Part, start: int) -> Part:
        return Lost(start=start, end=part.end, what=what, cure=cure)

    return read


def exact(part: Part, start: int) -> Part:
    """Search case as written."""
    return _each(part, start, lambda term: replace(term, is_exact=True))


def marked(mark: str) -> Reading:
    """Search marked words only."""

    def read(part: Part, start: int) -> Part:
        def mark_it(term: Term) -> Term:
            return replace(term, text=term.text.lstrip("@#$"), mark=mark)

        return _each(part, start, mark_it)

    return read


def at_least(count: int) -> Reading:
    """Count occurrences."""

    def read(part: Part, start: int) -> Part:
        return _AtLeast(start=start, end=part.end, count=count, part=part)

    return read


def countries(part: Part, start: int) -> Part:
    """Filter by the source's country."""
    return _filtered(part, start, "country", country, "name a country by its code, such as PK")


def languages(part: Part, start: int) -> Part:
    """Filter by the article's language."""
    return _filtered(part, start, "lang", language, "name a language by its code, such as ur")


def sites(part: Part, start: int) -> Part:
    """Filter by the source's domain; an address with a path is looked for in the URL."""
    return _listed(part, start, _site)


def _site(term: Term, start: int) -> Part:
    text = re.sub(r"^(https?://)?(\*\.|www\.|\.)?", "", term.text.strip(), flags=re.IGNORECASE)
    host, _, path = text.rstrip("/*").partition("/")
    if path:
        found = replace(term, start=start, text=f"{host}/{path}")
        return Field(start=start, end=term.end, name="url", part=found)
    if not _DOMAIN.fullmatch(host):
        cure = "name the source under `only: {source: [...]}`, by its domain or key"
        return Lost(start=start, end=term.end, what="is no site's domain", cure=cure)
    return Filter(start=start, end=term.end, key="source", values=(host.lower(),))


def _filtered(
    part: Part, start: int, key: str, read: Callable[[str], str | None], cure: str
) -> Part:
    def each(term: Term, start: int) -> Part:
        value = read(term.text)
        if value is None:
            names = {"lang": "a language", "country": "a country"}
            what = f"is not known as {names[key]}"
            return Lost(start=start, end=term.end, what=what, cure=f"{cure}, under `only:`")
        return Filter(start=start, end=term.end, key=key, values=(value,))

    return _listed(part, start, each)


def _listed(part: Part, start: int, read: Callable[[Term, int], Part]) -> Part:
    """Read a value, or several joined by OR; the first takes the prefix's place."""
    terms = part.parts if isinstance(part, Or) else (part,)
    found: list[Part] = []
    for term in terms:
        at = term.start if found else start
        if isinstance(term, Term):
            found.append(read(term, at))
        else:
            what = "takes values joined by OR only"
            found.append(Lost(start=at, end=term.end, what=what, cure="list them under `only:`"))
    return any_of(found)


def _each(part: Part, start: int, change: Callable[[Term], Term]) -> Part:
    """Change all terms of a part; what no term is in stays as it is."""
    if isinstance(part, Term):
        return replace(change(part), start=start)
    if isinstance(part, Or | And):
        parts = tuple(_each(one, one.start, change) for one in part.parts)
        return replace(part, start=start, parts=parts)
    if isinstance(part, Not):
        return replace(part, part=_each(part.part, part.part.start, change))
    return part
