"""Cut a text into words and fold them, lightly.

Words fold as they do for the matcher, but they are cut by one regular expression, without the
positions, variants and offsets that only matching needs: that costs a fifth of a full reading.
English endings come off besides, since reports of one event inflect the same words otherwise.
"""

from __future__ import annotations

import re
from functools import lru_cache

from monitor.text.folding import fold as text_fold

MAX_WORD_CHARS = 40

# \w lacks combining marks: without these blocks Hindi, Arabic with vowels and Thai fall apart
_WORD = re.compile(
    r"[\w\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    r"\u0900-\u0963\u0966-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17d3]+(?:['’]\w+)*"
)
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_ENDINGS = (("ies", 5, "y"), ("ing", 6, ""), ("ed", 5, ""), ("es", 5, ""), ("s", 4, ""))


def cut(text: str) -> list[str]:
    """Cut a text into words as written; scripts without spaces give pairs of characters."""
    words = _WORD.findall(_LINK.sub(" ", text))
    if text.isascii() or not _SPACELESS.search(text):
        return words
    return [part for word in words for part in _pairs(word)]


def _pairs(word: str) -> list[str]:
    if not _SPACELESS.search(word):
        return [word]
    return [word[i : i + 2] for i in range(max(1, len(word) - 1))]


@lru_cache(maxsize=32_768)
def fold(word: str) -> str:
    """Fold case, accents, Arabic letter forms and English endings.

    Gives "" for numbers and single letters, which say nothing alone. Words are cut at 40
    characters: longer ones are no words.
    """
    word = text_fold(word[:MAX_WORD_CHARS]).strip("_").removesuffix("'s").replace("'", "")
    if len(word) < 2 or word.isdigit():
        return ""
    return stem(word) if word.isascii() else word


def stem(word: str) -> str:
    """Take an English ending off: offices and office give "offic", planned and plans "plan"."""
    for ending, least, instead in _ENDINGS:
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            word = word[: -len(ending)] + instead
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "ls":
        return word[:-1]
    return word[:-1] if len(word) > 4 and word[-1] == "e" else word


@lru_cache(maxsize=4_096)
def skeleton(term: str) -> str:
    """Keep a folded name's consonants: Haque and Haq give "hq", Mohammed and Muhammad "mmd".

    Names in other scripts, and those of one consonant, give "".
    """
    if not term.isascii():
        return ""
    kept = term[:1] + "".join(c for c in term[1:] if c not in "aeiouyhw")
    for spelt, said in (("ck", "k"), ("c", "k"), ("ph", "f"), ("z", "s")):
        kept = kept.replace(spelt, said)
    merged = "".join(c for i, c in enumerate(kept) if i == 0 or c != kept[i - 1])
    return merged if len(merged) > 1 else ""


def numbers(text: str) -> list[str]:
    """List the numbers of two digits or more, without separators and without years."""
    found = (n.replace(",", "").replace(".", "") for n in _NUMBER.findall(text))
    return [n for n in found if 1 < len(n) < 16 and not (len(n) == 4 and n[:2] in ("19", "20"))]
