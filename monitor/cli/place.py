"""`monitor stories place`: revive articles that were given up because placing them crashed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import (
    USAGE,
    WorkspaceOption,
    exits,
    fail,
    out,
    settings_of,
    store_of,
    talk,
)
from monitor.cli.wording import counted
from monitor.store import articles, placing
from monitor.store.engine import Tx
from monitor.store.placing import Parked


def place_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ARTICLE]...", help="Their ids or URLs.")
    ] = None,
    parked: Annotated[bool, typer.Option("--parked", help="All that were given up.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Place articles after all that were parked: placing them had crashed five times.

    Mend first what made it crash: more memory, or a newer version of this program.
    """
    if not names and not parked:
        fail("say which: ids (monitor status names them), or --parked for all", USAGE)
    with exits(), store_of(settings_of(workspace), is_writing=True) as store:
        with store.write() as tx:
            found = placing.parked(tx) if parked else _named(tx, names or ())
            if not dry_run:
                placing.revive(tx, found)
        if dry_run:
            for one in found:
                out.print(f"{one.key}  {one.title}", markup=False)
            talk.print(f"{len(found)} would be placed again.")
            return
        verb = "is" if len(found) == 1 else "are"
        out.print(f"{counted(len(found), 'article')} {verb} due to be placed")
        talk.print("A running monitor places within a second; else: monitor run --once")


def _named(tx: Tx, names: Sequence[str]) -> list[Parked]:
    """List what is asked for, each once; ends the command for what is not parked."""
    by_id = {one.id: one for one in placing.parked(tx)}
    chosen: dict[int, Parked] = {}
    for name in names:
        number, _ = articles.find(tx, name) or (0, None)
        if number not in by_id:
            fail(f"no parked article is {name!r}; monitor status names those that are")
        chosen[number] = by_id[number]
    return list(chosen.values())
