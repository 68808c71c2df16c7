"""Clocks that are wrong, jump or are set back: nothing floods, nothing stalls."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from services.http_site import HttpSite
from services.in_process import opened_at, pass_at
from services.press import Press
from services.product import Workspace
from services.running import GRACE_SECONDS, answers, started
from services.webhook_sink import WebhookSink
from sqlalchemy import select, update

from monitor import app
from monitor.app.clock_steps import watch_clock
from monitor.clock import FollowingClock, StepWatch, system_clock
from monitor.model.keys import ChannelName, SourceKey
from monitor.model.notice import Window
from monitor.schedule.every import Every
from monitor.settings import load_settings
from monitor.store import channels, feeds, migrate, steps
from monitor.store.engine import Store, Tx
from monitor.store.tables import ChannelRow, FeedRow

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
needs_faketime = pytest.mark.skipif(not FAKETIME, reason="needs Debian's faketime")


class Hands:
    """Be two clocks: the one that people set, and the one that counts."""

    def __init__(self) -> None:
        self.wall, self.seconds = NOW, 1_000.0

    def pass_(self, seconds: float, *, shown: float | None = None) -> None:
        """Let time pass; the wall clock shows another span of it if it was set."""
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds if shown is None else shown)


def test_a_clock_that_is_set_back_is_noticed_and_one_that_goes_on_or_forward_is_not() -> None:
    hands = Hands()
    watch = StepWatch(lambda: hands.wall, lambda: hands.seconds)
    for passed, shown, found in [(1, 1, 0), (1, 3601, 0), (1, -7199, 7200), (1, 1, 0), (9, 9, 0)]:
        hands.pass_(passed, shown=shown)
        assert watch.step_back() == timedelta(seconds=found)


def test_a_clock_that_follows_another_takes_no_notice_of_our_own() -> None:
    clock = FollowingClock()
    clock.sync(NOW - HOUR)
    assert timedelta(0) <= clock() - (NOW - HOUR) < timedelta(seconds=30)


def test_ticks_that_were_missed_are_not_counted_one_by_one() -> None:
    every = Every(timedelta(seconds=1))
    assert every.get_next_fire_time(NOW - timedelta(days=30), NOW) == NOW + timedelta(seconds=1)


async def test_on_a_server_the_corridor_goes_by_the_servers_clock(
    pg_url: str, tmp_path: Path
) -> None:
    made = Workspace(tmp_path, {"MONITOR_DATABASE_URL": pg_url})
    made.configure()
    settings = load_settings(made.folder, made.environment)
    store = app.open_store(settings)
    migrate.upgrade(store)
    async with app.open_ports(settings, store, environ={}) as ports:
        assert isinstance(ports.clock, FollowingClock)
        assert abs(ports.now() - system_clock()) < timedelta(seconds=30)
    store.close()


# A step back on SQLite


def close(tx: Tx, name: ChannelName, slot: str, window: Window) -> None:
    """Tell a slot, as composing does."""
    held = channels.claim(tx, name, now=system_clock(), lease=HOUR)
    assert held is not None
    channels.keep_slot(tx, held, slot, window, stories=1, now=window.end)


def test_plans_are_set_back_with_the_clock_and_digests_go_on(store: Store) -> None:
    name, before = ChannelName("desk"), NOW + 2 * HOUR  # two hours fast until now
    with store.write() as tx:
        feeds.sync(tx, [(SourceKey("s"), "https://a.test/")], now=before, interval=HOUR)
        tx.execute(update(FeedRow).values(next_poll_at=before + HOUR / 4, last_ok_at=before))
        channels.pause(tx, name, before + HOUR)
        for slot, end in (("2026-11-23T10:00", NOW), ("2026-11-23T12:00", before)):
            window = Window(start=end - HOUR, end=end, zone="UTC")
            close(tx, name, slot, window)
        assert steps.ahead(tx, NOW) == 2 * HOUR
        assert steps.set_back(tx, by=2 * HOUR, now=NOW) == 2
        assert steps.ahead(tx, NOW) == timedelta(0)
        assert tx.execute(select(FeedRow.next_poll_at)).scalar_one() == NOW + HOUR / 4
        kept = channels.read(tx, name)
    assert kept.paused_until == NOW + HOUR
    assert (kept.last_slot, kept.last_slot_end) == ("2026-11-23T10:00", NOW)


def test_a_channel_that_only_a_wrong_clock_served_goes_on_from_now(store: Store) -> None:
    name = ChannelName("desk")
    with store.write() as tx:
        window = Window(start=NOW, end=NOW + 2 * HOUR, zone="UTC")
        close(tx, name, "first", window)
        steps.set_back(tx, by=2 * HOUR, now=NOW)
        row = tx.execute(select(ChannelRow.last_slot, ChannelRow.last_slot_end)).one()
    assert tuple(row) == ("first", NOW)


def test_a_slot_that_a_wrong_clock_has_told_is_neither_told_again_nor_late(
    tmp_path: Path, site: HttpSite, sink: WebhookSink
) -> None:
    """The clock was two hours fast, told the quarters up to then, and is set back."""
    press = Press(Workspace(tmp_path), site, sink, tell="mailbox: digest")
    press.baseline()
    start = system_clock().replace(minute=2, second=0, microsecond=0) + HOUR
    store = Store(f"sqlite:///{tmp_path / 'data/monitor.db'}")
    for name, wait in (("a", timedelta(0)), ("b", HOUR / 4), ("c", 2 * HOUR)):
        press.names.append(name)
        site.put("/dawn", press.document())
        with store.write() as tx:
            feeds.make_due(tx, now=start)
        assert pass_at(press.made, start + wait) == {}
    assert len(press.made.mails()) == 3
    with store.write() as tx:
        steps.set_back(tx, by=2 * HOUR, now=start + HOUR / 4)
    store.close()
    assert pass_at(press.made, start + 2 * HOUR) == {}  # told by the wrong clock
    assert len(press.made.mails()) == 3
    press.publish("d")
    assert pass_at(press.made, start + 2 * HOUR + HOUR / 4) == {}
    assert len(press.made.mails()) == 4


# Thirty days on


def test_a_clock_that_jumps_a_month_on_polls_once_and_makes_one_digest(
    tmp_path: Path, site: HttpSite, sink: WebhookSink
) -> None:
    press = Press(Workspace(tmp_path), site, sink, tell="newsroom: now, mailbox: digest")
    press.baseline()
    press.publish("a")
    start = system_clock()
    assert pass_at(press.made, start) == {}
    digests, polls = len(press.made.mails()), site.count("/dawn")
    press.names.append("b")
    site.put("/dawn", press.document())
    later = start + timedelta(days=30)
    assert pass_at(press.made, later) == {}
    assert pass_at(press.made, later) == {}
    assert site.count("/dawn") == polls + 1
    assert len(press.made.mails()) == digests + 1
    assert press.told() == press.once


# A real process on a clock that is turned


@needs_faketime
@pytest.mark.slow
def test_a_process_whose_clock_is_set_back_two_hours_polls_and_tells_on(
    tmp_path: Path, site: HttpSite, sink: WebhookSink
) -> None:
    hands = tmp_path / "clock"
    hands.write_text("+2h")
    made = Workspace(tmp_path / "desk", {"MONITOR_PORT": "0", **faked(hands)})
    press = Press(made, site, sink)
    press.baseline()
    with started(made) as service:
        answers(f"{service.base}/readyz", 200)
        polls = site.count("/dawn")
        press.names.append("a")
        site.put("/dawn", press.document())
        make_due_in(made, timedelta(hours=2, seconds=5))
        hands.write_text("+0h")
        service.until("the clock was set back")
        sink.hits.wait_for(1, 60)
        assert site.count("/dawn") == polls + 1
        answers(f"{service.base}/readyz", 200)
        assert service.stop() < GRACE_SECONDS
        assert "Traceback" not in service.text
    assert press.told() == press.once


def faked(hands: Path) -> dict[str, str]:
    """Let a process see the clock that a file tells, and count real seconds."""
    return {
        "LD_PRELOAD": str(FAKETIME[0]),
        "FAKETIME_TIMESTAMP_FILE": str(hands),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


def make_due_in(made: Workspace, wait: timedelta) -> None:
    """Plan the next poll so long after the real present."""
    store = Store(f"sqlite:///{made.folder / 'data/monitor.db'}")
    with store.write() as tx:
        tx.execute(update(FeedRow).values(next_poll_at=system_clock() + wait))
    store.close()


@needs_faketime
@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["+1h", "-1h"])
def test_a_worker_whose_clock_is_an_hour_wrong_works_like_any_other(
    tmp_path: Path, site: HttpSite, sink: WebhookSink, pg_url: str, wrong: str
) -> None:
    hands = tmp_path / "clock"
    hands.write_text(wrong)
    right = {"MONITOR_PORT": "0", "MONITOR_DATABASE_URL": pg_url}
    sane = Workspace(tmp_path / "desk", right)
    press = Press(sane, site, sink)
    press.baseline()
    url = pg_url.replace("postgresql://", "postgresql+psycopg://")
    with started(Workspace(sane.folder, {**right, **faked(hands)})) as service:
        answers(f"{service.base}/readyz", 200)
        press.publish("a")
        sink.hits.wait_for(1, 60)
        assert service.stop() < GRACE_SECONDS
    store, now = Store(url), system_clock()
    with store.read() as tx:
        feed = tx.execute(select(FeedRow.next_poll_at, FeedRow.last_ok_at)).one()
    store.close()
    assert abs(feed.last_ok_at - now) < timedelta(minutes=2)
    assert timedelta(0) < feed.next_poll_at - now < timedelta(minutes=40)
    assert press.told() == press.once


async def test_ticks_go_on_after_a_step_back(tmp_path: Path) -> None:
    """APScheduler waits for the moment on the wall: a step back must move it along."""
    made = Workspace(tmp_path)
    made.configure()
    async with opened_at(made, NOW) as watched:
        scheduler = AsyncIOScheduler(timezone="UTC")
        ticked = asyncio.Event()

        async def tick() -> None:
            ticked.set()

        scheduler.add_job(tick, Every(timedelta(hours=2)))
        scheduler.start()
        hands = Hands()
        watch = StepWatch(lambda: hands.wall, lambda: hands.seconds)
        watching = asyncio.ensure_future(watch_clock(watched.ports, scheduler, watch))  # noqa: TID251
        hands.pass_(0, shown=-7200)
        async with asyncio.timeout(20):
            await ticked.wait()
        watching.cancel()
        scheduler.shutdown(wait=False)
