"""Draw how the next life is to die."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LATE_SECONDS = 1.5
"""How long a ready life waits for its failpoint or line, before it is killed all the same."""

START_SECONDS = 20.0
"""How long a start may take, on a machine that does other work as well."""

EARLY_SHARE = 0.2
"""Of the random kills, so many may fall into the start; the others come once a life is ready.

Of the kills at a line, so many are drawn from its first lines rather than from all alike.
"""

EARLY_SECONDS = 0.3
READY_SECONDS = 0.6
READY_BESIDE_OTHERS_SECONDS = 1.6
MOST_LINES = 25_000
"""A start runs through some 13,000 lines of the core; as many more take about a second."""

MODES = ("random", "failpoint", "line")
"""When a life is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Say how a life is to die: after so many seconds, or so many after it is ready.

    `environ` and `fittings` make it kill itself before, if it comes to that point.
    """

    name: str
    within: float = START_SECONDS
    ready_for: float = LATE_SECONDS
    environ: dict[str, str] = field(default_factory=dict)
    fittings: dict[str, Any] = field(default_factory=dict)


def draw(
    mode: str, chance: random.Random, folder: Path, *, slots: int, points: tuple[str, ...] = ()
) -> Plan:
    """Draw a plan; what line a life died at is written to `folder/lines`.

    Of several lives at work each may live longer: what one leaves behind waits for its lease.
    `points` are the failpoints to draw from, all by default.
    """
    if mode == "failpoint":
        from monitor.pipeline.failpoints import NAMES

        name, times = chance.choice(points or NAMES), chance.choice((1, 1, 1, 2, 3))
        return Plan(name=name, environ={"MONITOR_FAILPOINT": f"{name}:kill:{times}"})
    if mode == "line":
        share = chance.random()  # some of them early, where a start writes; most of them anywhere
        is_early = chance.random() < EARLY_SHARE
        line = int(MOST_LINES**share if is_early else MOST_LINES * share)
        return Plan(name=mode, fittings={"line": [line, str(folder / "lines")]})
    if chance.random() < EARLY_SHARE:
        return Plan(name=mode, within=chance.uniform(0.02, EARLY_SECONDS))
    longest = READY_SECONDS if slots == 1 else READY_BESIDE_OTHERS_SECONDS
    return Plan(name=mode, ready_for=chance.uniform(0.0, longest))
