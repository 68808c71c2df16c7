"""The schema: what migrations make is what the tables say, on both engines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from services.product import Workspace
from services.schemas import is_kept, make_at, revisions, rows_of
from sqlalchemy import MetaData, select, text

from monitor.errors import StoreError
from monitor.store import copies, migrate
from monitor.store.engine import Store
from monitor.store.tables import StoryRow


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


OLD = revisions()[:-1]


@pytest.fixture(params=OLD)
def old(request: pytest.FixtureRequest, database_url: str) -> Iterator[Store]:
    """Give a database of each earlier schema, with data in it."""
    store = Store(database_url)
    make_at(store, request.param)
    yield store
    store.close()


def url_of(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


def test_an_earlier_schema_comes_to_this_one_with_all_its_data(old: Store) -> None:
    before = rows_of(old)
    migrate.upgrade(old)
    with old.read() as tx:
        assert migrate.differences(tx) == []
    assert is_kept(before, rows_of(old))


@pytest.mark.parametrize("old", ["0001"], indirect=True)
def test_hosts_are_known_of_feeds_and_of_pages_that_wait(old: Store) -> None:
    before = rows_of(old)
    feeds = [
        before["feed"][0] | {"id": n, "url": f"u{n}", "fetch_url": f"https://www.h{n}.test/"}
        for n in range(10, 2_110)  # more than are set at a time
    ]
    page = before["page"][0]
    with old.write() as tx:
        known = MetaData()
        known.reflect(tx, only=["feed", "page"])
        tx.execute(known.tables["feed"].insert(), feeds)
        tx.execute(known.tables["page"].insert(), page | {"article_id": 2, "state": "done"})
    migrate.upgrade(old)
    after = rows_of(old)
    hosts = {row["id"]: row["host"] for row in after["feed"]}
    assert hosts == {1: "paper1.test", 2: ""} | {n: f"h{n}.test" for n in range(10, 2_110)}
    assert {row["state"]: row["host"] for row in after["page"]} == {
        "pending": "paper1.test",
        "done": "",
    }


@pytest.mark.parametrize("old", [one for one in OLD if one < "0006"], indirect=True)
def test_stories_count_their_independent_reports_from_the_start(old: Store) -> None:
    before = rows_of(old)
    article, seat = before["article"][0], before["seat"][0]
    relations = ("event", "event", "copy", "excerpt", "update", "same")
    with old.write() as tx:
        known = MetaData()
        known.reflect(tx, only=["article", "seat"])
        for n, relation in enumerate(relations, 100):
            own = {"id": n, "key": f"k{n}", "source_key": "dawn" if n == 100 else "geo"}
            tx.execute(known.tables["article"].insert(), article | own)
            place = {"article_id": n, "relation": relation}
            tx.execute(known.tables["seat"].insert(), seat | place)
    migrate.upgrade(old)
    counts = {row["id"]: (row["report_count"], row["copy_count"]) for row in rows_of(old)["story"]}
    assert counts.pop(seat["story_id"]) == (len({article["source_key"], "dawn", "geo"}), 3)
    assert set(counts.values()) <= {(1, 0)}


@pytest.mark.parametrize("old", ["0005", "0006"], indirect=True)
def test_stories_that_were_split_by_hand_say_so(old: Store) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    story = rows_of(old)["story"][0]
    new, merged = (
        story | {"id": "sto_new", "split_from": story["id"]},
        story | {"id": "sto_merged"},
    )
    with old.write() as tx:
        known = MetaData()
        known.reflect(tx, only=["story"])
        table = known.tables["story"]
        tx.execute(table.insert(), [new, merged])
        tx.execute(table.update().values(arranged_at=at))
    migrate.upgrade(old)
    with old.read() as tx:
        found = tx.execute(select(StoryRow.id).where(StoryRow.split_at == at)).scalars()
        assert {*found} == {story["id"], "sto_new"}


@pytest.fixture
def impatient() -> Iterator[None]:
    """Let an upgrade wait for a tenth of a second in all."""
    usual = (migrate._LOCK_SECONDS, migrate._PAUSE_SECONDS)
    migrate._LOCK_SECONDS, migrate._PAUSE_SECONDS = 0.02, 0
    yield
    migrate._LOCK_SECONDS, migrate._PAUSE_SECONDS = usual


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_upgrade_gives_up_where_a_table_is_held_and_names_the_cure(old: Store) -> None:
    with old.write() as tx:  # as a long transaction does; for most changes a pg_dump is enough
        tx.execute(text("LOCK TABLE article, story IN ROW EXCLUSIVE MODE"))
        with pytest.raises(StoreError, match=r"a backup perhaps\. Let it end"):
            migrate.upgrade(old)
    assert migrate.upgrade(old) == migrate.head()


def killed(root: Path, url: str, every: int) -> dict[str, int]:
    """Kill an upgrade at its statements; count the databases that were left old and new."""
    script = root / "tests/services/kill_upgrades.py"
    path = os.pathsep.join((str(root), str(root / "tests")))
    done = subprocess.run(
        [sys.executable, script, url, str(every)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


@pytest.mark.slow
def test_an_upgrade_is_killed_at_each_statement(old: Store, root: Path) -> None:
    old.close()
    counts = killed(root, url_of(old), every=1)
    assert counts["old"] >= 10  # the newest revision alone has few
    assert counts["new"] == 1  # after the commit, before anybody heard of it


@pytest.mark.slow
def test_the_first_schema_is_killed_at_many_statements(database_url: str, root: Path) -> None:
    counts = killed(root, database_url, every=4)
    assert counts["old"] >= 20


@pytest.mark.slow
def test_processes_that_upgrade_at_once_wait_for_the_one_that_does(
    old: Store, tmp_path: Path
) -> None:
    before = rows_of(old)
    old.close()
    made = Workspace(tmp_path / "desk", {"MONITOR_DATABASE_URL": url_of(old)})
    made.configure()
    started = [made.start("db", "upgrade", "--json") for _ in range(3)]
    said = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    copies_made = [json.loads(out)["copy"] for out, _ in said]
    assert sum(copy is not None for copy in copies_made) == (1 if old.is_sqlite else 0)
    assert is_kept(before, rows_of(old))


@pytest.mark.parametrize("revision", revisions()[1:])
def test_a_downgrade_is_refused_and_changes_nothing(store: Store, revision: str) -> None:
    script = migrate._scripts().get_revision(revision)
    with pytest.raises(StoreError, match="restore a backup"), store.write() as tx:  # noqa: PT012
        assert script is not None
        with migrate.MigrationContext.configure(tx).begin_transaction():
            script.module.downgrade()
    with store.read() as tx:
        assert migrate.is_newest(tx)


@pytest.fixture
def old_file(tmp_path: Path) -> Iterator[Store]:
    """Give a SQLite file of the schema before this one."""
    store = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    make_at(store, OLD[-1])
    yield store
    store.close()


def test_a_file_is_copied_before_it_is_changed(old_file: Store, tmp_path: Path) -> None:
    before = rows_of(old_file)
    copied: list[Path] = []
    migrate.upgrade(old_file, copied.append)
    assert copied == [tmp_path / f"monitor-schema-{OLD[-1]}.db"]
    copy = Store(f"sqlite:///{copied[0]}")
    assert rows_of(copy) == before
    with copy.read() as tx:
        assert migrate.current(tx) == OLD[-1]
    copy.close()
    assert migrate.upgrade(old_file, copied.append)
    assert len(copied) == 1


def test_a_second_copy_takes_the_place_of_none(old_file: Store, tmp_path: Path) -> None:
    copied: list[Path] = []
    migrate.upgrade(old_file, copied.append)
    first = copied[0].read_bytes()
    (tmp_path / "again").mkdir()
    again = Store(f"sqlite:///{copied[0].rename(tmp_path / 'again' / 'monitor.db')}")
    (tmp_path / "again" / copied[0].name).write_bytes(first)
    migrate.upgrade(again, copied.append)
    again.close()
    assert copied[1].name == f"monitor-schema-{OLD[-1]}-2.db"
    assert (tmp_path / "again" / copied[0].name).read_bytes() == first


def test_what_an_older_programs_restore_left_behind_is_no_hindrance(old: Store) -> None:
    """It drops the tables that it knows: these it does not know."""
    with old.write() as tx:
        for name in ("profile", "redirect"):
            tx.execute(text(f"CREATE TABLE IF NOT EXISTS {name} (story_id TEXT)"))
    assert migrate.upgrade(old) == migrate.head()


def test_an_upgrade_that_fails_leaves_no_copy(old_file: Store, tmp_path: Path) -> None:
    with old_file.write() as tx:
        tx.execute(text("ALTER TABLE story ADD COLUMN split_at TEXT"))  # in the way
    with pytest.raises(StoreError, match="duplicate column name: split_at"):
        migrate.upgrade(old_file)
    assert list(tmp_path.glob("*-schema-*")) == []


def test_without_room_for_the_copy_nothing_is_changed(old_file: Store) -> None:
    before = rows_of(old_file)
    room = copies.SPARE_BYTES
    try:
        copies.SPARE_BYTES = 2**62
        with pytest.raises(StoreError, match=r"no room .* nothing was changed"):
            migrate.upgrade(old_file)
    finally:
        copies.SPARE_BYTES = room
    assert rows_of(old_file) == before


def test_a_restore_that_was_cut_off_keeps_all_from_starting(store: Store) -> None:
    with store.write() as tx:
        tx.execute(text(f"UPDATE alembic_version SET version_num = '{migrate.RESTORING}0001'"))
    with pytest.raises(StoreError, match="a restore was cut off half-way"):
        migrate.upgrade(store)


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_the_lock_outlasts_a_servers_patience_with_idle_transactions(store: Store) -> None:
    with store.write() as tx:  # as the manual advises
        name = tx.execute(text("SELECT current_database()")).scalar_one()
        tx.execute(
            text(f'ALTER DATABASE "{name}" SET idle_in_transaction_session_timeout = 60000')
        )
    store.engine.dispose()
    with store.write() as tx:
        assert tx.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "1min"
        migrate.lock(tx)
        assert tx.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "0"
