"""Let go of what was claimed and not done, because the process stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from contextlib import suppress

import structlog

from monitor.errors import LeaseLost
from monitor.pipeline.ports import Ports
from monitor.store import feeds, hosts, outbox, pages, roles
from monitor.store.feeds import ClaimedFeed
from monitor.store.outbox import ClaimedDelivery
from monitor.store.pages import ClaimedPage

log = structlog.get_logger()


def release(
    ports: Ports,
    polls: Collection[ClaimedFeed],
    fetches: Collection[ClaimedPage],
    owed: Collection[ClaimedDelivery],
) -> None:
    """Make all of it due again at once, without counting a crash; what was settled stays so.

    Raises StoreError if the database refuses: then the leases run out by themselves.
    """
    now, count = ports.now(), Counter[str]()
    with ports.store.write() as tx:
        for feed in polls:
            with suppress(LeaseLost):
                feeds.release(tx, feed)
                count["feeds"] += 1
        for page in fetches:
            with suppress(LeaseLost):
                pages.release(tx, page, due_at=now)
                count["pages"] += 1
        for delivery in owed:
            with suppress(LeaseLost):
                outbox.release(tx, delivery, due_at=now)
                count["deliveries"] += 1
    if count:
        log.info("claims let go of", **count)


def give_up(ports: Ports) -> None:
    """Let go of the roles, the hosts and the beat of this process: others need not wait for them.

    Raises StoreError if the database refuses: then they run out by themselves.
    """
    with ports.store.write() as tx:
        roles.give_up(tx, ports.holder)
        hosts.give_up(tx, ports.holder, now=ports.now())
