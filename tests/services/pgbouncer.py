"""A real PgBouncer in transaction mode, between the product and the tests' PostgreSQL.

It is Debian's package `pgbouncer`, or the program that MONITOR_TEST_PGBOUNCER names; without it a
test that asks is skipped. Its few connections to the server are handed out in turn, so a client
meets another one in each transaction, as it would among many clients.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import pytest
from services.ports import free_port
from services.postgres import PostgresServer

_CONFIG = """\
[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
server_round_robin = 1
logfile = {dir}/log
"""


class PgBouncer:
    """Be a pooler in front of a server; `with` starts and stops it."""

    def __init__(self, program: str, server: PostgresServer, size: int = 4) -> None:
        """Share `size` connections for each database among any number of clients."""
        self._program = program
        self._server = urlsplit(server.url())
        self.size = size
        self.dir = Path(tempfile.mkdtemp(prefix="mpb-"))
        self.port = free_port()

    def __enter__(self) -> Self:
        config = self.dir / "pgbouncer.ini"
        config.write_text(
            _CONFIG.format(
                host=self._server.hostname,
                port=self._server.port or 5432,
                user=self._server.username or "postgres",
                password=unquote(self._server.password or "none"),
                own_port=self.port,
                size=self.size,
                dir=self.dir,
            )
        )
        as_user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses root
        if as_user:
            shutil.chown(self.dir, "nobody")
        self._process = subprocess.Popen([self._program, "-q", *as_user, str(config)])
        self._wait_until_it_listens()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)

    def url(self, url: str) -> str:
        """Give the address through the pooler of a database on the server."""
        return f"postgresql://postgres@127.0.0.1:{self.port}{urlsplit(url).path}"

    @property
    def log(self) -> str:
        """Give what it has logged."""
        return (self.dir / "log").read_text()

    def _wait_until_it_listens(self) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self._process.kill()
        raise RuntimeError(f"PgBouncer did not start: {self.log}")


@pytest.fixture(scope="session")
def pgbouncer(pg_server: PostgresServer) -> Iterator[PgBouncer]:
    """Start the session's pooler, or skip."""
    program = os.environ.get("MONITOR_TEST_PGBOUNCER") or shutil.which(
        "pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin"
    )
    if not program:
        pytest.skip("needs PgBouncer: install Debian's pgbouncer, or set MONITOR_TEST_PGBOUNCER")
    with PgBouncer(program, pg_server) as pooler:
        yield pooler
