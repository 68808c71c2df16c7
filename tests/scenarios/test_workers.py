"""Real workers on one PostgreSQL: who has other rule files, or was killed, is named."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from services.fleet import fall_silent
from services.in_process import asked, invoke
from services.product import Workspace

from monitor.store.engine import Store

TRIES = 600
"""A look at the status takes some tens of milliseconds: more than the start of a process needs."""


@contextmanager
def running(made: Workspace) -> Iterator[subprocess.Popen[str]]:
    with (made.folder / "log").open("w") as log:
        process = made.start("run", stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def workers(made: Workspace, number: int) -> list[dict[str, Any]]:
    """Wait until so many are live."""
    for _ in range(TRIES):
        shown = invoke(made, "status", "--json")
        if shown.exit_code == 0:
            found = json.loads(shown.stdout)["workers"]
            if sum(one["is_live"] for one in found) == number:
                return list(found)
    raise AssertionError(shown.output)


@pytest.mark.slow
def test_a_worker_with_other_rule_files_is_named_and_so_is_one_that_was_killed(
    tmp_path: Path, pg_url: str
) -> None:
    made = []
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        one = Workspace(tmp_path / name, {"MONITOR_PORT": "0", "MONITOR_DATABASE_URL": pg_url})
        one.configure()
        made.append(one)
    first, _, third = made
    third.write("rules/rain.yaml", "match: rain\n")
    with ExitStack() as stack:
        processes = [stack.enter_context(running(one)) for one in made]
        found = workers(first, 3)
        odd = {one["name"].rsplit("-", 1)[1]: one for one in found if one["oddities"]}
        assert set(odd) == {str(processes[2].pid)}
        (killed,) = odd.values()
        assert [oddity["aspect"] for oddity in killed["oddities"]] == ["rules"]
        assert "has other rules in force" in invoke(first, "status").stdout

        (third.folder / "rules/rain.yaml").unlink()
        for _ in range(TRIES):
            if not any(one["oddities"] for one in workers(first, 3)):
                break
        else:
            raise AssertionError(invoke(first, "status").stdout)

        processes[2].kill()
        processes[2].wait()
        store = Store(pg_url.replace("postgresql://", "postgresql+psycopg://"))
        fall_silent(store, killed["holder"], timedelta(seconds=31))
        store.close()
        status = asked(first, "status")
        silent = [one["name"] for one in status["workers"] if not one["is_live"]]
        assert silent == [killed["name"]]
        assert ("worker", killed["name"]) in {
            (p["kind"], p["subject"]) for p in status["problems"]
        }
    assert [one["name"] for one in asked(first, "status")["workers"]] == silent
