"""`monitor init`, `monitor ingest`: the workspace."""

from __future__ import annotations

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
    shown,
    store_of,
    talk,
)
from monitor.cli.starter import copy_starter
from monitor.cli.wording import counted
from monitor.clock import system_clock
from monitor.store import feeds

_NEXT = """\
  monitor run                 start it
  monitor rules new my-topic  write a rule of your own"""
_NEXT_IF_EMPTY = """\
  monitor sources add URL     a feed to poll; or: monitor sources import FILE.opml
  monitor rules new my-topic  what to look for in it
  monitor run                 start it"""


def init_command(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")],
    empty: Annotated[bool, typer.Option("--empty", help="No feeds, no example rule.")] = False,
) -> None:
    """Make a workspace, with an example in it."""
    with exits():
        if (folder / "monitor.yaml").exists():
            fail(f"{shown(folder)} is a workspace already", USAGE)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            copy_starter(folder, is_empty=empty)
            (folder / ".gitignore").write_text("/data/\n", "utf-8")
        except OSError as error:
            fail(f"{shown(folder)} cannot be a workspace: {error.strerror}", USAGE)
        out.print(f"Made the workspace {shown(folder)}", markup=False)
        first = "" if folder.resolve() == Path.cwd() else f"  cd {shown(folder)}\n"
        talk.print(f"Next:\n{first}{_NEXT_IF_EMPTY if empty else _NEXT}", markup=False)


def ingest_command(workspace: WorkspaceOption = Path()) -> None:
    """Make all feeds due now. A running monitor polls them within a second."""
    with exits(), store_of(settings_of(workspace), is_writing=True) as store:
        with store.write() as tx:
            number = feeds.make_due(tx, now=system_clock())
        # said after the commit: a full disk shows there
        out.print(f"{counted(number, 'feed')} {'is' if number == 1 else 'are'} due now")
        talk.print("If no monitor runs: monitor run --once")
