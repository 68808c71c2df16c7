"""Remove, once a day, what is older than the workspace keeps: a little at a time.

One process at a time does it (a leased role). Each batch is a transaction of its own, so a stop or
a crash costs nothing: what is left is found again. One of 25 articles holds SQLite's writer for
24 ms (p50; 102 ms at most): 60 batches of a file with 10,000 articles, on two cores that were busy
with other work (load 13).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from monitor.errors import LeaseLost
from monitor.pipeline.ports import Ports
from monitor.pipeline.restored import is_paused
from monitor.store import arrange, retention, roles
from monitor.store.engine import Tx
from monitor.store.roles import Role

log = structlog.get_logger()

EVERY = timedelta(days=1)

ASK_AGAIN_AFTER = timedelta(hours=1)
"""When to look again if another process has the role, for it may have died over its work, or if
delivery is paused after a restore."""

SLOTS_FOR = timedelta(days=365)

GAPS_FOR = timedelta(days=1)
"""How long `status` shows that a feed may have been missed some entries of."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Find some old rows, reading, and remove them, writing; give how many there were."""

    name: str
    find: Callable[[Tx, datetime], Sequence[Any]]
    remove: Callable[[Tx, Sequence[Any], datetime], None]


class Retention:
    """Remove what is old, one batch a call."""

    def __init__(self, ports: Ports) -> None:
        """Begin with the first look of this process."""
        self._ports = ports
        self._next_at: datetime | None = None
        self._steps = _steps(ports)
        self._step = 0
        self._role: Role | None = None
        self._removed: Counter[str] = Counter()

    def remove_due(self) -> int:
        """Remove one batch; give how many rows went (0: all is done, or it is not yet time).

        Nothing goes while a restore waits for its answer: what is old may be yet to be told.
        Raises StoreError if the database refuses; the next call goes on from there.
        """
        now = self._ports.now()
        if self._next_at is not None and now < self._next_at:
            return 0
        if is_paused(self._ports):
            self._next_at = now + ASK_AGAIN_AFTER
            return 0
        while self._step < len(self._steps):
            removed = self._batch(self._steps[self._step], now)
            if removed is None:
                self._next_at, self._step = now + ASK_AGAIN_AFTER, 0
                return 0
            if removed:
                return removed
            self._step += 1
        self._end(now)
        return 0

    def _batch(self, step: _Step, now: datetime) -> int | None:
        """Do one batch of a step; None if another process has the role."""
        ports = self._ports
        with ports.store.read() as tx:
            found = step.find(tx, now)
        if not found:
            return 0
        with ports.store.write() as tx:
            self._role = roles.take(
                tx, roles.KEEPER, ports.holder, self._role, now=now, lease=ports.terms.lease
            )
            if self._role is None:
                return None
            arrange.keep_seats(tx)
            step.remove(tx, found, now)
        self._removed[step.name] += len(found)
        return len(found)

    def _end(self, now: datetime) -> None:
        with self._ports.store.write() as tx:
            is_asking = retention.ask_feeds_anew(tx, now=now)
            events = self._ports.terms.retention.attempts
            retention.remove_problems(tx, before=now - events, gaps_before=now - GAPS_FOR)
            if self._role is not None:
                with suppress(LeaseLost):
                    roles.let_go(tx, self._role)
        self._role = None
        self._ports.tally.add("articles_removed", self._removed["articles"])
        log.info("old rows removed", feeds_read_whole=is_asking, **self._removed)
        self._next_at, self._step = now + EVERY, 0
        self._removed.clear()


def _steps(ports: Ports) -> tuple[_Step, ...]:
    terms = ports.terms.retention
    return (
        _Step(
            "articles",
            lambda tx, now: retention.old_articles(tx, before=now - terms.articles),
            lambda tx, found, now: retention.remove_articles(tx, found, now=now),
        ),
        _Step(
            "deliveries",
            lambda tx, now: retention.old_deliveries(tx, before=now - terms.deliveries),
            lambda tx, found, _: retention.remove_deliveries(tx, found),
        ),
        _Step(
            "attempts",
            lambda tx, now: retention.old_attempts(tx, before=now - terms.attempts),
            lambda tx, found, _: retention.remove_attempts(tx, found),
        ),
        _Step(
            "slots",
            lambda tx, now: retention.old_slots(tx, before=now - SLOTS_FOR),
            lambda tx, found, _: retention.remove_slots(tx, found),
        ),
        _Step(
            "forgotten",
            lambda tx, now: retention.old_forgotten(tx, now=now),
            lambda tx, found, now: retention.drop_forgotten(tx, found, now=now),
        ),
    )
