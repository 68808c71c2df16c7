"""What `monitor init` puts into a folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli.main import app
from monitor.cli.starter import SHIPPED
from monitor.workspace import starter

FOLDERS = ("monitor.yaml", "sources.yaml", "rules", "seeds", "templates")


def test_a_new_workspace_holds_the_shipped_files_and_no_others(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(tmp_path / "new")]).exit_code == 0
    made = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    names = {str(path.relative_to(tmp_path / "new")) for path in made}
    assert names == {*SHIPPED, ".gitignore"}


def test_what_is_shipped_is_what_the_project_tracks() -> None:
    if not (starter() / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no git clone")
    words = ["git", "-C", str(starter()), "ls-files", "-z", *FOLDERS]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert set(listed.strip("\0").split("\0")) == set(SHIPPED)


def test_an_empty_start_watches_nothing_and_is_sound(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    done = CliRunner().invoke(app, ["init", "--empty", str(folder)])
    assert done.exit_code == 0, done.output
    assert list(folder.glob("rules/**/*.yaml")) == []
    assert [path.name for path in (folder / "seeds").iterdir()] == ["README.md"]
    added = ["sources", "add", "https://www.dawn.com/feeds/home"]
    for words in (["check"], added, ["rules", "new", "acme"], ["check"]):
        assert CliRunner().invoke(app, [*words, "-w", str(folder)]).exit_code == 0


def test_a_file_or_a_folder_that_is_closed_is_no_workspace(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("x")
    for target in (path, path / "below"):
        done = CliRunner().invoke(app, ["init", str(target)], catch_exceptions=False)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert "cannot be a workspace" in done.stderr
