"""Say what work is late, in numbers only: anybody may read it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from monitor.digest.windows import FIRST, LastSlot, due_slot
from monitor.model.delivery import Channel
from monitor.pipeline.ports import Ports
from monitor.store import channels, deliveries, feeds, pages, placing, restored
from monitor.store.engine import Tx

OVERDUE_AFTER = timedelta(minutes=10)
"""What has been due for so long, though it could be done, is overdue."""

PAGES_OVERDUE_AFTER = timedelta(hours=1)
"""Pages queue for their hosts, one a second: a baseline's take their time."""

PAUSED = "it is paused after a restore: monitor status says how to go on"


def overdue(ports: Ports) -> dict[str, str]:
    """Say what has waited for too long, by kind of work; empty if nothing has."""
    now = ports.now()
    early, names = now - OVERDUE_AFTER, [channel.name for channel in ports.terms.channels]
    with ports.store.read() as tx:
        if restored.is_paused(tx):
            return {"delivery": PAUSED}
        owed = deliveries.oldest_due(tx, now=now, channels=names)
        unplaced = placing.oldest_unplaced(tx)
        late_feeds = feeds.count_due(tx, now=early)
        late_pages = pages.count_due(tx, now=now - PAGES_OVERDUE_AFTER)
        late_digests = late_slots(tx, ports.terms.channels, early)
    found = {}
    if owed is not None and owed < early:
        found["deliveries"] = f"the oldest has been due for {now - owed}"
    if unplaced is not None and unplaced < early:
        found["articles"] = f"the oldest has waited for its story for {now - unplaced}"
    if late_feeds:
        found["feeds"] = f"{late_feeds} have been due for more than {OVERDUE_AFTER}"
    if late_pages:
        found["pages"] = f"{late_pages} have been due for more than {PAGES_OVERDUE_AFTER}"
    if late_digests:
        found["digests"] = f"{late_digests} have been due for more than {OVERDUE_AFTER}"
    return found


def late_slots(tx: Tx, named: Iterable[Channel], early: datetime) -> int:
    """Count the slots of digests that were due at the moment `early` and are still open."""
    return sum(_is_late(tx, channel, early) for channel in named)


def _is_late(tx: Tx, channel: Channel, early: datetime) -> bool:
    """Tell whether a slot that was due at the moment `early` is still open."""
    if channel.schedule is None:
        return False
    state = channels.read(tx, channel.name)
    if state.last_slot is None or state.last_slot_end is None:
        return False  # the first digest waits until there is something to tell
    last = LastSlot(slot=state.last_slot, ended_at=state.last_slot_end)
    slot = due_slot(channel.schedule, last=last, now=early)
    if slot is None or slot.key == FIRST:
        return False
    return not channels.has_slot(tx, channel.name, slot.key)
