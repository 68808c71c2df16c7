"""Have all three standard streams, whatever the program was started with."""

from __future__ import annotations

import os
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
