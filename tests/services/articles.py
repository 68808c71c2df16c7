"""Make articles, matches and rules for tests, with sensible facts for all that is not said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.model.article import Article, TextState
from monitor.model.keys import (
    ArticleKey,
    ChannelName,
    Revision,
    RuleId,
    SourceKey,
    article_key,
    digest_of,
)
from monitor.model.rule import Finding, Match, Rule, Span, Tell
from monitor.model.source import Source

MOMENT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def source(key: str = "dawn", **facts: Any) -> Source:
    """Make a source."""
    return Source(key=SourceKey(key), name=facts.pop("name", key.title()), **facts)


def article(name: str = "a", **facts: Any) -> Article:
    """Make an article whose key, address and text depend on its name."""
    title, body = facts.pop("title", f"Title {name}"), facts.pop("body", f"Body of {name}.")
    given = {
        "key": article_key("feed", name),
        "feed": "https://example.org/feed",
        "source": source(),
        "url": f"https://example.org/{name}",
        "canonical_url": f"https://example.org/{name}",
        "published_at": MOMENT,
        "first_seen_at": MOMENT,
        "fetched_at": MOMENT,
        "text_state": TextState.FULL,
        "text_hash": digest_of(title, body),
        "lang": "en",
        **facts,
    }
    return Article(title=title, body=body, **given)


def match(rule: str, key: ArticleKey, revision: str = "r1") -> Match:
    """Make a match that found "Title" in the title."""
    found = Finding(
        line="who", clause="title", text="Title", spans=(Span(field="title", start=0, end=5),)
    )
    return Match(rule_id=RuleId(rule), revision=Revision(revision), article=key, findings=(found,))


def rule(name: str = "r", *, revision: str = "r1", **facts: Any) -> Rule:
    """Make a rule that tells the channel `mailbox` in its digests."""
    tell = facts.pop("tell", ((ChannelName("mailbox"), Tell.DIGEST),))
    return Rule(
        id=RuleId(name), title=f"Rule {name}", tell=tell, revision=Revision(revision), **facts
    )
