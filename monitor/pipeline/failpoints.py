"""Die at a named point, for the tests that prove that nothing is lost and nothing doubled.

Armed by `MONITOR_FAILPOINT=name:kill:N`: the N-th time the point is passed (N from 1; left out: 1)
the process kills itself with SIGKILL, as a power cut would.
"""

from __future__ import annotations

import os
import signal

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
        """Read `name:kill:N`; raises ValueError for an unknown point or action."""
        self._name, action, count = "", "kill", "1"
        if spec:
            self._name, action, count = (*spec.split(":"), "1")[:3]
            if self._name not in NAMES or action != "kill":
                msg = f"unknown failpoint {spec!r}; there are {', '.join(NAMES)} with :kill:N"
                raise ValueError(msg)
        self._left = int(count)

    def hit(self, name: str) -> None:
        """Pass a point."""
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
