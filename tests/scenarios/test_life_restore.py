"""A backup is older than what was sent since: after a restore somebody says what that means."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from services.http_server import Answer
from services.http_site import HttpSite
from services.in_process import asked, invoke, told
from services.newsroom import Newsroom
from services.postgres import _bin_dir
from services.product import Workspace, rss
from services.webhook_sink import WebhookSink
from sqlalchemy import delete

from monitor.app.lock import LockFile
from monitor.clock import system_clock
from monitor.pipeline.restored import SKIPPED
from monitor.store.engine import Store
from monitor.store.tables import RoleRow

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
SENT_AGAIN = {"b", "c", "undated"}


@pytest.fixture
def room(tmp_path: Path, site: HttpSite, sink: WebhookSink, store: Store) -> Newsroom:
    """Give a newsroom that began six hours ago and has had its baseline."""
    environ = {
        "MONITOR_DATABASE_URL": store.url.render_as_string(hide_password=False),
        "MONITOR_PG_BIN": str(_bin_dir()),
    }
    made = Workspace(tmp_path / "desk", environment=environ)
    feeds = {"dawn": site.put("/feed", rss())}
    tell = "newsroom: now, mailbox: digest"
    made.configure(feeds=feeds, webhook=sink.url, tell=tell)
    began = Newsroom(made, site, sink, store, start=system_clock() - 6 * HOUR)
    later(began, 0)
    return began


def news(room: Newsroom, *hours: tuple[str, float]) -> list[str]:
    """Write items that were published so many hours after the start."""
    return [room.item(n, told(n), day=room.start + h * HOUR) for n, h in hours]


def undated(room: Newsroom) -> str:
    return (
        f"<item><guid>undated</guid><link>{room.site.base}/undated</link>"
        f"<title>News of undated</title><description>{told('undated')}</description></item>"
    )


def later(room: Newsroom, hours: float) -> None:
    """Do a pass so many hours after the start, as a process of its own that has ended."""
    room.pass_after(hours * HOUR)
    with room.store.write() as tx:
        tx.execute(delete(RoleRow))


def ids(room: Newsroom, start: int = 0) -> dict[str, str]:
    """Give what the webhook received from a hit on: the title's last word, and its id."""
    pairs = zip(room.told[start:], room.sink.hits.all[start:], strict=True)
    return {
        data["story"]["title"].rsplit(" ", 1)[1]: hit.headers["webhook-id"] for data, hit in pairs
    }


def mails(room: Newsroom) -> dict[str, str]:
    """Give the digests by their ids."""
    parsed = [message_from_bytes(path.read_bytes()) for path in room.workspace.mails()]
    return {mail["Message-ID"]: str(mail["Subject"]) for mail in parsed}


def backed_up(room: Newsroom, tmp_path: Path) -> Path:
    """Let a be told and b be owed; take a backup; let b, c and one without a date be told."""
    room.publish(*news(room, ("a", 0.5)))
    later(room, 1)
    room.sink.script(Answer(503))
    room.publish(*news(room, ("a", 0.5), ("b", 1.5)))
    later(room, 2)
    backup = tmp_path / "backup"
    done = invoke(room.workspace, "db", "backup", str(backup))
    assert done.exit_code == 0, done.stderr
    room.publish(*news(room, ("a", 0.5), ("b", 1.5), ("c", 2.5)), undated(room))
    later(room, 3)
    assert set(ids(room)) == {"a", *SENT_AGAIN}
    return backup


def restore(room: Newsroom, backup: Path, *more: str) -> dict[str, Any]:
    done = invoke(room.workspace, "db", "restore", str(backup), "--json", *more)
    assert done.exit_code == 0, done.stderr
    room.store.engine.dispose()  # it held the file before
    return dict(asked(room.workspace, "status"))


def test_after_a_restore_nothing_goes_out_until_somebody_answers(
    room: Newsroom, tmp_path: Path
) -> None:
    backup = backed_up(room, tmp_path)
    hits, digests = len(room.sink.hits.all), mails(room)
    assert restore(room, backup)["pause"]["reason"]
    said = invoke(room.workspace, "status").stdout
    assert "nothing is delivered since" in said
    assert "monitor db restore --answer skip|resend" in said
    room.publish(*news(room, ("a", 0.5), ("b", 1.5), ("c", 2.5), ("d", 6.5)), undated(room))
    later(room, 7)
    assert len(room.sink.hits.all) == hits
    assert mails(room) == digests
    assert len(room.articles) == 5  # it goes on reading
    done = invoke(room.workspace, "db", "check")
    assert done.exit_code == 0, done.stdout
    assert "Delivery is paused" in done.stderr


def test_skip_tells_nothing_that_was_published_before_the_restore(
    room: Newsroom, tmp_path: Path
) -> None:
    backup = backed_up(room, tmp_path)
    hits, digests = len(room.sink.hits.all), mails(room)
    restore(room, backup)
    room.publish(*news(room, ("a", 0.5), ("b", 1.5), ("c", 2.5)), undated(room))
    later(room, 7)
    done = invoke(room.workspace, "db", "restore", "--answer", "skip")
    assert done.exit_code == 0, done.stderr
    assert "Given up: 1 delivery" in done.stdout
    for hours in (8, 9, 10):
        later(room, hours)
    assert len(room.sink.hits.all) == hits
    assert mails(room) == digests
    (dead,) = asked(room.workspace, "deliveries", "list", "--state", "dead")
    assert dead["last_error"] == SKIPPED
    room.publish(*news(room, ("d", 10.5)))
    later(room, 11)
    assert set(ids(room, hits)) == {"d"}
    assert len(mails(room)) == len(digests) + 1
    assert invoke(room.workspace, "deliveries", "resend", dead["key"]).exit_code == 0
    later(room, 12)
    assert set(ids(room, hits)) == {"d", "b"}


def test_resend_tells_all_since_the_backup_under_the_same_ids(
    room: Newsroom, tmp_path: Path
) -> None:
    backup = backed_up(room, tmp_path)
    hits, before, digests = len(room.sink.hits.all), ids(room), mails(room)
    status = restore(room, backup, "--answer", "resend")
    assert status["pause"] is None
    room.publish(*news(room, ("a", 0.5), ("b", 1.5), ("c", 2.5)), undated(room))
    for hours in (7, 8):
        later(room, hours)
    again = ids(room, hits)
    assert len(room.sink.hits.all) == hits + len(SENT_AGAIN)
    assert again == {name: before[name] for name in SENT_AGAIN}
    fresh = set(mails(room)) - set(digests)
    assert len(fresh) == 1  # a digest of a slot that nobody has seen: no receiver drops it


def test_what_was_there_is_kept_and_can_be_put_back(room: Newsroom, tmp_path: Path) -> None:
    backup = backed_up(room, tmp_path)
    hits = len(room.sink.hits.all)
    done = invoke(room.workspace, "db", "restore", str(backup), "--answer", "skip", "--json")
    room.store.engine.dispose()
    kept = done.stdout.split('"kept": "')[1].split('"')[0]
    assert len(room.articles) == 2
    restore(room, Path(kept), "--answer", "resend")
    assert len(room.articles) == 4
    later(room, 8)
    assert len(room.sink.hits.all) == hits


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_restore_is_refused_while_the_monitor_runs(room: Newsroom, tmp_path: Path) -> None:
    backup = backed_up(room, tmp_path)
    database = Path(room.store.url.database or "")
    with LockFile(Path(f"{database}.lock")):
        done = invoke(room.workspace, "db", "restore", str(backup))
    assert done.exit_code == 2
    assert "another `monitor run` works on" in done.stderr
    assert len(room.articles) == 4
