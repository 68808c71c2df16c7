"""Keep the process as small as what it holds."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

_M_ARENA_MAX = -8  # mallopt(3)
_ARENAS = 2
_VARIABLE = "MALLOC_ARENA_MAX"


def share_heaps() -> None:
    """Let all threads take their memory from two heaps; call it before there are threads.

    glibc else gives each thread a heap of its own, which keeps what its busiest moment took: an
    index that is built anew by one thread after the other is paid for in each of them. What the
    variable MALLOC_ARENA_MAX says wins; without glibc nothing is done.
    """
    if _VARIABLE in os.environ:
        return
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give the system the pages that are free, wherever in the heaps they lie; takes 5 ms.

    glibc does so at a heap's end alone, and what polls and placing take for a moment, or an index
    that is let go, stands in the midst of what stays. Without glibc nothing is done.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
