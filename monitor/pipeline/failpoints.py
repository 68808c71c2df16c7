"""Die or stand still at a named point: for the tests that prove that nothing is lost or doubled.

Armed by `MONITOR_FAILPOINT=name:kill:N`: the N-th time the point is passed (N from 1; left out:
1) the process kills itself with SIGKILL, as a power cut would. `name:stop:N` stops it with SIGSTOP
until somebody sends SIGCONT, as a machine that is starved or moved does. `name:kill:N:subject`
counts only passes with that subject: at `out.presend` the recipient.
"""

from __future__ import annotations

import re
import signal
import threading

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


_ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Failpoints:
    """Hold at most one armed point."""

    def __init__(self, spec: str = "") -> None:
        """Read `name:action:N:subject`; raises ConfigError for anything else but ""."""
        self._name = self._subject = ""
        if not spec:
            return
        found = _read(spec)
        self._name, self._signal = found["name"], _ACTIONS[found["action"]]
        self._left, self._subject = int(found["number"] or 1), found["subject"] or ""

    def hit(self, name: str, subject: str = "") -> None:
        """Pass a point, with what is at hand there."""
        if name == self._name and self._subject in ("", subject):
            self._left -= 1
            if self._left == 0:
                # of this thread: a signal of the process may stop it a moment too late
                signal.pthread_kill(threading.get_ident(), self._signal)


_SPEC = re.compile(
    r"(?P<name>[a-z0-9.]+):(?P<action>kill|stop)(:(?P<number>[1-9]\d{0,8})(:(?P<subject>.+))?)?"
)


def _read(spec: str) -> re.Match[str]:
    found = _SPEC.fullmatch(spec)
    if found is None or found["name"] not in NAMES:
        what = f"MONITOR_FAILPOINT '{spec}' is no failpoint"
        cure = f"write name:kill:N with N from 1 and a name of: {', '.join(NAMES)}"
        problem = Problem(file="environment", what=what, cure=cure, code="failpoint")
        raise ConfigError((problem,))
    return found
