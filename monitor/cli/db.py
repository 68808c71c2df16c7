"""`monitor db`: bring the database to a new version, back it up, restore, check and move it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from monitor.app import LockFile, open_store
from monitor.cli.options import (
    FAILED,
    NO_DATABASE,
    USAGE,
    JsonOption,
    WorkspaceOption,
    exits,
    fail,
    out,
    print_json,
    settings_of,
    shown,
    store_of,
    talk,
)
from monitor.cli.progress import progress
from monitor.cli.wording import counted
from monitor.clock import system_clock
from monitor.errors import StoreError
from monitor.pipeline.restored import Answered, Choice, answer
from monitor.settings import Settings
from monitor.store import backup, check, copies, migrate, move, restore, restored
from monitor.store.backup import Backup
from monitor.store.dumps import TOOLS_VARIABLE, Tools
from monitor.store.engine import Store, Tx

app = typer.Typer(
    help="Upgrade, back up, restore, check and move the database.", no_args_is_help=True
)

PgBinOption = Annotated[
    Path | None,
    typer.Option(
        "--pg-bin",
        envvar=TOOLS_VARIABLE,
        help="The folder of pg_dump, pg_restore and psql, if they are not on PATH.",
        show_default=False,
    ),
]


@app.command("upgrade", short_help="Bring the database to this version's schema.")
def upgrade(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """Bring the database to this version's schema (`run` does so by itself).

    A SQLite file that holds data is copied first; the copy lies beside it.
    """
    with exits(), _store(settings_of(workspace)) as store:
        copied: list[Path] = []
        revision = migrate.upgrade(store, copied.append)
        if as_json:
            print_json({"schema": revision, "copy": copied[0] if copied else None})
            return
        for copy in copied:
            out.print(f"Copied the database as it was before: {shown(copy)}", markup=False)
        out.print(f"The database has schema {revision}", markup=False)
        talk.print("Next: monitor run")


@app.command("backup", short_help="Back the database up, while the monitor runs.")
def take_backup(
    file: Annotated[
        str | None,
        typer.Argument(
            help="The file, or the folder, to write to; a folder that is new ends in /.",
            show_default="data/backups/ and the time",
        ),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Keep so many backups that bear our own names, in a folder; remove older.",
        ),
    ] = None,
    workspace: WorkspaceOption = Path(),
    pg_bin: PgBinOption = None,
    as_json: JsonOption = False,
) -> None:
    """Back the database up, while the monitor runs.

    On SQLite a checked copy of the file; on PostgreSQL an archive made by pg_dump.
    """
    with exits():
        settings, now = settings_of(workspace), system_clock()
        with store_of(settings, is_writing=True) as store:
            target = settings.data_dir / "backups" if file is None else Path(file)
            if file is None or _names_folder(file, is_kept=keep is not None):
                target /= backup.usual_name(store, now)
            elif keep is not None:
                fail("--keep is for a folder of backups, and this is a file", USAGE)
            tools = Tools(url=store.url, folder=pg_bin)
            with progress("Backing up") as told:
                taken = backup.take(store, target, now=now, tools=tools, progress=told)
        removed = backup.remove_older(target.parent, keep) if keep is not None else ()
        if as_json:
            print_json({"backup": taken, "removed": removed})
            return
        _say_taken(taken)
        if removed:
            out.print(f"Removed {counted(len(removed), 'older backup')}", markup=False)
        talk.print(f"To put it in place: monitor db restore {shown(taken.file)}", markup=False)


def _names_folder(path: str, *, is_kept: bool) -> bool:
    """Tell whether a path is to be a folder of backups; `is_kept`: they are counted there."""
    is_new = not Path(path).exists()
    return Path(path).is_dir() or (is_new and (is_kept or path.endswith(os.sep)))


def _say_taken(taken: Backup) -> None:
    size = f"{taken.size_bytes / 1_000_000:,.1f} MB"
    out.print(f"Backed up: {shown(taken.file)} ({size}, read back and sound)", markup=False)


@app.command("restore", short_help="Put a backup in the place of the database.")
def restore_backup(
    file: Annotated[Path | None, typer.Argument(help="A backup.", show_default=False)] = None,
    choice: Annotated[
        Choice | None,
        typer.Option(
            "--answer",
            help="Of what may have been sent since the backup: skip counts it as told, resend "
            "tells it (again). Without FILE it answers for the restore before.",
            show_default=False,
        ),
    ] = None,
    discard: Annotated[
        bool,
        typer.Option("--discard", help="PostgreSQL: do not back up what is there now."),
    ] = False,
    workspace: WorkspaceOption = Path(),
    pg_bin: PgBinOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in the place of the database; the monitor must be stopped.

    A backup does not know what was sent since it was taken. So delivery stays paused until you
    say `skip` or `resend`, here or later.
    """
    with exits():
        settings = settings_of(workspace)
        if file is None and choice is None:
            fail("name a backup: monitor db restore FILE", USAGE)
        elif file is None and choice is not None:
            _answer_for_the_last(settings, choice, as_json=as_json)
        elif file is not None:
            wanted = choice or _asked(file)
            with _store(settings) as store, _alone(store):
                tools = Tools(url=store.url, folder=pg_bin)
                kept, answered = _put_in_place(
                    settings, store, file, wanted, tools, keeps_present=not discard
                )
            _say_restored(file, kept, answered, wanted, as_json=as_json)


def _asked(file: Path) -> Choice | None:
    """Ask for the answer on a terminal; None: it is put off."""
    if not (file.is_file() and sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    talk.print("What was sent since this backup was taken, it does not know.")
    talk.print("  skip    that counts as told: nothing is sent twice, what was not sent is lost")
    talk.print("  resend  it is told (again): receivers know by its id what they have")
    talk.print("  later   delivery stays paused until you say one of these")
    words = [*(choice.value for choice in Choice), "later"]
    said = typer.prompt("skip, resend or later", default="later", err=True)
    if said not in words:
        fail(f"{said!r} is none of {', '.join(words)}: nothing was done", USAGE)
    return None if said == "later" else Choice(said)


def _put_in_place(
    settings: Settings,
    store: Store,
    file: Path,
    choice: Choice | None,
    tools: Tools,
    *,
    keeps_present: bool,
) -> tuple[Path | None, list[Answered]]:
    """Restore; give where the database before is kept, and what an answer did."""
    now, answered = system_clock(), list[Answered]()

    def settle(tx: Tx) -> None:
        if choice is not None:
            answered.append(answer(tx, settings.channels, choice, now=now))

    restore.require_kind(file, is_sqlite=store.is_sqlite)
    if store.is_sqlite:
        with progress("Restoring") as told:
            database = Path(store.url.database or "")
            kept = restore.into_sqlite(database, file, now=now, answer=settle, progress=told)
        return kept, answered
    restore.require_rest(store, now)
    kept = _backed_up(settings, store, tools, now) if keeps_present else None
    restore.into_postgresql(store, file, tools=tools, now=now, answer=settle)
    return kept, answered


def _backed_up(settings: Settings, store: Store, tools: Tools, now: datetime) -> Path | None:
    """Back up what a PostgreSQL database holds before it is replaced.

    None if it is empty, or holds only what a restore that was cut off has left.
    """
    with store.read() as tx:
        found = migrate.current(tx)
        if found is None or found.startswith(migrate.RESTORING):
            return None
    name = f"monitor-replaced-{now:%Y%m%dT%H%M%SZ}.dump"
    target = copies.unused(settings.data_dir / "backups" / name)
    with progress("Backing up what is there") as told:
        try:
            return backup.take(store, target, now=now, tools=tools, progress=told).file
        except StoreError as error:
            msg = f"{error}. Nothing was restored; with --discard it goes on without this backup"
            raise StoreError(msg) from error


def _say_restored(
    file: Path,
    kept: Path | None,
    answered: list[Answered],
    choice: Choice | None,
    *,
    as_json: bool,
) -> None:
    if as_json:
        facts = {"restored": file, "kept": kept, "answer": choice, "is_paused": choice is None}
        print_json(facts | {"answered": answered[0] if answered else None})
        return
    out.print(f"Restored {shown(file)}", markup=False)
    if kept:
        out.print(f"The database before is kept: {shown(kept)}", markup=False)
    if answered:
        _say_answered(answered[0])
        talk.print("Next: monitor run")
    else:
        talk.print(
            "Delivery is paused: what was sent since the backup is not known here.\n"
            "Next: monitor run, and then or before\n"
            "  monitor db restore --answer skip      that counts as told\n"
            "  monitor db restore --answer resend    it is told (again)"
        )


def _answer_for_the_last(settings: Settings, choice: Choice, *, as_json: bool) -> None:
    with store_of(settings, is_writing=True) as store, store.write() as tx:
        done = answer(tx, settings.channels, choice, now=system_clock())
    if as_json:
        print_json({"answer": choice, "is_paused": False, "answered": done})
        return
    _say_answered(done)
    talk.print("A running monitor goes on within a second; if none runs: monitor run")


def _say_answered(done: Answered) -> None:
    if done.skipped:
        what = counted(done.skipped, "delivery", "deliveries")
        out.print(f"Given up: {what} (monitor deliveries list --state dead)", markup=False)
    out.print(f"Delivery goes on; {counted(done.due, 'delivery', 'deliveries')} waiting")


@app.command("check", short_help="Check that the database is whole.")
def check_database(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """Check the file or the indexes, the tables as drawn, and what must hold between rows."""
    with (
        exits(),
        _store(settings_of(workspace), is_read_only=True) as store,
        store.read() as tx,
    ):
        found = check.check(tx, now=system_clock())
        pause = restored.pause(tx) if not found.faults else None
        if as_json:
            print_json({"checkup": found, "pause": pause})
        else:
            _show(found)
            if pause:
                talk.print(f"Delivery is paused: {pause.reason}. Say which: {restored.ANSWERS}")
        if found.faults:
            raise typer.Exit(FAILED)


def _show(found: check.Checkup) -> None:
    for fault in found.faults:
        times = f" ({fault.count})" if fault.count > 1 else ""
        out.print(f"{fault.what}{times}", style="red", markup=False)
        out.print(f"    cure: {fault.cure}", markup=False)
    for note in found.notes:
        talk.print(f"note: {note}", style="dim", markup=False)
    if not found.faults:
        rows = ", ".join(f"{name} {number}" for name, number in found.counts.items() if number)
        out.print(f"The database is sound (schema {found.revision})", markup=False)
        out.print(f"  rows: {rows}", markup=False)


@app.command("move", short_help="Move all data from SQLite to PostgreSQL.")
def move_database(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            envvar="MONITOR_MOVE_TO",
            help="An empty database: postgresql://user@host/name. What stands here every user "
            "of the machine can read, so a password belongs into the variable.",
        ),
    ],
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Move all data from SQLite to PostgreSQL; the monitor must be stopped.

    Nothing is lost and nothing sent again: ids, what was told and what is owed go along. The old
    file stays as it is, and refuses to be run on.
    """
    with exits():
        settings = settings_of(workspace)
        elsewhere = replace(settings, database_url=_postgresql(to))
        with (
            store_of(settings, is_writing=True) as source,
            _alone(source),
            _store(elsewhere) as target,
            progress("Moving") as told,
        ):
            done = move.move(source, target, now=system_clock(), progress=told)
        if as_json:
            print_json(done)
            return
        rows = sum(done.rows.values())
        out.print(f"Moved {counted(rows, 'row')} to {done.to}", markup=False)
        talk.print(
            "Every table was compared, row by row. Next: name the new database in monitor.yaml,\n"
            f'  database: {{url: "{done.to}"}}      # the password: ${{DB_PASSWORD}}\n'
            "or in MONITOR_DATABASE_URL, and then: monitor run",
            markup=False,
        )


def _postgresql(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    if scheme not in {"postgresql", "postgres", "postgresql+psycopg"} or not mark or not rest:
        fail("--to takes the address of a database: postgresql://user:password@host/name", USAGE)
    url = f"postgresql+psycopg://{rest}"
    try:
        make_url(url)
    except (ArgumentError, ValueError):  # never shown: it may hold a password
        cure = "after the host may stand a port, a number; in a password @ is written %40"
        fail(f"the address of --to cannot be read: {cure}", USAGE)
    return url


@contextmanager
def _store(settings: Settings, *, is_read_only: bool = False) -> Iterator[Store]:
    """Open the database, whatever its schema is."""
    store = open_store(settings, is_read_only=is_read_only)
    try:
        if is_read_only and store.is_sqlite and not Path(store.url.database or "").exists():
            raise StoreError(NO_DATABASE)
        yield store
    finally:
        store.close()


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Hold the lock of `run` on a SQLite file; raises LockError while one runs."""
    if not store.is_sqlite:
        yield
        return
    with LockFile(Path(f"{store.url.database}.lock")):
        yield
