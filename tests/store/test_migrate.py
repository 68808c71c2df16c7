"""The schema: what migrations make is what the tables say, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from monitor.errors import StoreError
from monitor.store import migrate
from monitor.store.engine import Store


def test_migrations_make_the_tables_as_drawn(store: Store) -> None:
    with store.write() as tx:
        assert migrate.differences(tx) == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    assert migrate.upgrade(store) == migrate.upgrade(store)


def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    with store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        tx.execute(text("UPDATE workspace SET open_to = '9998'"))
    with pytest.raises(StoreError, match="newer version"):
        migrate.upgrade(store)


def test_a_newer_schema_that_is_open_to_this_program_is_left_as_it_is(store: Store) -> None:
    with store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        tx.execute(text("UPDATE workspace SET open_to = '0002'"))
    assert migrate.upgrade(store) == "9999"


def test_a_failed_migration_leaves_nothing_behind(database_url: str) -> None:
    store = Store(database_url)
    with pytest.raises(ZeroDivisionError), store.write() as tx:  # noqa: PT012 - fails half-way
        migrate.command.upgrade(migrate._config(tx), "head")
        raise ZeroDivisionError
    with store.read() as tx:
        assert migrate.current(tx) is None
    migrate.upgrade(store)
    store.close()
