"""From SQLite to PostgreSQL: what was told is not told again, what is owed is sent once."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from services.http_server import Answer
from services.http_site import HttpSite
from services.in_process import invoke, told
from services.newsroom import Newsroom
from services.product import Workspace, rss
from services.schemas import rows_of
from services.webhook_sink import WebhookSink

from monitor.clock import system_clock
from monitor.store.engine import Store

HOUR = timedelta(hours=1)


@pytest.fixture
def room(tmp_path: Path, site: HttpSite, sink: WebhookSink) -> Newsroom:
    """Give a newsroom on SQLite that has told one article and owes another."""
    made = Workspace(tmp_path / "desk")
    feeds = {"dawn": site.put("/feed", rss())}
    made.configure(feeds=feeds, webhook=sink.url, tell="newsroom: now, mailbox: digest")
    store = Store(f"sqlite:///{made.folder / 'data/monitor.db'}")
    found = Newsroom(made, site, sink, store, start=system_clock() - 6 * HOUR)
    found.pass_after()
    found.publish(item(found, "a"))
    found.pass_after(HOUR)
    sink.script(Answer(503))
    found.publish(item(found, "a"), item(found, "b"))
    found.pass_after(2 * HOUR)
    assert len(sink.hits.all) == 2
    store.close()
    return found


def item(room: Newsroom, name: str) -> str:
    return room.item(name, told(name))


def on_server(room: Newsroom, pg_url: str) -> Newsroom:
    made = Workspace(room.workspace.folder, {"MONITOR_DATABASE_URL": pg_url})
    store = Store(pg_url.replace("postgresql://", "postgresql+psycopg://"))
    return Newsroom(made, room.site, room.sink, store, start=room.start)


@pytest.mark.slow
def test_after_a_move_only_what_was_owed_is_sent_once(room: Newsroom, pg_url: str) -> None:
    mails = room.workspace.mails()
    done = invoke(room.workspace, "db", "move", "--to", pg_url)
    assert done.exit_code == 0, done.stderr
    moved = on_server(room, pg_url)
    for hours in (3, 4):
        moved.pass_after(hours * HOUR)
    ids = [hit.headers["webhook-id"] for hit in room.sink.hits.all]
    assert len(ids) == 3
    assert ids[2] == ids[1] != ids[0]
    assert room.workspace.mails() == mails
    moved.store.close()
    assert invoke(room.workspace, "run", "--once").exit_code == 2


KILLED = """
import sys
from pathlib import Path
from services.kill_upgrades import survived
from monitor.clock import system_clock
from monitor.store.engine import Store
from monitor.store.move import move

def work():
    source, target = Store(sys.argv[1]), Store(sys.argv[2])
    move(source, target, now=system_clock())

print(int(survived(work, int(sys.argv[3]))))
"""


@pytest.mark.slow
def test_a_move_that_is_killed_can_be_done_again(room: Newsroom, pg_url: str, root: Path) -> None:
    """At each of many statements: the source is whole, the target empty or complete."""
    source = f"sqlite:///{room.workspace.folder / 'data/monitor.db'}"
    target = pg_url.replace("postgresql://", "postgresql+psycopg://")
    path = os.pathsep.join((str(root), str(root / "tests")))
    before = rows(source)
    outcomes = []
    for point in range(1, 10_000, 23):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, source, target, str(point)],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        if done.stdout.strip() == "1":
            break
        assert rows(source) == before
        outcomes.append(articles_in(target))
        assert outcomes[-1] in (None, 0, 2)
    assert len(outcomes) >= 4
    refused = invoke(room.workspace, "run", "--once")
    assert refused.exit_code == 2
    assert articles_in(target) == 2


def test_a_move_killed_before_its_note_is_finished_by_the_next(
    room: Newsroom, pg_url: str
) -> None:
    source = Store(f"sqlite:///{room.workspace.folder / 'data/monitor.db'}")
    assert invoke(room.workspace, "db", "move", "--to", pg_url).exit_code == 0
    with source.write() as tx:  # as if the last commit had not come
        tx.exec_driver_sql("UPDATE workspace SET moved_to = NULL")
    source.close()
    done = invoke(room.workspace, "db", "move", "--to", pg_url, "--json")
    assert done.exit_code == 0, done.stderr
    assert '"was_done": true' in done.stdout
    assert invoke(room.workspace, "run", "--once").exit_code == 2


def rows(url: str) -> object:
    store = Store(url)
    try:
        return rows_of(store)
    finally:
        store.close()


def articles_in(url: str) -> int | None:
    """Count the articles of the target; None if it has no tables yet."""
    store = Store(url)
    try:
        with store.read() as tx:
            if tx.exec_driver_sql("SELECT to_regclass('article')").scalar_one() is None:
                return None
            return int(tx.exec_driver_sql("SELECT count(*) FROM article").scalar_one())
    finally:
        store.close()
