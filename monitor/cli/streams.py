"""Settle what a process gets from whoever started it: its standard streams, and its signals."""

from __future__ import annotations

import os
import signal
import sys


def open_what_is_closed() -> None:
    """Open /dev/null in the place of each standard stream that is closed (`monitor run >&-`).

    Else the next file or socket to be opened would get its number, and who prints would write
    into that.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8")
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")


def heed_sigterm() -> None:
    """Let SIGTERM end a container that is still starting.

    For the first process of a container the kernel drops signals that nobody handles: a stop would
    wait for its whole grace and kill. Nothing is claimed yet, so this is a clean end; `run` puts
    its own handler in this one's place.
    """
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
