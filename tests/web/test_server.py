"""/healthz, /readyz and /metrics: what they say, and when they say that work is not done."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from services import fleet
from services.articles import article
from services.product import Workspace as Files

from monitor import __version__
from monitor.app import open_ports, open_store
from monitor.errors import ConfigError
from monitor.model.delivery import DeliveryKind
from monitor.model.keys import ChannelName, DeliveryKey, SourceKey
from monitor.model.notice import Window
from monitor.pipeline.ports import Ports
from monitor.settings import Web, load_settings
from monitor.store import articles, channels, deliveries, feeds, migrate, pages, placing
from monitor.store.engine import Store, Tx
from monitor.web.server import Health, answering_threads, serve

LATE = timedelta(minutes=11)
CHANNEL = ChannelName("mailbox")


class Site:
    """Be the running server, whose lanes and clock the test holds."""

    def __init__(self, ports: Ports, session: aiohttp.ClientSession) -> None:
        self.ports, self._session = ports, session
        self.lanes: dict[str, str] = {}
        self.is_scheduling = True
        self.base = ""

    async def get(self, path: str) -> tuple[int, str]:
        async with self._session.get(self.base + path) as answer:
            return answer.status, await answer.text()

    async def faults(self) -> dict[str, str]:
        status, body = await self.get("/readyz")
        answer: dict[str, Any] = json.loads(body)
        assert (status == 200) == (answer["faults"] == {}) == (answer["status"] == "ok")
        return dict(answer["faults"])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    Files(tmp_path).configure()
    opened = open_store(load_settings(tmp_path, {}))
    migrate.upgrade(opened)
    return opened


@pytest.fixture
async def site(store: Store, tmp_path: Path, now: datetime) -> AsyncIterator[Site]:
    settings = load_settings(tmp_path, {})
    async with AsyncExitStack() as stack:
        stack.callback(store.close)
        opening = open_ports(settings, store, environ={}, clock=lambda: now)
        ports = await stack.enter_async_context(opening)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        made = Site(ports, session)
        health = Health(
            ports=ports,
            lanes=lambda: made.lanes,
            is_scheduling=lambda: made.is_scheduling,
            threads=stack.enter_context(answering_threads()),
        )
        made.base = str(await serve(stack, Web(port=0, is_port_set=True), health))
        yield made


async def test_healthz_says_that_the_process_lives(site: Site) -> None:
    status, body = await site.get("/healthz")
    assert status == 200
    assert json.loads(body) == {"status": "ok", "version": __version__}


async def test_readyz_is_ready_when_nothing_is_late(site: Site) -> None:
    assert await site.faults() == {}


async def test_readyz_names_a_lane_that_fails_and_a_scheduler_that_stands(site: Site) -> None:
    site.lanes["sends"] = "it failed"
    site.is_scheduling = False
    assert await site.faults() == {"sends": "it failed", "scheduler": "it does not run yet"}


def owe(tx: Tx, then: datetime) -> None:
    deliveries.add(
        tx,
        DeliveryKey("key"),
        channel=CHANNEL,
        recipient="data/mail",
        kind=DeliveryKind.DIGEST,
        content={},
        title="t",
        now=then,
    )


def poll(tx: Tx, then: datetime) -> None:
    wanted = [(SourceKey("s"), "http://a.test/feed")]
    feeds.sync(tx, wanted, now=then, interval=timedelta(0))


def fetch_page(tx: Tx, then: datetime) -> None:
    ids = articles.add(tx, [article(fetched_at=then)], is_baseline=False)
    placing.mark_placed(tx, list(ids.values()))
    pages.add(tx, dict.fromkeys(ids.values(), "https://example.org/a"), now=then)


def place(tx: Tx, then: datetime) -> None:
    articles.add(tx, [article(fetched_at=then)], is_baseline=False)


def close_slot(tx: Tx, then: datetime) -> None:
    window = Window(start=then - timedelta(minutes=15), end=then, zone="UTC")
    held = channels.claim(tx, CHANNEL, now=then, lease=timedelta(minutes=1))
    assert held is not None
    channels.keep_slot(tx, held, f"{then:%H:%M}", window, stories=0, now=then)


@pytest.mark.parametrize(
    ("work", "kind", "late"),
    [
        (owe, "deliveries", LATE),
        (poll, "feeds", LATE),
        (place, "articles", LATE),
        (fetch_page, "pages", timedelta(minutes=61)),
        (close_slot, "digests", timedelta(minutes=26)),
    ],
)
async def test_readyz_fails_when_work_is_overdue(
    site: Site, now: datetime, work: Callable[[Tx, datetime], None], kind: str, late: timedelta
) -> None:
    with site.ports.store.write() as tx:
        work(tx, now - late)
    assert set(await site.faults()) == {kind}


@pytest.mark.parametrize("work", [owe, poll, place, fetch_page, close_slot])
async def test_readyz_is_patient_with_work_that_is_just_due(
    site: Site, now: datetime, work: Callable[[Tx, datetime], None]
) -> None:
    with site.ports.store.write() as tx:
        work(tx, now - timedelta(minutes=9))
    assert await site.faults() == {}


@pytest.mark.parametrize(
    ("path", "said"),
    [("/readyz", (503, "database")), ("/metrics", (200, "monitor_database_up 0"))],
)
async def test_a_database_that_refuses_is_said_without_its_address(
    path: str, said: tuple[int, str], tmp_path: Path, now: datetime
) -> None:
    nobody = Store("postgresql+psycopg://user:secret@127.0.0.1:1/name")
    Files(tmp_path).configure()
    async with AsyncExitStack() as stack:
        opening = open_ports(load_settings(tmp_path, {}), nobody, environ={})
        ports = await stack.enter_async_context(opening)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        site = Site(ports, session)
        threads = stack.enter_context(answering_threads())
        health = Health(ports=ports, lanes=dict, is_scheduling=lambda: True, threads=threads)
        site.base = str(await serve(stack, Web(port=0, is_port_set=True), health))
        status, body = await site.get(path)
    assert status == said[0]
    assert said[1] in body
    for told in ("127.0.0.1", ":1", "secret", "refused"):
        assert told not in body


async def test_readyz_counts_workers_and_is_ready_whatever_others_do(
    site: Site, now: datetime
) -> None:
    with site.ports.store.write() as tx:
        fleet.beat(tx, "a", now=now, ruleset="x")
        fleet.beat(tx, "b", now=now, ruleset="y")
    status, body = await site.get("/readyz")
    assert status == 200
    assert json.loads(body)["workers"] == {
        "live": 2,
        "silent": 0,
        "odd_rules": 1,
        "odd_settings": 0,
        "odd_version": 0,
    }


async def test_metrics_can_be_read_by_prometheus(site: Site, now: datetime) -> None:
    site.ports.tally.add("articles_new", 3)
    with site.ports.store.write() as tx:
        owe(tx, now - timedelta(seconds=30))
        poll(tx, now)
    status, body = await site.get("/metrics")
    assert status == 200
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }
    assert found["monitor_build_info", "sqlite", __version__] == 1
    assert found["monitor_articles_new_total",] == 3
    assert found["monitor_deliveries", "mailbox", "pending"] == 1
    assert found["monitor_delivery_lag_seconds",] == 30
    assert found["monitor_feeds_due",] == 1


async def test_a_port_that_was_asked_for_and_is_taken_is_a_configuration_error(site: Site) -> None:
    port = int(site.base.rsplit(":", 1)[1])
    with answering_threads() as threads:
        health = Health(ports=site.ports, lanes=dict, is_scheduling=lambda: True, threads=threads)
        async with AsyncExitStack() as stack:
            with pytest.raises(ConfigError, match=f"127.0.0.1:{port} cannot be listened on"):
                await serve(stack, Web(port=port, is_port_set=True), health)


async def test_a_default_port_that_is_taken_gives_way_and_is_said(site: Site) -> None:
    port = int(site.base.rsplit(":", 1)[1])
    with answering_threads() as threads:
        health = Health(ports=site.ports, lanes=dict, is_scheduling=lambda: True, threads=threads)
        async with AsyncExitStack() as stack:
            address = await serve(stack, Web(port=port), health)
            assert address.taken_port == port
            assert address.port != port
            assert str(address) == f"http://127.0.0.1:{address.port}"
