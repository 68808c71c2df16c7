"""Reduce words to their stems (Snowball), in the languages that have a stemmer."""

from __future__ import annotations

from functools import cache, lru_cache

import Stemmer

from monitor.text.folding import fold

_NAMES = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german",
    "el": "greek", "en": "english", "eo": "esperanto", "es": "spanish", "et": "estonian",
    "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish",
    "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian",
    "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "st": "sesotho", "sv": "swedish", "ta": "tamil", "tr": "turkish",
    "yi": "yiddish",
}  # fmt: skip
UNKNOWN = "en"
"""The language of texts of which none is known."""
MAX_STEMMED_CHARS = 64
"""Longer tokens are no words of a language."""


def has_stems(lang: str) -> bool:
    """Tell whether a language, given by its primary subtag, has a stemmer."""
    return lang in _NAMES


@lru_cache(maxsize=1_000)
def primary(lang: str | None) -> str:
    """Give the primary subtag of a language by whose rules to stem; unknown is English."""
    subtag = (lang or "").lower().replace("_", "-").split("-")[0]
    return UNKNOWN if subtag in ("", "und") else subtag


@lru_cache(maxsize=32_768)
def stem(word: str, lang: str) -> str:
    """Give the folded stem of a word in lower case with its accents; `lang` is a primary subtag.

    Without a stemmer for the language it is the word, folded.
    """
    name = _NAMES.get(lang)
    if name is None or len(word) > MAX_STEMMED_CHARS:
        return fold(word)
    return fold(_stemmer(name).stemWord(word))


@cache
def _stemmer(name: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(name, 0)  # without a cache of its own: ours is bounded
