"""What /metrics holds, on both databases, and that it costs and hangs as little as it may."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from services import fleet
from services.articles import article
from services.plans import plans
from services.product import Workspace as Files
from sqlalchemy import text

from monitor.app import open_ports
from monitor.errors import StoreError
from monitor.model.delivery import DeliveryKind, DeliveryState
from monitor.model.keys import ChannelName, DeliveryKey, SourceKey
from monitor.model.notice import Window
from monitor.pipeline.ports import Ports
from monitor.settings import load_settings
from monitor.store import articles, channels, deliveries, feeds, outbox, roles
from monitor.store.engine import Store, Tx
from monitor.store.tables import WorkspaceRow
from monitor.web.asking import Asker
from monitor.web.figures import read_queues, read_totals
from monitor.web.metrics import exposition

CHANNEL = ChannelName("mailbox")


@pytest.fixture
async def ports(store: Store, tmp_path: Path, now: datetime) -> AsyncIterator[Ports]:
    Files(tmp_path).configure(webhook="http://127.0.0.1:1/hook")
    settings = load_settings(tmp_path, {})
    async with open_ports(settings, store, environ={}, clock=lambda: now) as opened:
        yield opened


def scraped(ports: Ports, lanes: dict[str, str] | None = None) -> dict[tuple[str, ...], float]:
    body = exposition(ports, lanes or {}, read_queues(ports), read_totals(ports))
    return samples(body.decode())


def samples(body: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("monitor_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def owe(tx: Tx, name: str, then: datetime, state: DeliveryState) -> None:
    key = DeliveryKey(f"dl-{name}")
    deliveries.add(
        tx,
        key,
        channel=CHANNEL,
        recipient="data/mail",
        kind=DeliveryKind.DIGEST,
        content={},
        title="t",
        now=then,
    )
    if state is not DeliveryState.PENDING:
        (claimed,) = outbox.claim_due(
            tx,
            now=then,
            lease=timedelta(minutes=1),
            limit=1,
            per_channel=1,
            channels=[CHANNEL],
        )
        outbox.settle(tx, claimed, None, state=state, due_at=then, error="", now=then)


def fill(ports: Ports, now: datetime) -> None:
    with ports.store.write() as tx:
        for number, state in enumerate(
            (DeliveryState.SENT, DeliveryState.SENT, DeliveryState.DEAD)
        ):
            owe(tx, f"{number}", now - timedelta(hours=1), state)
        owe(tx, "waiting", now - timedelta(seconds=90), DeliveryState.PENDING)
        articles.add(tx, [article(fetched_at=now - timedelta(minutes=3))], is_baseline=False)
        wanted = [(SourceKey("s"), f"http://a.test/{path}") for path in "ab"]
        feeds.sync(tx, wanted, now=now - timedelta(minutes=11), interval=timedelta(0))
        window = Window(start=now - timedelta(hours=2), end=now - timedelta(hours=1), zone="UTC")
        held = channels.claim(tx, CHANNEL, now=now, lease=timedelta(minutes=1))
        assert held is not None
        channels.keep_slot(tx, held, "04:00", window, stories=0, now=now)
        channels.disable(tx, ChannelName("newsroom"), "It answered 410.", now=now)
        lease = timedelta(minutes=1)
        assert roles.take(tx, roles.ASSIGNER, ports.holder, None, now=now, lease=lease)
        fleet.beat(tx, ports.holder, now=now, ruleset="x")
        fleet.beat(tx, "other", now=now, ruleset="y")


async def test_what_waits_and_what_is_held_is_counted(ports: Ports, now: datetime) -> None:
    fill(ports, now)
    found = scraped(ports, {"sends": "it failed"})
    expected = {
        ("deliveries", "mailbox", "sent"): 2,
        ("deliveries", "mailbox", "dead"): 1,
        ("deliveries", "mailbox", "pending"): 1,
        ("deliveries", "newsroom", "pending"): 0,
        ("delivery_lag_seconds",): 90,
        ("articles",): 1,
        ("articles_unplaced",): 1,
        ("articles_unplaced_oldest_seconds",): 180,
        ("feeds", "active"): 2,
        ("feeds_due",): 2,
        ("feeds_overdue",): 2,
        ("digests_late",): 1,
        ("channel_stopped", "newsroom"): 1,
        ("delivery_paused",): 0,
        ("role_held", "assigner"): 1,
        ("workers", "live"): 2,
        ("workers", "silent"): 0,
        ("workers_odd_rules",): 1,
        ("lane_failing", "sends"): 1,
        ("database_up",): 1,
    }
    assert {key: found[key] for key in expected} == expected
    assert found["database_size_bytes",] > 10_000
    assert found["data_free_bytes",] > 0
    assert (("database_wal_bytes",) in found) == ports.store.is_sqlite
    assert found["process_resident_memory_bytes",] > 1_000_000


async def test_a_restored_backup_is_seen_and_a_role_that_ran_out_is_not_held(
    ports: Ports, now: datetime
) -> None:
    fill(ports, now)
    with ports.store.write() as tx:
        tx.execute(WorkspaceRow.__table__.update().values(paused_at=now))
        roles.give_up(tx, ports.holder)
    found = scraped(ports)
    assert found["delivery_paused",] == 1
    assert found["role_held", "assigner"] == 0


async def test_what_happened_is_counted_and_timed(ports: Ports) -> None:
    tally = ports.tally
    before = scraped(ports)
    assert before["polls_total", "failed"] == 0
    assert before["delivery_attempts_total", "newsroom", "sent"] == 0
    tally.add_labelled("polls", "failed")
    tally.add_labelled("delivery_unknown", "newsroom")
    tally.mark("config_last_reload_successful", 1)
    for seconds in (0.05, 0.06, 99.0):
        tally.time("poll", seconds)
    found = scraped(ports)
    assert found["polls_total", "failed"] == 1
    assert found["delivery_unknown_total", "newsroom"] == 1
    assert found["config_last_reload_successful",] == 1
    within = [found["poll_duration_seconds_bucket", bound] for bound in ("0.05", "0.1", "+Inf")]
    assert within == [1, 2, 3]
    assert found["poll_duration_seconds_count",] == 3
    assert found["poll_duration_seconds_sum",] == pytest.approx(99.11)


async def test_names_and_texts_are_as_prometheus_asks(ports: Ports) -> None:
    body = exposition(ports, {"sends": "x"}, read_queues(ports), read_totals(ports)).decode()
    for family in text_string_to_metric_families(body):
        assert re.fullmatch(r"(monitor|process)_[a-z][a-z_]*[a-z]", family.name)
        assert family.documentation
        is_counter = family.type == "counter"
        assert all(s.name.endswith("_total") == is_counter for s in family.samples)
        assert not re.search(r"_(ms|millis|minutes|hours|kb|mb|count)$", family.name)


async def test_what_each_scrape_asks_is_answered_by_indexes(ports: Ports) -> None:
    """Else a scrape would take longer the more is kept."""
    if not ports.store.is_sqlite:
        return  # the planner of a server reads whole tables while they are small
    found = plans(ports.store, lambda _: read_queues(ports))
    large = [step for step in found if re.search(r"\b(article|delivery|feed|page|story)\b", step)]
    assert len(large) >= 7
    assert all("INDEX ix_" in step for step in large), large


def blocked(url: str) -> psycopg.Connection[Any]:
    """Lock a table so that whoever reads it waits."""
    connection = psycopg.connect(url)
    connection.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
    return connection


async def test_a_database_that_hangs_holds_one_thread_and_no_scrape(ports: Ports) -> None:
    if ports.store.is_sqlite:
        return  # its readers wait for nobody
    url = ports.store.url.render_as_string(hide_password=False).replace("+psycopg", "")
    begun: list[str] = []

    def ask() -> object:
        begun.append(threading.current_thread().name)
        return read_queues(ports)

    with ThreadPoolExecutor(2) as threads:
        asker = Asker(ask, threads, keep_seconds=0.0)
        with blocked(url):
            for _ in range(3):
                with pytest.raises(StoreError, match="did not answer within 0 s"):
                    await asker.answer(0.05)
            assert len(begun) == 1
        assert await asker.answer(30.0)


async def test_an_answer_is_kept_for_a_while_and_a_refusal_is_not() -> None:
    answers: list[int] = []

    def ask() -> int:
        answers.append(len(answers))
        if len(answers) == 1:
            raise StoreError("no")
        return answers[-1]

    with ThreadPoolExecutor(1) as threads:
        asker = Asker(ask, threads, keep_seconds=3600.0)
        with pytest.raises(StoreError, match="no"):
            await asker.answer(10.0)
        assert [await asker.answer(10.0) for _ in range(3)] == [1, 1, 1]
        impatient = Asker(ask, threads, keep_seconds=0.0)
        assert [await impatient.answer(10.0) for _ in range(3)] == [2, 3, 4]


async def test_what_is_dear_to_count_is_counted_behind_whoever_asks() -> None:
    begun, counted = threading.Event(), threading.Event()
    answers: list[int] = []

    def count() -> int:
        answers.append(len(answers))
        if len(answers) == 2:
            begun.set()
            counted.wait(30)
        return answers[-1]

    with ThreadPoolExecutor(1) as threads:
        asker = Asker(count, threads, keep_seconds=0.0, gives_old=True)
        assert await asker.answer(10.0) == 0
        assert await asker.answer(0.0) == 0
        begun.wait(30)
        assert await asker.answer(0.0) == 0
        counted.set()
        while await asker.answer(0.0) == 0:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert len(answers) >= 2


async def test_errors_of_the_database_are_counted(ports: Ports) -> None:
    assert scraped(ports)["database_errors_total",] == 0
    with pytest.raises(Exception, match="nowhere"), ports.store.read() as tx:
        tx.execute(text("SELECT 1 FROM nowhere"))
    assert scraped(ports)["database_errors_total",] == 1


async def test_a_server_that_is_gone_is_an_error_of_the_database(tmp_path: Path) -> None:
    Files(tmp_path).configure()
    nobody = Store("postgresql+psycopg://user@127.0.0.1:1/name")
    async with open_ports(load_settings(tmp_path, {}), nobody, environ={}) as ports:
        before = samples(exposition(ports, {}, None, None).decode())["database_errors_total",]
        with pytest.raises(StoreError):
            read_queues(ports)
        found = samples(exposition(ports, {}, None, None).decode())
    assert found["database_errors_total",] == before + 1
    assert found["database_up",] == 0
    assert ("articles",) not in found
