"""Read the names and codes of countries and languages that vendors write."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

_ALSO = {
    "america": "US",
    "bosnia": "BA",
    "britain": "GB",
    "burma": "MM",
    "cape verde": "CV",
    "congo": "CD",
    "czech republic": "CZ",
    "england": "GB",
    "great britain": "GB",
    "hong kong": "HK",
    "ivory coast": "CI",
    "macau": "MO",
    "macedonia": "MK",
    "myanmar": "MM",
    "palestine": "PS",
    "swaziland": "SZ",
    "turkey": "TR",
    "vatican": "VA",
}
"""Names that people write and that the Unicode names are not."""


def _names(kind: str) -> Mapping[str, str]:
    """Give the English names of territories or languages by code."""
    from babel import Locale  # takes a while

    names: Mapping[str, str] = getattr(Locale("en"), kind)
    return names


def _aliases(kind: Literal["language_aliases", "territory_aliases"]) -> Mapping[str, Any]:
    from babel.core import get_global

    return get_global(kind)


def country(text: str) -> str | None:
    """Give the two letters of a country from its code (two or three letters) or English name."""
    name = text.strip()
    if len(name) in (2, 3) and (code := _by_code(name.upper())):
        return code
    return _countries().get(_folded(name))


def language(text: str) -> str | None:
    """Give the code of a language from its code or English name; a region stays (pt-br)."""
    name = text.strip().lower().replace("_", "-")
    code = name.partition("-")[0]
    if len(code) == 3:
        code = _aliases("language_aliases").get(code, code)
    if len(code) == 2 and code in _names("languages"):
        return "-".join([code, *name.split("-")[1:]])
    return _languages().get(_folded(text))


def _by_code(code: str) -> str | None:
    if len(code) == 2 and code in _names("territories"):
        return code
    meant = _aliases("territory_aliases").get(code, ())
    return meant[0] if len(meant) == 1 and len(meant[0]) == 2 else None


def _folded(name: str) -> str:
    return " ".join(name.lower().replace(".", " ").replace("_", " ").replace("&", "and").split())


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    named = _names("territories").items()
    return {_folded(name): code for code, name in named if len(code) == 2} | _ALSO


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    named = _names("languages").items()
    return {_folded(name): code for code, name in named if len(code) == 2}
