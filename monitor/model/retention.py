"""Say for how long the database keeps what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

LEAST_ARTICLES = timedelta(days=45)
"""A story is open for 14 days, and a digest may come once a month: nothing less is kept."""

LEAST_OTHERS = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Say how long stories with their articles, settled deliveries and tries to deliver are kept.

    What is pending is kept in any case, and so are seeds.
    """

    articles: timedelta = timedelta(days=365)
    deliveries: timedelta = timedelta(days=365)
    attempts: timedelta = timedelta(days=90)
