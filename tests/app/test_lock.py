"""The lock file: one `run` a workspace, and a folder that cannot be written is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from services.in_process import invoke
from services.product import Workspace as Files

from monitor.app.lock import LockFile
from monitor.errors import ConfigError, LockError


def test_a_second_run_exits_2_and_says_how_to_stop_the_first(files: Files) -> None:
    with LockFile(files.folder / "data/monitor.db.lock"):
        done = invoke(files, "run", "--once")
    assert done.exit_code == 2
    assert f"`kill {os.getpid()}` stops it" in done.stderr
    assert invoke(files, "run", "--once").exit_code == 0


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    holder = (
        "import sys, pathlib, monitor.app.lock as lock\n"
        "held = lock.LockFile(pathlib.Path(sys.argv[1]))\n"
        "held.__enter__()\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LockError, match=str(process.pid)), LockFile(path):
            pass
        process.kill()
    with LockFile(path):
        assert path.read_text() == str(os.getpid())


@pytest.mark.parametrize("blocked", ["data", "data/monitor.db.lock"])
def test_a_data_folder_that_cannot_be_written_is_named_with_the_cure(
    files: Files, blocked: str
) -> None:
    if blocked == "data":
        files.write("data", "a file where the folder should be")
    else:
        (files.folder / blocked).mkdir(parents=True)
    done = invoke(files, "run", "--once")
    assert done.exit_code == 2
    assert "data: nothing can be written there" in done.stderr
    assert "MONITOR_DATA" in done.stderr


def test_a_lock_below_a_file_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError), LockFile(tmp_path / "file" / "a.lock"):
        pass
