"""Slots, problems, rules and the engine itself."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from services.articles import article, match, rule
from sqlalchemy.exc import StatementError

from monitor.clock import system_clock
from monitor.errors import LeaseLost, StoreError
from monitor.model.keys import ChannelName
from monitor.model.notice import Window
from monitor.store import articles, channels, problems, rule_matches, rules
from monitor.store.engine import Store
from monitor.store.tables import SeedRow
from monitor.store.upsert import insert

DESK = ChannelName("desk")


def test_a_slot_is_closed_once(store: Store, now: datetime) -> None:
    window = Window(start=now - timedelta(days=1), end=now, zone="Asia/Karachi")
    slot, moment = "2026-11-23T08:00", system_clock()
    for is_first in (True, False):
        with store.write() as tx:
            held = channels.claim(tx, DESK, now=moment, lease=timedelta(minutes=1))
        assert held is not None
        refused = nullcontext() if is_first else pytest.raises(LeaseLost)
        with refused, store.write() as tx:
            channels.keep_slot(tx, held, slot, window, stories=3, now=now)
    with store.read() as tx:
        state = channels.read(tx, DESK)
    assert (state.last_slot, state.last_slot_end) == ("2026-11-23T08:00", now)


def test_a_channel_is_composed_by_one_process_at_a_time(store: Store) -> None:
    now, lease = system_clock(), timedelta(minutes=1)
    with store.write() as tx:
        held = channels.claim(tx, DESK, now=now, lease=lease)
        assert held is not None
        assert channels.claim(tx, DESK, now=now, lease=lease) is None
        channels.release(tx, held)
        assert channels.claim(tx, DESK, now=now, lease=lease) is not None


def test_a_problem_is_one_row_that_counts_and_is_cleared(store: Store, now: datetime) -> None:
    with store.write() as tx:
        problems.report(tx, "feed", "u", "down", cure="wait", now=now)
        problems.report(tx, "feed", "u", "still down", now=now + timedelta(hours=1))
        problems.report(tx, "rules", "rules/a.yaml", "typo", now=now)
        feed, _ = problems.listed(tx)
        assert (feed.reason, feed.first_at, feed.count) == ("still down", now, 2)
        assert not problems.has_others(tx, "rules", ["rules/a.yaml"])
        assert problems.has_others(tx, "rules", [])
        problems.keep_only(tx, "rules", [])
        problems.clear(tx, "feed", "u")
        assert problems.listed(tx) == ()


def test_a_rule_and_a_seed_are_remembered_by_their_hash(store: Store, now: datetime) -> None:
    with store.write() as tx:
        rules.keep(tx, rule("r", revision="one"), now=now)
        rules.keep(tx, rule("r", revision="two"), now=now)
        rules.keep_seed(tx, "a.txt", "hash", now=now)
        assert rules.revisions(tx) == {"r": "two"}
        assert rules.seed_hashes(tx) == {"a.txt": "hash"}


def test_a_naive_moment_is_refused(store: Store) -> None:
    values = {"name": "n", "sha256": "x", "read_at": datetime(2026, 1, 1)}
    with pytest.raises(StatementError, match="naive"), store.write() as tx:
        tx.execute(insert(tx, SeedRow).values(**values))


def test_a_moment_comes_back_in_utc(store: Store) -> None:
    karachi = datetime.fromisoformat("2026-11-23T11:00:00+05:00")
    with store.write() as tx:
        problems.report(tx, "feed", "u", "down", now=karachi)
        (found,) = problems.listed(tx)
    assert found.first_at == karachi
    assert found.first_at.tzinfo is UTC


def test_a_failed_transaction_leaves_nothing(store: Store, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as tx:  # noqa: PT012 - fails half-way
        problems.report(tx, "feed", "u", "down", now=now)
        raise ZeroDivisionError
    with store.read() as tx:
        assert problems.listed(tx) == ()


def test_an_unreachable_database_is_one_clear_error(tmp_path: Path) -> None:
    for url in ("postgresql+psycopg://x@127.0.0.1:1/x", f"sqlite:///{tmp_path}"):
        store = Store(url)
        with pytest.raises(StoreError, match=r"the database (refuses|cannot be reached)"):
            store.check()
        store.close()


def test_a_reading_connection_cannot_write(tmp_path: Path, now: datetime) -> None:
    url = f"sqlite:///{tmp_path / 'm.db'}"
    Store(url).check()
    reader = Store(url, is_read_only=True)
    with pytest.raises(StoreError, match="only reads"), reader.write() as tx:
        tx.exec_driver_sql("CREATE TABLE x (y)")
    reader.close()


def test_matches_of_an_older_revision_are_not_counted(store: Store, now: datetime) -> None:
    one = article("a")
    with store.write() as tx:
        (number,) = articles.add(tx, [one], is_baseline=False).values()
        old, new = match("r", one.key, "1"), match("r", one.key, "2")
        rule_matches.add(tx, number, [old, new], is_quiet=False, now=now)
        assert articles.counts(tx)["matches"] == 0
        rules.keep(tx, rule("r", revision="2"), now=now)
        assert articles.counts(tx)["matches"] == 1
