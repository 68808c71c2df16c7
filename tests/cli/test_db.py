"""`monitor db`: what it makes, what it refuses, and the cure it names."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from services.in_process import asked, invoke
from services.postgres import _bin_dir
from services.product import Workspace
from services.schemas import is_kept, make_at, rows_of
from sqlalchemy import bindparam, text

from monitor.app.lock import LockFile
from monitor.clock import system_clock
from monitor.errors import StoreError
from monitor.store import beats, check, copies, migrate, places
from monitor.store.beats import Signs
from monitor.store.engine import Store
from monitor.store.types import UtcDateTime

SEED = "date 2026-11-20 Acme will open an office. The firm said so in Karachi.\n"


def url_of(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


@pytest.fixture
def made(tmp_path: Path, store: Store) -> Workspace:
    """Give a workspace on either engine that has read one seed and told it."""
    environ = {"MONITOR_DATABASE_URL": url_of(store), "MONITOR_PG_BIN": str(_bin_dir())}
    workspace = Workspace(tmp_path / "desk", environ)
    workspace.configure()
    workspace.write("seeds/a.txt", SEED)
    assert invoke(workspace, "run", "--once").exit_code == 0
    return workspace


@pytest.fixture(scope="module")
def on_file_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a workspace on SQLite that others are made like."""
    workspace = Workspace(tmp_path_factory.mktemp("desk"))
    workspace.configure()
    workspace.write("seeds/a.txt", SEED)
    assert invoke(workspace, "run", "--once").exit_code == 0
    return workspace.folder


@pytest.fixture
def on_file(tmp_path: Path, on_file_before: Path) -> Workspace:
    """Give a workspace on SQLite, in its usual place, that has read one seed and told it."""
    shutil.copytree(on_file_before, tmp_path / "desk")
    return Workspace(tmp_path / "desk")


def test_a_backup_is_named_by_its_moment_and_the_oldest_go(made: Workspace) -> None:
    folder = made.folder / "data/backups"
    folder.mkdir(parents=True)
    for day in (20, 21, 22):
        (folder / f"monitor-202611{day}T060000Z.db").write_bytes(b"old")
    (folder / "mine.db").write_bytes(b"kept")
    done = asked(made, "db", "backup", "--keep", "2")
    file = Path(done["backup"]["file"])
    assert file.parent == folder
    assert done["backup"]["size_bytes"] == file.stat().st_size > 10_000
    left = {path.name for path in folder.iterdir()}
    assert left == {"mine.db", "monitor-20261122T060000Z.db", file.name}
    assert invoke(made, "db", "backup", str(file), "--keep", "2").exit_code == 2


@pytest.mark.parametrize("words", [("/",), ("", "--keep", "2")])
def test_a_folder_for_backups_is_made(on_file: Workspace, words: tuple[str, ...]) -> None:
    end, *others = words
    folder = on_file.folder / "new/sub"
    done = asked(on_file, "db", "backup", f"{folder}{end}", *others)
    assert Path(done["backup"]["file"]).parent == folder


def test_writers_go_on_while_a_backup_is_taken(tmp_path: Path) -> None:
    store, target = Store(f"sqlite:///{tmp_path / 'a.db'}"), tmp_path / "copy.db"
    with store.write() as tx:
        tx.execute(text("CREATE TABLE t (n INTEGER, filling TEXT)"))
        rows = [{"n": n, "filling": "x" * 3_000} for n in range(4_000)]
        tx.execute(text("INSERT INTO t VALUES (:n, :filling)"), rows)
    done: list[int] = []

    def write_meanwhile(copied: int, _: int) -> None:
        assert len(done) < 100  # it began anew
        with store.write() as tx:
            tx.execute(text("INSERT INTO t VALUES (-1, '')"))
        done.append(copied)

    copies.copy_sqlite(tmp_path / "a.db", target, write_meanwhile)
    assert len(done) >= 3
    assert done == sorted(done)  # a write did not make it begin anew
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT count(*), min(n) FROM t").fetchone() == (4_000, 0)
    assert not list(tmp_path.glob("*.part"))
    store.close()


def test_a_backup_without_room_leaves_nothing(on_file: Workspace, tmp_path: Path) -> None:
    target = tmp_path / "copies"
    target.mkdir()
    room = copies.SPARE_BYTES
    try:
        copies.SPARE_BYTES = 2**62
        done = invoke(on_file, "db", "backup", str(target))
    finally:
        copies.SPARE_BYTES = room
    assert done.exit_code == 1
    assert "there is no room" in done.stderr
    assert not list(target.iterdir())


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_without_pg_dump_the_cure_is_named(made: Workspace, tmp_path: Path) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()
    done = invoke(made, "db", "backup", "--pg-bin", str(empty))
    assert done.exit_code == 1
    assert f"there is no pg_dump in {empty}: install PostgreSQL's client programs" in done.stderr
    old = empty / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    done = invoke(made, "db", "backup", "--pg-bin", str(empty))
    assert done.exit_code == 1
    assert "is of PostgreSQL 9, the server of" in done.stderr


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_restore_waits_for_workers_to_be_stopped(
    made: Workspace, store: Store, tmp_path: Path
) -> None:
    backup = str(tmp_path / "backup")
    assert invoke(made, "db", "backup", backup).exit_code == 0
    now = system_clock()
    with store.write() as tx:
        beats.leave(tx, "worker-7", Signs(), now=now, running_for=timedelta(0))
    done = invoke(made, "db", "restore", backup)
    assert done.exit_code == 1
    assert "these processes work on the database: worker-7. Stop them first" in done.stderr


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5_000])


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.execute("UPDATE workspace SET open_to = '9998'")
        raw.commit()


def newer_but_open(path: Path) -> None:
    newer(path)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE workspace SET open_to = ?", (migrate.head(),))
        raw.commit()


def foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE t (n INTEGER)")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut, "is no sound database"),
        (newer, "backup.db has schema 9999, made by a newer version of this program: bring this"),
        (newer_but_open, "backup.db has schema 9999, made by a newer version of this program"),
        (foreign, "is no backup of this program"),
        (lambda path: path.write_text("hello"), "is no backup: it was made neither by SQLite"),
        (lambda path: path.write_bytes(b"PGDMP and so on"), "is an archive of PostgreSQL"),
        (lambda path: path.unlink(), "cannot be read: No such file"),
    ],
)
def test_what_is_no_backup_is_not_put_in_place(
    on_file: Workspace, tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    backup = tmp_path / "backup.db"
    assert invoke(on_file, "db", "backup", str(backup)).exit_code == 0
    spoil(backup)
    database = on_file.folder / "data/monitor.db"
    before = database.read_bytes()
    done = invoke(on_file, "db", "restore", str(backup))
    assert done.exit_code == 1
    assert said in done.stderr
    assert database.read_bytes() == before
    assert {path.name for path in database.parent.glob("monitor*")} == {
        "monitor.db",
        "monitor.db.lock",
    }


def test_a_database_that_another_program_reads_is_not_set_aside(
    on_file: Workspace, tmp_path: Path
) -> None:
    backup, database = tmp_path / "backup.db", on_file.folder / "data/monitor.db"
    assert invoke(on_file, "db", "backup", str(backup)).exit_code == 0
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as raw:
        raw.execute("BEGIN")
        raw.execute("SELECT count(*) FROM article").fetchone()
        with closing(sqlite3.connect(database)) as writing:
            writing.execute("UPDATE workspace SET paused_reason = 'x'")
            writing.commit()  # lies in the log until the reader has ended
        done = invoke(on_file, "db", "restore", str(backup))
        assert done.exit_code == 1
        assert "cannot be set aside: another program has it open. End that one" in done.stderr
    assert invoke(on_file, "db", "check").exit_code == 0
    assert asked(on_file, "db", "restore", str(backup))["is_paused"]


def test_a_backup_that_was_locked_away_gives_a_database_that_can_be_written(
    on_file: Workspace, tmp_path: Path
) -> None:
    backup, database = tmp_path / "backup.db", on_file.folder / "data/monitor.db"
    assert invoke(on_file, "db", "backup", str(backup)).exit_code == 0
    backup.chmod(0o440)
    assert asked(on_file, "db", "restore", str(backup))["is_paused"]
    assert database.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_damaged_archive_leaves_all_as_it_was(
    made: Workspace, store: Store, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    assert invoke(made, "db", "backup", str(backup)).exit_code == 0
    before = rows_of(store)
    cut(backup)
    done = invoke(made, "db", "restore", str(backup), "--discard")
    assert done.exit_code == 1
    assert "pg_restore failed" in done.stderr
    assert rows_of(store) == before


def test_a_backup_of_an_earlier_schema_is_brought_to_this_one(
    on_file: Workspace, tmp_path: Path
) -> None:
    old = Store(f"sqlite:///{tmp_path / 'old.db'}")
    make_at(old, "0001")
    old.close()
    done = asked(on_file, "db", "restore", str(tmp_path / "old.db"))
    assert done["is_paused"]
    assert asked(on_file, "db", "check")["checkup"]["revision"] == migrate.head()
    assert asked(on_file, "status")["articles"]["articles"] == 3


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_database_of_an_earlier_schema_is_kept_before_it_is_replaced(
    made: Workspace, store: Store, tmp_path: Path
) -> None:
    backup = str(tmp_path / "backup")
    assert invoke(made, "db", "backup", backup).exit_code == 0
    with store.write() as tx:
        tx.execute(text("DROP SCHEMA public CASCADE"))
        tx.execute(text("CREATE SCHEMA public"))
    make_at(store, "0001")
    before = {name: rows_of(store)[name] for name in ("article", "alert", "told")}
    kept = asked(made, "db", "restore", backup)["kept"]
    assert len(rows_of(store)["article"]) == 1
    assert invoke(made, "db", "restore", kept, "--discard").exit_code == 0
    assert is_kept(before, rows_of(store))


def test_an_answer_without_a_question_is_refused(on_file: Workspace) -> None:
    done = invoke(on_file, "db", "restore", "--answer", "skip")
    assert done.exit_code == 1
    assert "nothing waits for an answer" in done.stderr
    assert invoke(on_file, "db", "restore").exit_code == 2


def test_a_sound_database_is_said_to_be_sound_and_another_not(on_file: Workspace) -> None:
    done = invoke(on_file, "db", "check")
    assert done.exit_code == 0, done.stdout
    assert "The database is sound" in done.stdout
    with closing(sqlite3.connect(on_file.folder / "data/monitor.db")) as raw:
        raw.execute("UPDATE story SET article_count = 9")
        raw.commit()
    done = invoke(on_file, "db", "check")
    assert done.exit_code == 1
    assert "stories do not count their articles rightly\n    cure: " in done.stdout
    assert asked(on_file, "db", "check")["checkup"]["faults"][0]["count"] == 1


def test_an_old_sqlite_is_named_and_a_mended_one_is_not(
    on_file: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, mended = [(3, 40, 1), (3, 50, 6), (3, 51, 2)], [(3, 44, 6), (3, 50, 7), (3, 51, 3)]
    for version, is_named in [*((one, True) for one in old), *((one, False) for one in mended)]:
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        done = invoke(on_file, "db", "check")
        assert done.exit_code == 0
        assert ("the WAL-reset bug" in done.stderr) is is_named


DAMAGE = {
    "UPDATE article SET place_due = false; DELETE FROM seat": "have no story",
    "UPDATE story SET article_count = 9": "do not count their articles",
    "UPDATE delivery SET body = NULL": "their bytes are gone",
    "UPDATE delivery SET sent_at = NULL": "were sent at no moment",
    "UPDATE told SET article_id = 77": "told of stories or articles that are not there",
    "DELETE FROM digest": "no slot is kept",
    "DELETE FROM workspace": "the workspace has not one row",
    "UPDATE delivery SET claimed_until = :far": "claims on delivery rows end more than 1 day",
    "ALTER TABLE digest ADD COLUMN odd INTEGER": "not as drawn",
    "UPDATE alembic_version SET version_num = '0001'": "the schema is 0001, older",
}


def test_what_must_hold_between_rows_is_checked(made: Workspace, store: Store) -> None:
    now = system_clock()
    far = now + timedelta(days=3)
    for damage, said in DAMAGE.items():
        with suppress(ZeroDivisionError), store.write() as tx:
            if not store.is_sqlite:
                tx.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in damage.split("; "):
                bound = bindparam("far", far, UtcDateTime)
                tx.execute(text(statement).bindparams(*[bound] * (":far" in statement)))
            found = check.check(tx, now=now).faults
            assert any(said in fault.what and fault.cure for fault in found), (damage, found)
            raise ZeroDivisionError  # undo the damage
    with store.read() as tx:
        assert check.check(tx, now=now).faults == ()


def test_rows_that_point_at_nothing_are_found_in_a_file(on_file: Workspace) -> None:
    with closing(sqlite3.connect(on_file.folder / "data/monitor.db")) as raw:
        raw.execute("DELETE FROM story")
        raw.commit()
    done = invoke(on_file, "db", "check")
    assert done.exit_code == 1
    assert "rows of seat point at rows that are not there" in done.stdout


def flip_pages(database: Path) -> None:
    """Damage pages in the middle of a file, as a failing disk does."""
    with closing(sqlite3.connect(database)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(database.read_bytes())
    for start in range(8 * 4096, len(content), 4096):
        content[start : start + 64] = os.urandom(64)
    database.write_bytes(bytes(content))


def test_a_damaged_file_is_not_started_on_and_the_cure_puts_it_right(
    on_file: Workspace, tmp_path: Path
) -> None:
    database, backup = on_file.folder / "data/monitor.db", tmp_path / "backup.db"
    assert invoke(on_file, "db", "backup", str(backup)).exit_code == 0
    flip_pages(database)
    damaged = database.read_bytes()
    done = invoke(on_file, "run", "--once")
    assert done.exit_code == 1
    assert "put a backup in its place: monitor db restore FILE; nothing was deleted" in done.stderr
    assert invoke(on_file, "db", "check").exit_code == 1
    assert invoke(on_file, "db", "backup", str(tmp_path / "b")).exit_code == 1
    kept = asked(on_file, "db", "restore", str(backup), "--answer", "skip")["kept"]
    assert Path(kept).read_bytes() == damaged
    assert invoke(on_file, "db", "check").exit_code == 0
    assert invoke(on_file, "run", "--once").exit_code == 0


def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    numbers = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    for kind, is_refused in (("ext4", False), ("nfs4", True), ("9p", True), ("cifs", True)):
        line = f"36 35 {numbers} / {tmp_path} rw,noatime shared:1 - {kind} there rw\n"
        mounts.write_text(f"1 1 0:99 / /proc rw - proc proc rw\n{line}")
        database = tmp_path / "to be made" / "monitor.db"
        if not is_refused:
            places.refuse_network(database, mounts)
            continue
        with pytest.raises(StoreError, match=rf"network file system \({kind}\)"):
            places.refuse_network(database, mounts)
    places.refuse_network(database, tmp_path / "no such file")


def test_a_start_says_which_engine_it_runs_on(on_file: Workspace) -> None:
    done = invoke(on_file, "run", "--once")
    assert f'"engine": "SQLite {sqlite3.sqlite_version}"' in done.stderr


@pytest.mark.parametrize("command", ["upgrade", "backup", "restore", "check", "move"])
def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    done = invoke(Workspace(tmp_path), "db", command, "--help")
    assert done.exit_code == 0
    assert "--json" in done.stdout


def test_a_move_needs_a_server_and_a_stopped_monitor(on_file: Workspace, pg_url: str) -> None:
    assert invoke(on_file, "db", "move", "--to", "sqlite:///x.db").exit_code == 2
    done = invoke(on_file, "db", "move", "--to", "postgresql://u:hidden@host:port/name")
    assert done.exit_code == 2
    assert "after the host may stand a port, a number" in done.stderr
    assert "hidden" not in done.stderr
    with LockFile(on_file.folder / "data/monitor.db.lock"):
        done = invoke(on_file, "db", "move", "--to", pg_url)
    assert done.exit_code == 2
    assert "another `monitor run` works on" in done.stderr


def test_a_move_takes_every_row_and_the_old_file_refuses(
    on_file: Workspace, pg_url: str, tmp_path: Path
) -> None:
    file = Store(f"sqlite:///{on_file.folder / 'data/monitor.db'}")
    before = rows_of(file)
    done = asked(on_file, "db", "move", "--to", pg_url)
    target = Store(pg_url.replace("postgresql://", "postgresql+psycopg://"))
    left = {"role", "beat", "host", "article_terms"}
    left |= {name for name in before if name.startswith(("article_fts", "article_vocab"))}
    after = rows_of(target)
    for row in before["article"]:  # what is searched by is made anew there
        row |= {"indexed_revision": 0, "indexed_reading": 0}
    assert {n: r for n, r in after.items() if n not in left} == aware(before, left)
    assert done["rows"]["article"] == 1
    for command in (("run", "--once"), ("status",), ("ingest",)):
        refused = invoke(on_file, *command)
        assert refused.exit_code == 2
        assert "the data of monitor.db was moved to postgresql" in refused.stderr
    with target.write() as tx:  # numbers go on behind those that were moved
        number = tx.execute(text("SELECT nextval(pg_get_serial_sequence('article', 'id'))"))
        assert number.scalar_one() == 2
    file.close()
    target.close()


def aware(rows: dict[str, list[dict[str, Any]]], left: set[str]) -> dict[str, Any]:
    """Give what SQLite keeps as PostgreSQL does: moments in UTC."""
    return {
        name: sorted([{k: _aware(v) for k, v in row.items()} for row in found], key=repr)
        for name, found in rows.items()
        if name not in left
    }


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_move_to_where_something_is_refuses(
    on_file: Workspace, store: Store, tmp_path: Path
) -> None:
    other = Workspace(tmp_path / "other", {"MONITOR_DATABASE_URL": url_of(store)})
    other.configure()
    other.write("seeds/b.txt", SEED)
    assert invoke(other, "run", "--once").exit_code == 0
    before = rows_of(store)
    done = invoke(on_file, "db", "move", "--to", url_of(store))
    assert done.exit_code == 1
    assert "the target is not empty" in done.stderr
    assert rows_of(store) == before
    assert invoke(on_file, "status").exit_code == 0


def test_a_backup_takes_the_place_of_nothing_but_a_backup(on_file: Workspace) -> None:
    data = on_file.folder / "data"
    before = (data / "monitor.db").read_bytes()
    (on_file.folder / "link").symlink_to(data)
    for name in ("link/monitor.db", "data/../data/monitor.db", "data/monitor.db-wal"):
        done = invoke(on_file, "db", "backup", str(on_file.folder / name))
        assert done.exit_code == 1
        assert "needs another file than the database itself" in done.stderr
    done = invoke(on_file, "db", "backup", str(on_file.folder / "monitor.yaml"))
    assert done.exit_code == 1
    assert "monitor.yaml is there already and is no backup: name another" in done.stderr
    assert not (on_file.folder / "monitor.yaml").read_bytes().startswith(b"SQLite")
    done = invoke(on_file, "db", "restore", str(on_file.folder / "link/monitor.db"))
    assert "this is the database itself" in done.stderr
    assert (data / "monitor.db").read_bytes() == before
    target = on_file.folder / "twice.db"
    for _ in range(2):
        assert invoke(on_file, "db", "backup", str(target)).exit_code == 0


def test_a_backup_to_where_nothing_can_be_written_says_so(on_file: Workspace) -> None:
    done = invoke(on_file, "db", "backup", str(on_file.folder / "monitor.yaml/backup.db"))
    assert done.exit_code == 1
    assert "no copy was made at" in done.stderr
