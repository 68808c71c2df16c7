"""Read the clock: the only module that may."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Give the present moment, aware, in UTC."""


def system_clock() -> datetime:
    """Give the present moment in UTC."""
    return datetime.now(UTC)


def monotonic_seconds() -> float:
    """Give seconds of a clock that never steps back, for measuring spans."""
    return time.monotonic()


class FollowingClock:
    """Follow another machine's clock: its moment at the last sync, and the time since.

    The time since is of the monotonic clock, so a step of this machine's own clock changes
    nothing. Until the first sync it is this machine's.
    """

    def __init__(self) -> None:
        self._synced = (system_clock(), monotonic_seconds())  # one value: threads read and write

    def __call__(self) -> datetime:
        """Give the present moment of the clock that is followed."""
        moment, at = self._synced
        return moment + timedelta(seconds=monotonic_seconds() - at)

    def sync(self, moment: datetime) -> None:
        """Take over what the other clock shows now."""
        self._synced = (moment, monotonic_seconds())


class StepWatch:
    """Notice when this machine's clock is set back while the process runs.

    Two clocks are compared: the one that people see and set, and the one that only counts.
    """

    def __init__(
        self, wall: Clock = system_clock, monotonic: Callable[[], float] = monotonic_seconds
    ) -> None:
        """Begin with the clocks as they stand."""
        self._wall, self._monotonic = wall, monotonic
        self._start = self._offset()

    def _offset(self) -> datetime:
        return self._wall() - timedelta(seconds=self._monotonic())

    def step_back(self) -> timedelta:
        """Give by how much it was set back since the last look; 0 if it was not, or forward."""
        before, self._start = self._start, self._offset()
        return max(before - self._start, timedelta(0))
