"""Decide which digest slot is due, in the reader's zone (DESIGN.md, decision 8).

A slot is a local wall time that the channel's cron line names, read as Debian's cron reads it:
a time that spring skips comes right after the gap, a time that autumn repeats comes once, the
first time. Keys rise strictly and so do the ends of windows, whatever the clock or the zone does:
no slot is served twice, and each window begins where the last one ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

from monitor.model.delivery import Schedule
from monitor.model.notice import FIRST_SLOT, Window

FIRST = FIRST_SLOT
"""The key of the slot that a channel has before it had any digest."""

MAX_MISSED = 1_000
"""Missed slots are counted up to here: a minute's schedule after a year down stays cheap."""

CLOCK_FAULT_FOR = timedelta(days=2)
"""A last digest further ahead than this was made by a wrong clock and binds nothing.

No change of zone moves a slot by more than 26 hours.
"""

LONGEST_FOLD_FOR = timedelta(hours=3)
"""Walking back starts so far ahead: a repeated hour hides slots from the wall clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Be a digest that is due: its key in the channel, its window, and how many it stands for.

    `key` is the local date and time ("2026-11-23T08:00") or "first"; `missed_slots` counts
    earlier slots that passed unserved (at most `MAX_MISSED`), whose news this one carries.
    """

    key: str
    window: Window
    missed_slots: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSlot:
    """Be the slot served last, told or empty: its key and the end of its window (UTC)."""

    slot: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class _Tick:
    key: str
    at: datetime


def due_slot(schedule: Schedule, *, last: LastSlot | None, now: datetime) -> Slot | None:
    """Give the slot that is due now, or None.

    A channel without a digest has one due at once, keyed "first". However long the machine was
    down, one slot is due. A slot that turned out empty must be recorded as served like any other.
    `last` further ahead than `CLOCK_FAULT_FOR` is ignored, so a key may come back that the store
    has already: insert or leave.
    """
    if last is None:
        start = now - _interval(schedule, now)
        return Slot(key=FIRST, window=Window(start=start, end=now, zone=schedule.zone))
    if last.ended_at - now > CLOCK_FAULT_FOR:
        return _latest(schedule, now)
    passed = _passed(schedule, last, now)
    if not passed:
        return None
    window = Window(start=last.ended_at, end=passed[0].at, zone=schedule.zone)
    return Slot(key=passed[0].key, window=window, missed_slots=len(passed) - 1)


def next_slot_at(schedule: Schedule, after: datetime) -> datetime | None:
    """Give the first slot later than `after` (UTC), or None if the cron line never comes."""
    return next((tick.at for tick in _forward(schedule, after)), None)


def _passed(schedule: Schedule, last: LastSlot, now: datetime) -> list[_Tick]:
    def is_unserved(tick: _Tick) -> bool:
        return tick.at > last.ended_at and (last.slot == FIRST or tick.key > last.slot)

    return list(islice(takewhile(is_unserved, _back(schedule, now)), MAX_MISSED + 1))


def _latest(schedule: Schedule, now: datetime) -> Slot | None:
    ticks = list(islice(_back(schedule, now), 2))
    if len(ticks) < 2:
        return None
    window = Window(start=ticks[1].at, end=ticks[0].at, zone=schedule.zone)
    return Slot(key=ticks[0].key, window=window)


def _interval(schedule: Schedule, now: datetime) -> timedelta:
    before = next((tick.at for tick in _back(schedule, now)), None)
    after = next_slot_at(schedule, now)
    return after - before if before and after else timedelta(days=1)


def _back(schedule: Schedule, now: datetime) -> Iterator[_Tick]:
    """Walk back over the slots that have come by `now`, newest first."""
    start = (now + LONGEST_FOLD_FOR).astimezone(ZoneInfo(schedule.zone))
    ticks = _ticks(CronSim(schedule.cron, start, reverse=True))
    return (tick for tick in ticks if tick.at <= now)


def _forward(schedule: Schedule, after: datetime) -> Iterator[_Tick]:
    start = (after - LONGEST_FOLD_FOR).astimezone(ZoneInfo(schedule.zone))
    return (tick for tick in _ticks(CronSim(schedule.cron, start)) if tick.at > after)


def _ticks(moments: Iterator[datetime]) -> Iterator[_Tick]:
    previous = ""
    for moment in moments:
        key = moment.strftime("%Y-%m-%dT%H:%M")
        # fold=1 is a wall time that has been already; two skipped times may share one moment
        if moment.fold == 0 and key != previous:
            previous = key
            yield _Tick(key, moment.astimezone(UTC))
