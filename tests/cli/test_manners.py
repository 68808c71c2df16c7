"""Small things that every command is expected to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from services.in_process import asked, invoke
from services.product import Workspace
from typer.testing import CliRunner

from monitor.cli.main import app
from monitor.clock import system_clock
from monitor.model.keys import ChannelName
from monitor.store import channels
from monitor.store.engine import Store


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Give a workspace that has sent one digest."""
    workspace = Workspace(tmp_path)
    workspace.configure()
    workspace.write("seeds/acme.txt", "date 2026-11-20 Acme will open an office in Karachi.")
    assert invoke(workspace, "run", "--once").exit_code == 0
    return workspace


def test_the_workspace_may_be_named_before_the_command(made: Workspace) -> None:
    for words in (["status"], ["rules", "check"]):
        done = CliRunner().invoke(app, ["--workspace", str(made.folder), *words])
        assert done.exit_code == 0, done.output
    assert "MONITOR_WORKSPACE" not in os.environ


def test_a_piped_table_is_not_wrapped(made: Workspace) -> None:
    long = made.folder / ("very-" * 30 + "long")
    config = (made.folder / "monitor.yaml").read_text()
    made.write("monitor.yaml", config.replace("data/mail", str(long)))
    assert str(long) in made.run("channels", "list").stdout


def test_the_help_cuts_no_summary() -> None:
    for words in ([], ["rules"], ["sources"], ["deliveries"], ["channels"], ["stories"]):
        done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"})
        rows = [line for line in done.stdout.splitlines() if line.startswith("  ")]
        assert [row for row in rows if row.endswith("...")] == []


def test_an_empty_digest_says_that_no_file_was_written(made: Workspace) -> None:
    path = made.folder / "next.html"
    done = invoke(made, "digest", "preview", "--html", str(path))
    assert f"{path} was not written" in done.stderr
    assert not path.exists()


def test_a_channel_that_is_a_comment_has_its_cure(made: Workspace) -> None:
    config = (made.folder / "monitor.yaml").read_text()
    made.write("monitor.yaml", f"{config}  # desk:\n  #   kind: email\n")
    done = invoke(made, "channels", "test", "desk")
    assert (done.exit_code, "take the comments off `desk`" in done.stderr) == (2, True)


def test_a_resend_through_a_stopped_channel_says_how_it_goes_on(made: Workspace) -> None:
    store = Store(f"sqlite:///{made.folder / 'data' / 'monitor.db'}")
    with store.write() as tx:
        channels.disable(tx, ChannelName("mailbox"), "It answered 410.", now=system_clock())
    store.close()
    (line,) = asked(made, "deliveries", "list")
    done = invoke(made, "deliveries", "resend", line["key"])
    assert "first: monitor channels enable mailbox" in done.stderr
    assert "within a second" not in done.stderr
