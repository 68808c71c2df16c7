"""Find the title in a text that does not mark it."""

from __future__ import annotations

import re

_MAX_HEADING_WORDS = 15
_MIN_HEADING_WORDS = 3  # "Karachi" or "By Ali" stand alone too, and are no titles
_MIN_CAPITALISED = 0.7
_CLOSING = ".,:;…۔،؛"
_CAPTION_DASH = re.compile(r"\s[—–-]{1,2}\s|^[—–-]|[—–]$")
_BYLINE = re.compile(
    r"(?:by|from|photo|image|source|updated|published|read more)\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_][\w'’.&-]*")


def split_heading(text: str) -> tuple[str, str]:
    """Split a clean text into its first heading-like line and the rest; ("", text) without one.

    A heading stands in a paragraph of its own, anywhere. It is taken out of the text, so that a
    phrase in it is found once, in the title.
    """
    paragraphs = text.split("\n\n")
    for place, paragraph in enumerate(paragraphs):
        if is_heading(paragraph.strip(), is_first=place == 0) and len(paragraphs) > 1:
            rest = "\n\n".join(paragraphs[:place] + paragraphs[place + 1 :])
            return paragraph.strip(), rest
    return "", text


def is_heading(line: str, *, is_first: bool) -> bool:
    """Tell whether a line reads like a headline.

    At most 15 words, 70 % of them capitalised, no closing full stop, no caption dash. Words of a
    script without capitals count as capitalised in the first line only.
    """
    if "\n" in line or len(line) > 250 or line[-1:] in _CLOSING or _CAPTION_DASH.search(line):
        return False
    words = [word for word in _WORD.findall(line) if word[0].isalpha()]
    if not _MIN_HEADING_WORDS <= len(words) <= _MAX_HEADING_WORDS or _BYLINE.match(line):
        return False
    capitalised = sum(_is_capitalised(word, is_first=is_first) for word in words)
    return capitalised >= _MIN_CAPITALISED * len(words)


def _is_capitalised(word: str, *, is_first: bool) -> bool:
    first = word[0]
    has_no_case = first.lower() == first.upper()
    return is_first if has_no_case else first.isupper()
