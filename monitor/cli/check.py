"""`monitor check`: is everything right."""

from __future__ import annotations

from pathlib import Path

import typer

from monitor.cli.options import USAGE, JsonOption, WorkspaceOption, exits, print_json, talk
from monitor.cli.reading import reading_of, rules_of
from monitor.cli.rules import error_count, show_problems
from monitor.model.problem import Problem


def check_command(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """Name all errors of all files at once."""
    with exits():
        found = _all_problems(workspace)
        if as_json:
            print_json(found)
        else:
            show_problems(found)
        if error_count(found):
            raise typer.Exit(USAGE)
        if not as_json:
            talk.print("All files are sound. Next: monitor run")


def _all_problems(workspace: Path) -> tuple[Problem, ...]:
    reading = reading_of(workspace)
    return (
        *reading.problems,
        *reading.unset,
        *reading.settings.warnings,
        *rules_of(reading).problems,
    )
