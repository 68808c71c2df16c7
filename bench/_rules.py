"""Make up watch rules that look like real ones, out of the words of real articles.

Of each rule's terms 2 to 8 are spellings of one name and 1 to 3 tell the context; 75 % exclude
something, 22 % ask for names and context NEAR each other, 8 % hold a wildcard. Two names in five
have two words. The same seed makes the same rules, and the first N of more are the same too.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SEED = 20_260_110
EXCLUDES_SHARE = 0.75
NEAR_SHARE = 0.22
WILDCARD_SHARE = 0.08
TWO_WORDS_SHARE = 0.4
NAMES_IN = (2, 0.03)  # documents at least, share of them at most
CONTEXT_IN = (0.002, 0.08)  # share of the documents, at least and at most
_WORD = re.compile(r"[A-Za-z]{3,}")
_PAIR = re.compile(r"(?<=[a-z,] )([A-Z][a-z]{2,}) ([A-Z][a-z]{2,})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Hold a rule's terms: any of the names, any of the context, near or not, none excluded.

    A term is a word, two words, or a word with `*` at its end. `gap` is None without NEAR.
    """

    names: tuple[str, ...]
    context: tuple[str, ...]
    gap: int | None
    excluded: tuple[str, ...]

    @property
    def query(self) -> str:
        """Write the rule as query text, without what it excludes."""
        operator = "AND" if self.gap is None else f"NEAR/{self.gap}"
        return f"{_any(self.names)} {operator} {_any(self.context)}"


def _any(terms: Sequence[str]) -> str:
    written = [f'"{term}"' if " " in term else term for term in terms]
    return written[0] if len(written) == 1 else f"({' OR '.join(written)})"


def drafts(texts: Sequence[str], count: int, seed: int = SEED) -> Iterator[Draft]:
    """Draw rules from the texts' own words: names stand with a capital, context does not."""
    chance = random.Random(seed)
    names, pairs, context = _vocabulary(texts)
    for _ in range(count):
        wide = chance.random() < WILDCARD_SHARE
        aliases = [
            chance.choice(pairs if chance.random() < TWO_WORDS_SHARE else names)
            for _ in range(chance.randint(2, 8))
        ]
        about = [chance.choice(context) for _ in range(chance.randint(1, 3))]
        if wide:
            about[0] = about[0][: max(4, len(about[0]) - 2)] + "*"
        yield Draft(
            names=tuple(dict.fromkeys(aliases)),
            context=tuple(dict.fromkeys(about)),
            gap=chance.randint(3, 15) if chance.random() < NEAR_SHARE else None,
            excluded=(chance.choice(context),) if chance.random() < EXCLUDES_SHARE else (),
        )


def _vocabulary(texts: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """List the words that look like names, pairs of these, and common words of the press."""
    total: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for text in texts:
        words = set(_WORD.findall(text))
        total.update(words)
        capital.update(word for word in words if word[0].isupper())
        pairs.update({f"{a} {b}" for a, b in _PAIR.findall(text)})
    least, most = NAMES_IN[0], NAMES_IN[1] * len(texts)
    names = [w for w, n in capital.items() if least <= n <= most and not total[w.lower()]]
    low, high = (share * len(texts) for share in CONTEXT_IN)
    context = [w for w, n in total.items() if low <= n <= high and w.islower() and len(w) > 3]
    return sorted(names), sorted(p for p, n in pairs.items() if n >= least), sorted(context)
