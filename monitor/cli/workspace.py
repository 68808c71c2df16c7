"""`monitor init`, `monitor ingest`, `monitor db`: the workspace and its database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.app import open_store
from monitor.cli.options import (
    USAGE,
    WorkspaceOption,
    exits,
    fail,
    out,
    settings_of,
    shown,
    store_of,
    talk,
)
from monitor.cli.starter import copy_starter
from monitor.clock import system_clock
from monitor.store import feeds, migrate

db_app = typer.Typer(help="Keep the database.", no_args_is_help=True)


def init_command(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")],
) -> None:
    """Make a workspace: settings, sources, an example rule, templates and seed articles."""
    with exits():
        if (folder / "monitor.yaml").exists():
            fail(f"{shown(folder)} is a workspace already", USAGE)
        folder.mkdir(parents=True, exist_ok=True)
        copy_starter(folder)
        (folder / ".gitignore").write_text("/data/\n", "utf-8")
        out.print(f"Made the workspace {shown(folder)}", markup=False)
        talk.print(
            f"Next:\n  cd {shown(folder)}\n  monitor run                 start it\n"
            "  monitor rules new my-topic  write a rule of your own",
            markup=False,
        )


def ingest_command(workspace: WorkspaceOption = Path()) -> None:
    """Make all feeds due now; a running monitor polls them within a second."""
    with exits(), store_of(settings_of(workspace), is_writing=True) as store, store.write() as tx:
        number = feeds.make_due(tx, now=system_clock())
        out.print(f"{number} feeds are due now")
        talk.print("If no monitor runs: monitor run --once")


@db_app.command("upgrade")
def upgrade(workspace: WorkspaceOption = Path()) -> None:
    """Bring the database to this version's schema (`run` does so by itself)."""
    with exits():
        store = open_store(settings_of(workspace))
        revision = migrate.upgrade(store)
        store.close()
        out.print(f"The database has schema {revision}")
