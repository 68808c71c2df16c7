"""Settle which database is used."""

from __future__ import annotations

import re
from pathlib import Path

from monitor.model.problem import Problem
from monitor.settings.fields import Desk, Section

_POSTGRES = re.compile(r"postgres(ql)?(\+psycopg)?://", re.IGNORECASE)
_CURE = "write sqlite:///data/monitor.db or postgresql://user:password@host/name"
_VARIABLE = "MONITOR_DATABASE_URL"


def database_url(desk: Desk, part: Section | None) -> str:
    """Give a SQLAlchemy URL: the environment's, else the file's, else SQLite in the data folder.

    A relative SQLite path is resolved; PostgreSQL is always spoken to through psycopg 3.
    """
    in_file = part.secret("url") if part else None
    if part:
        part.finish()
    if in_file and part and _normal(desk, in_file) is None:
        part.complain("url", "the database URL is not one that can be used", _CURE)
    url = desk.environ.get(_VARIABLE, "").strip()
    if url and _normal(desk, url) is None:  # never show it: it may hold a password
        what = f"{_VARIABLE} is not a database URL that can be used"
        code = "settings-database-url"
        desk.problems.append(Problem(file="environment", what=what, cure=_CURE, code=code))
    chosen = url or in_file
    usual = f"sqlite:///{desk.data_dir / 'monitor.db'}"
    return (_normal(desk, chosen) if chosen else None) or usual


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
