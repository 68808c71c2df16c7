"""Number the terms of the articles that are held, and keep in which stories each stands."""

from __future__ import annotations

from array import array
from bisect import insort
from collections.abc import Collection, Iterable, Sequence


class Terms:
    """Give each held term a number, for as long as an article with it is held.

    Numbers differ from process to process: nothing may be decided by them. The stories of a term
    are sorted; where there is one alone, as for most terms, it takes no list.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        """Every term, at its number."""
        self._numbers: dict[str, int] = {}
        self._holders = array("I")
        self._stories: list[int | array[int] | None] = []
        self._free: list[int] = []

    def hold(self, terms: Iterable[str]) -> array[int]:
        """Give the numbers of one more article's terms, each of which comes once."""
        known = self._numbers.get
        held = array(
            "I", [number if (number := known(t)) is not None else self._new(t) for t in terms]
        )
        holders = self._holders
        for number in held:
            holders[number] += 1
        return held

    def _new(self, term: str) -> int:
        if self._free:
            number = self._free.pop()
            self.words[number] = term
        else:
            number = len(self.words)
            self.words.append(term)
            self._holders.append(0)
            self._stories.append(None)
        self._numbers[term] = number
        return number

    def release(self, numbers: Iterable[int]) -> None:
        """Forget the terms that no article holds any more; this one has let go of its own."""
        for number in numbers:
            self._holders[number] -= 1
            if not self._holders[number]:
                del self._numbers[self.words[number]]
                self.words[number] = ""
                self._free.append(number)

    def spelt(self, numbers: Iterable[int]) -> list[str]:
        """Give the terms of numbers."""
        words = self.words
        return [words[number] for number in numbers]

    def post(self, numbers: Iterable[int], story: int) -> None:
        """Say that a story holds terms that it did not hold before."""
        stories = self._stories
        for number in numbers:
            held = stories[number]
            if held is None:
                stories[number] = story
            elif isinstance(held, int):
                stories[number] = array("I", (held, story) if held < story else (story, held))
            elif held[-1] < story:
                held.append(story)
            else:
                insort(held, story)

    def unpost(self, numbers: Iterable[int], gone: Collection[int]) -> None:
        """Say that stories hold terms no more; of one that never did nothing is said."""
        stories = self._stories
        for number in numbers:
            held = stories[number]
            if held is None or isinstance(held, int):
                stories[number] = None if held in gone else held
                continue
            kept = array("I", [story for story in held if story not in gone])
            stories[number] = kept if len(kept) > 1 else kept[0] if kept else None

    def stories_of(self, term: str) -> Sequence[int]:
        """List the stories that hold a term, in order."""
        number = self._numbers.get(term)
        held = None if number is None else self._stories[number]
        if held is None:
            return ()
        return (held,) if isinstance(held, int) else held

    def count_of(self, term: str) -> int:
        """Count the stories that hold a term."""
        number = self._numbers.get(term)
        held = None if number is None else self._stories[number]
        return 0 if held is None else 1 if isinstance(held, int) else len(held)
