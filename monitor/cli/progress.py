"""Show how far long work is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from monitor.cli.options import out, talk


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how much of how much is done, where a terminal shows stderr.

    Results may be printed meanwhile; they never go where the bar is, unless both are one terminal.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns,
        console=talk,
        transient=True,
        disable=not talk.is_terminal,
        redirect_stdout=out.is_terminal,
    ) as shows:
        task = shows.add_task(what, total=None)
        yield lambda done, total: shows.update(task, completed=done, total=total)
