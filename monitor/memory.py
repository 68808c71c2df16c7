"""Keep the process as small as what it holds, and the collector from what is to stay."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_OPTIONS = {"MALLOC_ARENA_MAX": (-8, 2), "MALLOC_MMAP_THRESHOLD_": (-3, 256 * 1024)}
"""Of mallopt(3), by the variable that wins over ours: the option's number, and its value."""


def share_heaps() -> None:
    """Let all threads take their memory from two heaps; call it before there are threads.

    glibc else gives each thread a heap of its own, which keeps what its busiest moment took: an
    index that is built anew by one thread after the other is paid for in each of them. What is
    large stands apart and goes back to the system when it is let go; glibc else takes it from the
    heaps, too, once a larger one was let go: a feed's 10 MB leave a hole that other things fill.
    Without glibc nothing is done.
    """
    for variable, option in _OPTIONS.items():
        if variable not in os.environ:
            with suppress(OSError, AttributeError, TypeError):
                ctypes.CDLL(None).mallopt(*option)


def give_back() -> None:
    """Give the system the pages that are free, wherever in the heaps they lie; takes 5 ms.

    glibc does so at a heap's end alone, and what polls and placing take for a moment, or an index
    that is let go, stands in the midst of what stays. Without glibc nothing is done.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep the collector at rest while very many objects are made that are to stay.

    Else it would look at all of them again and again, and other threads stand still for each look.
    They must not refer to themselves, so that there is nothing to collect.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
