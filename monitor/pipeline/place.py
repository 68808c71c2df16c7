"""T2: put each article into a story, decide the alerts, owe the deliveries: all or nothing.

One process at a time is the assigner (a leased role). Its index of open stories is rebuilt from
the tables when it takes over, and thrown away whenever a transaction fails, so it never knows more
than the database does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from monitor.alert.decide import History, decide
from monitor.errors import LeaseLost
from monitor.group.index import StoryIndex
from monitor.match.engine import query_terms
from monitor.model.alert import Alert
from monitor.model.article import Article, Origin
from monitor.model.keys import StoryId
from monitor.model.rule import Rule
from monitor.model.story import Relation
from monitor.pipeline.notify import owe_notices
from monitor.pipeline.ports import Ports
from monitor.store import alerts, articles, roles, stories
from monitor.store.articles import StoredMatch, Unplaced
from monitor.store.engine import Tx

log = structlog.get_logger()

BATCH = 200
OPEN_FOR = timedelta(days=14)  # the hard age cap of a story


class Assigner:
    """Place what is due, in order of arrival, while holding the role."""

    def __init__(self, ports: Ports) -> None:
        """Start without an index: the first batch builds it."""
        self._ports = ports
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
            return self._place_batch()
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

    def _place_batch(self) -> int:
        ports, now = self._ports, self._ports.now()
        with ports.store.write() as tx:
            roles.require(tx, roles.ASSIGNER, ports.holder, self._fence or 0)
            index = self._index or self._rebuilt(tx, now)
            self._index = index
            index.remove_before(now - OPEN_FOR)  # first: a rebuilt index holds no older ones
            due = articles.list_unplaced(tx, limit=BATCH)
            stale: set[StoryId] = set()
            raised = sum(self._place(tx, index, unplaced, stale, now) for unplaced in due)
            stories.refresh(tx, stale)
            articles.mark_placed(tx, [unplaced.id for unplaced in due])
            ports.failpoints.hit("t2.precommit")
        ports.failpoints.hit("t2.committed")
        ports.tally.add("articles_placed", len(due))
        ports.tally.add("alerts_raised", raised)
        log.info("articles placed", articles=len(due), alerts=raised)
        return len(due)

    def _rebuilt(self, tx: Tx, now: datetime) -> StoryIndex:
        loaded = self._ports.current.engine.rules
        common = frozenset().union(*(query_terms(rule) for rule in loaded))
        index = StoryIndex(common_terms=common)
        for article, story, relation in stories.open_since(tx, now - OPEN_FOR):
            index.restore(article, story, relation)
        return index

    def _place(
        self, tx: Tx, index: StoryIndex, unplaced: Unplaced, stale: set[StoryId], now: datetime
    ) -> int:
        """Place one article; `stale` are the stories whose facts are to be recomputed."""
        story, relation = self._seat(tx, index, unplaced, now)
        if relation is not Relation.FIRST or unplaced.story is not None:
            stale.add(story)
        raised = [
            alert
            for stored in unplaced.matches
            if (alert := self._decide(tx, unplaced, stored, story, relation, now)) is not None
        ]
        if raised and story in stale:
            stories.refresh(tx, [story])  # a notice states them
            stale.remove(story)
        owe_notices(tx, self._ports, raised, now)
        return len(raised)

    def _seat(
        self, tx: Tx, index: StoryIndex, unplaced: Unplaced, now: datetime
    ) -> tuple[StoryId, Relation]:
        if unplaced.story is not None and unplaced.relation is not None:
            index.update(unplaced.article)
            return StoryId(unplaced.story), Relation(unplaced.relation)
        placement = index.place(unplaced.article, now=now)
        stories.seat(tx, unplaced.id, unplaced.article, placement, now=now)
        return placement.story, placement.relation

    def _decide(
        self,
        tx: Tx,
        unplaced: Unplaced,
        stored: StoredMatch,
        story: StoryId,
        relation: Relation,
        now: datetime,
    ) -> Alert | None:
        rule = self._rule_in_force(stored)
        if rule is None:
            return None
        earlier = alerts.raised(tx, rule.id, story)
        decided = decide(
            rule,
            unplaced.article.key,
            story=story,
            relation=relation,
            source=unplaced.article.source.key,
            members=stories.members(tx, story),
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
