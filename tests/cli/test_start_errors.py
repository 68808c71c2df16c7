"""A start that cannot be: everything that is wrong is said at once, with its cure, and exit 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from services.in_process import invoke
from services.product import Workspace
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from monitor import __version__
from monitor.cli.main import app
from monitor.errors import ConfigError
from monitor.settings import load_settings


def test_everything_wrong_with_a_start_is_said_at_once_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "empty.secret").write_text("\n")
    made = Workspace(
        tmp_path,
        {
            "MONITOR_PORT": "abc",
            "MONITOR_HOST": "a b",
            "MONITOR_PUBLIC_URL": "ftp://me:hunter2@x.example",
            "MONITOR_DATABASE_URL": "postgresql://me:hunter2@db:port/x",
            "MONITOR_DATABASE_PASSWORD_FILE": str(tmp_path / "none.secret"),
            "MONITOR_DATA": str(tmp_path / "file" / "data"),
            "MONITOR_FAILPOINT": "nowhere:kill:1",
        },
    )
    made.configure(extra="smtp: {host: x, username: me, password_file: empty.secret}\nchanels: {}")
    made.write("sources.yaml", "sources:\n  dawn: {feeds: ['hxxp://dawn.test']}\n")
    done = invoke(made, "run")
    assert done.exit_code == 2
    told = done.stderr
    for part in (
        "the file of 'password_file' is empty",
        "unknown key 'chanels'",
        "sources.yaml:2:",
        "MONITOR_PORT",
        "MONITOR_HOST",
        "MONITOR_PUBLIC_URL",
        "MONITOR_DATABASE_URL is not a database URL that can be used: after the host may stand",
        "the file of MONITOR_DATABASE_PASSWORD_FILE cannot be read: No such file",
        "nothing can be written there",
        "MONITOR_FAILPOINT",
    ):
        assert part in told
    assert "hunter2" not in told + done.stdout
    assert all("; " in line for line in told.splitlines()), "each has a cure"


def test_files_that_are_no_yaml_are_said_beside_what_else_is_wrong(tmp_path: Path) -> None:
    made = Workspace(tmp_path, {"MONITOR_PORT": "abc"})
    made.write("monitor.yaml", "channels: [")
    made.write("sources.yaml", "sources: {a: [}")
    done = invoke(made, "run", "--once")
    assert done.exit_code == 2
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "monitor.yaml",
        "sources.yaml",
        "environment",
    ]


def test_a_data_folder_is_needed_where_something_is_written_there_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environ = {
        "MONITOR_DATA": str(tmp_path / "file"),
        "MONITOR_DATABASE_URL": "postgresql://me@127.0.0.1:1/x",
    }
    made = Workspace(tmp_path, environ)
    made.configure()
    assert f"{tmp_path / 'file'}: nothing can be written there" in invoke(made, "run").stderr
    made.write("monitor.yaml", "channels: {}\n")
    made.write("rules/acme.yaml", "match: Acme\n")
    done = invoke(made, "run", "--once")
    assert (done.exit_code, "the database cannot be reached" in done.stderr) == (1, True)


@pytest.mark.parametrize("password", ["plain", "p@ss:w/o%rd ${x}"])
def test_the_databases_password_may_stand_in_a_file_as_it_is(
    tmp_path: Path, password: str
) -> None:
    (tmp_path / "monitor.yaml").write_text("database: {url: 'postgresql://other@here/y'}")
    (tmp_path / "secret").write_text(f"{password}\n")
    (tmp_path / "url").write_text("postgresql://me@db/x\n")
    environ = {
        "MONITOR_DATABASE_URL_FILE": str(tmp_path / "url"),
        "MONITOR_DATABASE_PASSWORD_FILE": str(tmp_path / "secret"),
    }
    found = load_settings(tmp_path, environ)
    assert make_url(found.database_url).password == password
    assert make_url(found.database_url).host == "db"
    (tmp_path / "monitor.yaml").write_text(
        "database: {url: 'postgresql://me@here/y', password_file: secret}"
    )
    found = load_settings(tmp_path, {})
    assert make_url(found.database_url).password == password


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"MONITOR_DATABASE_PASSWORD": "hunter2"}, "but SQLite takes none"),
        (
            {
                "MONITOR_DATABASE_PASSWORD": "hunter2",
                "MONITOR_DATABASE_URL": "postgresql://me:hunter2@db/x",
            },
            "two passwords",
        ),
        (
            {
                "MONITOR_DATABASE_URL": "postgresql://me:hunter2@db/x",
                "MONITOR_DATABASE_URL_FILE": "x",
            },
            "exclude each other",
        ),
        ({"MONITOR_DATABASE_URL": "postgresql://me:hunt@er2@db/x"}, "an '@' too many"),
    ],
)
def test_a_password_that_cannot_be_meant_is_an_error(
    tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    (tmp_path / "monitor.yaml").write_text("{}")
    with pytest.raises(ConfigError, match=said) as caught:
        load_settings(tmp_path, environ)
    assert "hunter2" not in str(caught.value)
    assert "er2" not in str(caught.value)


def test_the_version_names_the_commit_that_an_image_was_built_from(tmp_path: Path) -> None:
    made = Workspace(tmp_path, {"MONITOR_REVISION": "abc1234"})
    made.configure()
    shown = CliRunner(env=dict(made.environment)).invoke(app, ["--version"])
    assert shown.stdout == f"monitor {__version__} (abc1234)\n"
    assert load_settings(tmp_path, made.environment).web.revision == "abc1234"
    assert CliRunner().invoke(app, ["--version"]).stdout == f"monitor {__version__}\n"
