"""The service as its users run it: a process that is started, told by signals, and ends."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from services.http_server import HANG, Answer
from services.http_site import HttpSite
from services.in_process import invoke, told
from services.postgres import OwnServer, database_on
from services.product import Workspace, item, rss
from services.running import GRACE_SECONDS, Started, answers, ask, started
from services.webhook_sink import WebhookSink

from monitor.clock import system_clock


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path, {"MONITOR_PORT": "0"})
    workspace.configure()
    return workspace


def rows(made: Workspace, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(made.folder / "data/monitor.db")) as database:
        return database.execute(query).fetchall()


def with_news(made: Workspace, site: HttpSite, sink: WebhookSink) -> None:
    """Let the feed have had its baseline; what comes now is told to the webhook at once."""
    feeds = {"dawn": site.put("/dawn", rss())}
    tell = "newsroom: now"
    made.configure(feeds=feeds, webhook=sink.url, tell=tell)
    assert invoke(made, "run", "--once").exit_code == 0
    news = item(
        "a", host="dawn.test", title="Acme", body=told("a"), day=format_datetime(system_clock())
    )
    site.put("/dawn", rss(news))
    assert invoke(made, "ingest").exit_code == 0


def test_a_stop_lets_the_send_under_way_end_and_sends_it_once(
    made: Workspace, site: HttpSite, sink: WebhookSink
) -> None:
    with_news(made, site, sink)
    arrived, go_on = threading.Event(), threading.Event()

    async def slow(_: web.Request) -> web.Response:
        arrived.set()
        await asyncio.to_thread(go_on.wait, 30)
        return web.Response()

    sink.script(Answer(behaviour=slow))
    with started(made) as service:
        assert arrived.wait(30), service.text
        service.process.send_signal(signal.SIGTERM)
        go_on.set()
        assert service.stop() < GRACE_SECONDS
        assert service.process.returncode == 0
        assert "Traceback" not in service.text
    assert rows(made, "select state, crashes, claimed_until from delivery") == [("sent", 0, None)]
    assert invoke(made, "run", "--once").exit_code == 0
    assert len(sink.hits.all) == 1


@pytest.mark.slow
def test_a_stop_cuts_a_send_that_hangs_within_dockers_grace_and_lets_go_of_it(
    made: Workspace, site: HttpSite, sink: WebhookSink
) -> None:
    with_news(made, site, sink)
    sink.script(HANG)
    with started(made) as service:
        sink.hits.wait_for(1, 30)
        assert service.stop() < GRACE_SECONDS
        assert service.process.returncode == 0
        assert "Traceback" not in service.text
        assert '{"is_clean": false, "event": "stopped"' in service.text
    owed = "select state, crashes, claimed_until from delivery"
    assert rows(made, owed) == [("pending", 0, None)]
    assert rows(made, "select claimed_until from role") == [(None,)]
    assert invoke(made, "run", "--once").exit_code == 0
    assert len({hit.headers["webhook-id"] for hit in sink.hits.wait_for(2)}) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_cancels_polls_under_way_and_lets_go_of_them(
    made: Workspace, site: HttpSite, number: int
) -> None:
    made.configure(feeds={"dawn": site.put("/dawn", rss())})
    site.answer("/dawn", HANG)
    with started(made) as service:
        site.hits.wait_for(1, 30)
        assert service.stop(number) < 5
        assert service.process.returncode == 0
        assert "Traceback" not in service.text
    assert rows(made, "select crashes, claimed_until from feed") == [(0, None)]


def test_a_stop_before_the_first_pass_is_over_ends_cleanly(made: Workspace) -> None:
    for n in range(300):
        made.write(f"seeds/{n}.txt", f"date 2026-11-20 Acme To Open Office {n}\n\n{told(str(n))}")
    with started(made) as service:
        service.until("rules in force")
        assert service.stop() < GRACE_SECONDS
        assert service.process.returncode == 0
        assert "Traceback" not in service.text


@pytest.mark.slow
def test_a_database_that_hangs_is_said_and_holds_neither_an_answer_nor_a_stop(
    tmp_path: Path,
) -> None:
    with OwnServer() as server, database_on(server) as url:
        made = Workspace(tmp_path, {"MONITOR_DATABASE_URL": url, "MONITOR_PORT": "0"})
        made.configure()
        with started(made) as service:
            answers(f"{service.base}/readyz", 200)
            with hanging(server):
                status, told = ask(f"{service.base}/readyz")
                assert (status, "database" in told) == (503, True)
                assert ask(f"{service.base}/healthz")[0] == 200
                assert service.stop() < GRACE_SECONDS
                assert service.process.returncode == 0
                assert "Traceback" not in service.text


def test_a_stop_while_the_database_is_down_is_a_clean_one(tmp_path: Path) -> None:
    with OwnServer() as server, database_on(server) as url:
        made = Workspace(tmp_path, {"MONITOR_DATABASE_URL": url, "MONITOR_PORT": "0"})
        made.configure()
        with started(made) as service:
            answers(f"{service.base}/readyz", 200)
            server.stop("immediate")
            answers(f"{service.base}/readyz", 503)
            assert service.stop() < GRACE_SECONDS
            assert service.process.returncode == 0
            assert "Traceback" not in service.text
            server.start()


def test_a_default_port_that_is_taken_gives_way_and_is_said(made: Workspace) -> None:
    with socket.socket() as other:
        with suppress(OSError):  # somebody else has it: as good
            other.bind(("127.0.0.1", 8080))
            other.listen()
        with started(Workspace(made.folder)) as service:
            service.until(r'"taken_port": 8080')
            assert not service.base.endswith(":8080")
            service.stop()


def test_where_no_terminal_is_all_that_is_said_is_a_log_in_json_on_stdout(
    made: Workspace, tmp_path: Path
) -> None:
    made.write("rules/broken.yaml", "match: [")
    beside = tmp_path / "stderr"
    with beside.open("w") as stderr, made.start("run", stderr=stderr) as process:
        service = Started(process)
        try:
            answers(f"{service.base}/readyz", 200)
            service.stop()
        finally:
            process.kill()
    assert beside.read_text() == ""
    told = {event["event"]: event for event in map(json.loads, service.said)}
    assert told["running"]["address"] == service.base
    assert told["rules not loaded"]["errors"][0].startswith("rules/broken.yaml:1:")
    assert told["stopped"]["is_clean"] is True


def test_a_pass_says_its_summary_on_stdout_and_logs_on_stderr(made: Workspace) -> None:
    done = made.run("run", "--once")
    assert done.stdout.startswith("One pass done.\n")
    assert all(json.loads(line)["event"] for line in done.stderr.splitlines())
    assert "rules in force" in done.stderr


def test_sighup_reloads_where_no_terminal_is(made: Workspace) -> None:
    with started(made) as service:
        answers(f"{service.base}/readyz", 200)
        service.said.clear()
        service.process.send_signal(signal.SIGHUP)
        service.until("rules in force")
        assert service.stop() < GRACE_SECONDS
        assert service.process.returncode == 0


def test_closing_the_terminal_stops(made: Workspace) -> None:
    ours, terminal = pty.openpty()
    with made.start("run", stdin=terminal) as process:
        os.close(terminal)
        service = Started(process)
        try:
            answers(f"{service.base}/readyz", 200)
            assert service.stop(signal.SIGHUP) < GRACE_SECONDS
            assert process.returncode == 0
        finally:
            process.kill()
            os.close(ours)


@contextmanager
def hanging(server: OwnServer) -> Iterator[None]:
    """Let all of a database server's processes stand still."""
    head = (server.dir / "data/postmaster.pid").read_text().split()[0]
    children = Path(f"/proc/{head}/task/{head}/children").read_text().split()
    processes = [int(number) for number in (head, *children)]
    for number in processes:
        os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        for number in processes:
            os.kill(number, signal.SIGCONT)
