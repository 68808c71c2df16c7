"""Keep a mail below the size at which Gmail clips it, by showing less and saying so (E10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from monitor.errors import RenderError
from monitor.render.page_view import Plan
from monitor.render.templates import Rendered

MAX_HTML_BYTES = 90_000
"""Gmail clips at about 102 kB of decoded HTML."""

FULL_STORIES = 5
FEW_ARTICLES = 5
BRIEF_STORY_BYTES = 300
"""No brief story takes less: what cannot fit need not be tried."""


def fit(stories: int, draw: Callable[[Plan], Rendered]) -> Rendered:
    """Draw as much as fits: first fewer reports, then later stories brief, then fewer stories.

    Raises `RenderError` if not even a page without stories fits.
    """
    for plan in _plans(stories):
        rendered = draw(plan)
        if _fits(rendered):
            return rendered
    return _most(min(stories, MAX_HTML_BYTES // BRIEF_STORY_BYTES), draw)


def _plans(stories: int) -> Iterator[Plan]:
    if stories <= 60:
        yield Plan(stories=stories, full=stories, articles=25)
        yield Plan(stories=stories, full=stories, articles=FEW_ARTICLES)
    if stories <= MAX_HTML_BYTES // BRIEF_STORY_BYTES:
        yield Plan(stories=stories, full=FULL_STORIES, articles=FEW_ARTICLES)


def _most(limit: int, draw: Callable[[Plan], Rendered]) -> Rendered:
    """Find the greatest number of stories that fits, by halving."""
    best = draw(Plan(stories=0, full=0, articles=0))
    if not _fits(best):
        raise RenderError("templates", f"a page without stories passes {MAX_HTML_BYTES:,} bytes")
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        rendered = draw(Plan(stories=middle, full=min(middle, FULL_STORIES), articles=2))
        if _fits(rendered):
            best, low = rendered, middle
        else:
            high = middle - 1
    return best


def _fits(rendered: Rendered) -> bool:
    return len(rendered.html.encode("utf-8", "replace")) <= MAX_HTML_BYTES
