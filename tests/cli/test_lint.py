"""What `monitor rules lint` says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from services.in_process import invoke
from services.product import Workspace

from monitor.match.lint_codes import LINTS


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.configure()
    return workspace


def test_a_finding_is_shown_with_the_code_that_explains_it(made: Workspace) -> None:
    made.write("rules/acme.yaml", "match: Acme AND offices\ntests: {match: [Acme offices]}\n")
    done = invoke(made, "rules", "lint")
    assert done.exit_code == 0
    (line,) = done.stdout.splitlines()
    assert line.startswith("rules/acme.yaml:1:17: warning: `offices` is searched")
    assert line.endswith("[lint-plural-alone]")
    assert "1 finding. Why: monitor rules lint --explain CODE" in done.stderr
    assert LINTS["lint-plural-alone"] in invoke(
        made, "rules", "lint", "--explain", "lint-plural-alone"
    ).stdout.replace("\n", " ")
    assert line in invoke(made, "rules", "check").stdout.splitlines()


def test_an_archive_that_is_not_there_is_missed_only_if_asked_for(made: Workspace) -> None:
    assert invoke(made, "rules", "lint").exit_code == 0
    done = invoke(made, "rules", "lint", "--archive")
    assert done.exit_code != 0
    assert "monitor run" in done.stderr


def test_of_sound_rules_nothing_is_said(made: Workspace) -> None:
    made.write("rules/acme.yaml", "match: Acme AND office\ntests: {match: [Acme office]}\n")
    done = invoke(made, "rules", "lint")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "Nothing to say" in done.stderr


def test_an_error_comes_first(made: Workspace) -> None:
    made.write("rules/acme.yaml", "match: (Acme\n")
    done = invoke(made, "rules", "lint", "--json")
    assert done.exit_code == 2
    assert [one["code"] for one in json.loads(done.stdout)] == ["parenthesis"]


def test_a_code_that_is_none_is_mended(made: Workspace) -> None:
    done = invoke(made, "rules", "lint", "--explain", "lint-plural")
    assert done.exit_code == 2
    assert "did you mean 'lint-plural-alone'?" in done.stderr
    assert json.loads(invoke(made, "rules", "lint", "--codes", "--json").stdout) == LINTS
