"""`monitor db restore`: put a backup in the place of the database, and say what was sent since."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.db_options import PgBinOption, alone, store_as_it_is
from monitor.cli.options import (
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
from monitor.store import backup, copies, migrate, restore
from monitor.store.dumps import Tools
from monitor.store.engine import Store, Tx


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
            with store_as_it_is(settings) as store, alone(store):
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
