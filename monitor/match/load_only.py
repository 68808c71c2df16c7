"""Read `only:`: the filter on what is known about an article."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from monitor.match.tree import UNFILTERED, Only
from monitor.model.problem import Problem
from monitor.text.durations import DURATION_CURE, parse_duration
from monitor.text.yaml_nodes import (
    Entry,
    Mapping,
    Scalar,
    Sequence,
    YamlNode,
    did_you_mean,
    problem_at,
)

_KEYS = tuple(item.name for item in fields(Only))
_WORDS = re.compile(r"(<=|>=|<|>|=) ?(\d{1,9})", re.ASCII)
_LANG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_SOURCE = re.compile(r"[^\s/:@]{1,253}")


def read_only(node: YamlNode | None, problems: list[Problem]) -> Only:
    """Read the filter; what is wrong with it is listed, and the rest still read."""
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return UNFILTERED
    if not isinstance(node, Mapping):
        what, cure = "`only` must be a mapping", "write `only: {lang: [en, ur]}`"
        problems.append(problem_at(node, what, cure, code="only-type"))
        return UNFILTERED
    values: dict[str, Any] = {}
    for entry in node.entries:
        name = entry.key.text
        if name not in _KEYS:
            near = did_you_mean(name, _KEYS)
            cure = f"did you mean '{near}'?" if near else f"known are: {', '.join(_KEYS)}"
            what = f"unknown key '{name[:60]}' in `only`"
            problems.append(problem_at(entry.key, what, cure, code="only-unknown-key"))
        else:
            values[name] = _value(entry, problems)
    return Only(**values)


def _value(entry: Entry, problems: list[Problem]) -> object:
    name = entry.key.text
    if name == "known":
        return _known(entry, problems)
    if name == "max_age":
        found = _each(entry, problems, parse_duration, DURATION_CURE)
        if len(found) > 1:
            what = "`max_age` takes one value"
            problems.append(problem_at(entry.value, what, DURATION_CURE, code="only-max-age"))
        return found[0] if found else None
    check, cure = _CHECKS[name.removeprefix("not_")]
    return _each(entry, problems, check, cure)


def _known(entry: Entry, problems: list[Problem]) -> bool:
    text = entry.value.text.lower() if isinstance(entry.value, Scalar) else ""
    if text not in ("true", "yes", "false", "no"):
        what = "`known` must be true or false"
        problems.append(problem_at(entry.value, what, "write `known: true`", code="only-known"))
    return text in ("true", "yes")


def _each(
    entry: Entry, problems: list[Problem], check: Callable[[str], object], cure: str
) -> tuple[object, ...]:
    """Read one value or a list of them; a value that stands there twice is kept once."""
    node, name = entry.value, entry.key.text
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items:
        problems.append(problem_at(node, f"`{name}` is empty", cure, code=f"only-{name}"))
    found: dict[object, None] = {}
    for item in items:
        text = item.text.strip() if isinstance(item, Scalar) else None
        value = check(text) if text else None
        if value is None:
            shown = f"'{text[:60]}'" if text else "this"
            what = f"{shown} is no value of `{name}`"
            code = f"only-{name.replace('_', '-')}"
            problems.append(problem_at(item, what, cure, code=code))
        else:
            found[value] = None
    return tuple(found)


def _lang(text: str) -> str | None:
    return text.lower() if _LANG.fullmatch(text.lower()) else None


def _source(text: str) -> str | None:
    return text.lower() if _SOURCE.fullmatch(text) else None


def _country(text: str) -> str | None:
    return text.upper() if len(text) == 2 and text.isascii() and text.isalpha() else None


def _tier(text: str) -> int | None:
    is_tier = text.isascii() and text.isdigit() and len(text) <= 2 and int(text) >= 1
    return int(text) if is_tier else None


def _group(text: str) -> str | None:
    return text if len(text) <= 200 else None


def _words(text: str) -> tuple[str, int] | None:
    found = _WORDS.fullmatch(text)
    return (found[1], int(found[2])) if found else None


_CHECKS: dict[str, tuple[Callable[[str], object], str]] = {
    "lang": (_lang, "write a language code, such as en or ur"),
    "source": (_source, "write a key of sources.yaml or a domain, such as dawn or dawn.com"),
    "country": (_country, "write two letters, such as PK"),
    "tier": (_tier, "write a number from 1"),
    "group": (_group, "write a group as sources.yaml names it"),
    "words": (_words, 'write a sign and a number in quotes, such as ">=150"'),
}
