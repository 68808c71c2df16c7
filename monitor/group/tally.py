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

    def add(self, numbers: Iterable[int]) -> list[int]:
        """Count an article's terms; give those that no article had before."""
        new = []
        for number in numbers:
            at = bisect_left(self.numbers, number)
            if at < len(self.numbers) and self.numbers[at] == number:
                self._articles[at] += 1
            else:
                self.numbers.insert(at, number)
                self._articles.insert(at, 1)
                self._centre.insert(at, 0)
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
