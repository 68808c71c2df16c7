"""Die at a named point, for the tests that prove that nothing is lost and nothing doubled.

Armed by `MONITOR_FAILPOINT=name:kill:N`: the N-th time the point is passed (N from 1; left out: 1)
the process kills itself with SIGKILL, as a power cut would.
"""

from __future__ import annotations

import os
import re
import signal

from monitor.errors import ConfigError
from monitor.model.problem import Problem

NAMES = (
    "poll.claimed",
    "poll.fetched",
    "t1.precommit",
    "t1.committed",
    "t2.claimed",
    "t2.precommit",
    "t2.committed",
    "out.claimed",
    "out.rendered",
    "out.presend",
    "out.acked",
    "out.settled",
)


class Failpoints:
    """Hold at most one armed point."""

    def __init__(self, spec: str = "") -> None:
        """Read `name:kill:N`; raises ConfigError for anything else but ""."""
        self._name, self._left = _read(spec) if spec else ("", 0)

    def hit(self, name: str) -> None:
        """Pass a point."""
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def _read(spec: str) -> tuple[str, int]:
    found = re.fullmatch(r"([a-z0-9.]+):kill(?::([1-9]\d{0,8}))?", spec)
    if found is None or found[1] not in NAMES:
        what = f"MONITOR_FAILPOINT '{spec}' is no failpoint"
        cure = f"write name:kill:N with N from 1 and a name of: {', '.join(NAMES)}"
        problem = Problem(file="environment", what=what, cure=cure, code="failpoint")
        raise ConfigError((problem,))
    return found[1], int(found[2] or 1)
