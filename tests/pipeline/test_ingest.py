"""Promises of T1: what of a poll is kept, and in which order."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from services.http_site import HttpSite
from services.in_process import invoke
from services.product import Workspace, item, rss


def test_a_polls_articles_arrive_oldest_first(tmp_path: Path, site: HttpSite) -> None:
    dated = [
        item(f"day{n}", host="a.test", title=f"Of day {n}", body="", day=f"{n} Nov 2026 08:00 GMT")
        for n in (17, 18, 16)
    ]
    bare = [item(f"no{n}", host="b.test", title=f"Number {n}", body="") for n in (3, 2, 1)]
    feeds = {
        "a": site.put("/dated.xml", rss(*dated)),
        "b": site.put("/bare.xml", rss(*bare)),
    }
    made = Workspace(tmp_path)
    made.configure(feeds=feeds)
    done = invoke(made, "run", "--once")
    assert done.exit_code == 0, done.stderr
    with sqlite3.connect(tmp_path / "data" / "monitor.db") as database:
        titles = [row[0] for row in database.execute("SELECT title FROM article ORDER BY id")]
    arrived = {host: [t for t in titles if t.startswith(host)] for host in ("Of", "Number")}
    assert arrived["Of"] == ["Of day 16", "Of day 17", "Of day 18"]
    assert arrived["Number"] == ["Number 1", "Number 2", "Number 3"]
