"""Look, before a start, for what would end it."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import make_url

from monitor.app.lock import folder_problem
from monitor.errors import ConfigError
from monitor.model.delivery import ChannelKind
from monitor.model.problem import Problem
from monitor.pipeline.failpoints import Failpoints
from monitor.settings import Settings

_PASSING = {errno.ENOSPC, errno.EDQUOT}
"""What keeps a folder from being written for a while: it is ridden out, not refused."""


def start_problems(settings: Settings, environ: Mapping[str, str]) -> tuple[Problem, ...]:
    """List what stands in the way of a start beside what the files say."""
    found = [problem for folder in _written(settings) for problem in _unwritable(folder)]
    try:
        Failpoints(environ.get("MONITOR_FAILPOINT", ""))
    except ConfigError as error:
        found += error.problems
    return tuple(found)


def _written(settings: Settings) -> tuple[Path, ...]:
    """Name the folders that will be written: the database's, and the data folder for mails."""
    url = make_url(settings.database_url)
    folders = []
    if url.get_backend_name() == "sqlite" and url.database:
        folders.append(Path(url.database).parent)
    if any(channel.kind is ChannelKind.FILE for channel in settings.channels):
        folders.append(settings.data_dir)
    return tuple(dict.fromkeys(folders))


def _unwritable(folder: Path) -> tuple[Problem, ...]:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent  # where it would be made: a look makes nothing
    try:
        with tempfile.TemporaryFile(dir=there):
            return ()
    except OSError as error:
        return () if error.errno in _PASSING else (folder_problem(folder, error),)
