"""Suggest words for a rule from what an archive holds: other spellings, and neighbours."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.match.common_words import COMMON_WORDS

MIN_SPELLING_CHARS = 4
"""A shorter word has too many words beside it."""
LONG_CHARS = 8
"""From here on two letters may differ, not one."""
MAX_SPELLINGS = 8
MAX_NEIGHBOURS = 15
MIN_TOGETHER = 3
"""In how many matching articles a neighbour stands at least."""
MIN_SURPRISE = 10.83
"""Of log-likelihood (G2): as rare as one in a thousand, if the words had nothing to do with each
other."""

_VOWELS = re.compile(r"[aeiouyw']+")
_DOUBLED = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Be a word to paste into a rule, and in how many archived articles it stands.

    `beside` is the rule's own word, "" for a neighbour; `together` counts a neighbour's articles
    that the rule matches, and `surprise` is its log-likelihood.
    """

    word: str
    articles: int
    beside: str = ""
    together: int = 0
    surprise: float = 0.0


def spellings(terms: Iterable[str], vocabulary: Mapping[str, int]) -> list[Suggestion]:
    """List words that look or sound like a rule's words and are not among them."""
    own = set(terms)
    found: list[Suggestion] = []
    for term in sorted(own):
        if len(term) < MIN_SPELLING_CHARS or not term.isalpha():
            continue
        alike = [
            Suggestion(word=word, articles=count, beside=term)
            for word, count in vocabulary.items()
            if word not in own and _is_alike(term, word)
        ]
        alike.sort(key=lambda one: (-one.articles, one.word))
        found += alike[:MAX_SPELLINGS]
    return found


def neighbours(
    matching: Iterable[frozenset[str]],
    vocabulary: Mapping[str, int],
    *,
    articles: int,
    own: frozenset[str],
) -> list[Suggestion]:
    """List words that stand in matching articles more often than elsewhere (Dunning's G2).

    `matching` are the words of each article that the rule matches; `own` are the rule's.
    """
    together: Counter[str] = Counter()
    hits = 0
    for words in matching:
        hits += 1
        together.update(words)
    found = [
        Suggestion(word=word, articles=all_with, together=both, surprise=round(surprise, 1))
        for word, both in together.items()
        if both >= MIN_TOGETHER and word not in own and _tells(word)
        if both * articles > (all_with := max(both, vocabulary.get(word, 0))) * hits
        if (surprise := log_likelihood(both, hits, all_with, articles)) >= MIN_SURPRISE
    ]
    return sorted(found, key=lambda one: (-one.surprise, one.word))[:MAX_NEIGHBOURS]


def log_likelihood(both: int, hits: int, all_with: int, articles: int) -> float:
    """Give G2 of a word in `both` of `hits` matching articles, and in `all_with` of all."""
    observed = (both, hits - both, all_with - both, articles - hits - all_with + both)
    shares = (all_with / articles, 1 - all_with / articles)
    others = articles - hits
    expected = (hits * shares[0], hits * shares[1], others * shares[0], others * shares[1])
    return 2 * sum(
        seen * math.log(seen / thought)
        for seen, thought in zip(observed, expected, strict=True)
        if seen > 0 and thought > 0
    )


def _tells(word: str) -> bool:
    return len(word) > 2 and word.isalpha() and word not in COMMON_WORDS


def _is_alike(term: str, word: str) -> bool:
    if not word or word[0] != term[0] or not word.isalpha():
        return False
    far = 2 if len(term) >= LONG_CHARS else 1
    if abs(len(word) - len(term)) <= far and distance(term, word, far) <= far:
        return True
    skeleton = _skeleton(term)
    return len(skeleton) > 1 and abs(len(word) - len(term)) <= 2 and skeleton == _skeleton(word)


def _skeleton(word: str) -> str:
    """Give what is left of a name however it is transliterated: Haque, Haq, Huq."""
    return word[0] + _DOUBLED.sub(r"\1", _VOWELS.sub("", word[1:]))


def distance(one: str, other: str, limit: int) -> int:
    """Count the letters to change, add, drop or swap with the next; over `limit` is enough."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        earlier, before, row = before, row, [at]
        for place, against in enumerate(other, 1):
            cost = min(
                row[place - 1] + 1, before[place] + 1, before[place - 1] + (letter != against)
            )
            is_swap = at > 1 and place > 1 and (letter, against) == (other[place - 2], one[at - 2])
            row.append(min(cost, earlier[place - 2] + 1) if is_swap else cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
