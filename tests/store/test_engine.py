"""The engine: how transactions begin and end, and how a database's refusals are told."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from services.in_process import invoke
from services.product import Workspace
from services.schemas import upgrade_at_once
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InternalError, ProgrammingError

from monitor.clock import system_clock
from monitor.errors import StoreError
from monitor.model.keys import SourceKey
from monitor.store import feeds, migrate, roles
from monitor.store.engine import Store
from monitor.store.lease import lease_clock


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    with_file = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    migrate.upgrade(with_file)
    yield with_file
    with_file.close()


@pytest.fixture
def postgresql(pg_url: str) -> Iterator[Store]:
    on_server = Store(pg_url.replace("postgresql://", "postgresql+psycopg://"))
    migrate.upgrade(on_server)
    yield on_server
    on_server.close()


def pragma(store: Store, name: str) -> object:
    with store.read() as tx:
        return tx.execute(text(f"PRAGMA {name}")).scalar_one()


def test_sqlite_keeps_what_it_said_was_committed_and_checks_references(sqlite: Store) -> None:
    assert pragma(sqlite, "journal_mode") == "wal"
    assert pragma(sqlite, "synchronous") == 2  # FULL: fsync at each commit
    assert pragma(sqlite, "foreign_keys") == 1
    with pytest.raises(IntegrityError), sqlite.write() as tx:
        tx.execute(text("INSERT INTO article_alias (alias, article_id) VALUES ('a', 999)"))


def test_transactions_that_read_and_then_write_wait_for_each_other(sqlite: Store) -> None:
    other = Store(str(sqlite.url))  # as another process would: no lock of ours between them
    with sqlite.write() as tx:
        tx.execute(text("CREATE TABLE counter (n INTEGER)"))
        tx.execute(text("INSERT INTO counter VALUES (0)"))
    threads = [threading.Thread(target=count_up, args=(one, 50)) for one in (sqlite, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    with sqlite.read() as tx:
        assert tx.execute(text("SELECT n FROM counter")).scalar_one() == 100


def count_up(store: Store, times: int) -> None:
    for _ in range(times):
        with store.write() as tx:
            n = tx.execute(text("SELECT n FROM counter")).scalar_one()
            tx.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})


def test_writers_of_a_process_queue_at_its_lock(sqlite: Store) -> None:
    assert sqlite._writer.acquire(blocking=False)  # type: ignore[attr-defined]
    waiting = threading.Thread(target=write_nothing, args=(sqlite,))
    waiting.start()
    sqlite.check()  # who reads does not wait
    assert waiting.is_alive()
    sqlite._writer.release()  # type: ignore[attr-defined]
    waiting.join(10)
    assert not waiting.is_alive()


def write_nothing(store: Store) -> None:
    with store.write():
        pass


def test_what_fails_half_way_leaves_nothing(store: Store) -> None:
    with suppress(ZeroDivisionError), store.write() as tx:
        add_feed(tx, "http://a.test/feed")
        raise ZeroDivisionError
    with store.read() as tx:
        assert feeds.list_states(tx) == ()


def add_feed(tx: object, url: str) -> None:
    wanted = [(SourceKey("s"), url)]
    feeds.sync(tx, wanted, now=system_clock(), interval=timedelta(hours=1))  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", ["no database", "torn"])
def test_a_corrupt_file_is_named_with_the_cure(tmp_path: Path, damage: str) -> None:
    made = Workspace(tmp_path)
    made.configure()
    assert invoke(made, "run", "--once").exit_code == 0
    file = tmp_path / "data/monitor.db"
    raw = file.read_bytes()
    file.write_bytes(b"x" * 8192 if damage == "no database" else raw[:4096] + b"x" * 40_000)
    for command in (("run", "--once"), ("status",)):
        done = invoke(made, *command)
        assert done.exit_code == 1
        assert "monitor.db cannot be read as a database" in done.stderr
        assert "backup" in done.stderr
    assert file.exists()


def test_reading_sees_one_unchanging_view(store: Store) -> None:
    with store.read() as tx:
        assert feeds.list_states(tx) == ()
        with store.write() as other:
            add_feed(other, "http://a.test/feed")
        assert feeds.list_states(tx) == ()
    with store.read() as tx:
        assert len(feeds.list_states(tx)) == 1


def test_the_connection_used_last_is_taken_first(store: Store) -> None:
    """Or each connection's caches would grow to what all work together needs."""
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(store.read())
    taken = set()
    for _ in range(6):
        with store.read() as tx:
            taken.add(id(tx.connection.dbapi_connection))
    assert len(taken) == 1


def test_reading_cannot_write_on_a_server(postgresql: Store) -> None:
    with pytest.raises(InternalError, match="read-only"), postgresql.read() as tx:
        add_feed(tx, "http://a.test/feed")
    with postgresql.write() as tx:  # the same connection, as it was
        assert tx.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"
        add_feed(tx, "http://a.test/feed")


def test_a_store_opened_to_read_writes_nothing(store: Store) -> None:
    reader = Store(store.url.render_as_string(hide_password=False), is_read_only=True)
    with pytest.raises(StoreError, match="only reads"), reader.write() as tx:
        add_feed(tx, "http://a.test/feed")
    with reader.read() as tx:
        assert feeds.list_states(tx) == ()
    reader.close()


def test_a_deadlock_is_a_refusal(postgresql: Store) -> None:
    with postgresql.write() as tx:
        add_feed(tx, "http://a.test/feed")
        feeds.sync(
            tx,
            [(SourceKey("s"), "http://a.test/feed"), (SourceKey("s"), "http://b.test/feed")],
            now=system_clock(),
            interval=timedelta(hours=1),
        )
    refusals: list[StoreError] = []
    both = threading.Barrier(2)

    def lock(first: str, second: str) -> None:
        try:
            with postgresql.write() as tx:
                for url in (first, second):
                    tx.execute(text("UPDATE feed SET title = 't' WHERE url = :u"), {"u": url})
                    if url == first:
                        both.wait(10)
        except StoreError as error:
            refusals.append(error)

    a, b = "http://a.test/feed", "http://b.test/feed"
    threads = [threading.Thread(target=lock, args=pair) for pair in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refusals) == 1
    assert "deadlock" in str(refusals[0])


def test_a_statement_that_takes_too_long_is_a_refusal(postgresql: Store) -> None:
    with postgresql.read() as tx:
        assert tx.execute(text("SHOW statement_timeout")).scalar_one() == "1min"
    with pytest.raises(StoreError, match="statement timeout"), postgresql.write() as tx:
        tx.execute(text("SET LOCAL statement_timeout = 20; SELECT pg_sleep(10)"))


def test_a_pool_without_a_free_connection_is_a_refusal(postgresql: Store) -> None:
    postgresql.engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(postgresql.read())
        with pytest.raises(StoreError, match="all connections are in use"):
            postgresql.check()


def test_a_defect_of_a_statement_is_no_refusal(postgresql: Store) -> None:
    with pytest.raises(ProgrammingError), postgresql.read() as tx:
        tx.execute(text("SELECT nothing FROM nowhere"))


def test_a_cut_ends_who_waits_and_refuses_who_comes(postgresql: Store) -> None:
    begun, told = threading.Event(), []

    def wait() -> None:
        try:
            with postgresql.write() as tx:
                tx.execute(text("SELECT 1"))
                begun.set()
                tx.execute(text("SELECT pg_sleep(60)"))
        except StoreError as error:
            told.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert begun.wait(10)
    postgresql.cut()
    waiting.join(10)
    assert len(told) == 1
    with pytest.raises(StoreError, match="the program stops"):
        postgresql.check()


def test_two_processes_that_migrate_at_once_wait_for_each_other(database_url: str) -> None:
    revisions = upgrade_at_once(database_url)
    assert len(revisions) == 3
    assert len(set(revisions)) == 1


def test_a_new_file_that_another_writes_to_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "monitor.db"
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("create table other (id integer)")
        other.execute("begin immediate")
        other.execute("insert into other values (1)")  # in the old journal: no switch meanwhile
        ending = threading.Timer(0.2, other.execute, ("commit",))
        ending.start()
        store = Store(f"sqlite:///{file}")
        store.check()
        store.close()
        ending.join()


def test_leases_go_by_the_databases_clock_where_it_has_one(postgresql: Store) -> None:
    wrong = system_clock() - timedelta(hours=3)  # a worker whose clock is late
    with postgresql.write() as tx:
        assert lease_clock(tx, wrong) - system_clock() < timedelta(seconds=5)
        minute = timedelta(minutes=1)
        assert roles.take(tx, "assigner", "a", None, now=wrong, lease=minute) is not None
    with postgresql.write() as tx:
        late = system_clock() + timedelta(hours=3)  # one whose clock is early takes nothing
        assert roles.take(tx, "assigner", "b", None, now=late, lease=minute) is None
