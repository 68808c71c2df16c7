"""Share the real parts: databases of both engines, and the data that lies beside the project."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from services.http_site import HttpSite
from services.pgbouncer import pgbouncer
from services.postgres import PostgresServer, database_on, pg_server, pg_url
from services.smtp_sink import SmtpSink
from services.webhook_sink import WebhookSink

from monitor.store import migrate
from monitor.store.engine import Store

__all__ = ["pg_server", "pg_url", "pgbouncer"]

# How long an example takes says nothing on a machine that others use too. The same examples come
# each time, so that `make test` says the same to all; MONITOR_TEST_PROFILE=search draws new ones.
settings.register_profile("monitor", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("MONITOR_TEST_PROFILE", "monitor"))

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Undo what a test set up for logs: the stream that it wrote to is closed by then."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def now() -> datetime:
    """Give the moment at which tests begin."""
    return NOW


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of large data sets, or skip: they do not lie in the repository."""
    folder = Path(os.environ.get("MONITOR_TEST_SHARED", ROOT.parent / "shared"))
    if not (folder / "suites").is_dir():
        pytest.skip(f"no shared test data in {folder} (set MONITOR_TEST_SHARED)")
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give an empty database: each test that asks runs on both engines."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'monitor.db'}"
    return _server_url(request, request.getfixturevalue("pg_url"))


def _server_url(request: pytest.FixtureRequest, url: str) -> str:
    """Give a server's database as a store is told of it, through a pooler if the run wants it."""
    if os.environ.get("MONITOR_TEST_POOLED"):
        url = request.getfixturevalue("pgbouncer").url(url)
    return url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file: copying it is cheaper than migrating for each test."""
    path = tmp_path_factory.mktemp("template") / "monitor.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def pg_template(pg_server: PostgresServer) -> Iterator[str]:
    """Give the name of a migrated database that others are made like."""
    with database_on(pg_server) as url:
        _migrate(url.replace("postgresql://", "postgresql+psycopg://"))
        yield url.rsplit("/", 1)[1]


def _migrate(url: str) -> None:
    store = Store(url)
    migrate.upgrade(store)
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Give a migrated store: each test that asks runs on both engines."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            path = tmp_path / "monitor.db"
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
            url = f"sqlite:///{path}"
        else:
            server = request.getfixturevalue("pg_server")
            template = request.getfixturevalue("pg_template")
            url = _server_url(request, stack.enter_context(database_on(server, template)))
        store = Store(url)
        stack.callback(store.close)
        yield store


@pytest.fixture
def site() -> Iterator[HttpSite]:
    """Serve pages and feeds."""
    with HttpSite() as server:
        yield server


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    """Receive webhooks."""
    with WebhookSink() as server:
        yield server


@pytest.fixture
def mail() -> Iterator[SmtpSink]:
    """Receive mails."""
    with SmtpSink() as server:
        yield server
