from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.match.query import parse_query
from monitor.match.tree import And, Line, LoadedRule, Node, Only, Place
from monitor.model.article import Article, TextState
from monitor.model.keys import ArticleKey, Revision, RuleId, SourceKey
from monitor.model.rule import Rule
from monitor.model.source import Source

NOW = datetime(2026, 1, 10, tzinfo=UTC)
MakeArticle = Callable[..., Article]
MakeRule = Callable[..., LoadedRule]


def _article(
    title: str = "", body: str = "", *, source: dict[str, Any] | None = None, **facts: Any
) -> Article:
    given: dict[str, Any] = {
        "key": ArticleKey("a1"),
        "feed": "https://www.dawn.com/feeds/home",
        "source": Source(
            **(
                {"key": SourceKey("dawn"), "name": "Dawn", "domains": ("dawn.com",)}
                | (source or {})
            )
        ),
        "url": "https://www.dawn.com/news/1712345/meta-asked",
        "canonical_url": "https://www.dawn.com/news/1712345/meta-asked",
        "published_at": NOW,
        "first_seen_at": NOW,
        "fetched_at": NOW,
        "text_state": TextState.FULL,
        "text_hash": "h",
    }
    return Article(title=title, body=body, **(given | facts))


def _node(query: str | dict[str, str] | Node) -> Node:
    if isinstance(query, dict):
        lines = tuple(
            Line(place=Place(text=text), name=name, part=_node(text))
            for name, text in query.items()
        )
        return And(place=Place(text=""), parts=lines)
    if not isinstance(query, str):
        return query
    parsed = parse_query(query)
    assert parsed.node is not None, parsed.problems
    return parsed.node


def _rule(
    query: str | dict[str, str] | Node,
    *,
    id: str = "r",  # noqa: A002 - as rule files call it
    exclude: Sequence[str] = (),
    only: Only | None = None,
) -> LoadedRule:
    return LoadedRule(
        rule=Rule(id=RuleId(id), title=id, tell=(), revision=Revision("1")),
        query=_node(query),
        exclude=tuple(_node(each) for each in exclude),
        only=only or Only(),
    )


@pytest.fixture(scope="session")
def article() -> MakeArticle:
    return _article


@pytest.fixture(scope="session")
def rule() -> MakeRule:
    return _rule
