"""Let very many objects be made that are to stay, without counting them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEVER = 1_000_000


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep the garbage collector from looking at all that is held while rules are read.

    Rules do not refer to themselves, so there is nothing to collect; other threads would stand
    still for each look. What is new is looked at in passing all the same: put off, it would come
    in one long look at the end.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(*thresholds[:2], _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
