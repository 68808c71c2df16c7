"""Read from the database what metrics show: what changes quickly, and what is dear to count."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from monitor.model.delivery import DeliveryState
from monitor.pipeline.overdue import OVERDUE_AFTER, late_slots
from monitor.pipeline.ports import Ports
from monitor.pipeline.workers import counted, read_workers
from monitor.store import deliveries, feeds, figures, pages, problems

WAITING = (DeliveryState.PENDING, DeliveryState.DEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """Hold what waits and who works: read at each scrape, by indexes.

    `deliveries` are those not sent, by channel and state.
    """

    unplaced: int
    unplaced_seconds: float
    pages_due: int
    feeds_due: int
    feeds_overdue: int
    deliveries: Mapping[tuple[str, ...], int]
    due_seconds: float
    stopped_channels: frozenset[str]
    late_digests: int
    is_delivery_paused: bool
    roles: frozenset[str]
    workers: Mapping[str, int]
    problems: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Hold what is counted over whole tables: read once a minute. `wal_bytes` is SQLite's."""

    articles: int
    stories: int
    sent: Mapping[tuple[str, ...], int]
    feeds: Mapping[str, int]
    feeds_failing: int
    size_bytes: int
    wal_bytes: int | None


def read_queues(ports: Ports) -> Queues:
    """Read what waits; raises StoreError."""
    now, channels = ports.now(), ports.terms.channels
    early, names = now - OVERDUE_AFTER, [channel.name for channel in channels]
    none: dict[tuple[str, ...], int] = {(n, state.value): 0 for n in names for state in WAITING}
    with ports.store.read() as tx:
        due = deliveries.oldest_due(tx, now=now, channels=names)
        unplaced = figures.oldest_unplaced(tx)
        return Queues(
            unplaced=figures.unplaced(tx),
            unplaced_seconds=(now - unplaced).total_seconds() if unplaced else 0.0,
            pages_due=pages.count_due(tx, now=now),
            feeds_due=feeds.count_due(tx, now=now),
            feeds_overdue=feeds.count_due(tx, now=early),
            deliveries=none | figures.deliveries(tx, WAITING),
            due_seconds=(now - due).total_seconds() if due else 0.0,
            stopped_channels=figures.stopped_channels(tx),
            late_digests=late_slots(tx, channels, early),
            is_delivery_paused=figures.is_delivery_paused(tx),
            roles=figures.roles_held(tx, ports.holder, now=now),
            workers=counted(read_workers(tx, now=now)),
            problems=Counter(trouble.kind for trouble in problems.listed(tx)),
        )


def read_totals(ports: Ports) -> Totals:
    """Count whole tables; raises StoreError."""
    with ports.store.read() as tx:
        feed_figures = figures.feeds(tx)
        return Totals(
            articles=figures.articles(tx),
            stories=figures.stories(tx),
            sent=figures.deliveries(tx, (DeliveryState.SENT,)),
            feeds=feed_figures.by_state,
            feeds_failing=feed_figures.failing,
            size_bytes=figures.size_bytes(tx),
            wal_bytes=figures.wal_bytes(tx),
        )


def free_bytes(ports: Ports) -> int | None:
    """Give the room on the disk of the data folder, or of where it will be; None: unknown."""
    folder = ports.network.connections.data_dir
    for place in (folder, *folder.parents):
        with suppress(OSError):
            facts = os.statvfs(place)
            return facts.f_bavail * facts.f_frsize
    return None
