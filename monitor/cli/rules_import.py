"""`monitor rules import`: carry a query of another tool over into a rule."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

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
    talk,
)
from monitor.match.dialects.convert import Conversion, Dialect, convert
from monitor.match.dialects.pieces import MAX_CHARS
from monitor.match.dialects.registry import dialect_names, dialects
from monitor.match.dialects.write_rule import line_and_column, loss_line
from monitor.model.problem import Problem

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_MAX_BYTES = 4 * MAX_CHARS  # what so many signs take in UTF-8 at most


def import_command(
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help=f"Whose query it is: {', '.join(dialect_names())}.",
            autocompletion=lambda: list(dialect_names()),
            show_default=False,
        ),
    ],
    file: Annotated[
        str, typer.Argument(help="The file with the query; - reads it from stdin.")
    ] = "-",
    name: Annotated[
        str, typer.Option(help="The rule's id; else the file's name.", show_default=False)
    ] = "",
    title: Annotated[str, typer.Option(help="The headline of its alerts.")] = "",
    *,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Where to write; else rules/ID.yaml.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the rule and write nothing.")
    ] = False,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Make a rule of another tool's query, and say what it does not carry over.

    Exit 1 if nothing could be carried over, 2 if it is no query of that tool.
    """
    with exits():
        dialect = _dialect(source)
        query, place = _query(file)
        rule_id = _rule_id(name, file, source)
        heading = _heading(title) or re.sub(r"[-_.]+", " ", rule_id).capitalize()
        made = convert(query, dialect, rule_id=rule_id, title=heading)
        path = None
        if made.text and not dry_run:
            path = out_file or settings_of(workspace).workspace / "rules" / f"{rule_id}.yaml"
            _write(path, made.text)
        if as_json:
            _print_json(made, query, rule_id, path)
        else:
            _print(made, query, place, path)
        if not made.text:
            raise typer.Exit(USAGE if made.problems else FAILED)
        if path and not as_json:
            check = "Next: monitor rules check, then monitor rules preview"
            talk.print(f"{check} {rule_id}", markup=False)


def _dialect(name: str) -> Dialect:
    found = dialects().get(name)
    known = ", ".join(dialect_names())
    return found or fail(f"--from knows no {name!r}; it knows: {known}", USAGE)


def _query(file: str) -> tuple[str, str]:
    """Read the query; gives what to call it too. Exits 2 if it cannot be read."""
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", USAGE)
    place = "stdin" if file == "-" else file
    if len(raw) > _MAX_BYTES:
        fail(f"{place} is longer than {_MAX_BYTES:,} bytes; split the query", USAGE)
    try:
        return raw.decode("utf-8-sig"), place
    except UnicodeDecodeError as error:
        return fail(
            f"{place} is not UTF-8 at byte {error.start}; save it as UTF-8, or paste it", USAGE
        )


def _rule_id(name: str, file: str, source: str) -> str:
    if name and not _ID.fullmatch(name):
        fail(
            f"{name!r} is no rule id: use a-z, 0-9, '-', '_' and '.', such as acme-layoffs", USAGE
        )
    if name:
        return name
    stem = "" if file == "-" else Path(file).stem
    made = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:100]
    return made or f"from-{source}"


def _heading(title: str) -> str:
    """Make one line of a title, as long as a rule's may be."""
    return "".join(char for char in " ".join(title.split()) if char.isprintable())[:200]


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        fail(f"{shown(path)} is there already; choose another --name or --out", USAGE)
    except OSError as error:
        fail(f"{shown(path)} cannot be written: {error.strerror}", USAGE)


def _problems(made: Conversion, query: str, place: str) -> list[Problem]:
    found = []
    for one in made.problems:
        line, column = line_and_column(query, one.offset)
        found.append(
            Problem(
                file=place, line=line, column=column, what=one.what, cure=one.cure, code=one.code
            )
        )
    return found


def _print(made: Conversion, query: str, place: str, path: Path | None) -> None:
    for problem in _problems(made, query, place):
        talk.print(str(problem), style="red", markup=False)
    for loss in made.losses:
        talk.print(f"{place}:{loss_line(loss, query)}", style="yellow", markup=False)
    if path:
        out.print(f"Wrote {shown(path)}", markup=False)
    elif made.text:
        sys.stdout.write(made.text)
    elif not made.problems:
        talk.print(
            "Nothing of the query could be carried over: a rule needs a word to find.", style="red"
        )


def _print_json(made: Conversion, query: str, rule_id: str, path: Path | None) -> None:
    losses = []
    for loss in made.losses:
        line, column = line_and_column(query, loss.start)
        losses.append(
            {
                "line": line,
                "column": column,
                "text": query[loss.start : loss.end],
                "what": loss.what,
                "effect": loss.effect.name.lower(),
                "cure": loss.cure,
            }
        )
    print_json(
        {
            "rule": rule_id,
            "file": path,
            "text": made.text or None,
            "losses": losses,
            "problems": _problems(made, query, "query"),
        }
    )
