"""`monitor rules`: write, check, try and show watch rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from monitor.app import channel_schedules, workspace_rules
from monitor.cli.options import (
    FAILED,
    USAGE,
    JsonOption,
    WorkspaceOption,
    as_warning,
    exits,
    fail,
    out,
    print_json,
    settings_of,
    shown,
    talk,
)
from monitor.cli.reading import reading_of, rules_of
from monitor.cli.rules_import import import_command
from monitor.cli.schemas import schema_command, write_schemas
from monitor.cli.wording import counted
from monitor.clock import system_clock
from monitor.match.load import LoadedRules
from monitor.match.run_tests import TestResult, run_tests
from monitor.match.template import new_rule_text
from monitor.match.tree import LoadedRule
from monitor.model.article import Article
from monitor.model.problem import Problem, Severity
from monitor.normalise.seed import read_seed
from monitor.settings import Settings
from monitor.workspace import read_seeds

app = typer.Typer(help="Write, check, try and show watch rules.", no_args_is_help=True)
app.command("import", short_help="Make a rule of another tool's query.")(import_command)
app.command("schema")(schema_command)

RuleArgument = Annotated[str, typer.Argument(help="The rule's id.", show_default=False)]
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Its id and file name, such as acme-layoffs.")],
    title: Annotated[str, typer.Option(help="The headline of its alerts.")] = "",
    workspace: WorkspaceOption = Path(),
) -> None:
    """Write a commented rule to start from: rules/NAME.yaml."""
    with exits():
        settings = settings_of(workspace)
        if not _NAME.fullmatch(name):
            fail(
                f"{name!r} is no rule id: use a-z, 0-9, '-', '_' and '.', such as acme-layoffs", 2
            )
        path = settings.workspace / "rules" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        heading = title or name.replace("-", " ").replace("_", " ").capitalize()
        text = new_rule_text(name, heading, channel_schedules(settings))
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            fail(f"{shown(path)} is there already; edit it, or choose another name", USAGE)
        write_schemas(path.parent)
        out.print(f"Wrote {shown(path)}", markup=False)
        talk.print(
            f"Edit its `match:`, then:\n  monitor rules check\n  monitor rules preview {name}\n"
            "A running monitor takes it up within two seconds of your saving it.",
            markup=False,
        )


@app.command("check")
def check(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """Name every error and warning. Exit 2 if there is an error."""
    with exits():
        reading = reading_of(workspace)
        loaded = rules_of(reading)
        unset = map(as_warning, reading.unset)
        found = (*reading.problems, *unset, *loaded.problems)
        if as_json:
            print_json(found)
        else:
            show_problems(found)
        errors = error_count(found)
        if errors:
            talk.print("No rule changes until the errors are mended.", style="red")
            raise typer.Exit(USAGE)
        if not as_json:
            rules = counted(len(loaded.rules), "rule")
            verb = "is" if len(loaded.rules) == 1 else "are"
            talk.print(f"{rules} {verb} sound. Next: monitor rules test")


def show_problems(problems: Iterable[Problem]) -> None:
    """Print problems to stdout: errors red, warnings with the code that explains them."""
    for problem in problems:
        is_error = problem.severity is Severity.ERROR
        code = f" [{problem.code}]" if problem.code and not is_error else ""
        out.print(f"{problem}{code}", style="red" if is_error else "yellow", markup=False)


def error_count(problems: Iterable[Problem]) -> int:
    """Count those that are errors."""
    return sum(problem.severity is Severity.ERROR for problem in problems)


@app.command("test")
def run_rule_tests(
    names: Annotated[list[str] | None, typer.Argument(help="Rules; all if none.")] = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Run the rules' own tests; exit 1 if one fails."""
    with exits():
        settings = settings_of(workspace)
        rules = sound_rules(settings)
        chosen = [pick(rules, name) for name in names] if names else list(rules)
        seeds = seed_articles(settings)
        results = [(rule, result) for rule in chosen for result in run_tests(rule, seeds)]
        failed = [(rule, result) for rule, result in results if not result.passed]
        if as_json:
            print_json([_test_line(rule, result) for rule, result in results])
        else:
            _show_tests(results, failed, [rule for rule in chosen if not rule.tests])
        if failed:
            raise typer.Exit(FAILED)


def _test_line(rule: LoadedRule, result: TestResult) -> dict[str, object]:
    return {
        "rule": rule.rule.id,
        "test": result.test.name,
        "expects": "match" if result.test.expects_match else "no match",
        "passed": result.passed,
        "reason": result.reason,
    }


def _show_tests(
    results: Sequence[tuple[LoadedRule, TestResult]],
    failed: Sequence[tuple[LoadedRule, TestResult]],
    untested: Sequence[LoadedRule],
) -> None:
    for rule, result in failed:
        case = result.test
        wanted = "should match but does not" if case.expects_match else "should not match but does"
        place = f"{case.file}:{case.line}" if case.file else rule.rule.file
        out.print(f"{place}: {rule.rule.id}: {case.name!r} {wanted}", style="red", markup=False)
        out.print(f"    {result.reason}", markup=False)
    for rule in untested:
        talk.print(f"{rule.rule.id} has no tests", style="yellow", markup=False)
    passed = len(results) - len(failed)
    out.print(f"{passed} passed, {len(failed)} failed", style="red" if failed else "green")


@app.command("list")
def list_rules(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """List the rules, and whom they tell when."""
    with exits():
        rules = sound_rules(settings_of(workspace))
        if as_json:
            print_json([rule.rule for rule in rules])
            return
        table = Table("rule", "title", "tells", "again", "tests", "revision", box=None)
        for rule in rules:
            facts = rule.rule
            tells = ", ".join(f"{channel}: {mode.value}" for channel, mode in facts.tell)
            count = str(len(rule.tests))
            table.add_row(facts.id, facts.title, tells, facts.again, count, facts.revision[:8])
        out.print(table)


@app.command("show")
def show(name: RuleArgument, workspace: WorkspaceOption = Path()) -> None:
    """Print a rule's file."""
    with exits():
        settings = settings_of(workspace)
        rule = pick(sound_rules(settings), name).rule
        talk.print(f"{rule.file}:{rule.line}  revision {rule.revision}", markup=False)
        out.print((settings.workspace / rule.file).read_text("utf-8"), markup=False, end="")


def sound_rules(settings: Settings) -> tuple[LoadedRule, ...]:
    """Load the rules; prints all errors and exits 2 if there are any."""
    loaded: LoadedRules = workspace_rules(settings)
    if error_count(loaded.problems):
        errors = [p for p in loaded.problems if p.severity is Severity.ERROR]
        for error in errors:
            talk.print(str(error), style="red", markup=False)
        raise typer.Exit(USAGE)
    return loaded.rules


def pick(rules: Sequence[LoadedRule], name: str) -> LoadedRule:
    """Find a rule by id; exits 2 with what there is."""
    for rule in rules:
        if rule.rule.id == name:
            return rule
    there = ", ".join(rule.rule.id for rule in rules) or "none yet: monitor rules new NAME"
    return fail(f"there is no rule {name!r}; there are: {there}", USAGE)


def seed_articles(settings: Settings) -> dict[str, tuple[Article, ...]]:
    """Read the articles of each seed file; a .jsonl may hold many."""
    now = system_clock()
    return {
        f"seeds/{name}": read_seed(name, data, now=now).articles
        for name, data in read_seeds(settings.workspace).items()
        if isinstance(data, bytes)
    }
