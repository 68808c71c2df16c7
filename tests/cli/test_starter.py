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
