"""Run the service as its users do: a process that is started, told by signals, and ends.

with started(workspace) as service:
    answers(f"{service.base}/readyz", 200)
    assert service.stop() < GRACE_SECONDS
"""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from services.product import Workspace
from services.waiting import until

GRACE_SECONDS = 10.0
"""How long Docker waits after SIGTERM before it kills."""


@dataclass
class Started:
    """Be a running product, with what it has said so far."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._heard = threading.Condition()
        streams = filter(None, (self.process.stdout, self.process.stderr))
        self._readers = [threading.Thread(target=self._read, args=(one,)) for one in streams]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._heard:
                self.said.append(line)
                self._heard.notify_all()

    def until(self, pattern: str, within_seconds: float = 60.0) -> re.Match[str]:
        """Wait until it has said something."""
        with self._heard:
            self._heard.wait_for(lambda: re.search(pattern, self.text), within_seconds)
        found = re.search(pattern, self.text)
        assert found, self.text
        return found

    @property
    def text(self) -> str:
        """Give all it has said."""
        return "".join(self.said)

    @property
    def base(self) -> str:
        """Give the address it listens at, once it is ready."""
        return self.until(r'"address": "(http://127\.0\.0\.1:\d+)"')[1]

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Send a signal and wait for the end; give how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        for reader in self._readers:
            reader.join(10)
        return time.monotonic() - began


@contextmanager
def started(
    made: Workspace, *, failpoint: str = "", under: Sequence[str] = ()
) -> Iterator[Started]:
    """Run until the end of the block; what is left of it is killed then."""
    with made.start("run", failpoint=failpoint, under=under) as process:
        service = Started(process)
        try:
            yield service
        finally:
            process.kill()


def ask(url: str) -> tuple[int, str]:
    """Ask over HTTP; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=8) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def answers(url: str, status: int, within_seconds: float = 30.0) -> str:
    """Wait until an address answers with a status; give the body."""
    found = (0, "not asked")

    def is_so() -> bool:
        nonlocal found
        found = ask(url)
        return found[0] == status

    until(is_so, within_seconds, else_say=lambda: found)
    return found[1]
