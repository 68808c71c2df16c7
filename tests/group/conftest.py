"""Build articles for the tests of grouping."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.model.article import Article, Precision, TextState
from monitor.model.keys import SourceKey, article_key, digest_of
from monitor.model.source import Source

Build = Callable[..., Article]
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def build() -> Build:
    """Give a builder of articles; every field that matters can be named."""

    def make(
        name: str,
        title: str,
        body: str,
        *,
        at: datetime = START,
        source: str = "",
        url: str = "",
        precision: Precision = Precision.SECOND,
        first_seen_at: datetime | None = None,
        lang: str | None = "en",
    ) -> Article:
        key = SourceKey(source or name)
        return Article(
            key=article_key(key, name),
            feed=f"https://{key}.example/feed",
            source=Source(key=key, name=key),
            url=url,
            canonical_url=url,
            title=title,
            has_real_title=bool(title),
            body=body,
            lang=lang,
            published_at=at,
            published_precision=precision,
            first_seen_at=first_seen_at or max(at, START),
            fetched_at=START,
            text_state=TextState.FULL,
            text_hash=digest_of(title, body),
        )

    return make


@pytest.fixture(scope="session")
def stories(root: Path) -> list[dict[str, str]]:
    """Give our own small articles: events with several reports, and look-alikes of each."""
    lines = (root / "tests/data/stories/lookalikes.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def saga(root: Path) -> list[dict[str, str]]:
    """Give our own small articles on one company and minister: three events, days apart."""
    lines = (root / "tests/data/stories/saga.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]
