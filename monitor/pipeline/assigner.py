"""Hold the assigner's role: one process at a time places articles in stories.

Its index of open stories is rebuilt from the tables when it takes over, and thrown away whenever a
transaction fails, so it never knows more than the database does. The assigner's rules are the ones
in force: it lets new ones look back, and judges again what another process matched by others.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from monitor.clock import monotonic_seconds
from monitor.errors import LeaseLost
from monitor.group.index import StoryIndex
from monitor.group.parts import Parts
from monitor.group.twins import Twins
from monitor.match.engine import Engine, query_terms
from monitor.memory import give_back
from monitor.pipeline.arrange import merge_twins, split_parts
from monitor.pipeline.held import AT_ONCE, hold
from monitor.pipeline.place import REGROUP_PAUSE, Batch
from monitor.pipeline.ports import Ports
from monitor.pipeline.restored import is_paused
from monitor.pipeline.rules import look_back
from monitor.store import fulltext, placing, problems, profiles, roles
from monitor.store.claims import MAX_CRASHES
from monitor.store.placing import Unplaced
from monitor.store.profiles import OpenSeat
from monitor.store.roles import Role

log = structlog.get_logger()

BATCH = 200
WORK_FOR = timedelta(seconds=2)  # then a batch commits: the writer and the lease are not for long
OPEN_FOR = timedelta(days=14)  # the hard age cap of a story

_PARKED = "placing it crashed five times; its process died"
_PARKED_CURE = (
    "nothing waits for it; a newer version of it is tried again, and it itself by: "
    "monitor stories place --parked"
)


class Assigner:
    """Place what is due, in order of arrival, while holding the role."""

    def __init__(self, ports: Ports, *, work_for: timedelta = WORK_FOR) -> None:
        """Start without role and index: the first work takes the one and builds the other."""
        self._ports = ports
        self._work_for = work_for
        self._role: Role | None = None
        self._taken_at = 0.0
        self._in_force: Engine | None = None
        self._index: StoryIndex | None = None
        self._careful_left = 0
        """How many articles are still placed one at a time, after a crash."""
        self._regrouping_from = datetime.min.replace(tzinfo=UTC)
        """When stories may be merged or split again; an attempt that failed counts, too."""
        self._is_regrouped = False
        """Whether the index is built anew for that reason."""

    def place_due(self) -> int:
        """Place one batch; give the number of articles looked at (0: nothing due, or no role).

        Raises StoreError if the database refuses; the index is then rebuilt the next time.
        """
        if is_paused(self._ports) or not self._is_asked():
            return 0
        try:
            if not self._has_role():
                return 0
            index = self._ready()
            return self._place_batch(index)
        except LeaseLost:
            log.warning("assigner role lost")
            self._role = self._index = None
            return 0
        except BaseException:
            self._index = None
            raise

    def _is_asked(self) -> bool:
        """Tell whether there is anything to do, and nobody else does it."""
        ports = self._ports
        if self._role is not None and self._is_half_over():
            return True  # kept while there is nothing to do: another would have to build the index
        with ports.store.read() as tx:
            if placing.has_unplaced(tx) or self._in_force is not ports.current.engine:
                return roles.is_open(tx, roles.ASSIGNER, ports.holder, now=ports.now())
        self._careful_left = 0
        return False

    def _is_half_over(self) -> bool:
        lease = self._ports.terms.lease.total_seconds()
        return self._taken_at + lease / 2 < monotonic_seconds()

    def _has_role(self) -> bool:
        """Take the role or keep it; who has it anew knows nothing yet."""
        ports, before, asked_at = self._ports, self._role, monotonic_seconds()
        with ports.store.write() as tx:
            role = roles.take(
                tx, roles.ASSIGNER, ports.holder, before, now=ports.now(), lease=ports.terms.lease
            )
        self._role, self._taken_at = role, asked_at
        if role is None or before is None or role.fence != before.fence:
            self._index = self._in_force = None
            self._careful_left = BATCH if role is not None and role.is_after_crash else 0
            if role is not None:
                log.info("assigner role taken", is_after_crash=role.is_after_crash)
        if role is not None:
            ports.failpoints.hit("t2.claimed")
        return role is not None

    def _keep_role(self) -> Role:
        """Begin the lease again within long work; raises LeaseLost."""
        before = self._role
        if not self._has_role() or self._role is None or self._role != before:
            raise LeaseLost("the assigner's role went to another process")
        return self._role

    def _ready(self) -> StoryIndex:
        """Put the rules in force and have the index; raises LeaseLost."""
        engine = self._ports.current.engine
        if self._in_force is not engine:
            self._index = None  # first: the two need not be held at a time
            look_back(self._ports, engine, keep_role=self._keep_role)
            self._in_force = engine
        if self._index is None:
            self._index = self._rebuilt(engine)
            if self._is_regrouped:  # the pause is for placing, however long this took
                self._regrouping_from = self._ports.now() + REGROUP_PAUSE
                self._is_regrouped = False
        return self._index

    def _rebuilt(self, engine: Engine) -> StoryIndex:
        """Build the index from the tables, in slices: nothing is locked, and the lease goes on."""
        ports, began, since = self._ports, monotonic_seconds(), self._ports.now() - OPEN_FOR
        common = frozenset().union(*(query_terms(loaded) for loaded in engine.rules))
        index, read_anew = StoryIndex(common_terms=common), 0
        with ports.store.read() as tx:
            seats = profiles.open_seats(tx, since)
        for start in range(0, len(seats), AT_ONCE):
            if self._is_half_over():
                self._keep_role()
            read_anew += self._restore(index, seats[start : start + AT_ONCE])
        index.settle()
        give_back()  # the index before, and what reading took
        role = self._keep_role()
        with ports.store.write() as tx:
            roles.require(tx, role)
            profiles.forget_closed(tx, since)
        log.info(
            "open stories taken over",
            stories=index.open_story_count,
            articles=index.article_count,
            read_anew=read_anew,
            seconds=round(monotonic_seconds() - began, 1),
        )
        return index

    def _restore(self, index: StoryIndex, seats: Sequence[OpenSeat]) -> int:
        """Hold articles again; give how many had to be read anew."""
        read = hold(self._ports.store, index, seats)
        if read:
            role = self._keep_role()
            with self._ports.store.write() as tx:
                roles.require(tx, role)
                profiles.put(tx, read)
        return len(read)

    def _place_batch(self, index: StoryIndex) -> int:
        ports, now = self._ports, self._ports.now()
        role, engine = self._role, self._in_force
        assert role is not None
        assert engine is not None
        if self._careful_left and not self._mark_next(role, now):
            return 1
        began = monotonic_seconds()
        with ports.store.write() as tx:
            roles.require(tx, role)
            gone = index.remove_before(now - OPEN_FOR)  # first: a rebuilt index holds no older
            profiles.forget(tx, gone)
            batch = Batch(
                tx, ports, index, engine, now, is_regrouping=now >= self._regrouping_from
            )
            due = placing.lock_unplaced(tx, limit=1 if self._careful_left else BATCH)
            placed, raised = self._place_some(batch, due)
            batch.finish()
            done = due[: len(placed)]
            fulltext.put(tx, [(one.id, one.article) for one in done if not one.is_indexed])
            placing.mark_placed(tx, placed, is_indexed=True)
            problems.clear_all(tx, placing.PROBLEM, [one.article.key for one in done])
            ports.failpoints.hit("t2.precommit")
        ports.failpoints.hit("t2.committed")
        self._careful_left = max(0, self._careful_left - len(placed))
        ports.tally.time("placement", monotonic_seconds() - began)
        ports.tally.add("articles_placed", len(placed))
        ports.tally.add("alerts_raised", raised)
        if placed:
            log.info("articles placed", articles=len(placed), alerts=raised)
        if batch.regrouping is None:
            return len(placed)
        self._regroup(role, batch.regrouping, due[len(placed)], now)
        return len(placed) + 1

    def _regroup(
        self, role: Role, found: Twins | Parts, shown_by: Unplaced, now: datetime
    ) -> None:
        """Merge or split stories, and have the index built anew: in order of placement.

        In a transaction of its own, which has locked no article yet: a composer that keeps
        stories as they are may wait for one. If it fails, or the process ends here, the article
        that has shown it is still to be placed, and shows it to the next one.
        """
        self._index, self._is_regrouped = None, True
        self._regrouping_from = now + REGROUP_PAUSE
        with self._ports.store.write() as tx:
            if isinstance(found, Twins):
                what, done = "stories merged", merge_twins(tx, role, found, now=now)
            else:
                what, done = "story split", split_parts(tx, role, found, now=now)
            placing.forgive(tx, shown_by.id)
        if done is not None:
            log.info(what, story=done[0], other=done[1])

    def _place_some(self, batch: Batch, due: Sequence[Unplaced]) -> tuple[list[int], int]:
        """Place articles until the time is up or stories are to be regrouped, one at least.

        Gives their numbers, and how many alerts they raised.
        """
        stop_at = monotonic_seconds() + self._work_for.total_seconds()
        placed: list[int] = []
        raised = 0
        for unplaced in due:
            raised += batch.place(unplaced)
            if batch.regrouping:
                break  # this one is placed when that is done
            placed.append(unplaced.id)
            if monotonic_seconds() >= stop_at:
                break
        return placed, raised

    def _mark_next(self, role: Role, now: datetime) -> bool:
        """Count beforehand that the next article may crash us; False if it was parked instead.

        After a crash as many articles as a batch may hold are placed one at a time, so that the
        one that kills its process is known, and five crashes park it alone.
        """
        with self._ports.store.write() as tx:
            roles.require(tx, role)
            suspect = placing.suspect_next(tx)
            if suspect is None or suspect.crashes < MAX_CRASHES:
                return True
            placing.park(tx, suspect, _PARKED, cure=_PARKED_CURE, now=now)
        log.error("article parked", article=suspect.key, reason=_PARKED)
        return False
