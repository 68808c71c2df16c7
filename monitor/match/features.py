"""Gather the features that rules ask for from what the chunks of an article mean."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import compress, count

from monitor.match.chunks import EMPTY, Chunk, Phrases


def features(said: Sequence[Chunk]) -> tuple[set[int], set[int]]:
    """Gather the wanted features of chunks in a row: one that is there is never missed.

    Behind all of them come those that are not sure: phrases that reach into a compound, or into a
    text without spaces. The last chunk is the end of a field.
    """
    distinct = set(said)
    found = set().union(*[chunk.names for chunk in distinct])
    opening = _opening(distinct)
    if not opening:
        return found, set()
    if EMPTY in distinct:
        said = [chunk for chunk in said if chunk is not EMPTY]
    sure: set[int] = set()
    unsure: set[int] = set()
    for at in compress(count(), map(opening.__contains__, said)):
        for first, phrases, forms in _beside(said, at):
            for form in forms:
                for words, name in phrases.get(form, ()):
                    if len(words) == 1 and said[first].width == said[first + 1].width == 1:
                        sure.add(name)
                    elif _follow(said, first, words):
                        (sure if _are_plain(said, first, words) else unsure).add(name)
    found |= sure
    found |= unsure
    return found, unsure - sure


def _opening(distinct: Iterable[Chunk]) -> set[Chunk]:
    """Find the chunks at which phrases are looked for, and whose other word is there too."""
    looked = [chunk for chunk in distinct if chunk.others]
    if not looked:
        return set()
    forms = set().union(*[chunk.forms for chunk in distinct if chunk.forms])
    return {chunk for chunk in looked if not forms.isdisjoint(chunk.others)}


def _beside(said: Sequence[Chunk], at: int) -> list[tuple[int, Phrases, Collection[str]]]:
    """List where the other word of a chunk's phrases may stand, with the first word's chunk."""
    chunk = said[at]
    beside = [(at, chunk.behind, said[at + 1].forms), (at - 1, chunk.before, said[at - 1].forms)]
    if chunk.width > 1:
        beside += [(at, chunk.behind, chunk.forms), (at, chunk.before, chunk.forms)]
    return beside  # before the first chunk stands the last, which ends a field


def _are_plain(said: Sequence[Chunk], at: int, words: Sequence[str]) -> bool:
    """Tell whether chunks take a position each, so that words in them are words in a row."""
    return all(chunk.width == 1 for chunk in said[at : at + len(words) + 1])


def _follow(said: Sequence[Chunk], at: int, words: Sequence[str]) -> bool:
    """Tell whether words may follow the one in a chunk, in it or in those behind it."""
    places = {at}
    for word in words:
        within = {p for p in places if said[p].width > 1 and word in said[p].forms}
        places = within | {p + 1 for p in places if word in said[p + 1].forms}
    return bool(places)
