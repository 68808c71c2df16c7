"""Judge `only:`: metadata filters, where unknown passes with a note unless the rule is strict."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from monitor.match.evaluate import Document
from monitor.match.tree import Only
from monitor.model.article import Article, Origin, Precision
from monitor.model.source import Source
from monitor.text.language import language_of

LISTED_KEYS = ("lang", "source", "country", "tier", "group")
"""Keys that take a list of values, and have a `not_` beside them."""

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyResult:
    """Say how one key of `only:` fared: `is_known` is False where the fact is missing."""

    key: str
    wanted: str
    found: str
    passed: bool
    is_known: bool = True

    @property
    def note(self) -> str:
        """Give the sentence that every explanation shows, "" if there is nothing to say."""
        if self.is_known:
            return ""
        return f"{self.key} unknown: {'let through' if self.passed else 'held back'}"


def judge_only(only: Only, document: Document) -> tuple[OnlyResult, ...]:
    """Judge every key that the rule names, without stopping at the first that fails."""
    results = [result for key in LISTED_KEYS for result in _listed(only, key, document.article)]
    if only.words:
        results.append(_words(only, document))
    if only.max_age is not None and document.article.origin is not Origin.SEED:
        results.append(_age(only, only.max_age, document.article))
    return tuple(results)


def lang_origin(article: Article) -> str:
    """Say by what an article's language is known, "" if it is not.

    A feed's own word is not kept: where the text reads so too, nobody can tell which it was.
    """
    stated = (article.source.lang or "").partition("-")[0]
    if not article.lang and not stated:
        return ""
    if not article.lang or article.lang == stated:
        return "as its source states"
    if language_of(article.title, article.body, None) == article.lang:
        return "as its text reads"
    return f"as its {'file' if article.origin is Origin.SEED else 'feed'} states"


def article_has(key: str, value: str | int, article: Article) -> bool:
    """Tell whether an article has one value of a key of `LISTED_KEYS`, for certain."""
    fact = _fact(key, article)
    return fact is not None and _fits(key, value, fact, article)


def source_has(key: str, value: str | int, source: Source) -> bool:
    """Tell whether a source states one value of a key of `LISTED_KEYS`, or may have it."""
    if key == "source":
        parts = any(str(value).lower().endswith(f".{domain}") for domain in source.domains)
        return parts or _is_named(str(value), source, ())
    fact = getattr(source, key)
    return fact is not None and _equals(key, value, fact)


def _listed(only: Only, key: str, article: Article) -> list[OnlyResult]:
    results = []
    for name, is_wanted in ((key, True), (f"not_{key}", False)):
        values: tuple[str | int, ...] = getattr(only, name)
        if not values:
            continue
        fact = _fact(key, article)
        is_known = fact is not None
        hit = fact is not None and any(_fits(key, value, fact, article) for value in values)
        passed = (hit is is_wanted) if is_known else not only.known
        wanted = ("" if is_wanted else "not ") + ", ".join(str(value) for value in values)
        results.append(
            OnlyResult(
                key=key,
                wanted=wanted,
                found="unknown" if fact is None else str(fact),
                passed=passed,
                is_known=is_known,
            )
        )
    return results


def _fact(key: str, article: Article) -> str | int | None:
    source = article.source
    if key == "lang":
        return (article.lang or source.lang or "").lower().replace("_", "-") or None
    if key == "source":
        return source.key
    return {"country": source.country, "tier": source.tier, "group": source.group}[key]


def _fits(key: str, value: str | int, fact: str | int, article: Article) -> bool:
    if key == "source":
        hosts = (_host(article.canonical_url), _host(article.url))
        return _is_named(str(value), article.source, hosts)
    return _equals(key, value, fact)


def _equals(key: str, value: str | int, fact: str | int) -> bool:
    wanted, stated = str(value).casefold(), str(fact).casefold()
    if key == "lang":  # en covers en-gb
        return f"{stated}-".startswith(f"{wanted}-")
    return wanted == stated


def _is_named(value: str, source: Source, hosts: Sequence[str]) -> bool:
    """Tell whether a value is a source's key, or a domain of it or of an article's address."""
    wanted = value.lower()
    if wanted == source.key.lower():
        return True
    hosts = (*source.domains, *hosts)
    return any(host == wanted or host.endswith("." + wanted) for host in hosts)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _words(only: Only, document: Document) -> OnlyResult:
    """Count the body's tokens; several bounds must all hold (a range)."""
    count = len(document.field("body").starts)
    return OnlyResult(
        key="words",
        wanted=", ".join(f"{sign}{bound}" for sign, bound in only.words),
        found=str(count),
        passed=all(_COMPARE[sign](count, bound) for sign, bound in only.words),
    )


def _age(only: Only, limit: timedelta, article: Article) -> OnlyResult:
    is_known = article.published_precision is not Precision.UNKNOWN
    age = article.first_seen_at - article.published_at
    if article.published_precision is Precision.DAY:  # some time that day: the latest counts
        age -= timedelta(days=1)
    return OnlyResult(
        key="max_age",
        wanted=f"at most {limit}",
        found=str(max(age, timedelta(0))) if is_known else "unknown",
        passed=age <= limit if is_known else not only.known,
        is_known=is_known,
    )
