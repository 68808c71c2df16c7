"""Find seats by 32-bit marks: a sorted index in arrays, a tenth of the size of a dict of lists."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from itertools import compress, count, islice
from operator import eq

Rank = tuple[float, str]

_BUCKET_BITS = 20  # marks that differ only in these lie in one bucket: some 4,000 buckets in all
_GROUPS = 1 << 32
_FEW = 16  # pairs that take their places one by one; more are sorted with all of their bucket


class Marks:
    """Hold pairs of a mark and a seat, sorted by mark, by a group the caller knows, and by rank.

    A group is a number of 32 bits. `rank_of` a seat orders what has both in common: what is found
    follows from what is held, not from when it was added.
    """

    def __init__(self, rank_of: Callable[[int], Rank]) -> None:
        self._rank_of = rank_of
        self._buckets: defaultdict[int, _Bucket] = defaultdict(_Bucket)

    def add(self, marks: Iterable[int], group: int, seat: int) -> None:
        """Hold the pairs of a seat; they take their places when their buckets are looked at."""
        buckets = self._buckets
        for mark in marks:
            bucket = buckets[mark >> _BUCKET_BITS]
            bucket.keys.append(mark * _GROUPS + group)
            bucket.seats.append(seat)

    def settle(self) -> None:
        """Give all pairs their places now, so that whoever looks next need not wait for it."""
        rank_of = cache(self._rank_of)  # what repeats another does so in many buckets
        for bucket in self._buckets.values():
            bucket.settle(rank_of)

    def remove(self, pairs: Iterable[tuple[int, int, int]]) -> None:
        """Let go of pairs that are held, each a mark, its group and a seat."""
        gone: dict[int, set[tuple[int, int]]] = {}
        for mark, group, seat in pairs:
            gone.setdefault(mark >> _BUCKET_BITS, set()).add((mark * _GROUPS + group, seat))
        for number, going in gone.items():
            bucket = self._buckets[number]
            bucket.settle(self._rank_of)
            if len(going) > _FEW:
                bucket.keep_but(going)
            else:
                for key, seat in going:
                    bucket.remove(key, seat)
            if not bucket.keys:
                del self._buckets[number]

    def find(self, marks: Iterable[int]) -> dict[int, Seats]:
        """Give the seats of those marks that there are: of a text's passages, few."""
        buckets, found = self._buckets, {}
        for mark in marks:
            bucket = buckets.get(mark >> _BUCKET_BITS)
            if bucket is None:
                continue
            if bucket.settled < len(bucket.keys):
                bucket.settle(self._rank_of)
            keys, key = bucket.keys, mark * _GROUPS
            first = bisect_left(keys, key)
            if first < len(keys) and keys[first] < key + _GROUPS:
                end = bisect_left(keys, key + _GROUPS, first)
                found[mark] = Seats(keys, bucket.seats, first, end)
        return found

    def around(self, mark: int, rank: Rank, most: int) -> list[int]:
        """Give the seats with a mark that stand next to a rank, `most` to each side.

        Groups have to order seats as ranks do.
        """
        found = self.find((mark,)).get(mark)
        if found is None:
            return []
        at = bisect_left(found.seats, rank, found.first, found.end, key=self._rank_of)
        return list(found.seats[max(found.first, at - most) : min(found.end, at + most)])


class _Bucket:
    """Hold pairs in two arrays; those behind the first `settled` wait for their places."""

    __slots__ = ("keys", "seats", "settled")

    def __init__(self) -> None:
        self.keys, self.seats, self.settled = array("Q"), array("Q"), 0

    def settle(self, rank_of: Callable[[int], Rank]) -> None:
        """Give the pairs that were added their places: one by one if they are few."""
        if len(self.keys) - self.settled > _FEW:
            self._sort(rank_of)
        keys, seats = self.keys, self.seats
        while self.settled < len(keys):
            key, seat = keys.pop(), seats.pop()
            at = bisect_left(keys, key, 0, self.settled)
            if at < self.settled and keys[at] == key:
                end = bisect_right(keys, key, at, self.settled)
                at = bisect_left(seats, rank_of(seat), at, end, key=rank_of)
            keys.insert(at, key)
            seats.insert(at, seat)
            self.settled += 1

    def _sort(self, rank_of: Callable[[int], Rank]) -> None:
        """Give all pairs their places, in half the time that sorting pairs takes."""
        keys = self.keys.tolist()
        order = sorted(range(len(keys)), key=keys.__getitem__)
        self.keys = array("Q", [keys[at] for at in order])
        self.seats = array("Q", [self.seats[at] for at in order])
        for start, end in _runs(self.keys):
            self.seats[start:end] = array("Q", sorted(self.seats[start:end], key=rank_of))
        self.settled = len(keys)

    def remove(self, key: int, seat: int) -> None:
        """Let go of one of the pairs, all of which are settled."""
        at = bisect_left(self.keys, key)
        at = self.seats.index(seat, at, bisect_right(self.keys, key, at))
        del self.keys[at], self.seats[at]
        self.settled -= 1

    def keep_but(self, gone: Collection[tuple[int, int]]) -> None:
        """Let go of many of the pairs, all of which are settled."""
        pairs = zip(self.keys, self.seats, strict=True)
        kept = [pair for pair in pairs if pair not in gone]
        self.keys = array("Q", [key for key, _ in kept])
        self.seats = array("Q", [seat for _, seat in kept])
        self.settled = len(kept)


def _runs(keys: array[int]) -> Iterator[tuple[int, int]]:
    """Give where equal keys stand, of sorted ones: the first, and the one behind the last."""
    end = 0
    for at in compress(count(), map(eq, keys, islice(keys, 1, None))):  # few
        if at >= end:
            end = bisect_right(keys, keys[at], at)
            yield at, end


class Seats:
    """Be the seats with one mark: a part of the index, which must not change meanwhile."""

    __slots__ = ("_keys", "end", "first", "seats")

    def __init__(self, keys: array[int], seats: array[int], first: int, end: int) -> None:
        self._keys, self.seats, self.first, self.end = keys, seats, first, end

    def firsts(self) -> Iterator[int]:
        """Give the first seat of each group."""
        at = self.first
        while at < self.end:
            yield self.seats[at]
            at += 1
            if at < self.end and self._keys[at] == self._keys[at - 1]:
                at = bisect_right(self._keys, self._keys[at], at, self.end)

    def last(self, most: int) -> list[int]:
        """Give the last seats of all."""
        return list(self.seats[max(self.first, self.end - most) : self.end])
