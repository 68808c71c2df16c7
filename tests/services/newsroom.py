"""A newsroom on real parts: a site to poll, a webhook to tell, both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from services.http_site import HttpSite
from services.in_process import pass_at
from services.product import Workspace, rss
from services.webhook_sink import WebhookSink
from sqlalchemy import select

from monitor.clock import system_clock
from monitor.match.engine import Engine
from monitor.match.tree import LoadedRule
from monitor.model.article import Article
from monitor.model.rule import Match
from monitor.pipeline.ports import Ports
from monitor.schedule import ALL
from monitor.store.engine import Store
from monitor.store.tables import ArticleRow, FeedRow, MatchRow, PageRow, ProblemRow


def html_page(name: str, text: str) -> str:
    """Write an article's page."""
    head = f"<head><title>News of {name}</title></head>"
    return (
        f"<html>{head}<body><article><h1>News of {name}</h1><p>{text}</p></article></body></html>"
    )


@dataclass
class Newsroom:
    """Be a workspace that polls one feed of one site, and what its database holds."""

    workspace: Workspace
    site: HttpSite
    sink: WebhookSink
    store: Store
    start: datetime = field(default_factory=system_clock)

    def pass_after(self, wait: timedelta = timedelta(0), lanes: Sequence[str] = ALL) -> None:
        """Do a full pass so long after the start."""
        assert pass_at(self.workspace, self.start + wait, lanes=lanes) == {}

    def publish(self, *items: str) -> None:
        """Put items into the feed, in place of what it held."""
        self.site.put("/feed", rss(*items))

    def item(self, name: str, body: str = "", *, day: datetime | None = None) -> str:
        """Write an item whose page lies at `/name` of the site."""
        stated = format_datetime(day or self.start)
        return (
            f"<item><guid>{name}</guid><link>{self.site.base}/{name}</link>"
            f"<title>News of {name}</title><description>{body}</description>"
            f"<pubDate>{stated}</pubDate></item>"
        )

    def page(self, name: str, text: str) -> None:
        """Put an article's page at `/name`."""
        self.site.put(f"/{name}", html_page(name, text), content_type="text/html; charset=utf-8")

    @property
    def told(self) -> list[dict[str, Any]]:
        """List what the webhook was told."""
        return [json.loads(hit.body)["data"] for hit in self.sink.hits.all]

    @property
    def feed(self) -> Any:
        """Read the feed's row."""
        (row,) = self._rows(FeedRow)
        return row

    @property
    def pages(self) -> list[Any]:
        """Read the jobs of fetching pages."""
        return self._rows(PageRow)

    @property
    def articles(self) -> list[Any]:
        """Read the articles, in order of arrival."""
        return sorted(self._rows(ArticleRow), key=lambda row: int(row.id))

    @property
    def matched(self) -> set[str]:
        """Name the rules that have a match."""
        return {row.rule_id for row in self._rows(MatchRow)}

    @property
    def problems(self) -> dict[str, Any]:
        """Read what is wrong now, by subject."""
        return {row.subject: row for row in self._rows(ProblemRow)}

    def _rows(self, table: type[Any]) -> list[Any]:
        with self.store.read() as tx:
            return list(tx.execute(select(*table.__table__.columns)).all())


OTHER_RULE = """\
title: Rain
match:
  what: rain
tell: {newsroom: now}
tests:
  match: [rain]
"""


class Interrupted(Engine):
    """Match, and let something happen once before the result is used."""

    def __init__(self, rules: Sequence[LoadedRule], then: Callable[[], object]) -> None:
        super().__init__(rules)
        self.then = then

    def match(self, article: Article) -> tuple[Match, ...]:
        found = super().match(article)
        then, self.then = self.then, lambda: None
        then()
        return found


def with_lease(ports: Ports, *, seconds: float) -> Ports:
    """Give the same ports with leases of another length."""
    limits = replace(ports.terms.limits, lease_seconds=seconds)
    return replace(ports, terms=replace(ports.terms, limits=limits))
