"""Answer for delivery what a restored backup cannot know: what went out since it was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.digest.windows import LastSlot, due_slot
from monitor.errors import LeaseLost, WorkError
from monitor.model.alert import Alert
from monitor.model.article import Article, Precision
from monitor.model.delivery import Channel
from monitor.model.rule import Rule
from monitor.pipeline.ports import Ports
from monitor.store import alerts, arrange, channels, deliveries, restored
from monitor.store.engine import Tx

SKIPPED = "skipped after a restore: it was owed before, and may have been sent since the backup"

_CLOSING_FOR = timedelta(minutes=1)


class Choice(StrEnum):
    """Name what happens to that which the backup does not know to have been told."""

    SKIP = "skip"  # it counts as told
    RESEND = "resend"  # it is told; receivers know what they have by its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Say how many deliveries were given up, and how many are due."""

    skipped: int
    due: int


def is_paused(ports: Ports) -> bool:
    """Tell whether nothing may be decided or sent, because a restore waits for its answer."""
    with ports.store.read() as tx:
        return restored.is_paused(tx)


def answer(tx: Tx, wanted: Sequence[Channel], choice: Choice, *, now: datetime) -> Answered:
    """Let delivery go on after a restore. Raises WorkError if nothing waits for an answer.

    Digest slots that were due at the restore are closed in any case: under their ids receivers
    may have had other news, and would drop these. What is to be told waits for the next slot.
    """
    pause = restored.pause(tx)
    if pause is None:
        raise WorkError("nothing waits for an answer: delivery is not paused")
    moment = pause.restored_at or pause.at
    for channel in wanted:
        _close_slot(tx, channel, moment, now)
    skipped = 0
    if choice is Choice.SKIP:
        arrange.keep_seats(tx)
        skipped = deliveries.give_up_older(tx, before=moment, reason=SKIPPED)
        for channel in wanted:
            alerts.tell_all(tx, channel.name, now=now)
    restored.end_pause(tx, is_told=choice is Choice.SKIP)
    return Answered(skipped=skipped, due=deliveries.counts(tx)["pending"])


def _close_slot(tx: Tx, channel: Channel, moment: datetime, now: datetime) -> None:
    if channel.schedule is None:
        return
    state, last = channels.read(tx, channel.name), None
    if state.last_slot is not None and state.last_slot_end is not None:
        last = LastSlot(slot=state.last_slot, ended_at=state.last_slot_end)
    slot = due_slot(channel.schedule, last=last, now=moment)
    if slot is None:
        return
    claimed = channels.claim(tx, channel.name, now=now, lease=_CLOSING_FOR)
    if claimed is None:
        msg = f"channel {channel.name} is at work: say it again in a minute"
        raise WorkError(msg)
    try:
        channels.keep_slot(tx, claimed, slot.key, slot.window, stories=0, now=moment)
    except LeaseLost:  # the backup has this slot as composed already
        channels.release(tx, claimed)


def count_as_told(tx: Tx, raised: Sequence[tuple[Rule, Alert]], article_id: int) -> None:
    """Remember that these alerts' channels know of the article: it is of before a restore."""
    for rule, alert in raised:
        for name, _ in rule.tell:
            pairs = [(rule.id, article_id)]
            alerts.tell(tx, name, alert.story, pairs, alert=None, now=alert.raised_at)


def dated(
    ports: Ports, found: Sequence[Article], last_poll_at: datetime | None
) -> tuple[Article, ...]:
    """Date articles that bear no date, in a feed's first poll after a restore: by the poll before.

    They may have come at any time since then, so they count as published before the restore.
    """
    if last_poll_at is None or all(map(_is_dated, found)):
        return tuple(found)
    with ports.store.read() as tx:
        moment = restored.told_before(tx)
    if moment is None or last_poll_at >= moment:
        return tuple(found)
    return tuple(a if _is_dated(a) else replace(a, published_at=last_poll_at) for a in found)


def _is_dated(article: Article) -> bool:
    return article.published_precision is not Precision.UNKNOWN
