"""Count and time what a process did, for summaries and metrics."""

from __future__ import annotations

import threading
from bisect import bisect_left
from dataclasses import dataclass, field

BOUNDS_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""The spans that timed work is sorted by; a lease is the longest that counts."""

RELOAD_SUCCESSFUL = "config_last_reload_successful"
RELOADED_AT = "config_last_reload_success_timestamp_seconds"


@dataclass(slots=True)
class Durations:
    """Hold how long one kind of work took: the number within each bound, the last one for more."""

    within: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_SECONDS) + 1))
    total_seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class Tally:
    """Count what happened since the start, from any thread.

    `by_label` counts by a name and the values of its labels, `marks` are facts that change.
    """

    counts: dict[str, int] = field(default_factory=dict)
    by_label: dict[tuple[str, ...], int] = field(default_factory=dict)
    durations: dict[str, Durations] = field(default_factory=dict)
    marks: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, name: str, number: int = 1) -> None:
        """Count up."""
        with self._lock:  # reading and writing back are two steps
            self.counts[name] = self.counts.get(name, 0) + number

    def add_labelled(self, name: str, *values: str) -> None:
        """Count up by one under these values of the name's labels."""
        with self._lock:
            self.by_label[name, *values] = self.by_label.get((name, *values), 0) + 1

    def time(self, name: str, seconds: float) -> None:
        """Note how long something took."""
        with self._lock:
            kept = self.durations.setdefault(name, Durations())
            kept.within[bisect_left(BOUNDS_SECONDS, seconds)] += 1
            kept.total_seconds += seconds

    def mark(self, name: str, value: float) -> None:
        """Note a fact that takes the place of the one before."""
        self.marks[name] = value

    def labelled(self, name: str) -> dict[tuple[str, ...], int]:
        """Give the counts of a name by the values of its labels."""
        with self._lock:
            return {key[1:]: number for key, number in self.by_label.items() if key[0] == name}
