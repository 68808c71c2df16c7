"""A release is rolled out while the one before is at work: nothing is lost, nothing doubled."""

from __future__ import annotations

import io
import signal
import subprocess
import tarfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path

import pytest
from services.http_site import HttpSite
from services.in_process import told
from services.product import RULE, Workspace, item, rss
from services.waiting import until
from services.webhook_sink import WebhookSink

from monitor.clock import system_clock
from monitor.store import fulltext, migrate
from monitor.store.engine import Store

BEFORE = {
    "0001": "2197c1a",
    "0002": "05adbf9",
    "0004": "c02f9c5",
    "0005": "609e944",
    "0006": "9f5823a",
}
"""The last releases of the schemas before this one."""

FEEDS = 6
ROUNDS = 5


@pytest.fixture(params=BEFORE)
def schema_before(request: pytest.FixtureRequest) -> str:
    """Name an earlier schema."""
    return str(request.param)


@pytest.fixture
def release_before(schema_before: str, root: Path, tmp_path: Path) -> Path:
    """Unpack an earlier release, or skip: a copy of the sources may come without its history."""
    commit = BEFORE[schema_before]
    done = subprocess.run(["git", "-C", root, "archive", commit], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no commit {commit} here: the history is needed for a rolling upgrade")
    folder = tmp_path / "before"
    folder.mkdir()
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


class Rollout:
    """Publish round after round, and wait until all of it was told."""

    def __init__(self, made: Workspace, site: HttpSite, sink: WebhookSink, store: Store) -> None:
        self.made, self.site, self.sink, self.store = made, site, sink, store
        self.published: list[str] = []
        self._items: dict[int, list[str]] = {number: [] for number in range(FEEDS)}

    def publish(self) -> None:
        """Put one more item into each feed, and let all be polled."""
        for number, items in self._items.items():
            name = f"item{len(self.published)}"
            day = format_datetime(system_clock())
            title = " ".join(told(name).split()[10:16])  # no word that another title has
            written = item(name, host=f"f{number}.test", title=title, body=told(name), day=day)
            items.insert(0, written)
            self.published.append(name)
            self.site.put(f"/f{number}", rss(*items))
        assert self.made.run("ingest").returncode == 0

    def wait(self) -> None:
        """Wait until every item was told."""
        until_in(self.store, lambda: len(self.sent) >= len(self.published))

    @property
    def sent(self) -> Counter[str]:
        """Count how often each message came."""
        return Counter(hit.headers["webhook-id"] for hit in self.sink.hits.all)


def until_in(store: Store, is_so: Callable[[], bool], within_seconds: float = 90.0) -> None:
    """Wait; if it does not come about, say what the database knows of the silence."""

    def silence() -> object:
        with store.read() as tx:
            return tx.exec_driver_sql("SELECT article_id, story_id, reason FROM quiet").all()

    until(is_so, within_seconds, else_say=silence)


@pytest.mark.slow
def test_a_release_takes_over_while_the_one_before_works(
    schema_before: str,
    release_before: Path,
    tmp_path: Path,
    pg_url: str,
    site: HttpSite,
    sink: WebhookSink,
) -> None:
    environ = {"MONITOR_DATABASE_URL": pg_url, "MONITOR_PORT": "0"}
    made = Workspace(tmp_path / "desk", environ)
    feeds = {f"f{number}": site.put(f"/f{number}", rss()) for number in range(FEEDS)}
    made.configure(feeds=feeds, webhook=sink.url, tell="newsroom: now")
    made.write("rules/acme.yaml", RULE % "newsroom: now" + "again: every\n")  # grouped or not
    old = replace(made, environment={**environ, "PYTHONPATH": str(release_before)})
    log = (tmp_path / "log").open("w")
    store = Store(pg_url.replace("://", "+psycopg://"))
    rollout = Rollout(old, site, sink, store)
    assert old.run("run", "--once").returncode == 0
    with store.read() as tx:
        assert migrate.current(tx) == schema_before
    processes = [old.start("run", stderr=log)]
    try:
        rollout.publish()
        rollout.wait()
        processes.append(made.start("run", stderr=log))  # it migrates while the other works
        rollout.made = made
        until_in(store, lambda: is_migrated(store))
        for _ in range(ROUNDS):
            rollout.publish()
        until_in(store, lambda: len(running(store)) == 2)
        rollout.wait()
        until_in(store, lambda: is_indexed(store))  # also what the other one has placed
        processes[0].send_signal(signal.SIGTERM)
        assert processes[0].wait(20) == 0
        rollout.publish()
        rollout.wait()
        processes[1].send_signal(signal.SIGTERM)
        assert processes[1].wait(20) == 0
    finally:
        for process in processes:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        log.close()
        store.close()
    sent = rollout.sent
    assert len(sent) == len(rollout.published) == FEEDS * (ROUNDS + 2)
    assert set(sent.values()) == {1}
    assert "Traceback" not in (tmp_path / "log").read_text()


def is_migrated(store: Store) -> bool:
    with store.read() as tx:
        return migrate.is_newest(tx)


def is_indexed(store: Store) -> bool:
    with store.read() as tx:
        return not fulltext.unindexed(tx, is_placed=False)


def running(store: Store) -> list[str]:
    with store.read() as tx:
        return list(tx.exec_driver_sql("SELECT holder FROM beat").scalars())
