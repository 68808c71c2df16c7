"""A newsroom whose assigner holds its index while persons and the program arrange stories.

one, two = press.receive("flood", "geo"), press.receive("fire", "dawn")
press.says("merge", press.story_of(one), press.story_of(two))
press.place()
press.assert_sound()
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.articles import article, source
from services.corridor import Watch
from services.in_process import invoke, told
from services.product import Workspace
from sqlalchemy import select

from monitor.model.article import Article
from monitor.model.keys import ArticleKey, digest_of
from monitor.model.notice import AlertNotice, Digest
from monitor.pipeline.assigner import Assigner
from monitor.pipeline.ports import Ports
from monitor.store import articles, check, json
from monitor.store.tables import ArticleRow, DeliveryRow, SeatRow


def report(event: str, by: str, now: datetime) -> Article:
    """Write a report of an event; those of one event have the same long text."""
    body = told(event)
    title = " ".join(body.split()[10:16])
    return article(
        f"{event} by {by}", title=title, body=f"{body} So says {by}.", source=source(by),
        text_hash=digest_of(event, by), published_at=now, first_seen_at=now, fetched_at=now,
    )  # fmt: skip


@dataclass
class Press:
    """Be a newsroom whose assigner holds its index while a person types commands."""

    made: Workspace
    ports: Ports
    watch: Watch
    assigner: Assigner = field(init=False)

    def __post_init__(self) -> None:
        self.assigner = Assigner(self.ports)

    def receive(self, event: str, by: str, **facts: Any) -> ArticleKey:
        """Store a report an hour later, match it and place it."""
        self.watch.move(hours=1)
        one = replace(report(event, by, self.watch.now), **facts)
        with self.ports.store.write() as tx:
            articles.add(tx, [one], is_baseline=False)
        assert self.place() == 1
        return one.key

    def place(self) -> int:
        """Place all that is due, or find out that the role is gone and take it again."""
        return max(self.assigner.place_due() for _ in range(3))

    def story_of(self, one: ArticleKey) -> str:
        query = select(SeatRow.story_id).join(ArticleRow, ArticleRow.id == SeatRow.article_id)
        with self.ports.store.read() as tx:
            return str(tx.execute(query.where(ArticleRow.key == one)).scalar_one())

    def says(self, *words: str) -> Any:
        """Type a command that succeeds, and read its JSON."""
        done = invoke(self.made, "stories", *words)
        assert done.exit_code == 0, done.stderr
        return done

    @property
    def notices(self) -> list[AlertNotice]:
        """Give what was owed at once, in order."""
        return [json.load(AlertNotice, content) for content in self._owed("alert")]

    @property
    def digests(self) -> list[Digest]:
        """Give the digests that were owed, in order."""
        return [json.load(Digest, content) for content in self._owed("digest")]

    def _owed(self, kind: str) -> list[Any]:
        query = select(DeliveryRow.content).where(DeliveryRow.kind == kind)
        query = query.order_by(DeliveryRow.created_at, DeliveryRow.key)
        with self.ports.store.read() as tx:
            return list(tx.execute(query).scalars())

    def assert_sound(self) -> None:
        """Find nothing that must not be."""
        with self.ports.store.read() as tx:
            assert check.check(tx, now=self.watch.now).faults == ()
