"""Gather the features that rules ask for from what the chunks of an article mean."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, count
from operator import attrgetter

from monitor.match.chunks import EMPTY, Chunk, Phrases

_NAMES = attrgetter("names")


def features(said: Sequence[Chunk]) -> tuple[set[int], set[int]]:
    """Gather the wanted features of chunks in a row: one that is there is never missed.

    Behind all of them come those that are not sure: phrases that reach into a compound, or into a
    text without spaces. The last chunk is the end of a field.
    """
    distinct = set(said)
    found = set().union(*map(_NAMES, distinct))
    looked = [chunk for chunk in distinct if chunk.others]
    opening = {chunk for chunk in looked if not found.isdisjoint(chunk.others)}
    if not opening:
        return found, set()
    if EMPTY in distinct:
        said = [chunk for chunk in said if chunk is not EMPTY]
    sure: set[int] = set()
    unsure: set[int] = set()
    for at in compress(count(), map(opening.__contains__, said)):
        for first, phrases, names in _beside(said, at):
            for beside in names:
                for words, name in phrases.get(beside, ()):
                    if len(words) == 1 and said[first].width == said[first + 1].width == 1:
                        sure.add(name)
                    elif _follow(said, first, words):
                        (sure if _are_plain(said, first, words) else unsure).add(name)
    found |= sure
    found |= unsure
    return found, unsure - sure


def _beside(said: Sequence[Chunk], at: int) -> list[tuple[int, Phrases, tuple[int, ...]]]:
    """List where the other word of a chunk's phrases may stand, with the first word's chunk."""
    chunk = said[at]
    beside = [(at, chunk.behind, said[at + 1].names), (at - 1, chunk.before, said[at - 1].names)]
    if chunk.width > 1:
        beside += [(at, chunk.behind, chunk.names), (at, chunk.before, chunk.names)]
    return beside  # before the first chunk stands the last, which ends a field


def _are_plain(said: Sequence[Chunk], at: int, words: Sequence[int]) -> bool:
    """Tell whether chunks take a position each, so that words in them are words in a row."""
    return all(chunk.width == 1 for chunk in said[at : at + len(words) + 1])


def _follow(said: Sequence[Chunk], at: int, words: Sequence[int]) -> bool:
    """Tell whether words may follow the one in a chunk, in it or in those behind it."""
    places = {at}
    for word in words:
        within = {p for p in places if said[p].width > 1 and word in said[p].names}
        places = within | {p + 1 for p in places if word in said[p + 1].names}
    return bool(places)
