"""Hold the lock file beside a SQLite database: one `run` a workspace."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from monitor.errors import LockError


class LockFile:
    """Hold a file locked; the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Take the lock; raises LockError with the holder if another process has it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            msg = f"another `monitor run` (process {holder}) works on {self._path.parent}"
            raise LockError(msg) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def __exit__(self, *_: object) -> None:
        """Let go of it; the file stays, so that nobody locks a file that is being removed."""
        self._file.close()
