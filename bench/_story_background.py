"""Count the background table: in what share of news each term stands, in every language.

English is counted over articles, so is Urdu. Of other languages there are no articles that may be
used, but there are lists: stop words, the commonest words, the names of days and months. Without
them every "según" and "Dienstag" would be as telling as a name.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import justext
import stopwordsiso
from babel import Locale, UnknownLocaleError

from monitor.group.words import cut, fold

MIN_SHARE = 0.003
MIN_URDU_SHARE = 0.02  # four articles of 200
MAX_CHARS = 2_500  # of an article
# shares that are assumed: a stop word says nothing, a common word little
STOP_SHARE = 0.3
COMMON_SHARE = 0.03
LONGEST_LIST = 1_000  # words; longer lists of "common" words hold rare ones
# whose words count in plain letters too; in more languages they would be others' names (Ali)
LATIN = {
    "da": "Danish", "de": "German", "es": "Spanish", "fr": "French", "id": "Indonesian",
    "it": "Italian", "nl": "Dutch", "no": "Norwegian_Bokmal", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "sv": "Swedish", "tr": "Turkish",
}  # fmt: skip
# an English word that is a stop word elsewhere ("die", "la") says nothing if it is rare in English
RARE_SHARE = 0.05
SHORT_CHARS = 2


def background(data: Path) -> dict[str, dict[str, int]]:
    """Give the table: articles of 1,000 that hold a term."""
    shares = _foreign() | _english(data) | _urdu(data)
    stops = Counter(term for language in LATIN for term in _stop_words(language))
    for term, languages in stops.items():
        is_stop = languages > 1 or len(term) <= SHORT_CHARS
        if is_stop and shares.get(term, 0.0) < RARE_SHARE:
            shares[term] = STOP_SHARE
    return {"per_mille": {term: round(1000 * share) for term, share in sorted(shares.items())}}


def _english(data: Path) -> dict[str, float]:
    """Count English terms, as the mean of three kinds of news."""
    corpora: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows(data / "articles" / "articles.jsonl"):
        corpora[row["id"][:3]].append(row["title"] + " " + row["body"])
    for row in _rows(data / "stories" / "fnc-train.jsonl"):
        corpora["fnc"].append(row["text"])
    shares: defaultdict[str, float] = defaultdict(float)
    for texts in corpora.values():
        for term, share in _shares(texts).items():
            shares[term] += share / len(corpora)
    return {t: s for t, s in shares.items() if s >= MIN_SHARE and t.isascii()}


def _urdu(data: Path) -> dict[str, float]:
    rows = _rows(data / "articles" / "urdu.jsonl")
    shares = _shares([row["title"] + " " + row["body"] for row in rows])
    return {t: s for t, s in shares.items() if s >= MIN_URDU_SHARE and not t.isascii()}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    return (json.loads(line) for line in path.read_text("utf-8").splitlines())


def _shares(texts: Sequence[str]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({fold(word) for word in cut(text[:MAX_CHARS])})
    return {t: n / len(texts) for t, n in counts.items() if len(t) > 1 and not t.isdigit()}


def _foreign() -> dict[str, float]:
    """Assume shares for the common words of other languages."""
    shares = {}
    plain = {name: language for language, name in LATIN.items()}
    for name in sorted(justext.get_stoplists() - {"English", "Simple_English"}):
        words = justext.get_stoplist(name)
        if len(words) <= LONGEST_LIST:
            shares |= dict.fromkeys(_terms(words, plain.get(name, "")), COMMON_SHARE)
    languages = sorted(stopwordsiso.langs() - {"en"})
    for language in languages:
        shares |= dict.fromkeys(_terms(_calendar(language), language), COMMON_SHARE)
    for language in languages:
        shares |= dict.fromkeys(_stop_words(language), STOP_SHARE)
    return shares


def _calendar(language: str) -> list[str]:
    """List the names of days and months."""
    try:
        locale = Locale.parse(language)
    except UnknownLocaleError:
        return []
    return [*locale.days["format"]["wide"].values(), *locale.months["format"]["wide"].values()]


def _stop_words(language: str) -> set[str]:
    return _terms(stopwordsiso.stopwords(language), language)


def _terms(phrases: Iterable[str], language: str) -> set[str]:
    """Fold words of a language."""
    terms = {fold(word) for phrase in phrases for word in cut(phrase)}
    return {t for t in terms if t and (language in LATIN or not t.isascii())}
