"""Find where occurrences of several parts stand near each other.

One sweep over all occurrences in order of place. For each set of parts found so far (a bit mask)
a queue holds the chains that a next occurrence may still continue, the one with the latest start
in front (a sliding-window maximum), so each occurrence is looked at once per live mask: linear in
the length of the text. For an ordered near the masks are the prefixes alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import accumulate

from monitor.match.reading import Interval

_Link = tuple[int, Interval, "_Link | None"]
_Chain = tuple[int, int, _Link]  # end, start, members from the last backwards


@dataclass(frozen=True, slots=True)
class Chain:
    """Be one place of a near: its interval, and which part stands where, in order of place."""

    start: int
    end: int
    members: tuple[tuple[int, Interval], ...]


def chains(parts: Sequence[Sequence[Interval]], gap: int, *, is_ordered: bool) -> list[Chain]:
    """List the minimal intervals in which every part occurs, without overlap, in order of place.

    In order of place each neighbour stands at most `gap` tokens behind the one before it. Minimal:
    no listed interval holds another.
    """
    if not all(parts):
        return []
    return list(_minimal(_sweep(parts, gap, is_ordered)))


def is_near(parts: Sequence[Sequence[Interval]], gap: int, *, is_ordered: bool) -> bool:
    """Tell whether `chains` would list any."""
    if len(parts) != 2:
        return bool(chains(parts, gap, is_ordered=is_ordered))
    left, right = parts
    return _follows(left, right, gap) or (not is_ordered and _follows(right, left, gap))


def _follows(left: Sequence[Interval], right: Sequence[Interval], gap: int) -> bool:
    """Tell whether a place on the right begins at most `gap` tokens behind one on the left."""
    starts = [start for start, _ in right]
    for _, end in left:
        at = bisect_left(starts, end)
        if at < len(starts) and starts[at] <= end + gap:
            return True
    return False


def together(parts: Sequence[Sequence[Interval]], homes: Sequence[int]) -> list[Chain]:
    """List the minimal intervals in which every part occurs, without overlap, in one home.

    `homes[p]` is the sentence or paragraph of the token at position p, ascending.
    """
    sorted_in: dict[int, list[list[Interval]]] = {}
    for at, found in enumerate(parts):
        for start, end in found:
            if homes[start] == homes[end - 1]:
                by_part = sorted_in.setdefault(homes[start], [[] for _ in parts])
                by_part[at].append((start, end))
    gap = len(homes)
    return [
        chain
        for home in sorted(sorted_in)
        for chain in chains(sorted_in[home], gap, is_ordered=False)
    ]


def apart(
    places: Sequence[Interval], others: Sequence[Interval], gap: int, *, is_ordered: bool
) -> list[Interval]:
    """List the places that none of the others overlaps or has within `gap` tokens.

    Ordered, others that end before a place do not count.
    """
    starts = [start for start, _ in others]
    furthest = list(accumulate((end for _, end in others), max))
    reach = -1 if is_ordered else gap  # an overlap is an end behind the start

    def is_apart(place: Interval) -> bool:
        near = bisect_right(starts, place[1] + gap)
        return not near or furthest[near - 1] < place[0] - reach

    return [place for place in places if is_apart(place)]


def _minimal(found: Iterator[tuple[int, int, _Link]]) -> Iterator[Chain]:
    best = -1
    for end, start, link in sorted(found, key=lambda chain: (chain[0], -chain[1])):
        if start > best:
            best = start
            yield Chain(start, end, tuple(reversed(list(_members(link)))))


def _members(link: _Link | None) -> Iterator[tuple[int, Interval]]:
    while link is not None:
        part, place, link = link
        yield part, place


def _sweep(
    parts: Sequence[Sequence[Interval]], gap: int, is_ordered: bool
) -> Iterator[tuple[int, int, _Link]]:
    """Give, for each occurrence that completes the set, the chain that starts last."""
    full = (1 << len(parts)) - 1
    live: dict[int, deque[_Chain]] = {}
    pending: list[tuple[int, int, int, int, _Link]] = []
    serial = 0
    places = sorted((place, part) for part, found in enumerate(parts) for place in found)
    for place, part in places:
        start, end = place
        while pending and pending[0][0] <= start:
            ripe_end, ripe_start, _, mask, link = heappop(pending)
            _push(live.setdefault(mask, deque()), (ripe_end, ripe_start, link))
        bit = 1 << part
        if not is_ordered or part == 0:
            serial += 1
            heappush(pending, (end, start, serial, bit, (part, place, None)))
        for mask in [bit - 1] if is_ordered else list(live):
            queue = live.get(mask)
            if mask & bit or not queue:
                continue
            while queue and queue[0][0] < start - gap:
                queue.popleft()
            if not queue:
                del live[mask]
                continue
            chain_link: _Link = (part, place, queue[0][2])
            if mask | bit == full:
                yield end, queue[0][1], chain_link
            else:
                serial += 1
                heappush(pending, (end, queue[0][1], serial, mask | bit, chain_link))


def _push(queue: deque[_Chain], chain: _Chain) -> None:
    """Append a chain; those before it that start no later can never win again."""
    while queue and queue[-1][1] <= chain[1]:
        queue.pop()
    queue.append(chain)


def closest(parts: Sequence[Sequence[Interval]], *, is_ordered: bool, limit: int) -> int | None:
    """Give the smallest gap under which a near would hit, at most `limit`; None if none does."""
    if not chains(parts, limit, is_ordered=is_ordered):
        return None
    low, high = 0, limit
    while low < high:
        middle = (low + high) // 2
        if chains(parts, middle, is_ordered=is_ordered):
            high = middle
        else:
            low = middle + 1
    return low
