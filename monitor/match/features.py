"""Gather the features that rules ask for from what the chunks of an article mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, count

from monitor.match.chunks import EMPTY, Chunk


def features(said: Sequence[Chunk]) -> tuple[set[str], set[str]]:
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
    sure: set[str] = set()
    unsure: set[str] = set()
    for at in compress(count(), map(opening.__contains__, said)):
        for first, words, name in _begun(said, at):
            if len(words) == 1 and said[first].width == said[first + 1].width == 1:
                sure.add(name)
            elif _follow(said, first, words):
                is_plain = all(chunk.width == 1 for chunk in said[first : first + len(words) + 1])
                (sure if is_plain else unsure).add(name)
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


def _begun(said: Sequence[Chunk], at: int) -> Iterator[tuple[int, tuple[str, ...], str]]:
    """List the phrases whose first two words stand at a chunk and beside it, or both in it.

    Each is the chunk of its first word, its further words, and its feature.
    """
    chunk = said[at]
    if chunk.behind:
        for form in said[at + 1].forms:
            for words, name in chunk.behind.get(form, ()):
                yield at, words, name
    if chunk.before:
        for form in said[at - 1].forms:  # before the first stands the end
            for words, name in chunk.before.get(form, ()):
                yield at - 1, words, name
    if chunk.width > 1:
        for form in chunk.forms:
            for words, name in (*chunk.behind.get(form, ()), *chunk.before.get(form, ())):
                yield at, words, name


def _follow(said: Sequence[Chunk], at: int, words: Sequence[str]) -> bool:
    """Tell whether words may follow the one in a chunk, in it or in those behind it."""
    places = {at}
    for word in words:
        within = {p for p in places if said[p].width > 1 and word in said[p].forms}
        places = within | {p + 1 for p in places if word in said[p + 1].forms}
    return bool(places)
