"""Cut texts into chunks, what stands between white space, and say what one means to the rules."""

from __future__ import annotations

import re

BREAK = "\0"
"""The chunk that ends a paragraph or a field."""

_PARAGRAPH_END = re.compile(r"\n\s*\n")
_SPACED_BREAK = f" {BREAK} "

Phrases = dict[int, list[tuple[tuple[int, ...], int]]]
"""By one of a phrase's first two words: all its words but the first, and the phrase, by number."""
NO_PHRASES: Phrases = {}
NamePlace = tuple[int, int, int]


class Chunk:
    """Be what a chunk means to the rules; compared by identity, shared by chunks that mean it too.

    `names` are the numbers of its features. A phrase is looked for at the rarer of its first two
    words: `behind` are the phrases that a name may begin, by the word behind it, `before` those
    whose second word it may be, by the word before; `others` are these words. A chunk takes
    `width` positions; if that is not one, `places` says which of them each name has: (name, first,
    how many).
    """

    __slots__ = ("before", "behind", "names", "others", "places", "width")

    def __init__(
        self,
        names: tuple[int, ...] = (),
        *,
        behind: Phrases = NO_PHRASES,
        before: Phrases = NO_PHRASES,
        width: int = 1,
        places: tuple[NamePlace, ...] = (),
    ) -> None:
        self.names = names
        self.behind = behind
        self.before = before
        self.others = (*behind, *before)
        self.width = width
        self.places = places


ENDING = Chunk(width=0)
"""What a BREAK means."""
EMPTY = Chunk(width=0)
"""What a dash between spaces means: it takes no position at all."""
NOTHING = Chunk()
"""What most chunks mean: one position, and no more."""


def cut(text: str) -> list[str]:
    """Cut a field into chunks; a BREAK stands behind each paragraph."""
    if BREAK in text:
        text = text.replace(BREAK, "\1")  # which means as little
    newlines = text.count("\n")
    if newlines and newlines == 2 * text.count(
        "\n\n"
    ):  # as articles are kept: a tenth of the time
        text = text.replace("\n\n", _SPACED_BREAK)
    elif newlines:
        text = _PARAGRAPH_END.sub(_SPACED_BREAK, text)
    chunks = text.split()
    chunks.append(BREAK)
    return chunks
