"""A pooler in transaction mode: each transaction may meet another session of the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from services.pgbouncer import PgBouncer
from services.schemas import upgrade_at_once
from sqlalchemy import text

from monitor.errors import StoreError
from monitor.store.engine import Store

pytestmark = pytest.mark.pgbouncer

MANY = 40
"""More transactions than psycopg needs to prepare a statement in each of the pool's sessions."""


@pytest.fixture
def pooled(pgbouncer: PgBouncer, pg_url: str) -> Iterator[Store]:
    """Give a store behind the pooler, all of whose sessions are open."""
    address = pgbouncer.url(pg_url)
    together = threading.Barrier(pgbouncer.size)
    threads = [
        threading.Thread(target=_meet, args=(address, together)) for _ in range(pgbouncer.size)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = Store(address.replace("postgresql:", "postgresql+psycopg:"))
    yield store
    store.close()


def _meet(url: str, together: threading.Barrier) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1")  # the transaction holds a session until the end
        together.wait(30)


def test_a_transaction_is_the_same_in_whichever_session_it_runs(pooled: Store) -> None:
    query = text("SELECT pg_backend_pid(), current_setting('statement_timeout'), CAST(:n AS int)")
    found = []
    for n in range(MANY):
        with pooled.write() as tx:
            found.append(tx.execute(query, {"n": n}).one())
    assert [n for _, _, n in found] == list(range(MANY))
    assert len({session for session, _, _ in found}) > 1
    assert {timeout for _, timeout, _ in found} == {"1min"}


def test_nothing_of_ours_stays_in_a_session_that_others_use(
    pooled: Store, pgbouncer: PgBouncer, pg_url: str
) -> None:
    for _ in range(MANY):
        pooled.check()
    query = "SELECT current_setting('statement_timeout'), count(*) FROM pg_prepared_statements"
    with psycopg.connect(pgbouncer.url(pg_url), prepare_threshold=None) as other:
        for _ in range(pgbouncer.size):
            assert other.execute(query).fetchone() == ("0", 0)
            other.commit()


def test_a_session_of_our_own_keeps_what_it_is_told(pg_url: str) -> None:
    store = Store(pg_url.replace("postgresql:", "postgresql+psycopg:"))
    for _ in range(MANY):
        with store.read() as tx:
            prepared = tx.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
    store.close()
    assert prepared


def test_a_statement_that_takes_too_long_is_a_refusal(pooled: Store) -> None:
    with pytest.raises(StoreError, match="statement timeout"), pooled.write() as tx:
        tx.execute(text("SET LOCAL statement_timeout = 20; SELECT pg_sleep(10)"))


def test_processes_that_migrate_at_once_wait_for_each_other(pooled: Store) -> None:
    address = pooled.url.render_as_string(hide_password=False)
    revisions = upgrade_at_once(address)
    assert len(revisions) == 3
    assert len(set(revisions)) == 1
