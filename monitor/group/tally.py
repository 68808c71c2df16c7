"""Count the terms of a story's articles, in arrays: a dict of them takes ten times the room."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat, zip_longest


class Tally:
    """Hold, of each term's number, how many articles have it and its weight in the centre."""

    def __init__(self, numbers: Sequence[int], weights: bytes) -> None:
        """Begin with one article: the first of its terms have weights, the others none."""
        by_number = sorted(zip_longest(numbers, weights, fillvalue=0))
        self.numbers = array("I", [number for number, _ in by_number])
        self._articles = array("I", repeat(1, len(by_number)))
        self._centre = array("I", [weight for _, weight in by_number])

    def add(self, numbers: Iterable[int], weights: bytes = b"") -> list[int]:
        """Count an article's terms, the first of which have weights; give those that are new."""
        held, articles, centre, new = self.numbers, self._articles, self._centre, []
        for number, weight in zip_longest(numbers, weights, fillvalue=0):
            at = bisect_left(held, number)
            if at < len(held) and held[at] == number:
                articles[at] += 1
                centre[at] += weight
            else:
                held.insert(at, number)
                articles.insert(at, 1)
                centre.insert(at, weight)
                new.append(number)
        return new

    def remove(self, numbers: Iterable[int]) -> list[int]:
        """Discount an article's terms, which weigh no more; give those that none has now."""
        left = []
        for number in numbers:
            at = bisect_left(self.numbers, number)
            self._articles[at] -= 1
            if not self._articles[at]:
                del self.numbers[at], self._articles[at], self._centre[at]
                left.append(number)
        return left

    def weigh(self, numbers: Sequence[int], weights: Iterable[int], *, sign: int = 1) -> None:
        """Add an article's weights to the centre, or take them away."""
        for number, weight in zip(numbers, weights, strict=True):
            self._centre[bisect_left(self.numbers, number)] += sign * weight

    def forget_weights(self) -> None:
        """Begin the centre anew."""
        self._centre = array("I", bytes(4 * len(self.numbers)))

    def centre(self, words: Sequence[str]) -> Mapping[str, int]:
        """Give the terms of the centre with their weights."""
        pairs = zip(self.numbers, self._centre, strict=True)
        return {words[number]: weight for number, weight in pairs if weight}
