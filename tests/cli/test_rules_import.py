"""What `rules import` writes, says and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from monitor.cli.main import app
from monitor.match.dialects.registry import dialects
from monitor.match.dialects.vendors import __path__ as vendors

QUERY = '(tesla OR "model 3") AND recall* NOT site:reddit.com AND links:nhtsa.gov\n'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty workspace, with a query beside it, as the current folder."""
    folder = tmp_path / "desk"
    assert invoke("init", str(folder), "--empty").exit_code == 0
    (folder / "Tesla Recall.txt").write_text(QUERY, "utf-8")
    monkeypatch.chdir(folder)
    return folder


def invoke(*words: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=stdin, catch_exceptions=False)


def imports(*words: str, stdin: bytes | None = None) -> Result:
    return invoke("rules", "import", "--from", "brandwatch", *words, stdin=stdin)


def test_a_query_becomes_a_rule_that_checks(desk: Path) -> None:
    done = imports("Tesla Recall.txt")
    assert done.exit_code == 0
    assert done.stdout == "Wrote rules/tesla-recall.yaml\n"
    assert done.stderr == (
        "Tesla Recall.txt:1:58: `links:nhtsa.gov`: looks at where a post links to, which a rule "
        "does not (the rule finds more); search the words of what is linked\n"
        "Next: monitor rules check, then monitor rules preview tesla-recall\n"
    )
    checked = invoke("rules", "check", "--json")
    assert checked.exit_code == 0
    assert [one["code"] for one in json.loads(checked.stdout)] == ["lint-no-tests"]
    shown = json.loads(invoke("rules", "list", "--json").stdout)
    assert [(one["id"], one["title"]) for one in shown] == [("tesla-recall", "Tesla recall")]


def test_a_file_that_is_there_is_not_overwritten(desk: Path) -> None:
    there = desk / "rules" / "mine.yaml"
    there.write_text("id: mine\ntitle: Mine\nmatch: word\n", "utf-8")
    done = imports("Tesla Recall.txt", "--name", "mine")
    assert done.exit_code == 2
    assert "rules/mine.yaml is there already; choose another --name or --out" in done.stderr
    assert there.read_text("utf-8") == "id: mine\ntitle: Mine\nmatch: word\n"


def test_a_dry_run_prints_the_rule_and_writes_nothing(desk: Path) -> None:
    before = sorted(desk.rglob("*"))
    done = imports("-", "--name", "x", "--title", "The\nnews", "--dry-run", stdin=b"tesla")
    assert done.exit_code == 0
    assert done.stdout.endswith("id: x\ntitle: The news\nmatch: tesla\n")
    assert sorted(desk.rglob("*")) == before


def test_the_place_to_write_to_needs_no_workspace(tmp_path: Path) -> None:
    target = tmp_path / "new" / "rule.yaml"
    done = imports("--out", str(target), stdin="\ufeffépée".encode())
    assert done.exit_code == 0
    written = target.read_text("utf-8")
    assert written.endswith("id: from-brandwatch\ntitle: From brandwatch\nmatch: épée\n")


def test_json_tells_the_text_the_losses_and_the_problems(desk: Path) -> None:
    made = json.loads(imports("Tesla Recall.txt", "--json").stdout)
    assert made["rule"] == "tesla-recall"
    assert made["file"] == str(desk / "rules" / "tesla-recall.yaml")
    assert made["text"] == (desk / "rules" / "tesla-recall.yaml").read_text("utf-8")
    assert [(one["line"], one["column"], one["effect"]) for one in made["losses"]] == [
        (1, 58, "wider")
    ]
    assert made["problems"] == []
    broken = imports("--json", "--dry-run", stdin=b"tesla AND\n(recall")
    assert broken.exit_code == 2
    found = json.loads(broken.stdout)
    assert found["text"] is None
    assert [(one["line"], one["column"], one["code"]) for one in found["problems"]] == [
        (2, 1, "parenthesis")
    ]


def test_a_query_with_a_fault_is_refused_with_place_and_cure(desk: Path) -> None:
    done = imports("--name", "x", stdin=b"tesla AND sitee:reddit.com")
    assert done.exit_code == 2
    assert done.stderr == (
        "stdin:1:11: Brandwatch has no operator sitee:; did you mean site:? If it is a text, "
        'quote it: "sitee:reddit.com"\n'
    )
    assert not (desk / "rules" / "x.yaml").exists()


def test_a_query_of_which_nothing_can_be_carried_is_a_failure(desk: Path) -> None:
    done = imports("--name", "x", stdin=b"rating:[1 TO 5] AND links:x.com")
    assert done.exit_code == 1
    assert "stdin:1:1: `rating:[1 TO 5]`" in done.stderr
    assert "Nothing of the query could be carried over" in done.stderr
    assert not (desk / "rules" / "x.yaml").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "factiva"), "--from knows no 'factiva'; it knows: brandwatch, google-alerts,"),
        (("--name", "Tesla!"), "'Tesla!' is no rule id"),
        (("nothing.txt",), "nothing.txt cannot be read: No such file"),
        (("latin.txt",), "latin.txt is not UTF-8 at byte 1"),
        (("huge.txt",), "huge.txt is longer than 200,000 bytes"),
    ],
)
def test_wrong_usage_is_named(desk: Path, words: tuple[str, ...], said: str) -> None:
    (desk / "latin.txt").write_bytes("pé".encode("latin-1"))
    (desk / "huge.txt").write_bytes(b"a " * 100_001)
    done = imports(*words, stdin=b"tesla")
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_dialect_is_one_file() -> None:
    files = {one.stem.replace("_", "-") for one in Path(vendors[0]).glob("[a-z]*.py")}
    assert set(dialects()) == files
    assert all(one.vendor for one in dialects().values())
