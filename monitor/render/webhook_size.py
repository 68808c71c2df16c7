"""Say step by step what a webhook body leaves out to stay small (W15)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

MAX_BYTES = 20_000
"""What Standard Webhooks advises: snippets, then articles are left out to stay below."""

LAST_BYTES = 64_000
"""Never passed (64 KiB is what CloudEvents guarantees): stories are left out to stay below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Say what a body holds: `articles` and `why` a story, `stories` of a digest."""

    articles: int = 25
    why: int = 40
    stories: int = 1_000
    has_snippets: bool = True
    has_places: bool = True
    has_summary: bool = True

    @property
    def is_cut(self) -> bool:
        """Tell whether this leaves anything out."""
        return not self.has_snippets


CUTS = (
    Cut(),
    Cut(has_snippets=False),
    Cut(has_snippets=False, articles=10, why=20),
    Cut(has_snippets=False, articles=3, why=12, has_places=False),
    Cut(has_snippets=False, articles=1, why=8, has_places=False, has_summary=False),
)


def smallest(draw: Callable[[Cut], bytes], *, stories: int) -> bytes:
    """Draw the fullest body below `MAX_BYTES`; failing that one below `LAST_BYTES`."""
    body = b""
    for cut in CUTS:
        body = draw(cut)
        if len(body) <= MAX_BYTES:
            return body
    return body if len(body) <= LAST_BYTES else _most(draw, stories)


def _most(draw: Callable[[Cut], bytes], stories: int) -> bytes:
    """Find the greatest number of stories that fits, by halving."""
    low, high = 0, stories - 1
    best = draw(replace(CUTS[-1], stories=0))
    while low < high:
        middle = (low + high + 1) // 2
        body = draw(replace(CUTS[-1], stories=middle))
        if len(body) <= LAST_BYTES:
            best, low = body, middle
        else:
            high = middle - 1
    return best
