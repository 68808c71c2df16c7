"""Number the terms of the articles that are held, and keep in which stories each stands."""

from __future__ import annotations

from array import array
from bisect import insort
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, repeat


class Terms:
    """Give each held term a number, for as long as an article with it is held.

    Numbers differ from process to process: nothing may be decided by them. The stories of a term
    are sorted; where there is one alone, as for most terms, it takes no list.
    """

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self.words = self._numbers.words
        """Every term, at its number."""
        self._holders = array("I")
        self._stories: list[int | array[int] | None] = []
        self._newest = 0

    def hold(self, articles: Iterable[Iterable[str]]) -> list[array[int]]:
        """Give the numbers of more articles' terms, each of which comes once in an article.

        All are looked up before any is counted: the processor's caches then hold what it reads.
        """
        number_of, holders = self._numbers.__getitem__, self._holders
        held = [array("I", list(map(number_of, terms))) for terms in articles]
        if new := len(self.words) - len(holders):
            holders.extend(repeat(0, new))
            self._stories.extend(repeat(None, new))
        for number in chain.from_iterable(held):
            holders[number] += 1
        return held

    def release(self, numbers: Iterable[int]) -> None:
        """Forget the terms that no article holds any more; this one has let go of its own."""
        for number in numbers:
            self._holders[number] -= 1
            if not self._holders[number]:
                del self._numbers[self.words[number]]
                self.words[number] = ""
                self._numbers.free.append(number)

    def spelt(self, numbers: Iterable[int]) -> list[str]:
        """Give the terms of numbers."""
        words = self.words
        return [words[number] for number in numbers]

    def post(self, numbers: Iterable[int], story: int) -> None:
        """Say that a story holds terms that it did not hold before.

        That of the newest story takes half the time, which counts when an index is rebuilt.
        """
        if story < self._newest:
            self._insert(numbers, story)
            return
        self._newest, stories = story, self._stories
        for number in numbers:
            held = stories[number]
            if isinstance(held, array):
                held.append(story)
            else:
                stories[number] = story if held is None else array("I", (held, story))

    def _insert(self, numbers: Iterable[int], story: int) -> None:
        """Let a story stand before newer ones."""
        stories = self._stories
        for number in numbers:
            held = stories[number]
            if isinstance(held, array):
                insort(held, story)
            else:
                stories[number] = story if held is None else array("I", sorted((held, story)))

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


class _Numbers(dict[str, int]):
    """Map terms to numbers; one that is looked up and has none is given one."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.free: list[int] = []

    def __missing__(self, term: str) -> int:
        if self.free:
            number = self.free.pop()
            self.words[number] = term
        else:
            number = len(self.words)
            self.words.append(term)
        self[term] = number
        return number
