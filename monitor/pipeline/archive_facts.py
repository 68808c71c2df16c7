"""Answer what the lint asks of the archive, from one transaction that reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property

from monitor.model.article import Article
from monitor.model.source import Source
from monitor.store import articles, fulltext
from monitor.store.engine import Tx
from monitor.text.terms import Term

LATE_FOR = timedelta(days=30)
MAX_LATEST = 2_000
"""Articles on which all rules are tried: a second of work, whatever the rules."""


class ArchiveFacts:
    """Know the archive as `monitor.match.lint_archive.Archive` wants it known."""

    def __init__(self, tx: Tx, sources: Sequence[Source], *, now: datetime) -> None:
        self.sources = sources
        self._tx = tx
        self._now = now

    @cached_property
    def size(self) -> int:
        """Count the articles whose terms are known."""
        return fulltext.size(self._tx)

    @cached_property
    def latest(self) -> tuple[Article, ...]:
        """List the latest articles of the last 30 days."""
        ids = articles.ids_since(self._tx, self._now - LATE_FOR)[-MAX_LATEST:]
        return tuple(article for _, article in articles.read_many(self._tx, ids))

    def count(self, term: Term, *, without: Term | None = None) -> int:
        """Count the articles that hold a term, and not the other."""
        return fulltext.count(self._tx, term, without=without)

    def holds(self, term: Term) -> bool:
        """Tell whether an article holds a term."""
        return fulltext.holds(self._tx, term)
