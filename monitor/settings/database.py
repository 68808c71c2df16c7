"""Settle which database is used."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from monitor.model.problem import Problem
from monitor.settings.fields import ENVIRONMENT, Desk, Section

_POSTGRES = re.compile(r"postgres(ql)?(\+psycopg)?://", re.IGNORECASE)
_CURE = "write sqlite:///data/monitor.db or postgresql://user:password@host/name"
_URL, _PASSWORD = "MONITOR_DATABASE_URL", "MONITOR_DATABASE_PASSWORD"


def database_url(desk: Desk, part: Section | None) -> str:
    """Give a SQLAlchemy URL: the environment's, else the file's, else SQLite in the data folder.

    The password may stand apart, as it is, without the escapes of a URL. A relative SQLite path is
    resolved; PostgreSQL is always spoken to through psycopg 3.
    """
    before = desk.faults
    url, password = _in_file(desk, part)
    given, its_password = desk.variable(_URL), desk.variable(_PASSWORD)
    if given:
        url, password = _settled(desk, given), its_password
        if url is None:  # never show it: it may hold a password
            _complain(desk, f"{_URL} is not a database URL that can be used{_why(given)}", _CURE)
    password = its_password or password
    if password and desk.faults == before:
        url = _with_password(desk, url, password)
    usual = f"sqlite:///{desk.data_dir / 'monitor.db'}"
    return url.render_as_string(hide_password=False) if url else usual


def _in_file(desk: Desk, part: Section | None) -> tuple[URL | None, str]:
    """Read what the file says: the URL, None without one that can be used, and the password."""
    if part is None:
        return None, ""
    text, password = part.secret("url"), part.secret("password") or ""
    part.finish()
    url = _settled(desk, text)
    if text and url is None:
        part.complain("url", f"the database URL is not one that can be used{_why(text)}", _CURE)
    return url, password


def _settled(desk: Desk, text: str | None) -> URL | None:
    """Settle the dialect and the path of a URL; None if it cannot be used."""
    normal = _normal(desk, text) if text else None
    try:
        url = make_url(normal) if normal else None
    except (ArgumentError, ValueError):
        return None
    return None if url is None or "@" in (url.host or "") else url


def _normal(desk: Desk, url: str) -> str | None:
    scheme = _POSTGRES.match(url)
    if scheme:
        return "postgresql+psycopg://" + url[scheme.end() :] if len(url) > scheme.end() else None
    if not url.lower().startswith("sqlite:///"):
        return None
    path, mark, options = url[len("sqlite:///") :].partition("?")
    if not path or path == ":memory:" or not Path(path).name:
        return None
    return f"sqlite:///{desk.path_of(path)}{mark}{options}"


def _why(url: str) -> str:
    """Say what else is wrong with a URL whose beginning is right, without showing it."""
    if not _POSTGRES.match(url):
        return ""
    if url.count("@") > 1:
        return ": it has an '@' too many, and a password's own is written %40"
    return ": after the host may stand a port, a number"


def _with_password(desk: Desk, url: URL | None, password: str) -> URL | None:
    if url is None or url.get_backend_name() == "sqlite":
        what = "there is a password for the database, but SQLite takes none"
        _complain(desk, what, f"set {_URL}, such as postgresql://user@host/name")
        return url
    if url.password is not None:
        what = "there are two passwords for the database, one of them in its URL"
        _complain(desk, what, "keep one of them")
        return url
    return url.set(password=password)


def _complain(desk: Desk, what: str, cure: str) -> None:
    code = "settings-database-url"
    desk.problems.append(Problem(file=ENVIRONMENT, what=what, cure=cure, code=code))
