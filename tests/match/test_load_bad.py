"""Each defect of a rule file has a file named after it and, beside it, what it must be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.match.load import LoadedRules, load_rules
from monitor.model.keys import ChannelName
from monitor.model.problem import Severity

BAD = Path(__file__).parent.parent / "data" / "rules_bad"
WORKSPACES = Path(__file__).parent.parent / "data" / "lists_bad"
LISTS = {
    "rules/lists/meta.yaml": "title: Meta\nterms: [Meta, Facebook]\n",
    "rules/lists/round.yaml": "title: Round\nterms: [$about, a word]\n",
    "rules/lists/about.yaml": "title: About\nterms: [$round]\n",
}
CHANNELS = {ChannelName("mailbox"): True, ChannelName("newsroom"): False}


def load(name: str, raw: bytes) -> LoadedRules:
    return load_rules(
        {f"rules/{name}": raw}, LISTS, channels=CHANNELS, workspace_has=lambda path: False
    )


def said_of(name: str) -> str:
    found = load(name, (BAD / name).read_bytes())
    errors = [str(problem) for problem in found.errors if problem.file == f"rules/{name}"]
    return "".join(f"{error}\n" for error in errors)


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_defect_is_told_with_its_place_and_cure(path: Path) -> None:
    expected = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert expected, "each fixture says what is wrong with it"
    assert said_of(path.name) == expected


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_rule_with_a_defect_is_not_loaded_and_the_cure_is_named(path: Path) -> None:
    found = load(path.name, path.read_bytes())
    lines = path.read_bytes().split(b"\n")
    starts = [1, *(number for number, line in enumerate(lines, 1) if line == b"---")]
    own = [error for error in found.errors if error.file == f"rules/{path.name}"]
    broken = {sum(start <= error.line for start in starts) for error in own}
    sound = {sum(start <= rule.rule.line for start in starts) for rule in found.rules}
    assert broken
    assert not broken & sound
    for problem in found.errors:
        assert problem.code
        assert problem.cure, problem
        assert problem.line >= 1, problem
        assert problem.column >= 1, problem
        assert problem.severity is Severity.ERROR


def said_of_workspace(folder: Path) -> str:
    files, lists = (
        {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob(pattern))}
        for pattern in ("rules/*.y*ml", "rules/lists/*.y*ml")
    )
    found = load_rules(files, lists, channels=CHANNELS, workspace_has=lambda path: False)
    assert found.errors
    return "".join(f"{error}\n" for error in found.errors)


@pytest.mark.parametrize("folder", sorted(WORKSPACES.iterdir()), ids=lambda folder: folder.name)
def test_a_defect_of_several_files_is_told_where_it_is_to_be_mended(folder: Path) -> None:
    assert said_of_workspace(folder) == (folder / "said.txt").read_text(encoding="utf-8")


def test_all_errors_of_all_files_come_at_once() -> None:
    names = ("bad-again", "unknown-channel", "only-country")
    files = {f"rules/{name}.yaml": (BAD / f"{name}.yaml").read_bytes() for name in names}
    found = load_rules(files, {}, channels=CHANNELS, workspace_has=lambda path: False)
    assert {problem.file for problem in found.errors} == set(files)
