"""What the manual for editors says is so: every rule, every row of its tables, every command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from match.conftest import MakeArticle, MakeRule
from match.conftest import article as article  # noqa: PLC0414 - a fixture
from match.conftest import rule as rule  # noqa: PLC0414 - a fixture

from monitor.cli.main import app
from monitor.match.engine import Engine
from monitor.match.load import LoadedRules, load_rules
from monitor.match.query import parse_query
from monitor.match.run_tests import run_tests
from monitor.model.keys import ChannelName
from monitor.model.rule import Tell

MANUAL = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
FENCES = re.findall(r"^```(\w+)\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
LISTS = {
    text.split("\n", 1)[0].removeprefix("# "): text
    for kind, text in FENCES
    if kind == "yaml" and text.startswith("# rules/lists/")
}
RULES = [text for kind, text in FENCES if kind == "yaml" and text not in LISTS.values()]
COMMANDS = [
    line.removeprefix("monitor ")
    for kind, text in FENCES
    if kind == "sh"
    for line in text.splitlines()
]


def rows(heading: str) -> list[list[str]]:
    """Give the cells of the table under a heading's columns."""
    lines = MANUAL.split(f"\n{heading}\n", 1)[1].splitlines()[1:]
    table = lines[: next(at for at, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


FOUND = rows("| write | finds | does not find |")
TOLD = rows("| you write | you are told |")


def loaded(text: str) -> LoadedRules:
    mailbox = ChannelName("mailbox")
    return load_rules(
        {"rules/r.yaml": text},
        LISTS,
        channels={mailbox: True},
        default_tell=((mailbox, Tell.DIGEST),),
        workspace_has=lambda path: False,
        releases={"releases/launch.md": b"Acme opens an office. " * 20},
    )


@pytest.mark.parametrize("text", RULES, ids=lambda text: text.split("\n", 1)[0])
def test_a_rule_of_the_manual_loads_and_passes_its_tests(text: str) -> None:
    found = loaded(text)
    assert found.errors == ()
    assert found.rules
    for one in found.rules:
        failed = [result for result in run_tests(one, {}) if not result.passed]
        assert failed == []


@pytest.mark.parametrize("row", FOUND, ids=lambda row: row[0])
def test_a_query_finds_what_its_row_says(
    article: MakeArticle, rule: MakeRule, row: list[str]
) -> None:
    query, found, *rest = row
    engine = Engine([rule(query.strip("`"))])
    assert engine.match(article(**given(found)))
    for text in filter(None, rest):
        assert not engine.match(article(**given(text)))


def given(text: str) -> dict[str, str]:
    """Read a cell: a field and its text, or a body."""
    field = re.match(r"(title|author|url): ", text)
    if not field:
        return {"body": text}
    value = text[field.end() :]
    return {field[1]: value} | ({"canonical_url": value} if field[1] == "url" else {})


@pytest.mark.parametrize("row", TOLD, ids=lambda row: row[0])
def test_a_mistake_is_told_in_the_words_of_its_row(row: list[str]) -> None:
    query, told = row[0].strip("`"), row[1]
    said = [f"{problem.what}; {problem.cure}" for problem in parse_query(query).problems]
    assert [one for one in said if told in one], said


def test_the_tables_and_rules_are_all_there() -> None:
    assert len(FOUND) > 30
    assert len(TOLD) > 12
    assert len(RULES) > 5
    assert list(LISTS) == ["rules/lists/platforms.yaml"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_manual_exists_with_its_options(command: str) -> None:
    found: Any = typer.main.get_command(app)
    words = shlex.split(command)
    while hasattr(found, "commands"):
        name = words.pop(0)
        assert name in found.commands, command
        found = found.commands[name]
    options = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options, command


def test_every_link_of_the_manual_leads_to_a_heading() -> None:
    headings = re.findall(r"^## (.*)$", MANUAL, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
    links = re.findall(r"\]\(#([^)]+)\)", MANUAL)
    assert set(links) == anchors
