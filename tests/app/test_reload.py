"""What changes in the workspace's files comes into force, even if not at the first try."""

from __future__ import annotations

import pytest
from services.product import RULE
from services.product import Workspace as Files
from services.refusal import refusing

from monitor.app import Workspace
from monitor.errors import StoreError
from monitor.store import articles, feeds


def test_a_rule_written_while_the_database_refuses_is_taken_up_later(
    files: Files, watched: Workspace
) -> None:
    files.write("rules/second.yaml", RULE % "mailbox: digest")
    with refusing(watched.ports.store), pytest.raises(StoreError):
        watched.look()
    watched.look()
    assert sorted(watched.ports.current.rules) == ["acme", "second"]


def test_a_seed_written_while_the_database_refuses_is_read_later(
    files: Files, watched: Workspace
) -> None:
    files.write("seeds/late.txt", "date 2026-11-20 Acme To Open Office\n\nAcme will open one.")
    with refusing(watched.ports.store), pytest.raises(StoreError):
        watched.look()
    watched.look()
    with watched.ports.store.read() as tx:
        assert articles.counts(tx)["articles"] == 1


def test_a_source_written_while_the_database_refuses_is_polled_later(
    files: Files, watched: Workspace
) -> None:
    files.configure(feeds={"dawn": "http://dawn.test/feed"})
    with refusing(watched.ports.store), pytest.raises(StoreError):
        watched.look()
    watched.look()
    with watched.ports.store.read() as tx:
        assert [state.url for state in feeds.list_states(tx)] == ["http://dawn.test/feed"]


def test_a_forced_look_that_failed_is_made_again(files: Files, watched: Workspace) -> None:
    watched.force()
    with refusing(watched.ports.store), pytest.raises(StoreError):
        watched.look()
    with refusing(watched.ports.store), pytest.raises(StoreError):
        watched.look()
