"""A newsroom on real parts: a site to poll, a webhook to tell, both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from services.http_site import HttpSite
from services.newsroom import Newsroom
from services.product import Workspace, rss
from services.webhook_sink import WebhookSink

from monitor.store.engine import Store


@pytest.fixture
def room(tmp_path: Path, site: HttpSite, sink: WebhookSink, store: Store) -> Newsroom:
    """Give a newsroom before its first pass."""
    url = store.url.render_as_string(hide_password=False)
    made = Workspace(tmp_path / "desk", environment={"MONITOR_DATABASE_URL": url})
    feeds = {"dawn": site.put("/feed", rss())}
    made.configure(feeds=feeds, webhook=sink.url, tell="newsroom: now")
    return Newsroom(made, site, sink, store)


@pytest.fixture
def after_baseline(room: Newsroom) -> Newsroom:
    """Give a newsroom after the first poll of its empty feed."""
    room.pass_after()
    return room
