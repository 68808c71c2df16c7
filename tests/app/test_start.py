"""A start: what a dead process held is free again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from services.http_site import HttpSite
from services.in_process import asked, invoke
from services.product import Workspace as Files
from services.product import rss

from monitor.app import open_store
from monitor.clock import system_clock
from monitor.settings import load_settings
from monitor.store import beats
from monitor.store.beats import Signs


def test_what_a_killed_process_had_claimed_is_due_at_the_next_start(files: Files) -> None:
    with HttpSite() as site:
        files.configure(feeds={"dawn": site.put("/dawn", rss())})
        assert invoke(files, "run", "--once").exit_code == 0
        with closing(sqlite3.connect(files.folder / "data/monitor.db")) as database:
            held = "UPDATE feed SET claimed_until = '2099-01-01 00:00:00.000000', next_poll_at = "
            database.execute(held + "'2026-01-01 00:00:00.000000'")
            database.commit()
        assert invoke(files, "run", "--once").exit_code == 0
        assert site.count("/dawn") == 2


def test_a_wrong_failpoint_is_a_configuration_error(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in ("nowhere:kill:1", "out.acked:kill:often", "out.acked:kill:0"):
        monkeypatch.setenv("MONITOR_FAILPOINT", wrong)
        done = invoke(files, "run", "--once")
        assert done.exit_code == 2
        assert done.stderr.splitlines()[-1].startswith(f"environment: MONITOR_FAILPOINT '{wrong}'")


def test_a_template_that_cannot_be_read_is_a_problem_until_it_can(files: Files) -> None:
    template = files.folder / "templates/digest.txt.j2"
    template.parent.mkdir()
    template.write_bytes(b"\xff")
    invoke(files, "run", "--once")
    (found,) = asked(files, "status")["problems"]
    assert found["subject"] == "templates/digest.txt.j2"
    assert found["reason"] == "the file is not UTF-8: byte 0 is wrong"
    template.write_text("Hello")
    invoke(files, "run", "--once")
    assert asked(files, "status")["problems"] == []


def test_a_start_forgets_the_beats_of_whoever_was_killed_on_this_file(files: Files) -> None:
    invoke(files, "run", "--once")
    now = system_clock()
    store = open_store(load_settings(files.folder, {}))
    with store.write() as tx:
        beats.leave(tx, "killed", Signs(), now=now, running_for=timedelta(0))
    assert [worker["holder"] for worker in asked(files, "status")["workers"]] == ["killed"]
    invoke(files, "run", "--once")
    assert asked(files, "status")["workers"] == []
    store.close()
