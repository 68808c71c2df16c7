"""Choose the extract of a text that shows most of what was found, and keep its marks in place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Range = tuple[int, int]
"""Code points, half-open."""

_BEFORE = "… "
_BEHIND = " …"


def merge(spans: Iterable[Range]) -> tuple[Range, ...]:
    """Sort spans, drop empty ones, join those that overlap or touch."""
    merged: list[Range] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def snippet(
    text: str, spans: Sequence[Range], *, width: int = 240
) -> tuple[str, tuple[Range, ...]]:
    """Extract at most `width` code points (ellipses not counted) that hold most marks.

    Cut at white space where some stands near; white space inside is kept in number (a newline
    becomes a space) so that marks stay in place. Marks are re-based, merged, disjoint; those
    outside the extract are left out, one that does not fit is cut.
    """
    size = len(text)
    marks = merge((max(start, 0), min(end, size)) for start, end in spans)
    start, end = _window(marks, size, width)
    start, end = _on_words(text, start, end)
    before = _BEFORE if start else ""
    shown = "".join(" " if char.isspace() else char for char in text[start:end])
    shift = len(before) - start
    inside = (
        (max(left, start) + shift, min(right, end) + shift)
        for left, right in marks
        if left < end and right > start
    )
    return before + shown + (_BEHIND if end < size else ""), merge(inside)


def _window(marks: tuple[Range, ...], size: int, width: int) -> Range:
    """Give the first window of `width` that holds most marks, the marks in its middle."""
    if size <= width:
        return 0, size
    if not marks:
        return 0, width
    ends = [end for _, end in marks]
    best, first, last = 0, 0, 0
    for at, (start, _) in enumerate(marks):
        behind = bisect_right(ends, start + width)
        if behind - at > best:
            best, first, last = behind - at, at, behind - 1
    left, right = marks[first][0], min(marks[last][1], marks[first][0] + width)
    start = max(0, min(left - (width - (right - left)) // 2, size - width))
    return start, start + width


def _on_words(text: str, start: int, end: int) -> Range:
    """Move the ends inwards to white space, by a fifth of the window at most."""
    reach = (end - start) // 5
    if start and not text[start - 1].isspace():
        start = next((at + 1 for at in range(start, start + reach) if text[at].isspace()), start)
    if end < len(text) and not text[end].isspace():
        end = next((at for at in range(end - 1, end - reach, -1) if text[at].isspace()), end)
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
