"""What `monitor status` says, whatever the state of the workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from services.in_process import invoke
from services.product import Workspace

from monitor.cli.disk import disk_reason


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Give a workspace without feeds in which nothing has run yet."""
    workspace = Workspace(tmp_path)
    workspace.configure()
    return workspace


def filesystem(*, free_blocks: int, free_files: int, flags: int = 0) -> os.statvfs_result:
    size, files = 1_000_000, 1_000 if free_files >= 0 else 0
    numbers = (4096, 4096, size, free_blocks, free_blocks, files, free_files, free_files)
    return os.statvfs_result((*numbers, flags, 255))


def test_before_the_first_run_the_cure_is_to_run(made: Workspace) -> None:
    done = invoke(made, "status")
    assert done.exit_code == 1
    assert done.stderr == "there is no database yet; start with: monitor run\n"


def test_a_database_that_is_down_is_not_a_full_disk(made: Workspace) -> None:
    config = (made.folder / "monitor.yaml").read_text()
    url = "postgresql://monitor@127.0.0.1:1/monitor"
    made.write("monitor.yaml", f'{config}database: {{url: "{url}"}}\n')
    done = invoke(made, "status")
    assert done.exit_code == 1
    assert "the database refuses" in done.stderr
    assert "make room" not in done.stderr


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (filesystem(free_blocks=1_000, free_files=1), ""),
        (filesystem(free_blocks=1_000, free_files=-1), ""),
        (filesystem(free_blocks=10, free_files=9), "No space left on device"),
        (filesystem(free_blocks=1_000, free_files=0), "No space left on device"),
        (filesystem(free_blocks=1_000, free_files=9, flags=1), "Read-only file system"),
    ],
)
def test_only_a_disk_that_takes_nothing_is_full(facts: os.statvfs_result, reason: str) -> None:
    assert disk_reason(facts) == reason


def test_an_empty_server_database_is_none_yet(made: Workspace, pg_url: str) -> None:
    config = (made.folder / "monitor.yaml").read_text()
    made.write("monitor.yaml", f'{config}database: {{url: "{pg_url}"}}\n')
    done = invoke(made, "status")
    assert (done.exit_code, done.stderr) == (
        1,
        "there is no database yet; start with: monitor run\n",
    )
