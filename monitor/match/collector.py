"""Keep the garbage collector at rest while very many objects are made that are to stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep the collector from looking at all rules again and again while they are read.

    Rules do not refer to themselves, so there is nothing to collect; other threads would stand
    still for each look.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
