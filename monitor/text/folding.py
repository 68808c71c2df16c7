"""Fold words so that spellings of one word become equal.

Case and compatibility forms go everywhere; accents go from Latin and Greek bases only (plain NFKD
would turn й into и); Arabic script loses vowel signs and tatweel and joins its look-alike letters;
digits of every script become ASCII.
"""

from __future__ import annotations

import unicodedata

import regex

IGNORED = "\u00ad\u061c\u200d\u200e\u200f\u2060\u202a-\u202e\u2066-\u2069\ufeff"
"""Characters that stand inside words without meaning, as the inside of a character class."""

APOSTROPHES = "'\u2019\u02bc\uff07"
HYPHENS = "\\-\u2010\u2011"

_IGNORED = regex.compile(f"[{IGNORED}\u200c]+")
_ACCENTED = regex.compile(r"([\p{Latin}\p{Greek}])\p{M}+")
_DIGIT = regex.compile(r"(?![0-9])\p{Nd}")
_HARAKAT = regex.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06ed]+")
_LETTERS = str.maketrans(
    {
        # Latin letters that NFKD leaves whole
        "ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe",
        # one Cyrillic pair that the press itself mixes freely
        "ё": "е",
        # Arabic script: keyboards of Arabic, Persian and Urdu spell one letter in several ways
        "ي": "ی", "ى": "ی", "ې": "ی", "ك": "ک", "ڪ": "ک",
        "ه": "ہ", "ة": "ہ", "ۂ": "ہ", "ۀ": "ہ", "ە": "ہ", "ۃ": "ہ", "ۓ": "ے",
        "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ؤ": "و",
        "\u066b": ".", "\u066c": "",  # the decimal and the thousands sign beside Arabic digits
        "\u2019": "'", "\u02bc": "'", "\uff07": "'", "\u2010": "-", "\u2011": "-",
    }
)  # fmt: skip


def plain(word: str) -> str:
    """Give a word in NFKC without soft hyphens, joiners and direction marks; case stays."""
    if word.isascii():
        return word
    text = unicodedata.normalize("NFKC", _IGNORED.sub("", word))
    for apostrophe in APOSTROPHES[1:]:
        text = text.replace(apostrophe, "'")
    return _one_word(text, word)


def fold(word: str) -> str:
    """Fold a word: case, accents, look-alike letters, digits; idempotent.

    The length may change (ß becomes ss). Hyphens and apostrophes become the ASCII ones.
    """
    if word.isascii():
        return word.lower()
    text = unicodedata.normalize("NFKC", plain(word).casefold())
    text = unicodedata.normalize("NFD", text.replace("\u06cc\u0654", "\u0626"))
    text = _ACCENTED.sub(r"\1", text)
    text = unicodedata.normalize("NFC", text).translate(_LETTERS)
    text = _HARAKAT.sub("", text)
    # a digit newer than this Python's Unicode stays as it is
    text = _DIGIT.sub(lambda hit: str(unicodedata.digit(hit.group(), hit.group())), text)
    return _one_word(text, word)


def _one_word(text: str, word: str) -> str:
    """Take out the spaces that NFKC writes where a letter had none (ﷺ is a sentence)."""
    return text if " " in word else text.replace(" ", "")
