"""Kill the product some hundred times, and see that the campaign finds what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.crash


def crash(root: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the campaign; give its exit code and its figures."""
    command = [sys.executable, "bench/crash.py", "--json", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_sixty_kills_on_each_engine_lose_and_double_nothing(root: Path) -> None:
    code, found = crash(root, "--kills", "60", "--lease", "10")
    faults = {name: one["faults"] for name, one in found.items()}
    assert code == 0, faults
    assert sum(one["killed"] for one in found.values()) >= 120
    assert all(one["messages"] > 0 for one in found.values())
    assert all(one["resends"] <= one["caught"] for one in found.values())


@pytest.mark.parametrize("bug", ["mark-before-send", "late-send", "attempts-after-send"])
def test_a_planted_bug_turns_the_campaign_red(root: Path, bug: str) -> None:
    _, found = crash(root, "--bugs", bug)
    assert not found[f"{bug}, not planted"]["is_red"], found
    assert found[f"{bug}, planted"]["is_red"]


def test_a_patch_that_does_not_fit_the_product_is_an_error(root: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, 'bench'); from crash_lab.swaps import swap;"
        "from monitor.pipeline import dispatch; swap(dispatch, 'no_such_name', None)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "monitor.pipeline.dispatch.no_such_name is gone" in done.stderr
