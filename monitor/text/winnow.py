"""Fingerprint a text so that shared passages can be found (Schleimer, Wilkerson, Aiken 2003).

Every run of `GRAM` words is hashed; of each `WINDOW` hashes in a row the smallest is kept. Two
texts that share a run of at least `GRAM + WINDOW - 1` words share a fingerprint, for certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

GRAM = 5
WINDOW = 4
GUARANTEE = GRAM + WINDOW - 1
"""Shortest shared run, in words, that is found whatever stands around it."""


def fingerprints(words: Sequence[str]) -> frozenset[int]:
    """Fingerprint a text given as folded words; fewer than `GRAM` words have none.

    A text of `GRAM` to `GUARANTEE - 1` words has one: the smallest of its hashes.
    """
    return selected(hashes(words))


def selected(runs: Sequence[int]) -> frozenset[int]:
    """Select fingerprints from the hashes of all runs of words."""
    if len(runs) < WINDOW:
        return frozenset((min(runs),)) if runs else frozenset()
    windows = (runs[i:] for i in range(WINDOW))
    return frozenset(map(min, *windows))


def hashes(words: Sequence[str]) -> list[int]:
    """Hash every run of `GRAM` words, in order."""
    runs = zip(*(words[i:] for i in range(GRAM)), strict=False)
    return [crc32(" ".join(run).encode("utf-8", "replace")) for run in runs]
