"""Promises of judging how old a story is for an article without a date."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from monitor.group import StoryIndex, default_model
from monitor.group.likeness import AGE_HOURS, FEATURES, renewed
from monitor.group.profile import DAY_SLACK_HOURS, UNKNOWN_SLACK_HOURS, read_article
from monitor.model.article import Article, Precision

Build = Callable[..., Article]
POLL = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def test_an_undated_article_makes_no_saga_younger_than_an_undated_story(build: Build) -> None:
    index = StoryIndex()
    old = build("old", "Strike at the port of Belmora", "", at=POLL, first_seen_at=POLL)
    index.place(old, now=POLL)
    late = replace(old, published_precision=Precision.UNKNOWN)
    for article, hours in ((old, 0.0), (late, UNKNOWN_SLACK_HOURS - DAY_SLACK_HOURS)):
        profile = read_article(article, default_model().background)
        (likeness,) = index.survey(profile)
        ages = dict(zip(FEATURES, renewed(profile, likeness).values, strict=True))
        assert ages["age"] == math.log1p(hours / AGE_HOURS)
