"""Hold what all commands share: options, the workspace's settings, output, exits."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from monitor.app import open_store, refuse_moved, start_problems
from monitor.errors import ConfigError, LockError, MonitorError, StoreError
from monitor.model.problem import Problem, Severity
from monitor.settings import Reading, Settings, load_settings, read_settings
from monitor.store import migrate
from monitor.store.engine import Store

DONE, FAILED, USAGE = 0, 1, 2
NO_DATABASE = "there is no database yet; start with: monitor run"

_ENDLESS = 100_000
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _ENDLESS)
"""Results: stdout. A table that no terminal shows is not wrapped."""
talk = Console(stderr=True, highlight=False, soft_wrap=True)
"""Everything said beside them: stderr."""

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        envvar="MONITOR_WORKSPACE",
        help="The folder with monitor.yaml.",
        show_default="the current folder",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@contextmanager
def exits() -> Iterator[None]:
    """Turn errors of ours into one clear message and an exit code: never a traceback."""
    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            talk.print(str(problem), style="red", markup=False)
        raise typer.Exit(USAGE) from None
    except LockError as error:
        talk.print(str(error), style="red", markup=False)
        raise typer.Exit(USAGE) from None
    except MonitorError as error:
        talk.print(str(error), style="red", markup=False)
        raise typer.Exit(FAILED) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise typer.Exit(FAILED) from None


def settings_of(workspace: Path) -> Settings:
    """Load a workspace's settings for a command that sends nothing.

    An environment variable that is not set is a warning: other shells than the one that runs the
    monitor need not hold its secrets. Raises ConfigError with all other problems.
    """
    reading = read_settings(workspace.resolve(), os.environ)
    if reading.problems or not reading.is_database_known:
        raise ConfigError((*reading.problems, *reading.unset))
    warn_of_unset(reading)
    return reading.settings


def strict_settings_of(workspace: Path) -> Settings:
    """Load a workspace's settings for a command that sends; raises ConfigError."""
    return load_settings(workspace.resolve(), os.environ)


def startable_settings_of(workspace: Path) -> Settings:
    """Load a workspace's settings for `run`; raises ConfigError with all that stops its start."""
    reading = read_settings(workspace.resolve(), os.environ)
    found = start_problems(reading.settings, os.environ)
    if problems := (*reading.problems, *reading.unset, *found):
        raise ConfigError(problems)
    return reading.settings


def warn_of_unset(reading: Reading) -> None:
    """Name the environment variables that are not set, as warnings."""
    for problem in reading.unset:
        talk.print(str(as_warning(problem)), style="yellow", markup=False)


def as_warning(problem: Problem) -> Problem:
    """Make a warning of an error."""
    return replace(problem, severity=Severity.WARNING)


@contextmanager
def store_of(settings: Settings, *, is_writing: bool = False) -> Iterator[Store]:
    """Open a workspace's database for a command that `run` need not be stopped for.

    Reading commands get a read-only connection. Raises StoreError with the cure if there is no
    database yet, or if it has another schema than this program.
    """
    store = open_store(settings, is_read_only=not is_writing)
    try:
        if store.is_sqlite and not Path(store.url.database or "").exists():
            raise StoreError(NO_DATABASE)
        with store.read() as tx:
            migrate.refuse_newer(tx)
            if migrate.current(tx) is None:
                raise StoreError(NO_DATABASE)
            if not migrate.is_current(tx):
                raise StoreError("the database has an older schema; run: monitor db upgrade")
            refuse_moved(tx, store)
        yield store
    finally:
        store.close()


def has_database(settings: Settings) -> bool:
    """Tell whether a workspace's SQLite file is there; a server is taken to be."""
    path = settings.database_url.removeprefix("sqlite:///")
    return not settings.database_url.startswith("sqlite") or Path(path).exists()


def print_json(value: Any) -> None:
    """Print a value as JSON: dataclasses as objects, moments in RFC 3339."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False, indent=2) + "\n")


def print_json_line(value: Any) -> None:
    """Print a value as JSON on one line, at once: whoever reads need not wait for the rest."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say why nothing was done, and exit."""
    talk.print(message, style="red", markup=False)
    raise typer.Exit(code)


def shown(path: Path) -> str:
    """Show a path as short as it can be typed from here."""
    try:
        return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
    except (ValueError, OSError):
        return str(path)
