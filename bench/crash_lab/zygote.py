"""Fork lives from one process that has imported everything.

A start of Python with all imports takes over a second, a fork some milliseconds. The zygote has no
thread, no event loop and no open file of the product, so a life begins as a fresh process would.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_MESSAGE_BYTES = 65_536
_PR_SET_PDEATHSIG = 1
_CRASHED = 70  # EX_SOFTWARE

Spec = dict[str, Any]
Live = Callable[[Spec, Callable[[], None]], int]
"""What a life does: it gets its spec and what to call once it is ready; it gives the exit code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Say that a life is ready, or how it ended: by an exit code, or by the number of a signal."""

    number: int
    is_ready: bool = False
    code: int | None = None
    signal: int | None = None


class Zygote:
    """Be the forking process, seen from the one that plans the kills.

    Make it before the first thread is started: it is a fork itself.
    """

    def __init__(self, live: Live) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid == 0:
            self._line.close()
            _die_with_parent()
            _Forge(theirs, live).run()
        theirs.close()
        self._count = 0

    def spawn(self, spec: Spec) -> int:
        """Begin a life; give its number."""
        self._count += 1
        self._say(do="spawn", number=self._count, spec=spec)
        return self._count

    def signal(self, number: int, what: int) -> None:
        """Send a signal to a life; one that has ended is left alone."""
        self._say(do="signal", number=number, what=what)

    def kill(self, number: int) -> None:
        """Kill a life as `kill -9` does."""
        self.signal(number, signal.SIGKILL)

    def news(self, within_seconds: float) -> list[News]:
        """Wait for something to happen to a life; give what did, nothing if time ran out."""
        found: list[News] = []
        while select.select([self._line], [], [], 0 if found else max(0, within_seconds))[0]:
            raw = self._line.recv(_MESSAGE_BYTES)
            if not raw:
                raise RuntimeError("the zygote has died; its words are on stderr")
            found.append(News(**json.loads(raw)))
        return found

    def close(self) -> None:
        """End the zygote, and with it every life."""
        self._line.close()
        os.waitpid(self._pid, 0)

    def _say(self, **message: object) -> None:
        self._line.send(json.dumps(message).encode())


class _Forge:
    """Be the zygote from within."""

    def __init__(self, line: socket.socket, live: Live) -> None:
        self._line = line
        self._live = live
        self._numbers: dict[int, int] = {}
        self._handles: dict[int, int] = {}

    def run(self) -> None:
        """Serve until the other end hangs up."""
        gc.freeze()  # or the first collection in each life would copy every page
        while True:
            ready, _, _ = select.select([self._line, *self._numbers], [], [])
            for one in ready:
                if one is not self._line:
                    self._bury(one)
                elif raw := self._line.recv(_MESSAGE_BYTES):
                    self._obey(json.loads(raw))
                else:
                    os._exit(0)  # the lives die with us

    def _obey(self, message: dict[str, Any]) -> None:
        if message["do"] == "spawn":
            self._spawn(message["number"], message["spec"])
        elif (handle := self._handles.get(message["number"])) is not None:
            signal.pidfd_send_signal(handle, message["what"])

    def _spawn(self, number: int, spec: Spec) -> None:
        pid = os.fork()
        if pid == 0:
            _die_with_parent()
            for handle in self._numbers:
                os.close(handle)
            _leave(lambda: self._live(spec, lambda: self._tell(number=number, is_ready=True)))
        handle = os.pidfd_open(pid)
        self._numbers[handle], self._handles[number] = number, handle

    def _bury(self, handle: int) -> None:
        found = os.waitid(os.P_PIDFD, handle, os.WEXITED)
        number = self._numbers.pop(handle)
        del self._handles[number]
        os.close(handle)
        assert found is not None
        was_killed = found.si_code != os.CLD_EXITED
        self._tell(number=number, **{"signal" if was_killed else "code": found.si_status})

    def _tell(self, **news: object) -> None:
        self._line.send(json.dumps(news).encode())


def _leave(live: Callable[[], int]) -> None:
    """Live, and leave without running what the zygote has registered for its own end."""
    code = _CRASHED
    try:
        code = live()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else _CRASHED
    except BaseException:  # noqa: BLE001 - nobody is above us to whom it could be raised
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
