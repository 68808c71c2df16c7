"""Signs of life, by the clock that leases are judged by."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.fleet import fall_silent

from monitor.clock import system_clock
from monitor.store import beats
from monitor.store.beats import FORGOTTEN_AFTER, SILENT_AFTER, Beat, Failure, Signs
from monitor.store.engine import Store
from monitor.store.tables import BeatRow
from monitor.store.upsert import insert

NOTHING = timedelta(0)


def leave(store: Store, holder: str, now: datetime, **said: object) -> None:
    with store.write() as tx:
        beats.leave(tx, holder, Signs(**said), now=now, running_for=NOTHING)  # type: ignore[arg-type]


def listed(store: Store, now: datetime) -> tuple[Beat, ...]:
    with store.read() as tx:
        return beats.listed(tx, now=now)


def test_a_beat_says_all_again_and_keeps_the_moment_of_the_start(store: Store) -> None:
    now = system_clock()
    failure = Failure(lane="sends", reason="down", since=now)
    leave(store, "a", now, version="1", rules=2, parts={"limits": "x"}, failures=(failure,))
    (first,) = listed(store, now)
    assert first.signs == Signs(version="1", rules=2, parts={"limits": "x"}, failures=(failure,))
    leave(store, "a", now + timedelta(seconds=10), version="1", rules=3)
    (second,) = listed(store, now + timedelta(seconds=10))
    assert (second.signs.rules, second.signs.failures) == (3, ())
    assert second.started_at == first.started_at
    assert second.at > first.at


def test_who_gives_no_beat_for_three_intervals_is_silent(store: Store) -> None:
    now = system_clock()
    leave(store, "a", now)
    fall_silent(store, "a", SILENT_AFTER - timedelta(seconds=2))
    assert [one.is_live for one in listed(store, now)] == [True]
    fall_silent(store, "a", timedelta(seconds=2))
    assert [one.is_live for one in listed(store, now)] == [False]


def test_a_day_of_silence_is_forgotten_by_the_next_beat(store: Store) -> None:
    now = system_clock()
    leave(store, "old", now)
    leave(store, "young", now)
    fall_silent(store, "old", FORGOTTEN_AFTER + timedelta(seconds=1))
    fall_silent(store, "young", FORGOTTEN_AFTER - timedelta(minutes=1))
    leave(store, "new", now)
    assert {one.holder for one in listed(store, now)} == {"young", "new"}


def test_who_starts_on_a_host_comes_after_the_dead_of_that_host(store: Store) -> None:
    now = system_clock()
    for holder, host, pid in (("a", "box", 1), ("b", "box", 7), ("c", "box", 9), ("d", "far", 1)):
        leave(store, holder, now, host=host, pid=pid)
    with store.write() as tx:
        beats.succeed(tx, "box", 1, now=now)  # a container: its process is always number 1
    assert {one.holder for one in listed(store, now)} == {"b", "c", "d"}
    for silent in ("b", "d"):
        fall_silent(store, silent, SILENT_AFTER)
    with store.write() as tx:
        beats.succeed(tx, "box", 2, now=now)
    assert {one.holder for one in listed(store, now)} == {"c", "d"}


def test_on_a_server_its_clock_decides_who_is_silent(store: Store) -> None:
    """A worker whose clock is an hour wrong is neither silent nor ahead."""
    if store.is_sqlite:
        return  # one machine, one clock
    leave(store, "a", system_clock() - timedelta(hours=1))
    (beat,) = listed(store, system_clock() + timedelta(hours=1))
    assert beat.is_live


def test_what_another_version_says_is_read_as_far_as_it_is_known(store: Store) -> None:
    now = system_clock()
    with store.write() as tx:
        facts = {"version": "9", "rules": 4, "moods": ["fine"]}
        tx.execute(insert(tx, BeatRow).values(holder="a", at=now, started_at=now, facts=facts))
    (beat,) = listed(store, now)
    assert beat.signs == Signs(version="9", rules=4)
