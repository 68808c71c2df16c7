"""What `rules preview`, `backtest` and `diff` say of the archive."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from services.in_process import asked, invoke
from services.product import Workspace

RULE = "title: Offices\nmatch: office AND haque\ntell: {mailbox: digest}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Give an archive that spells a name in two ways, and a seed that no run has read."""
    workspace = Workspace(tmp_path_factory.mktemp("desk"))
    workspace.configure()
    workspace.write("rules/offices.yaml", RULE)
    for number, name in enumerate(("Haque", "Haque", "Haque", "Haq", "Haq", "Rahman")):
        text = f"date 2026-11-{20 + number} Mr {name} opened office number {number} in Quetta."
        workspace.write(f"seeds/s{number}.txt", text)
    assert invoke(workspace, "run", "--once").exit_code == 0
    workspace.write("seeds/late.txt", "date 2026-11-19 Mr Haque shut an office.")
    return workspace


def test_a_preview_takes_stored_articles_and_seeds_not_yet_read(made: Workspace) -> None:
    done = invoke(made, "rules", "preview", "offices", "--limit", "2")
    assert "offices matches 4 of 7 articles (2 shown" in done.stderr
    hits = asked(made, "rules", "preview", "offices")
    assert [hit["published_at"][:10] for hit in hits] == [
        "2026-11-22", "2026-11-21", "2026-11-20", "2026-11-19",
    ]  # fmt: skip


def test_a_backtest_tells_days_and_notices(made: Workspace) -> None:
    past: dict[str, Any] = asked(made, "rules", "backtest", "offices", "--since", "30000d")
    assert (past["articles"], past["waiting"]) == (3, 0)
    assert [day["articles"] for day in past["days"]] == [1, 1, 1]
    assert past["notices"] == sum(day["notices"] for day in past["days"]) >= 1
    assert past["examples"][0]["why"]
    shown = invoke(made, "rules", "backtest", "offices", "--since", "30000d").stdout
    assert "offices, the last 30000d: 3 articles in" in shown
    assert "2026-11-20     1 matched" in shown


def test_the_lint_looks_into_the_archive(made: Workspace) -> None:
    path = made.write("rules/some.yaml", "match: Rahman AND offices\ntests: {match: [offices]}\n")
    try:
        said = "`office` stands in 6 archived articles without it"
        assert said in invoke(made, "rules", "lint").stdout
        assert said not in invoke(made, "rules", "lint", "--no-archive").stdout
        assert said not in invoke(made, "rules", "check").stdout
    finally:
        path.unlink()


def test_a_rule_file_with_an_error_shows_it(made: Workspace) -> None:
    path = made.write("rules/bad.yaml", "title: Bad\nmatch: (office\n")
    try:
        for command in ("preview", "backtest", "suggest"):
            done = invoke(made, "rules", command, "offices")
            assert done.exit_code == 2
            assert "rules/bad.yaml:2:" in done.stderr
    finally:
        path.unlink()


def git(made: Workspace, *words: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", made.folder, *who, *words], check=True, capture_output=True)


def test_a_diff_names_the_stories_gained_and_lost(made: Workspace) -> None:
    made.write("others/offices.yaml", RULE.replace("office AND haque", "rahman"))
    found = asked(made, "rules", "diff", "rules", "others", "--since", "30000d")
    sums = {one["rule"]: (len(one["gained"]), one["kept"]) for one in found}
    assert sums == {"acme": (0, 0), "offices": (1, 0)}
    shown = invoke(
        made, "rules", "diff", "rules", str(made.folder / "others"), "--since", "30000d"
    )
    assert "  + 2026-11-25  Mr Rahman" in shown.stdout
    assert "  - 2026-11-22  Mr Haque" in shown.stdout


def test_a_diff_takes_a_revision_of_git(made: Workspace) -> None:
    git(made, "init", "-q")
    git(made, "add", "rules")
    git(made, "commit", "-qm", "rules")
    same = invoke(made, "rules", "diff", "HEAD", "--since", "30000d")
    assert (same.exit_code, same.stdout) == (0, "")
    assert "All rules mean the same in both." in same.stderr
    gone = invoke(made, "rules", "diff", "no-such-revision")
    assert gone.exit_code == 2
    assert "is no folder, and git says" in gone.stderr
