"""Promises of digest slots: none twice, none lost, whatever the clock and the zone do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.digest.windows import (
    MAX_MISSED,
    LastSlot,
    Slot,
    due_slot,
    next_slot_at,
)
from monitor.model.delivery import Schedule

BERLIN = Schedule(cron="30 2 * * *", zone="Europe/Berlin")
DAILY = Schedule(cron="0 8 * * *", zone="Asia/Karachi")
QUARTERS = Schedule(cron="*/15 * * * *", zone="Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def served(slot: Slot) -> LastSlot:
    return LastSlot(slot=slot.key, ended_at=slot.window.end)


def walk(
    schedule: Schedule, start: datetime, end: datetime, step: timedelta, last: LastSlot | None
) -> list[Slot]:
    slots, now = [], start
    while now <= end:
        slot = due_slot(schedule, last=last, now=now)
        if slot is not None:
            slots.append(slot)
            last = served(slot)
        now += step
    return slots


def test_a_channel_without_a_digest_has_one_due_at_once() -> None:
    now = utc("2026-11-23T05:17")
    slot = due_slot(DAILY, last=None, now=now)
    assert slot is not None
    assert slot.key == "first"
    assert (slot.window.start, slot.window.end) == (now - timedelta(days=1), now)
    assert slot.window.zone == "Asia/Karachi"


def test_after_the_first_the_next_slot_is_the_schedules() -> None:
    first = LastSlot(slot="first", ended_at=utc("2026-11-23T02:50"))
    assert due_slot(DAILY, last=first, now=utc("2026-11-23T02:59")) is None
    slot = due_slot(DAILY, last=first, now=utc("2026-11-23T03:00"))
    assert slot is not None
    assert (slot.key, slot.missed_slots) == ("2026-11-23T08:00", 0)
    assert slot.window.start == first.ended_at
    assert slot.window.end == utc("2026-11-23T03:00")


def test_a_slot_is_served_late_under_its_own_key_and_only_once() -> None:
    last = LastSlot(slot="2026-11-22T08:00", ended_at=utc("2026-11-22T03:00"))
    slot = due_slot(DAILY, last=last, now=utc("2026-11-23T09:41"))
    assert slot is not None
    assert slot.key == "2026-11-23T08:00"
    assert due_slot(DAILY, last=served(slot), now=utc("2026-11-23T09:42")) is None


def test_three_days_down_are_one_digest_that_counts_what_it_missed() -> None:
    last = LastSlot(slot="2026-11-20T08:00", ended_at=utc("2026-11-20T03:00"))
    slot = due_slot(DAILY, last=last, now=utc("2026-11-23T10:00"))
    assert slot is not None
    assert (slot.key, slot.missed_slots) == ("2026-11-23T08:00", 2)
    assert slot.window.start == last.ended_at


def test_a_time_that_autumn_repeats_is_one_digest() -> None:
    last = LastSlot(slot="2026-10-24T02:30", ended_at=utc("2026-10-24T00:30"))
    slots = walk(
        BERLIN,
        utc("2026-10-24T22:00"),
        utc("2026-10-26T02:00"),
        timedelta(minutes=10),
        last,
    )
    assert [slot.key for slot in slots] == ["2026-10-25T02:30", "2026-10-26T02:30"]
    assert slots[0].window.end == utc("2026-10-25T00:30")


def test_a_time_that_spring_skips_comes_right_after_the_gap() -> None:
    last = LastSlot(slot="2026-03-28T02:30", ended_at=utc("2026-03-28T01:30"))
    slot = due_slot(BERLIN, last=last, now=utc("2026-03-29T01:00"))
    assert slot is not None
    assert slot.key == "2026-03-29T03:00"
    assert slot.window.end == utc("2026-03-29T01:00")


def test_a_clock_that_steps_back_an_hour_repeats_nothing() -> None:
    schedule = Schedule(cron="*/15 * * * *")
    now = utc("2026-11-23T12:00")
    slot = due_slot(
        schedule,
        last=LastSlot(slot="2026-11-23T11:45", ended_at=now - timedelta(minutes=15)),
        now=now,
    )
    assert slot is not None
    back = now - timedelta(hours=1)
    again = walk(schedule, back, now + timedelta(minutes=15), timedelta(minutes=5), served(slot))
    assert [one.key for one in again] == ["2026-11-23T12:15"]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "UTC"])
def test_a_change_of_zone_repeats_no_key_and_no_instant(zone: str) -> None:
    last = LastSlot(slot="2026-11-23T08:00", ended_at=utc("2026-11-23T03:00"))
    moved = Schedule(cron=DAILY.cron, zone=zone)
    slots = walk(
        moved, utc("2026-11-23T03:00"), utc("2026-11-26T03:00"), timedelta(minutes=30), last
    )
    assert slots[0].window.start == last.ended_at
    keys = [last.slot, *(slot.key for slot in slots)]
    assert keys == sorted(set(keys))
    assert 2 <= len(slots) <= 3


def test_a_digest_of_a_wrong_far_clock_does_not_silence_the_channel() -> None:
    last = LastSlot(slot="2099-01-01T08:00", ended_at=utc("2099-01-01T03:00"))
    slot = due_slot(DAILY, last=last, now=utc("2026-11-23T03:10"))
    assert slot is not None
    assert slot.key == "2026-11-23T08:00"


def test_a_year_down_on_a_minutes_schedule_is_counted_up_to_a_bound() -> None:
    last = LastSlot(slot="2025-11-23T08:00", ended_at=utc("2025-11-23T08:00"))
    slot = due_slot(Schedule(cron="* * * * *"), last=last, now=utc("2026-11-23T08:00"))
    assert slot is not None
    assert slot.missed_slots == MAX_MISSED


def test_the_next_slot_is_named_for_status() -> None:
    assert next_slot_at(DAILY, utc("2026-11-23T03:00")) == utc("2026-11-24T03:00")
    assert next_slot_at(BERLIN, utc("2026-10-25T00:40")) == utc("2026-10-26T01:30")


ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Karachi",
    "America/Havana",
    "Africa/Casablanca",
    "Pacific/Apia",
    "UTC",
)
CRONS = ("30 2 * * *", "*/15 * * * *", "0 8 * * mon-fri", "15,45 0-3 * * *", "0 */2 * * *")
# around a change of clocks in most of these zones
STARTS = ("2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31")


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(CRONS),
    st.sampled_from(STARTS),
    st.lists(st.integers(-55, 900), min_size=5, max_size=40),
)
def test_every_instant_is_in_exactly_one_window_and_no_slot_comes_twice(
    zone: str, cron: str, start: str, steps: list[int]
) -> None:
    schedule = Schedule(cron=cron, zone=zone)
    now = utc(start + "T00:00")
    last: LastSlot | None = None
    slots: list[Slot] = []
    for minutes in steps:  # the clock may step back
        slot = due_slot(schedule, last=last, now=now)
        if slot is not None:
            slots.append(slot)
            last = served(slot)
            assert slot.window.end <= now
            assert due_slot(schedule, last=last, now=now) is None
        now += timedelta(minutes=minutes)
    keys = [slot.key for slot in slots[1:]]
    assert slots[0].key == "first"
    assert keys == sorted(set(keys))
    for before, after in pairwise(slots):
        assert before.window.end == after.window.start < after.window.end


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(ZONES), st.sampled_from(CRONS), st.sampled_from(STARTS))
def test_polling_often_serves_each_slot_that_cron_names_and_misses_none(
    zone: str, cron: str, start: str
) -> None:
    schedule = Schedule(cron=cron, zone=zone)
    begin = utc(start + "T00:00")
    first = LastSlot(slot="first", ended_at=begin)
    slots = walk(schedule, begin, begin + timedelta(hours=30), timedelta(minutes=15), first)
    expected, at = [], next_slot_at(schedule, begin)
    while at is not None and at <= begin + timedelta(hours=30):
        expected.append(at)
        at = next_slot_at(schedule, at)
    assert [slot.window.end for slot in slots] == expected
    assert all(slot.missed_slots == 0 for slot in slots)
    local = [at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") for at in expected]
    assert [slot.key for slot in slots] == local
