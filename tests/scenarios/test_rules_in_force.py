"""What comes while a rule is out of force: the rule looks back, and tells it once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
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


def forget_matches(made: Workspace) -> None:
    """Take the matches out of the database, so that only a look back finds them again."""
    with closing(sqlite3.connect(made.folder / "data/monitor.db")) as database, database:
        database.execute("DELETE FROM match")


@pytest.mark.parametrize(
    ("before", "after", "looks_back"),
    [
        ("title: An office", "about: Why.\nlabels: {topic: firms}\ntitle: Any office", False),
        ("tell: {mailbox: digest}", "tell: {mailbox: both}\nagain: every", False),
        ("Acme will open an office", "Acme opens an office", False),
        ("NEAR/6", "NEAR/7", True),
        ("tests:", "exclude: coyote\ntests:", True),
        ("tests:", "only: {lang: [en]}\ntests:", True),
    ],
)
def test_a_rule_looks_back_when_its_meaning_has_changed_and_only_then(
    made: Workspace, before: str, after: str, looks_back: bool
) -> None:
    made.write("seeds/early.txt", SEED)
    invoke(made, "run", "--once")
    assert matched(made) == 1
    forget_matches(made)
    rule = made.folder / "rules/acme.yaml"
    text = rule.read_text()
    assert before in text
    rule.write_text(text.replace(before, after))
    invoke(made, "run", "--once")
    assert matched(made) == int(looks_back)
