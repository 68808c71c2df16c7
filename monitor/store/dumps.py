"""Dump and restore PostgreSQL with its own programs: pg_dump, pg_restore, psql."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection

from monitor.errors import StoreError

TOOLS_VARIABLE = "MONITOR_PG_BIN"
"""Names the folder of PostgreSQL's programs, if they are not on PATH."""

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_ERROR_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Run PostgreSQL's programs against one database; a password travels in the environment."""

    url: URL
    folder: Path | None = None

    def dump(self, target: Path, on_line: Callable[[str], None]) -> None:
        """Write the whole database, as of one moment, into an archive in custom format."""
        options = ["--format=custom", "--no-owner", "--no-privileges", "--verbose"]
        self.run("pg_dump", *options, f"--file={target}", *self._where(), on_line=on_line)

    def read_through(self, archive: Path) -> None:
        """Read an archive to its end; raises StoreError if it is cut or damaged."""
        self.run("pg_restore", "--file=/dev/null", str(archive))

    def column(self, archive: Path, table: str, column: str) -> str | None:
        """Read a column of a table's first row from an archive; None if there is no row."""
        options = ["--data-only", f"--table={table}", "--file=-"]
        text = self.run("pg_restore", *options, str(archive))
        lines = iter(text.splitlines())
        for line in lines:
            if found := re.match(r"COPY .* \((.*)\) FROM stdin;", line):
                names = [name.strip().strip('"') for name in found[1].split(",")]
                row = next(lines, "\\.")
                if row == "\\." or column not in names:
                    return None
                value = row.split("\t")[names.index(column)]
                return None if value == "\\N" else value
        return None

    def restore(self, archive: Path, *, before: Iterable[str], after: Iterable[str]) -> None:
        """Run statements, an archive's content and statements in one transaction."""
        reading = [self.program("pg_restore"), "--no-owner", "--no-privileges", "--file=-"]
        options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        writing = [self.program("psql"), *options, "--output=/dev/null", *self._where()]
        with (
            _started([*reading, str(archive)], self._environ(), stdin=None) as source,
            _started(writing, self._environ(), stdin=subprocess.PIPE) as target,
        ):
            assert source.stdout and target.stdin
            failing = "psql"
            with suppress(BrokenPipeError):  # psql has given up, and says why
                _write(target.stdin, before)
                shutil.copyfileobj(source.stdout, target.stdin)
                if source.wait() == 0:
                    _write(target.stdin, after)
                else:  # psql must not see an end: nothing is committed
                    failing = "pg_restore"
                    target.kill()
            with suppress(BrokenPipeError):
                target.stdin.close()
            target.wait()
            source.kill()
            _require_done(failing, target if failing == "psql" else source)

    def require_server(self, tx: Connection) -> None:
        """Raise StoreError unless pg_dump is there and as new as the server."""
        server = int(tx.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
        mine = self.version("pg_dump")
        if mine < server:
            msg = (
                f"{self.program('pg_dump')} is of PostgreSQL {mine}, the server of {server}: "
                f"install its client programs (Debian: postgresql-client-{server}), or name "
                f"their folder with --pg-bin or {TOOLS_VARIABLE}"
            )
            raise StoreError(msg)

    def version(self, name: str) -> int:
        """Give a program's major version."""
        found = _VERSION.search(self.run(name, "--version"))
        if found is None:
            msg = f"{self.program(name)} does not say which version it is"
            raise StoreError(msg)
        return int(found[1])

    def program(self, name: str) -> str:
        """Find a program; raises StoreError with the cure."""
        folder = self.folder or os.environ.get(TOOLS_VARIABLE) or None
        found = shutil.which(name, path=folder if folder is None else str(folder))
        if found is None:
            where = f"in {folder}" if folder else "on PATH"
            msg = (
                f"there is no {name} {where}: install PostgreSQL's client programs (Debian: "
                f"postgresql-client), or name their folder with --pg-bin or {TOOLS_VARIABLE}"
            )
            raise StoreError(msg)
        return found

    def run(self, name: str, *arguments: str, on_line: Callable[[str], None] | None = None) -> str:
        """Run a program to its end and give what it printed; raises StoreError if it failed."""
        command = [self.program(name), *arguments]
        with _started(command, self._environ(), stdin=None, errors=subprocess.PIPE) as process:
            assert process.stderr
            if on_line is None:
                printed, said = process.communicate()
                lines = said.decode("utf-8", "replace").splitlines()
            else:
                printed, lines = b"", []
                for raw in process.stderr:
                    lines = [*lines[-_ERROR_LINES:], raw.decode("utf-8", "replace").rstrip()]
                    on_line(lines[-1])
                process.wait()
            if process.returncode:
                raise StoreError(_failure(name, lines))
            return printed.decode("utf-8", "replace")

    def _where(self) -> Sequence[str]:
        facts = {key: value for key, value in _facts(self.url).items() if key != "password"}
        return ("--no-password", f"--dbname={make_conninfo(**facts)}")

    def _environ(self) -> Mapping[str, str]:
        """Give the environment of a program; a password is not among what others can list."""
        password = _facts(self.url).get("password")
        return {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}


def _facts(url: URL) -> dict[str, Any]:
    dialect: Any = url.get_dialect()
    _, facts = dialect().create_connect_args(url)
    return dict(facts)


def _started(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    stdin: int | None,
    errors: int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    no_input = subprocess.DEVNULL if stdin is None else stdin
    return subprocess.Popen(
        command, env=dict(environ), stdin=no_input, stdout=subprocess.PIPE, stderr=errors
    )


def _write(stream: IO[bytes], statements: Iterable[str]) -> None:
    stream.write("".join(f"{statement};\n" for statement in statements).encode())


def _require_done(name: str, process: subprocess.Popen[bytes]) -> None:
    assert process.stderr
    said = process.stderr.read().decode("utf-8", "replace").splitlines()
    if process.wait():
        raise StoreError(_failure(name, said))


def _failure(name: str, lines: Sequence[str]) -> str:
    said = [line for line in lines if line.strip()]
    errors = [line for line in said if "error" in line.lower()] or said
    return f"{name} failed: {' '.join(errors[:_ERROR_LINES]) or 'it said nothing'}"
