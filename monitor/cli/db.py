"""`monitor db`: bring the database to a new version, back it up, restore, check and move it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from monitor.cli.db_options import PgBinOption, alone, store_as_it_is
from monitor.cli.db_restore import restore_backup
from monitor.cli.options import (
    FAILED,
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
from monitor.store import backup, check, migrate, move, restored
from monitor.store.backup import Backup
from monitor.store.dumps import Tools

app = typer.Typer(
    help="Upgrade, back up, restore, check and move the database.", no_args_is_help=True
)


@app.command("upgrade", short_help="Bring the database to this version's schema.")
def upgrade(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """Bring the database to this version's schema (`run` does so by itself).

    A SQLite file that holds data is copied first; the copy lies beside it.
    """
    with exits(), store_as_it_is(settings_of(workspace)) as store:
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


app.command("restore", short_help="Put a backup in the place of the database.")(restore_backup)


@app.command("check", short_help="Check that the database is whole.")
def check_database(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """Check the file or the indexes, the tables as drawn, and what must hold between rows."""
    with (
        exits(),
        store_as_it_is(settings_of(workspace), is_read_only=True) as store,
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
            alone(source),
            store_as_it_is(elsewhere) as target,
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
