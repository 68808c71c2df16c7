"""T2: put each article into a story, decide the alerts, owe the deliveries: all or nothing.

One process at a time is the assigner (a leased role). Its index of open stories is rebuilt from
the tables when it takes over, and thrown away whenever a transaction fails, so it never knows more
than the database does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from monitor.alert.decide import History, decide
from monitor.clock import monotonic_seconds
from monitor.errors import LeaseLost
from monitor.group.index import StoryIndex
from monitor.match.engine import query_terms
from monitor.model.alert import Alert
from monitor.model.article import Article, Origin
from monitor.model.keys import StoryId
from monitor.model.rule import Rule
from monitor.model.story import Member, Placement, Relation
from monitor.pipeline.notify import owe_notices
from monitor.pipeline.ports import Ports
from monitor.store import alerts, articles, roles, stories
from monitor.store.articles import StoredMatch, Unplaced
from monitor.store.engine import Tx

log = structlog.get_logger()

BATCH = 200
WORK_FOR = timedelta(seconds=2)  # then a batch commits: the writer and the lease are not for long
OPEN_FOR = timedelta(days=14)  # the hard age cap of a story


@dataclass(slots=True)
class _Batch:
    """Hold what one transaction works with.

    `stale` are the stories whose facts are to be recomputed; `seated` remembers who sits in the
    stories that were asked for, so that a large one is read once.
    """

    tx: Tx
    index: StoryIndex
    now: datetime
    stale: set[StoryId] = field(default_factory=set)
    seated: dict[StoryId, list[Member]] = field(default_factory=dict)

    def members(self, story: StoryId) -> Sequence[Member]:
        if story not in self.seated:
            self.seated[story] = list(stories.members(self.tx, story))
        return self.seated[story]

    def seat(self, article_id: int, article: Article) -> Placement:
        placement = self.index.place(article, now=self.now)
        stories.seat(self.tx, article_id, article, placement, now=self.now)
        if placement.story in self.seated:
            member = Member(
                article=article.key, source=article.source.key, relation=placement.relation
            )
            self.seated[placement.story].append(member)
        return placement

    def refresh(self) -> None:
        stories.refresh(self.tx, self.stale)
        self.stale.clear()


class Assigner:
    """Place what is due, in order of arrival, while holding the role."""

    def __init__(self, ports: Ports, *, work_for: timedelta = WORK_FOR) -> None:
        """Start without an index: the first batch builds it."""
        self._ports = ports
        self._work_for = work_for
        self._index: StoryIndex | None = None
        self._fence: int | None = None

    def place_due(self) -> int:
        """Place one batch; give the number of articles looked at (0: nothing due, or no role).

        Raises StoreError if the database refuses; the index is then rebuilt the next time.
        """
        with self._ports.store.read() as tx:
            if not articles.list_unplaced(tx, limit=1):
                return 0
        if not self._has_role():
            return 0
        try:
            index = self._index or self._rebuilt()
            return 0 if index is None else self._place_batch(index)
        except LeaseLost:
            log.warning("assigner role lost")
            self._index = None
            return 0
        except BaseException:
            self._index = None
            raise

    def forget(self) -> None:
        """Throw the index away: the rules have changed, and with them what is common here."""
        self._index = None

    def _has_role(self) -> bool:
        ports = self._ports
        with ports.store.write() as tx:
            fence = roles.take(
                tx, roles.ASSIGNER, ports.holder, now=ports.now(), lease=ports.terms.lease
            )
        if fence != self._fence:
            self._fence, self._index = fence, None
        if fence is not None:
            ports.failpoints.hit("t2.claimed")
        return fence is not None

    def _rebuilt(self) -> StoryIndex | None:
        """Build the index from the tables; None if the role went to another meanwhile.

        That may take long, so nothing is locked, and the lease begins again behind it.
        """
        ports, fence = self._ports, self._fence
        common = frozenset().union(*(query_terms(r) for r in ports.current.engine.rules))
        index = StoryIndex(common_terms=common)
        with ports.store.read() as tx:
            for article, story, relation in stories.open_since(tx, ports.now() - OPEN_FOR):
                index.restore(article, story, relation)
        if not self._has_role() or self._fence != fence:
            return None
        self._index = index
        return index

    def _place_batch(self, index: StoryIndex) -> int:
        ports, now = self._ports, self._ports.now()
        with ports.store.write() as tx:
            roles.require(tx, roles.ASSIGNER, ports.holder, self._fence or 0)
            index.remove_before(now - OPEN_FOR)  # first: a rebuilt index holds no older ones
            batch = _Batch(tx, index, now)
            placed, raised = self._place_some(batch, articles.list_unplaced(tx, limit=BATCH))
            batch.refresh()
            articles.mark_placed(tx, placed)
            ports.failpoints.hit("t2.precommit")
        ports.failpoints.hit("t2.committed")
        ports.tally.add("articles_placed", len(placed))
        ports.tally.add("alerts_raised", raised)
        log.info("articles placed", articles=len(placed), alerts=raised)
        return len(placed)

    def _place_some(self, batch: _Batch, due: Sequence[Unplaced]) -> tuple[list[int], int]:
        """Place articles until the time is up, one at least; give their numbers and the alerts."""
        stop_at = monotonic_seconds() + self._work_for.total_seconds()
        placed: list[int] = []
        raised = 0
        for unplaced in due:
            raised += self._place(batch, unplaced)
            placed.append(unplaced.id)
            if monotonic_seconds() >= stop_at:
                break
        return placed, raised

    def _place(self, batch: _Batch, unplaced: Unplaced) -> int:
        """Place one article; give the number of alerts it raised."""
        story, relation = self._seat(batch, unplaced)
        if relation is not Relation.FIRST or unplaced.story is not None:
            batch.stale.add(story)
        raised = [
            alert
            for stored in unplaced.matches
            if (alert := self._decide(batch, unplaced, stored, story, relation)) is not None
        ]
        if raised and story in batch.stale:
            stories.refresh(batch.tx, [story])  # a notice states them
            batch.stale.remove(story)
        owe_notices(batch.tx, self._ports, raised, batch.now)
        return len(raised)

    def _seat(self, batch: _Batch, unplaced: Unplaced) -> tuple[StoryId, Relation]:
        if unplaced.story is not None and unplaced.relation is not None:
            batch.index.update(unplaced.article)
            return StoryId(unplaced.story), Relation(unplaced.relation)
        placement = batch.seat(unplaced.id, unplaced.article)
        return placement.story, placement.relation

    def _decide(
        self,
        batch: _Batch,
        unplaced: Unplaced,
        stored: StoredMatch,
        story: StoryId,
        relation: Relation,
    ) -> Alert | None:
        rule = self._rule_in_force(stored)
        if rule is None:
            return None
        tx, now = batch.tx, batch.now
        earlier = alerts.raised(tx, rule.id, story)
        decided = decide(
            rule,
            unplaced.article.key,
            story=story,
            relation=relation,
            source=unplaced.article.source.key,
            members=batch.members(story) if earlier else (),  # the first needs none
            history=History(
                raised=len(earlier), articles=frozenset(alert.article for alert in earlier)
            ),
            is_quiet=stored.is_quiet,
            is_too_old=self._is_too_old(unplaced.article, stored, now),
            now=now,
        )
        if isinstance(decided, Alert) and not alerts.has_raised(tx, rule.id, unplaced.id):
            alerts.add(tx, decided, unplaced.id)
            return decided
        if not isinstance(decided, Alert):
            alerts.keep_quiet(tx, decided, unplaced.id, now=now)
        return None

    def _rule_in_force(self, stored: StoredMatch) -> Rule | None:
        rule = self._ports.current.rule(stored.match.rule_id)
        return rule if rule is not None and rule.revision == stored.match.revision else None

    def _is_too_old(self, article: Article, stored: StoredMatch, now: datetime) -> bool:
        """Tell whether a baseline or look-back article lies before `backfill`; seeds never do."""
        if not stored.is_quiet or article.origin is Origin.SEED:
            return False
        return article.published_at < now - self._ports.terms.backfill
