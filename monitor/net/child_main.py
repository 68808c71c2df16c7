"""Be the child: take jobs from the parent one by one, under limits, until it hangs up."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import pickle
import resource
import signal
import socket
import sys
from pathlib import Path

from monitor.errors import MonitorError
from monitor.net.child_wire import HEADER, framed

_PR_SET_PDEATHSIG = 1
_MAX_REASON_CHARS = 500


def main() -> None:
    """Serve; arguments: socket, parent's process id, CPU seconds, memory and result bytes."""
    line_fd, parent, cpu_seconds, memory_bytes, max_result = map(int, sys.argv[1:6])
    _die_with(parent)
    _shed_signals()
    _bound_memory(memory_bytes)
    line = socket.socket(fileno=line_fd)
    line.setblocking(True)
    line.sendall(framed("ready"))
    while (payload := _receive(line)) is not None:
        _bound_cpu(cpu_seconds)
        line.sendall(_answer(payload, max_result))


def _die_with(parent: int) -> None:
    """End when the parent does, even amid a job (Linux); elsewhere the hung-up line ends us."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # when memory runs out the kernel takes us, not the parent; /proc may be read-only
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    if os.getppid() != parent:
        sys.exit(0)


def _shed_signals() -> None:
    """Leave Ctrl-C and a stop of the service to the parent, which ends us when it is done."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _bound_memory(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, hard))
    except (
        OSError,
        ValueError,
    ):  # macOS has no such limit; a stricter one may be set already
        pass


def _bound_cpu(cpu_seconds: int) -> None:
    """Give this job its budget on top of what earlier jobs used: the kernel counts them all."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(usage.ru_utime + usage.ru_stime) + cpu_seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _receive(line: socket.socket) -> bytes | None:
    """Receive a job; None when the parent has hung up."""
    head = _receive_exactly(line, HEADER.size)
    return head and _receive_exactly(line, HEADER.unpack(head)[0])


def _receive_exactly(line: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        chunk = line.recv(min(262_144, count - len(data)))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def _answer(payload: bytes, max_result: int) -> bytes:
    """Do a job and frame (outcome, value or reason, peak memory in bytes)."""
    try:
        function, arguments, named = pickle.loads(payload)  # noqa: S301 - our parent made it
        value = function(*arguments, **named)
        frame = framed(("done", value, _peak_bytes()))
        del value
    except MemoryError:
        return framed(("memory", "", _peak_bytes()))
    except MonitorError as error:
        return framed((f"error {type(error).__name__}", _short(error), _peak_bytes()))
    except Exception as error:  # noqa: BLE001 - whatever a parser raises is the job's outcome
        return framed(("failed", f"{type(error).__name__}: {_short(error)}", _peak_bytes()))
    if len(frame) > max_result:
        return framed(("failed", f"its result has {len(frame)} bytes", _peak_bytes()))
    return frame


def _short(error: Exception) -> str:
    return str(error).encode("utf-8", "replace").decode()[:_MAX_REASON_CHARS]


def _peak_bytes() -> int:
    """Give the most memory this process held.

    Linux keeps `ru_maxrss` over exec, so a child of a large parent would report the parent's:
    `VmHWM` begins anew.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration, ValueError):
        pass  # no Linux
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
