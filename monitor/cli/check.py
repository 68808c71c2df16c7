"""`monitor check`: is everything right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer
from jinja2 import TemplateSyntaxError

from monitor.cli.options import USAGE, JsonOption, WorkspaceOption, exits, print_json, talk
from monitor.cli.reading import reading_of, rules_of
from monitor.cli.rules import error_count, show_problems
from monitor.model.problem import Problem
from monitor.render.templates import Templates


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
        *template_problems(reading.settings.workspace),
    )


def template_problems(workspace: Path) -> tuple[Problem, ...]:
    """Compile the user's templates in the sandbox that mails are made in."""
    sandbox = Templates({"": ""})._user
    problems = []
    for path in sorted((workspace / "templates").glob("*.j2")):
        line, what = 0, ""
        try:
            sandbox.compile(path.read_text("utf-8"), path.name)
        except TemplateSyntaxError as error:
            line, what = error.lineno, error.message or "it cannot be read"
        except UnicodeDecodeError:
            what = "it is not UTF-8"
        except OSError as error:
            what = f"the file cannot be read: {error.strerror}"
        if what:
            cure = "mend it; until then the plain built-in template is used"
            file, column = f"templates/{path.name}", int(line > 0)
            place = Problem(file=file, line=line, column=column, what=what, cure=cure)
            problems.append(replace(place, code="template-syntax"))
    return tuple(problems)
