"""Run the assigner on a real store, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from services.articles import article, source
from sqlalchemy import select

from monitor.match.engine import Engine
from monitor.match.matched import Matched
from monitor.model.article import Article, Precision
from monitor.model.keys import ArticleKey, digest_of
from monitor.model.network import Limits
from monitor.normalise.source_book import SourceBook
from monitor.pipeline.assigner import Assigner
from monitor.pipeline.failpoints import Failpoints
from monitor.pipeline.ports import Current, Network, Ports, Tally, Terms
from monitor.store import articles, claims, roles
from monitor.store.engine import Store
from monitor.store.tables import ArticleRow, SeatRow

PLACES = ("Quell", "Oru", "Belmora", "Port Salis")
EVENTS = ("Fire destroys the fish market", "Minister opens a vaccine plant", "Ferry crews strike")
FOOTER = "Read on in our paper and sign up for the letter that we send to readers every morning. "


class Killed(BaseException):
    """Be the end of a process."""


class Deadly(Engine):
    """Kill the process that judges an article."""

    def __init__(self, poison: ArticleKey) -> None:
        super().__init__([])
        self._poison = poison

    def match(self, article: Article) -> tuple[Matched, ...]:
        if article.key == self._poison:
            raise Killed
        return super().match(article)


@dataclass
class Desk:
    """Be one workspace's T1 and T2, without a network: nothing here fetches."""

    store: Store
    now: datetime = datetime(2026, 11, 1, tzinfo=UTC)
    holder: str = "desk"
    ports: Ports = field(init=False)
    assigner: Assigner = field(init=False)

    def __post_init__(self) -> None:
        self.ports = Ports(
            store=self.store,
            clock=lambda: self.now,
            terms=Terms(channels=(), backfill=timedelta(days=7), public_url=None, limits=Limits()),
            current=Current(engine=Engine([]), sources={}, book=SourceBook([]), templates={}),
            network=cast(Network, None),
            threads=ThreadPoolExecutor(1),
            failpoints=Failpoints(),
            tally=Tally(),
            holder=self.holder,
            wake=lambda _: None,
        )
        self.assigner = Assigner(self.ports)

    def take_over(self) -> None:
        """Begin with a new assigner, which rebuilds its index from the tables."""
        with self.store.write() as tx:
            roles.give_up(tx, self.ports.holder)
        self.assigner = Assigner(self.ports)

    def crash(self) -> None:
        """Die without a word, and come back when the lease has run out."""
        with self.store.write() as tx:
            claims.expire_all(tx, now=self.now - timedelta(days=1))
        self.assigner = Assigner(self.ports)

    def crash_until_nothing_is_due(self) -> int:
        """Come back from each death at work; give how often it died (20 times at most)."""
        for killed in range(20):
            self.crash()
            try:
                while self.assigner.place_due():
                    pass
            except Killed:
                continue
            return killed
        raise AssertionError("it dies for ever")

    def receive(self, found: Sequence[Article]) -> None:
        """Store articles, or their newer text, and place all that is due."""
        with self.store.write() as tx:
            known = articles.find_known(tx, found)
            for article in found:
                if article.key in known:
                    articles.revise(tx, known[article.key].id, article, keeps_body=False)
            new = [article for article in found if article.key not in known]
            articles.add(tx, new, is_baseline=False)
        while self.assigner.place_due():
            pass

    def seats(self) -> list[tuple[str, str, dict[str, Any]]]:
        """List where the articles sit and why, in order of arrival."""
        query = (
            select(SeatRow.story_id, SeatRow.relation, SeatRow.placement)
            .join(ArticleRow, ArticleRow.id == SeatRow.article_id)
            .order_by(ArticleRow.id)
        )
        with self.store.read() as tx:
            return [tuple(row) for row in tx.execute(query)]


def written(name: int, event: int, lag: int, now: datetime, *, is_day: bool) -> Article:
    """Write an article about one of some events, a newer text of it if it was written before."""
    place, what = PLACES[event % 4], EVENTS[event % 3]
    title = f"{what} in {place}"
    body = f"{what} in {place}, said the mayor of {place} on day {name % 3}. " + FOOTER * (
        name % 4
    )
    at = now - timedelta(hours=lag)
    if is_day:
        at = at.replace(hour=0, minute=0)
    return article(
        f"n{name}", title=title, body=body, text_hash=digest_of(title, body),
        source=source(f"s{name % 2}"), url="", canonical_url="", published_at=at,
        published_precision=Precision.DAY if is_day else Precision.SECOND,
        first_seen_at=now, fetched_at=now,
    )  # fmt: skip
