"""Measure how surely edited copies of articles are found, and how seldom strangers pass for them.

    python bench/copies.py [FILE...] [--json] [--write]

Each FILE holds articles as bench/stories.py reads them; without one: the fnc and basil sets of
the shared data. Of 200 articles of 160 words or more, drawn with a fixed seed, five edited copies
are made. All articles and then all edits are placed by one index at one moment. An edit is found
if it is placed as a copy, excerpt or update of an article of its original's story. A pair is
false if the two articles are of different stories.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stories import SHARED, machine, read_articles

from monitor.group import StoryIndex
from monitor.model.article import Article
from monitor.model.keys import article_key, digest_of
from monitor.model.story import COPIES, Placement

RESULTS = Path(__file__).resolve().parent / "results" / "copies.md"
FILES = ("fnc-train", "fnc-dev", "basil-dev")
EDITED = 200
LEAST_WORDS = 160
SEED = 20
LEAST_FOUND = 0.97
MOST_FALSE = 0.0015

FOOTER = (
    "Sign up for our newsletter to get the best of our reporting every morning. Follow us on "
    "Facebook and Twitter. All rights reserved; this material may not be published, broadcast, "
    "rewritten or redistributed without permission."
)
SYNONYMS = {
    "said": "stated", "says": "states", "told": "informed", "big": "large", "also": "as well",
    "but": "yet", "because": "since", "after": "following", "people": "persons", "new": "fresh",
    "many": "numerous", "show": "display", "shows": "displays", "began": "started",
    "near": "close to", "killed": "slain", "found": "discovered", "get": "obtain",
    "last": "past", "around": "about",
}  # fmt: skip
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def boilerplate(text: str, chance: random.Random) -> str:
    """Put a site's words before and behind."""
    start = chance.choice(("Breaking news", "Read more below", "Share this story with friends"))
    return f"{start}\n\n{text}\n\n{FOOTER}"


def half(text: str, chance: random.Random) -> str:  # noqa: ARG001
    """Keep the first half."""
    words = text.split()
    return " ".join(words[: len(words) // 2])


def quarter(text: str, chance: random.Random) -> str:  # noqa: ARG001
    """Keep the first quarter."""
    words = text.split()
    return " ".join(words[: len(words) // 4])


def update(text: str, chance: random.Random) -> str:
    """Write one sentence of six anew, and say so."""
    out = [
        f"Officials gave figure {chance.randint(2, 99)} in a later note number {i}."
        if chance.random() < 1 / 6
        else sentence
        for i, sentence in enumerate(_SENTENCE.split(text))
    ]
    return "UPDATED " + " ".join(out)


def rewriting(text: str, chance: random.Random) -> str:
    """Drop 6 words of a hundred and put synonyms for some."""
    kept = [word for word in text.split() if chance.random() >= 0.06]
    return " ".join(SYNONYMS.get(word, word) for word in kept)


EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "boilerplate": boilerplate,
    "half": half,
    "quarter": quarter,
    "update": update,
    "light rewriting": rewriting,
}


def edited(article: Article, kind: str, chance: random.Random) -> Article:
    """Make an edited copy as another source would carry it, without a title of its own."""
    body = EDITS[kind](article.body, chance)
    key = article_key(kind, str(article.key))
    source = replace(article.source, key=type(article.source.key)(kind))
    return replace(article, key=key, source=source, body=body, text_hash=digest_of("", body))


def measure(paths: Sequence[Path]) -> dict[str, float]:
    """Place all articles and their edits; give recall by kind and the share of false pairs."""
    labelled = [pair for path in paths for pair in read_articles(path)]
    moment = labelled[0][0].published_at
    labelled = [
        (replace(a, published_at=moment, first_seen_at=moment), story) for a, story in labelled
    ]
    chance = random.Random(SEED)
    long = [pair for pair in labelled if len(pair[0].body.split()) >= LEAST_WORDS]
    chosen = chance.sample(long, min(EDITED, len(long)))
    story_of = {str(article.key): story for article, story in labelled}
    index = StoryIndex()
    placed = [index.place(article, now=moment) for article, _ in labelled]
    results: dict[str, float] = {"articles": len(labelled), "edits of a kind": len(chosen)}
    for kind in EDITS:
        found = 0
        for article, story in chosen:
            copy = edited(article, kind, chance)
            story_of[str(copy.key)] = story
            placed.append(index.place(copy, now=moment))
            found += _is_repeat(placed[-1]) and story_of[str(placed[-1].nearest)] == story
        results[f"found: {kind}"] = found / len(chosen)
    repeats = [one for one in placed if _is_repeat(one)]
    false = sum(story_of[str(one.article)] != story_of[str(one.nearest)] for one in repeats)
    return results | {"pairs": len(repeats), "false pairs": false / max(1, len(repeats))}


def _is_repeat(placement: Placement) -> bool:
    return placement.relation in COPIES and placement.nearest is not None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a figure misses its floor."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    options = parser.parse_args(arguments)
    results = measure(options.files or [SHARED / f"{name}.jsonl" for name in FILES])
    lines = [f"| {name} | {value:.4g} |" for name, value in results.items()]
    table = "\n".join(["| what | measured |", "|---|---|", *lines])
    print(json.dumps(results, indent=1) if options.json else table)
    if options.write:
        RESULTS.write_text(f"# Copies\n\n{machine()}\n\n{table}\n", "utf-8")
    found = [value for name, value in results.items() if name.startswith("found")]
    return int(min(found) < LEAST_FOUND or results["false pairs"] > MOST_FALSE)


if __name__ == "__main__":
    sys.exit(main())
