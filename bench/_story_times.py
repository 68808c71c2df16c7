"""Group articles as if time were another: what a grouping owes to it, and to invented times."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model.article import Article, Precision

Labelled = list[tuple[Article, str]]
POLL_ARTICLES = 30
POLL_GAP = timedelta(days=30)


def at_one_moment(labelled: Sequence[tuple[Article, str]]) -> Labelled:
    """Take time away: all articles are of one moment, in the order they had."""
    return [(_at(article, labelled[0][0].published_at), story) for article, story in labelled]


def undated(labelled: Sequence[tuple[Article, str]]) -> Labelled:
    """Take the dates away: thirty articles a poll, so far apart that no story goes on."""
    start, out = labelled[0][0].published_at, Labelled()
    for number, (article, story) in enumerate(labelled):
        poll = number // POLL_ARTICLES
        moved = _at(article, start + poll * POLL_GAP)
        out.append((replace(moved, published_precision=Precision.UNKNOWN), f"{story}, {poll}"))
    return out


def reshuffled(labelled: Sequence[tuple[Article, str]], seed: int) -> Labelled:
    """Exchange the starts of stories at random; within a story the gaps stay as they are."""
    starts: dict[str, datetime] = {}
    for article, story in labelled:
        starts.setdefault(story, article.published_at)
    drawn = random.Random(seed).sample(list(starts.values()), len(starts))
    begins = dict(zip(starts, drawn, strict=True))
    moved = [
        (_at(article, article.published_at - starts[story] + begins[story]), story)
        for article, story in labelled
    ]
    return sorted(moved, key=lambda pair: (pair[0].published_at, pair[0].key))


def _at(article: Article, moment: datetime) -> Article:
    return replace(article, published_at=moment, first_seen_at=moment)
