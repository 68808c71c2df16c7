"""Hold the lock file beside a SQLite database: one `run` a workspace."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import structlog

from monitor.errors import ConfigError, LockError
from monitor.model.problem import Problem

log = structlog.get_logger()


class LockFile:
    """Hold a file locked; the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Take the lock; raises LockError with the holder if another process has it.

        Raises ConfigError if the file cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+b", buffering=0)
        except OSError as error:
            raise ConfigError((folder_problem(self._path.parent, error),)) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().decode().strip()
            self._file.close()
            msg = f"another `monitor run` works on {self._path.parent}: `kill {holder}` stops it"
            raise LockError(msg) from None
        try:
            self._file.truncate(0)
            self._file.write(str(os.getpid()).encode())
        except OSError as error:  # a full disk: the lock holds without the number as well
            log.warning("lock file not written", reason=error.strerror)

    def __exit__(self, *_: object) -> None:
        """Let go of it; the file stays, so that nobody locks a file that is being removed."""
        self._file.close()


def folder_problem(folder: Path, error: OSError) -> Problem:
    """Say that a folder of data cannot be written, and the cure."""
    return Problem(
        file=str(folder),
        what=f"nothing can be written there: {error.strerror}",
        cure=f"let the user {os.geteuid()} write there, or name another folder in MONITOR_DATA",
        code="data-folder",
    )
