"""What comes while a rule is out of force: the rule looks back, and tells it once."""

from __future__ import annotations

from pathlib import Path

import pytest
from services.in_process import asked, invoke
from services.product import Workspace

SEED = "date 2026-11-20 Acme To Open Office In Karachi\n\nAcme will open an office there, it said."


def matched(made: Workspace) -> int:
    return len(asked(made, "stories", "list"))


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.configure()
    assert invoke(workspace, "run", "--once").exit_code == 0
    return workspace


@pytest.mark.parametrize("outage", ["removed", "broken"])
def test_a_rule_that_comes_back_looks_back_over_what_came_meanwhile(
    made: Workspace, outage: str
) -> None:
    rule = made.folder / "rules/acme.yaml"
    whole = rule.read_text()
    if outage == "removed":
        rule.unlink()
    else:
        rule.write_text(whole + "again: evry\n")
    made.write("seeds/late.txt", SEED)
    invoke(made, "run", "--once")
    assert matched(made) == 0

    rule.write_text(whole)
    invoke(made, "run", "--once")
    assert matched(made) == 1
    assert len(made.mails()) == 1


def test_what_a_rule_told_before_it_left_is_not_told_again(made: Workspace) -> None:
    made.write("seeds/early.txt", SEED)
    invoke(made, "run", "--once")
    assert len(made.mails()) == 1
    rule = made.folder / "rules/acme.yaml"
    whole = rule.read_text()
    rule.unlink()
    invoke(made, "run", "--once")
    rule.write_text(whole)
    invoke(made, "run", "--once")
    drafted = invoke(made, "digest", "preview")
    assert "Acme" not in drafted.stdout
    assert len(made.mails()) == 1
