"""Measure what it costs to match documents against many rules.

    python bench/match.py [--docs FILE] [--rules N] [--json] [--keep] [--rivals]

FILE holds JSON Lines, {id, title, body}; rules are made up of its words (see _rules.py). Without
--rules the whole series is measured, each in a process of its own. One thread, CPU time.

us_per_doc      from an article to the rules that match it (`Engine.match`, which the product
                calls): the median of the rounds, each the mean over the documents; what a first
                pass learns is known. This is what other matchers measure of themselves
told_us_per_doc the same, and what each of these rules found, with its places (`told`): what the
                product stores. It looks for these in the articles that match, and nowhere else
yardstick_us    `re.findall(r"\\w+", text)` on title and body, measured in turns with the matcher
yardsticks      the median over the rounds of the quotient of us_per_doc; told_yardsticks likewise
first_us        the same as us_per_doc in the first pass of all, where every word is new
build_s         `Engine(rules)` from rules that are loaded (median of three)
rss_mb          what the process grew by that engine and by all it learned from the documents
parse_s         query text to trees, before the build; `rules_mb` what these trees take; neither is
                in build_s and rss_mb, since rules are held whatever matches them
swap_pause_ms   the longest that another thread, which asks every millisecond, had to wait while an
                engine was built and put in the old one's place
matches_per_doc how many rules match a document on average
re_us, aho_us   (--rivals) one compiled `re` a rule, up to 500 rules; an Aho-Corasick automaton
                over all terms of all rules (pyahocorasick), then the same verdict from what it
                found. Both read plain text alone: no folding, no variants, no findings.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from _lab import ROOT, show
from _rivals import AhoMatcher, ReMatcher
from _rules import Draft, drafts

from monitor.match.engine import Engine
from monitor.match.matched import told
from monitor.match.query import parse_query
from monitor.match.tree import LoadedRule, Node
from monitor.model.article import Article, TextState
from monitor.model.keys import ArticleKey, Revision, RuleId, SourceKey
from monitor.model.rule import Rule
from monitor.model.source import Source

SHARED = Path(os.environ.get("MONITOR_TEST_SHARED", ROOT.parent / "shared"))
DOCS = SHARED / "data" / "articles" / "articles.jsonl"
SERIES = (50, 500, 1_000, 10_000, 100_000)
ROUNDS = 5
ROUND_SECONDS = 1.5  # of the matcher: so many documents are taken as fit in
BLOCK = 25  # documents between two turns
MAX_RE_RULES = 500
RIVAL_DOCS = 15
NOW = datetime(2026, 1, 10, tzinfo=UTC)


def read_articles(path: Path) -> list[Article]:
    """Read the documents into articles."""
    with path.open(encoding="utf-8") as lines:
        return [_article(json.loads(line)) for line in lines if line.strip()]


def _article(row: dict[str, str]) -> Article:
    return Article(
        key=ArticleKey(row["id"]),
        feed="bench",
        source=Source(key=SourceKey("bench"), name="Bench"),
        url="",
        canonical_url="",
        title=row["title"],
        body=row["body"],
        lang="en",
        published_at=NOW,
        first_seen_at=NOW,
        fetched_at=NOW,
        text_state=TextState.FULL,
        text_hash="",
    )


def loaded(at: int, draft: Draft) -> LoadedRule:
    """Parse a made-up rule."""
    rule_id = RuleId(f"rule-{at}")
    return LoadedRule(
        rule=Rule(id=rule_id, title=draft.names[0], tell=(), revision=Revision(str(at))),
        query=_parsed(draft.query),
        exclude=tuple(_parsed(term) for term in draft.excluded),
    )


def _parsed(query: str) -> Node:
    node = parse_query(query).node
    assert node is not None, query
    return node


def measure(articles: Sequence[Article], made: Sequence[Draft]) -> dict[str, float]:
    """Measure one number of rules."""
    start = time.thread_time()
    before = resident_mb()
    rules = [loaded(at, draft) for at, draft in enumerate(made)]
    parse_s = time.thread_time() - start
    rules_mb = resident_mb() - before
    engine, rss_mb, first_us = _first_pass(rules, articles)
    texts = [f"{article.title}\n{article.body}" for article in articles]
    taken = min(len(articles), max(BLOCK, int(ROUND_SECONDS * 1e6 / first_us)))
    rounds = [_round(engine, articles[-taken:], texts[-taken:], at) for at in range(ROUNDS)]
    own, both, yard = (tuple(times) for times in zip(*rounds, strict=True))
    return {
        "rules": len(rules),
        "us_per_doc": round(statistics.median(own), 1),
        "told_us_per_doc": round(statistics.median(both), 1),
        "yardstick_us": round(statistics.median(yard), 1),
        "yardsticks": _quotient(own, yard),
        "told_yardsticks": _quotient(both, yard),
        "first_us": round(first_us, 1),
        "build_s": round(_build_seconds(rules), 3),
        "rss_mb": round(rss_mb, 1),
        "parse_s": round(parse_s, 2),
        "rules_mb": round(rules_mb, 1),
        "swap_pause_ms": round(_swap_pause_ms(engine, rules, articles), 1),
        "matches_per_doc": round(
            sum(len(engine.match(article)) for article in articles[-taken:]) / taken, 3
        ),
        "documents": taken,
        "always": engine.always_count,
    }


def _first_pass(
    rules: Sequence[LoadedRule], articles: Sequence[Article]
) -> tuple[Engine, float, float]:
    """Build an engine and show it all documents; give its memory and the time of each of them."""
    before = resident_mb()
    engine = Engine(rules)
    start = time.thread_time()
    for article in articles:
        engine.match(article)
    first_us = (time.thread_time() - start) / len(articles) * 1e6
    return engine, resident_mb() - before, first_us


def _round(
    engine: Engine, articles: Sequence[Article], texts: Sequence[str], number: int
) -> tuple[float, ...]:
    """Let the matcher, the matcher that tells, and the yardstick take turns.

    Give the CPU time of each, us a document; who begins changes from round to round.
    """
    works: list[tuple[Callable[[Any], object], Sequence[object]]] = [
        (engine.match, articles),
        (lambda article: told(engine.match(article)), articles),
        (re.compile(r"\w+").findall, texts),
    ]
    spent = [0.0] * len(works)
    for at in range(0, len(articles), BLOCK):
        for turn in range(len(works)):
            who = (turn + number) % len(works)
            work, given = works[who]
            start = time.thread_time()
            for one in given[at : at + BLOCK]:
                work(one)
            spent[who] += time.thread_time() - start
    return tuple(seconds / len(articles) * 1e6 for seconds in spent)


def _quotient(some: Sequence[float], yard: Sequence[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(some, yard, strict=True)), 2)


def _build_seconds(rules: Sequence[LoadedRule]) -> float:
    taken = []
    for _ in range(3):
        start = time.thread_time()
        Engine(rules)
        taken.append(time.thread_time() - start)
    return statistics.median(taken)


def _swap_pause_ms(
    engine: Engine, rules: Sequence[LoadedRule], articles: Sequence[Article]
) -> float:
    """Look for the longest wait of a thread while another one builds and swaps."""
    current = [engine]

    def swap() -> None:
        current[0] = Engine(rules)
        current[0].match(articles[0])

    builder = threading.Thread(target=swap)
    longest, last = 0.0, time.perf_counter()
    builder.start()
    while builder.is_alive():
        time.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    builder.join()
    return longest * 1e3


def measure_rivals(articles: Sequence[Article], made: Sequence[Draft]) -> dict[str, float]:
    """Measure the two obvious ways on a few documents."""
    texts = [f"{article.title}\n{article.body}" for article in articles[-RIVAL_DOCS:]]
    aho = AhoMatcher(made)
    found = {"aho_us": _median_us(aho.match, texts), "aho_build_s": round(aho.build_s, 2)}
    if len(made) <= MAX_RE_RULES:
        found["re_us"] = _median_us(ReMatcher(made).match, texts)
    return found


def _median_us(match: Callable[[str], object], texts: Sequence[str]) -> float:
    taken = []
    for _ in range(2):
        start = time.thread_time()
        for text in texts:
            match(text)
        taken.append((time.thread_time() - start) / len(texts) * 1e6)
    return round(statistics.median(taken), 1)


def resident_mb() -> float:
    """Give the memory that this process occupies, garbage collected."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure_apart(docs: Path, rules: int, *, rivals: bool) -> dict[str, float]:
    """Measure in a process of its own, so that no other's memory is in its figures."""
    command = [sys.executable, __file__, "--docs", str(docs), "--rules", str(rules), "--json"]
    output = subprocess.run(
        command + ["--rivals"] * rivals, check=True, capture_output=True, text=True
    ).stdout
    return dict(json.loads(output))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one number of rules, or the series."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--docs", type=Path, default=DOCS, help="JSON Lines: {id, title, body}")
    parser.add_argument("--rules", type=int, help=f"how many; without it {SERIES}")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--keep", action="store_true", help="keep them in bench/results")
    parser.add_argument("--rivals", action="store_true", help="measure two other ways as well")
    options = parser.parse_args(arguments)
    if options.rules is None:
        runs = [measure_apart(options.docs, n, rivals=options.rivals) for n in SERIES]
        figures: dict[str, object] = {"docs": options.docs.name, "runs": runs}
    else:
        articles = read_articles(options.docs)
        made = list(drafts([f"{a.title}\n{a.body}" for a in articles], options.rules))
        figures = dict(measure(articles, made))
        if options.rivals:
            figures |= measure_rivals(articles, made)
    show("match", figures, as_json=options.json, is_kept=options.keep)
    return 0


if __name__ == "__main__":
    sys.exit(main())
