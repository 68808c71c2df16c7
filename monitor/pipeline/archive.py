"""Look into what is stored: narrowed by the full-text index, judged by the matcher itself.

An answer is what the matcher would give over all stored articles; the index only spares it those
that cannot match. The latest to arrive come first, as they are found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from monitor.match.ask import Question
from monitor.match.engine import Engine
from monitor.match.matched import Matched
from monitor.match.narrow import condition_of
from monitor.match.tree import LoadedRule, Node
from monitor.model.article import Article
from monitor.model.rule import Span
from monitor.store import articles, fulltext
from monitor.store.engine import Store
from monitor.text.terms import Condition

Progress = Callable[[int, int], None]
"""Be told how many of how many candidates were judged."""

FIRST_BATCH = 8
"""How many articles are read at first, so that what is found first is shown at once."""
MAX_BATCH = 200


def no_progress(_done: int, _all: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Be an article that a query matches, with the places of what was asked for."""

    id: int
    article: Article
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHit:
    """Be an article that a rule matches."""

    id: int
    article: Article
    match: Matched


def search(
    store: Store, query: Node, *, since: datetime | None = None, progress: Progress = no_progress
) -> Iterator[Hit]:
    """Find the articles that a query matches, lists resolved.

    With `since` only those published then or later. Raises StoreError.
    """
    question = Question(query)
    for number, article in _sifted(store, condition_of(query), since, progress):
        found = question.answer(article)
        if found.matched:
            yield Hit(id=number, article=article, spans=found.spans)


def matches(
    store: Store,
    rule: LoadedRule,
    *,
    since: datetime | None = None,
    progress: Progress = no_progress,
) -> Iterator[RuleHit]:
    """Find the articles that a rule matches, as `search` does."""
    engine = Engine([rule])
    for number, article in _sifted(store, condition_of(rule.query), since, progress):
        for match in engine.match(article):
            yield RuleHit(id=number, article=article, match=match)


def _sifted(
    store: Store, condition: Condition, since: datetime | None, progress: Progress
) -> Iterator[tuple[int, Article]]:
    """Read the candidates, batch by batch: no transaction is open while one is judged."""
    with store.read() as tx:
        left = fulltext.candidates(tx, condition, since=since)
    done, total = 0, len(left)
    for batch in _batches(left):
        with store.read() as tx:
            found = articles.read_many(tx, batch)
        for number, article in reversed(found):
            done += 1
            progress(done, total)
            if since is None or article.published_at >= since:
                yield number, article


def _batches(numbers: list[int]) -> Iterator[list[int]]:
    """Cut into batches, each double the one before."""
    left, size = iter(numbers), FIRST_BATCH
    while batch := list(islice(left, size)):
        yield batch
        size = min(2 * size, MAX_BATCH)
