"""Workers that die, stand still or race: each row is worked on by one, and none is lost."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp import web
from services.http_server import Answer
from services.http_site import HttpSite
from services.in_process import asked, told
from services.press import Press, title_of
from services.product import Workspace, item, rss
from services.running import GRACE_SECONDS, Started, answers, started
from services.smtp_sink import SmtpSink
from services.waiting import until
from services.webhook_sink import WebhookSink

from monitor.clock import system_clock
from monitor.model.keys import SourceKey
from monitor.store import feeds, migrate
from monitor.store.engine import Store
from monitor.store.feeds import Polled

LEASE_SECONDS = 4
ENOUGH_SECONDS = 60.0


@pytest.fixture
def press(tmp_path: Path, site: HttpSite, sink: WebhookSink, pg_url: str) -> Press:
    made = Workspace(tmp_path, {"MONITOR_DATABASE_URL": pg_url, "MONITOR_PORT": "0"})
    found = Press(made, site, sink, extra=f"limits: {{lease_seconds: {LEASE_SECONDS}}}")
    found.baseline()
    return found


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def await_rows(url: str, query: str, wanted: list[tuple[Any, ...]]) -> None:
    until(lambda: rows(url, query) == wanted, ENOUGH_SECONDS, else_say=lambda: rows(url, query))


def is_stopped(service: Started) -> bool:
    return (
        Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    )


def await_stop(service: Started) -> None:
    """Wait until a failpoint has stopped the process."""
    until(lambda: is_stopped(service), ENOUGH_SECONDS, else_say=lambda: service.text)


# A worker dies, another goes on


@pytest.mark.slow
@pytest.mark.parametrize(
    "point", ["poll.claimed", "poll.fetched", "t1.precommit", "t1.committed", "t2.precommit"]
)
def test_what_a_dead_worker_had_claimed_another_does(
    press: Press, pg_url: str, point: str
) -> None:
    press.publish("a")
    with started(press.made, failpoint=f"{point}:kill:1") as first:
        first.process.wait(60)
        assert first.process.returncode == -signal.SIGKILL, first.text
    assert press.told() == {}
    if point in ("poll.claimed", "poll.fetched", "t1.precommit"):
        assert rows(pg_url, "select count(*) from article") == [(0,)]
        assert rows(pg_url, "select etag is null or fence = 0 from feed") != []
    with started(press.made) as second:
        press.sink.hits.wait_for(1, 60)
        await_rows(pg_url, "select state, crashes from delivery", [("sent", 0)])
        second.stop()
    press.settle()
    assert press.told() == press.once
    assert press.repeated == 0


@pytest.mark.slow
def test_two_workers_that_place_the_same_news_make_one_story(press: Press, pg_url: str) -> None:
    """Both hold a copy of one text; the first is stopped as it commits, and its role runs out."""
    press.publish("a")
    failpoint = "t2.precommit:stop:1"
    with started(press.made, failpoint=failpoint) as one:
        await_stop(one)
        copies = {key: press.site.put(f"/{key}", copy_of("a", key)) for key in ("geo", "jang")}
        feeds_too = {"dawn": f"{press.site.base}/dawn", **copies}
        press.made.configure(
            feeds=feeds_too, webhook=press.sink.url, tell=press.tell, extra=press.extra
        )
        with started(press.made) as two:
            two.until('"running"')
            waits = "select pid from pg_stat_activity where state = 'idle in transaction'"
            rows(pg_url, f"select pg_terminate_backend(pid) from ({waits}) as idle")
            await_rows(pg_url, "select count(*) from seat", [(3,)])
            one.process.send_signal(signal.SIGCONT)
            one.until("work failed|lane failed|role lost")
            press.sink.hits.wait_for(1, 60)
            assert one.stop() < GRACE_SECONDS
            assert two.stop() < GRACE_SECONDS
            assert "Traceback" not in one.text + two.text
    assert rows(pg_url, "select count(*), max(article_count) from story") == [(1, 3)]
    press.settle()
    assert press.told() == press.once


def copy_of(name: str, key: str) -> str:
    return rss(item(f"{key}-{name}", host=f"{key}.test", title=title_of(name), body=told(name)))


# A worker stands still


@pytest.mark.slow
def test_a_worker_stopped_past_its_lease_does_not_send_when_it_goes_on(
    press: Press, pg_url: str
) -> None:
    press.publish("a")
    with started(press.made, failpoint="out.presend:stop:1") as one:
        await_stop(one)
        assert press.sink.hits.all == ()
        with started(press.made) as two:
            press.sink.hits.wait_for(1, 60)
            await_rows(pg_url, "select state from delivery", [("sent",)])
            one.process.send_signal(signal.SIGCONT)
            one.until("delivery outlived its lease")
            assert one.stop() < GRACE_SECONDS
            assert two.stop() < GRACE_SECONDS
    assert press.told() == press.once
    assert press.repeated == 0


@pytest.mark.slow
def test_a_worker_that_cannot_ask_the_clock_of_its_lease_does_not_send(
    press: Press, pg_url: str
) -> None:
    """It is stopped at the same point; when it goes on no connection is left, or to be had."""
    name = pg_url.rsplit("/", 1)[1]
    elsewhere = pg_url.rsplit("/", 1)[0] + "/postgres"
    press.publish("a")
    with started(press.made, failpoint="out.presend:stop:1") as one:
        await_stop(one)
        with psycopg.connect(elsewhere, autocommit=True) as other:
            other.execute(f"alter database {name} allow_connections false".encode())
            mine = (
                f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
            )
            other.execute(mine.encode())
            one.process.send_signal(signal.SIGCONT)
            one.until("work failed")
            assert press.sink.hits.all == ()
            other.execute(f"alter database {name} allow_connections true".encode())
        press.sink.hits.wait_for(1, 60)
        await_rows(pg_url, "select state from delivery", [("sent",)])
        assert one.stop() < GRACE_SECONDS
    assert press.told() == press.once
    assert press.repeated == 0


# Workers race


def work_through(url: str, holder: str) -> list[int]:
    """Be a worker process: claim and settle until nothing is due, and say what was claimed."""
    store, mine, hour = Store(url), list[int](), timedelta(hours=1)
    now = system_clock()
    is_due = True
    while is_due:
        with store.write() as tx:
            claimed = feeds.claim_due(
                tx, holder=holder, now=now, lease=timedelta(seconds=60), limit=20
            )
        polled = Polled(at=now, next_poll_at=now + hour, interval=hour)
        with store.write() as tx:
            feeds.settle_many(tx, [(feed, polled) for feed in claimed])
            is_due = bool(feeds.count_due(tx, now=now))
        mine += [feed.id for feed in claimed]
    store.close()
    return mine


@pytest.mark.parametrize(
    ("workers", "count"), [(2, 200), pytest.param(4, 10_000, marks=pytest.mark.slow)]
)
def test_workers_that_race_for_many_rows_settle_each_once(
    pg_url: str, workers: int, count: int
) -> None:
    url = pg_url.replace("postgresql://", "postgresql+psycopg://")
    store = Store(url)
    migrate.upgrade(store)
    with store.write() as tx:
        wanted = [(SourceKey("s"), f"https://h{n}.test/") for n in range(count)]
        feeds.sync(
            tx, wanted, now=system_clock() - timedelta(hours=1), interval=timedelta(hours=1)
        )
    store.close()
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        settled = pool.starmap(work_through, [(url, f"w{n}") for n in range(workers)])
        pool.close()
        pool.join()
    ids = [number for mine in settled for number in mine]
    assert len(ids) == len(set(ids)) == count
    assert rows(pg_url, "select min(polls), max(polls), sum(crashes) from feed") == [(1, 1, 0)]


# Stops, and a row that kills


@pytest.mark.slow
def test_two_workers_that_are_stopped_amid_sends_send_nothing_twice(
    press: Press, pg_url: str
) -> None:
    names = [f"n{number}" for number in range(12)]
    hold = Held()
    press.sink.default = Answer(behaviour=hold.answer)
    with started(press.made) as one, started(press.made) as two:
        for service in (one, two):
            answers(f"{service.base}/readyz", 200)
        press.publish(*names)
        press.sink.hits.wait_for(4, 60)
        for service in (one, two):
            service.process.send_signal(signal.SIGTERM)
        hold.open()
        for service in (one, two):
            assert service.stop() < GRACE_SECONDS
            assert service.process.returncode == 0
            assert "Traceback" not in service.text
            assert "A send was cut" not in service.text
    assert rows(pg_url, "select count(*) from delivery where claimed_until is not null") == [(0,)]
    press.settle()
    assert press.told() == press.once
    assert press.repeated == 0


class Held:
    """Be a receiver that takes its time until it is told to go on."""

    def __init__(self) -> None:
        self._go = threading.Event()

    async def answer(self, _: web.Request) -> web.Response:
        """Answer once the test says so."""
        await asyncio.to_thread(self._go.wait, 60)
        return web.Response()

    def open(self) -> None:
        """Answer all, now and later."""
        self._go.set()


@pytest.mark.slow
def test_a_message_that_kills_each_worker_is_parked_and_the_rest_flows(
    press: Press, pg_url: str, mail: SmtpSink
) -> None:
    """Mails crash whoever is about to send one, both workers in turn; webhooks go out."""
    deadly = "out.presend:kill:1:desk@example.org"
    feed = {"dawn": f"{press.site.base}/dawn"}
    press.made.configure(
        feeds=feed,
        webhook=press.sink.url,
        smtp_port=mail.port,
        tell="newsroom: now, desk: now",
        extra=press.extra,
    )
    press.publish("a", "b")
    with ExitStack() as stack:
        workers = [stack.enter_context(started(press.made, failpoint=deadly)) for _ in range(2)]

        def are_parked() -> bool:
            for place, worker in enumerate(workers):
                if worker.process.poll() is not None:
                    assert worker.process.returncode == -signal.SIGKILL, worker.text
                    workers[place] = stack.enter_context(started(press.made, failpoint=deadly))
            dead = rows(pg_url, "select count(*) from delivery where state = 'dead'")
            return dead == [(2,)]

        until(are_parked, 200, else_say=lambda: asked(press.made, "deliveries", "list"))
        press.sink.hits.wait_for(2, 60)
        for worker in workers:
            if worker.process.poll() is None:
                worker.stop()
    assert mail.mails.all == ()
    assert press.told() == press.once
    shown = asked(press.made, "status")
    assert shown["deliveries"]["dead"] == 2
    parked = [one["reason"] for one in shown["problems"] if one["kind"] == "delivery"]
    assert ["crashed five times" in reason for reason in parked] == [True, True]
