"""Counts of what happened: right, whoever counts."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from monitor.pipeline.tally import Tally


class Yielding(dict[str, int]):
    """Let another thread go on between reading a count and writing it back."""

    def get(self, name: str, default: int = 0) -> int:  # type: ignore[override]
        found = super().get(name, default)
        time.sleep(0)
        return found


def test_counts_from_many_threads_are_all_counted() -> None:
    tally = Tally(counts=Yielding())
    with ThreadPoolExecutor(4) as threads:
        for _ in range(4):
            threads.submit(lambda: [tally.add("n") for _ in range(2_000)])
    assert tally.counts == {"n": 8_000}
