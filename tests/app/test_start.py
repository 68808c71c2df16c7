"""A start: what a dead process held is free again."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from services.http_site import HttpSite
from services.in_process import invoke
from services.product import Workspace as Files
from services.product import rss


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
