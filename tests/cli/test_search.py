"""`monitor search`: what it shows, and how it tells a query that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from services.in_process import invoke
from services.product import Workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Give a workspace that has read two seeds and placed them."""
    workspace = Workspace(tmp_path_factory.mktemp("desk"))
    workspace.configure()
    workspace.write("rules/lists/acme.yaml", 'title: Acme\nterms: [Acme, "Emca"]\n')
    workspace.write("seeds/acme.txt", "date 2026-11-20 Acme will open an office in Karachi.")
    workspace.write("seeds/rain.txt", "date 2026-11-21 Rain fell on the [bold] roofs of Quetta.")
    assert invoke(workspace, "run", "--once").exit_code == 0
    return workspace


def test_what_was_found_is_marked_and_counted(made: Workspace) -> None:
    done = invoke(made, "search", "$acme AND office")
    assert done.exit_code == 0
    assert "**Acme** will open an **office** in Karachi" in done.stdout
    assert "2026-11-20" in done.stdout
    assert "1 article of 2 stored matches" in done.stderr
    assert "[bold] **roofs**" in invoke(made, "search", "roofs").stdout


def test_words_need_no_quotes_of_the_shell(made: Workspace) -> None:
    assert "Acme" in invoke(made, "search", "Acme", "AND", "office").stdout


def test_json_is_a_line_for_each_article(made: Workspace) -> None:
    done = invoke(made, "search", "office OR roofs", "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["source"] for one in found] == ["seeds", "seeds"]
    for one in found:
        marks = [one["snippet"]["text"][start:end] for start, end in one["snippet"]["marks"]]
        assert marks in (["office"], ["roofs"])


def test_a_limit_says_that_there_are_more(made: Workspace) -> None:
    done = invoke(made, "search", "office OR roofs", "--limit", "1")
    assert done.stdout.count("article ") == 1
    assert "The latest 1 of 2 stored match" in done.stderr
    assert "--limit 10" in done.stderr


def test_nothing_found_is_no_failure(made: Workspace) -> None:
    done = invoke(made, "search", "submarine", "--since", "30d")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "0 articles of 2 stored match" in done.stderr


@pytest.mark.parametrize(
    ("query", "where", "cure"),
    [
        ("office AND (bureau", "(bureau", ")"),
        ("office AND $acne", "$acne", "did you mean '$acme'"),
        ("会社 AND $acne", "$acne", "did you mean '$acme'"),
    ],
)
def test_what_cannot_be_read_is_shown_at_its_place(
    made: Workspace, query: str, where: str, cure: str
) -> None:
    done = invoke(made, "search", query)
    assert (done.exit_code, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    at = lines.index(f"    {query}")
    width = lines[at + 1].index("^") - 4
    shown = query.translate({ord(char): f"{char}_" for char in "会社"})  # wide: two columns
    assert shown[width:].startswith(where)
    assert cure in lines[at - 1]


def test_an_unwise_query_is_told_and_searched(made: Workspace) -> None:
    done = invoke(made, "search", "office?")
    assert done.exit_code == 0
    assert "warning: 'office?' asks for exactly one more letter" in done.stderr


def test_a_span_that_is_none_is_refused(made: Workspace) -> None:
    done = invoke(made, "search", "office", "--since", "yesterday")
    assert done.exit_code == 2
    assert "--since 'yesterday' is no span of time: write a number and a unit" in done.stderr


def test_without_a_database_the_cure_is_named(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.configure()
    done = invoke(workspace, "search", "office")
    assert done.exit_code == 1
    assert "monitor run" in done.stderr
