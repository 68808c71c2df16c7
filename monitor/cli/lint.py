"""`monitor rules lint`: what is valid and still unwise, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from monitor.cli.options import (
    USAGE,
    JsonOption,
    WorkspaceOption,
    exits,
    fail,
    has_database,
    out,
    print_json,
    store_of,
    talk,
)
from monitor.cli.reading import reading_of, rules_of
from monitor.cli.rules import error_count, show_problems
from monitor.cli.wording import counted
from monitor.clock import system_clock
from monitor.errors import StoreError
from monitor.match.lint_codes import LINTS
from monitor.match.load import LoadedRules
from monitor.pipeline.archive_facts import ArchiveFacts
from monitor.settings import Reading
from monitor.text.yaml_nodes import did_you_mean

ExplainOption = Annotated[
    str, typer.Option("--explain", metavar="CODE", help="Say what a finding means, and its cure.")
]
ArchiveOption = Annotated[
    bool | None,
    typer.Option(
        "--archive/--no-archive",
        help="Look at the rules in the light of the stored articles.",
        show_default="if there are any",
    ),
]
CodesOption = Annotated[bool, typer.Option("--codes", help="List all codes with their meaning.")]


def lint_command(
    explain: ExplainOption = "",
    list_codes: CodesOption = False,
    archive: ArchiveOption = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Name what is valid and still unwise. Exit 2 if a file has an error."""
    with exits():
        if explain or list_codes:
            _explain({explain: _meaning(explain)} if explain else LINTS, as_json=as_json)
            return
        loaded = _linted(reading_of(workspace), archive)
        if as_json:
            print_json(loaded.problems)
        else:
            show_problems(loaded.problems)
        if error_count(loaded.problems):
            talk.print("The errors come first: monitor rules check", style="red")
            raise typer.Exit(USAGE)
        if not as_json:
            talk.print(_end(len(loaded.warnings)), markup=False)


def _linted(reading: Reading, archive: bool | None) -> LoadedRules:
    """Load the rules in the light of the archive: if it is there (None), or by all means."""
    settings = reading.settings
    if archive is False or (archive is None and not has_database(settings)):
        return rules_of(reading)
    try:
        with store_of(settings) as store, store.read() as tx:
            return rules_of(reading, ArchiveFacts(tx, settings.sources, now=system_clock()))
    except StoreError as error:
        if archive:
            raise
        talk.print(f"The archive was not asked: {error}", style="yellow", markup=False)
        return rules_of(reading)


def _meaning(code: str) -> str:
    if code not in LINTS:
        near = did_you_mean(code, LINTS)
        cure = (
            f"did you mean {near!r}?" if near else "they are listed by: monitor rules lint --codes"
        )
        fail(f"there is no finding {code!r}; {cure}", USAGE)
    return LINTS[code]


def _explain(codes: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print_json(codes)
    elif len(codes) == 1:
        out.print(*codes.values(), markup=False)
    else:
        table = Table("code", "what it means", box=None)
        for code, meaning in codes.items():
            table.add_row(code, meaning)
        out.print(table)


def _end(warnings: int) -> str:
    if not warnings:
        return "Nothing to say of the rules and lists."
    return f"{counted(warnings, 'finding')}. Why: monitor rules lint --explain CODE"
