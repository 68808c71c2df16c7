"""Start a child process and hold its line."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# What an interpreter may need; passwords and database addresses of ours are not handed on.
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONHASHSEED")


class Child:
    """Hold a child, the line to it, and the number of jobs it has done."""

    def __init__(self, process: subprocess.Popen[bytes], line: socket.socket) -> None:
        self.process = process
        self.line = line
        self.jobs = 0
        self.is_ready = False
        self._retirement: asyncio.TimerHandle | None = None

    def retire_after(self, seconds: float, retire: Callable[[Child], None]) -> None:
        """Call `retire` unless the child is used again before."""
        self._retirement = asyncio.get_running_loop().call_later(seconds, retire, self)

    def cancel_retirement(self) -> None:
        """Keep the child: it is used again."""
        if self._retirement is not None:
            self._retirement.cancel()
            self._retirement = None

    def kill(self) -> None:
        """End the child at once; `process.poll()` tells when it is gone."""
        self.cancel_retirement()
        self.line.close()
        self.process.kill()


def start_child(cpu_seconds: int, memory_bytes: int, max_result_bytes: int) -> Child:
    """Start an interpreter that serves jobs; its line is a non-blocking socket.

    A session of its own keeps the terminal's Ctrl-C from it; it inherits no file but its line.
    """
    ours, theirs = socket.socketpair()
    numbers = (
        theirs.fileno(),
        os.getpid(),
        cpu_seconds,
        memory_bytes,
        max_result_bytes,
    )
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor.net.child_main", *map(str, numbers)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env=_environment(),
            start_new_session=True,
        )
    ours.setblocking(False)
    return Child(process, ours)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    # the child must find what the parent finds, and nothing else: no working directory in front
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    return kept | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", "MALLOC_ARENA_MAX": "2"}
