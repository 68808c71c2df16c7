"""A newsroom on real parts: a site to poll, a webhook to tell, both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from services.corridor import Watch, opened
from services.http_site import HttpSite
from services.newsroom import Newsroom
from services.pressroom import Press
from services.product import RULE, Workspace, rss
from services.webhook_sink import WebhookSink

from monitor.cli import arrange as commands
from monitor.clock import system_clock
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


@pytest.fixture
async def press(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Press]:
    """Give a newsroom on either engine; a rule tells a webhook at once and the mailbox later."""
    url = store.url.render_as_string(hide_password=False)
    made = Workspace(tmp_path / "desk", {"MONITOR_DATABASE_URL": url})
    tell = "newsroom: now, mailbox: digest"
    made.configure(webhook="http://127.0.0.1:9/", tell=tell)
    made.write("rules/acme.yaml", RULE % tell + "again: every\n")
    watch = Watch(system_clock())
    monkeypatch.setattr(commands, "system_clock", watch)
    async with opened(made, watch) as ports:
        yield Press(made, ports, watch)
