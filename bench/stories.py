"""Measure how well articles are grouped into stories, beside three simple ways of doing it.

    python bench/stories.py [FILE...] [--json] [--assignments OUT] [--write]

Each FILE holds one article a line as JSON: {id, source, title, text, published_at, story, set}.
The articles of a file are placed in order of time, by a new index. Without a FILE: the dev sets
and the seed suite of the shared data (MONITOR_TEST_SHARED, else ../shared). The seed suite is
placed in other orders too, and its look-alikes counted that stay apart. OUT gets one line an
article, {"id", "story"}: where the product's own grouping put it.

The other ways: equal titles, SimHash, and the cosine to a TF-IDF centroid. That one is given the
threshold which does best on the very file, the mean of B-cubed and pair F counted.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _story_rivals import CENTROID_THRESHOLDS, Labels, by_centroid, by_simhash, by_title
from _story_times import at_one_moment, reshuffled, undated

from monitor.group import StoryIndex
from monitor.group.parts import Parts
from monitor.group.twins import Twins
from monitor.model.article import Article, Origin, Precision, TextState
from monitor.model.keys import ArticleKey, SourceKey, StoryId, article_key, digest_of
from monitor.model.source import Source
from monitor.model.story import Relation
from monitor.pipeline.place import REGROUP_PAUSE

Way = Callable[[Sequence[Article]], Labels]
RESULTS = Path(__file__).resolve().parent / "results" / "stories.md"
RUNS = 3  # of each way, the best counts; ways take turns in being first
SHUFFLES = 1_000
RESHUFFLES = 2
BY_TIME = "B-cubed F / pair F if the starts of stories are exchanged, and without time:"
SUITE = "seed-suite"
ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MONITOR_TEST_SHARED", ROOT.parent / "shared")) / "data/stories"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Hold what is measured of one way on one file."""

    b3_precision: float
    b3_recall: float
    b3_f: float
    pair_precision: float
    pair_recall: float
    pair_f: float
    nmi: float
    ari: float
    clusters: int
    stories: int
    per_second: float


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a file's lines, in order of time."""
    # not splitlines(): texts may hold U+2028, which JSON need not escape
    rows = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
    return sorted(rows, key=lambda row: (moment_of(row), row["id"]))


def moment_of(row: dict[str, str]) -> datetime:
    """Give when an article was published; a moment without a zone is UTC."""
    at = datetime.fromisoformat(row["published_at"])
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def read_articles(path: Path) -> list[tuple[Article, str]]:
    """Read a file into articles with their true stories, in order of time."""
    return [(article_of(row), str(row["story"])) for row in read_rows(path)]


def article_of(row: dict[str, str]) -> Article:
    """Build an article; a moment of exactly midnight is a date alone."""
    at = moment_of(row)
    is_day = (at.hour, at.minute, at.second) == (0, 0, 0)
    name = row.get("source") or row["id"]
    title, body = row.get("title") or "", row.get("text") or ""
    return Article(
        key=article_key(name, row["id"]),
        feed=name,
        source=Source(key=SourceKey(name), name=name),
        url="",
        canonical_url="",
        title=title,
        has_real_title=bool(title),
        body=body,
        published_at=at,
        published_precision=Precision.DAY if is_day else Precision.SECOND,
        first_seen_at=at,
        fetched_at=at,
        text_state=TextState.FULL,
        text_hash=digest_of(title, body),
        origin=Origin.FEED,
    )


def by_index(articles: Sequence[Article]) -> Labels:
    """Group with the product's own index; merge and split stories where it does."""
    index, seats = StoryIndex(), dict[ArticleKey, tuple[StoryId, Relation]]()
    regrouping_from = datetime.min.replace(tzinfo=UTC)
    for article in articles:
        placed = index.place(article, now=article.first_seen_at)
        is_asked = article.key not in seats and article.first_seen_at >= regrouping_from
        found = index.regrouping(placed) if is_asked else None
        if found is not None:
            regrouping_from = article.first_seen_at + REGROUP_PAUSE
            index = regrouped(index, seats, found)
            placed = index.place(article, now=article.first_seen_at)
        seats.setdefault(article.key, (placed.story, placed.relation))
    return [str(seats[article.key][0]) for article in articles]


def regrouped(
    index: StoryIndex, seats: dict[ArticleKey, tuple[StoryId, Relation]], found: Twins | Parts
) -> StoryIndex:
    """Merge two stories into the one opened first, or split one; build the index anew."""
    if isinstance(found, Twins):
        into = next(story for story, _ in seats.values() if story in found.stories)
        moved = {key: into for key, (story, _) in seats.items() if story in found.stories}
    else:
        moved = dict.fromkeys(found.articles, StoryId(f"{found.articles[0]} split off"))
    anew = StoryIndex()
    for key, (story, relation) in seats.items():
        seats[key] = (moved.get(key, story), relation)
        if (kept := index.stored(key)) and (profile := anew.read_stored(kept)):
            anew.restore_all([(profile, *seats[key])])
    return anew


def judge(labels: Labels, truth: Labels, seconds: float) -> Scores:
    """Compare a grouping with the true one."""
    both = Counter(zip(labels, truth, strict=True))
    found, true = Counter(labels), Counter(truth)
    n = len(truth)
    precision = sum(c * c / found[k] for (k, _), c in both.items()) / n
    recall = sum(c * c / true[g] for (_, g), c in both.items()) / n
    pairs = sum(c * (c - 1) / 2 for c in both.values())
    found_pairs = sum(c * (c - 1) / 2 for c in found.values())
    true_pairs = sum(c * (c - 1) / 2 for c in true.values())
    pair_p = pairs / found_pairs if found_pairs else 1.0
    pair_r = pairs / true_pairs if true_pairs else 1.0
    chance = found_pairs * true_pairs / max(1.0, n * (n - 1) / 2)
    mean = (found_pairs + true_pairs) / 2
    mutual = sum(c / n * math.log(c * n / (found[k] * true[g])) for (k, g), c in both.items())
    entropies = _entropy(found, n) + _entropy(true, n)
    return Scores(
        b3_precision=precision,
        b3_recall=recall,
        b3_f=_f(precision, recall),
        pair_precision=pair_p,
        pair_recall=pair_r,
        pair_f=_f(pair_p, pair_r),
        nmi=2 * mutual / entropies if entropies else 1.0,
        ari=(pairs - chance) / (mean - chance) if mean != chance else 1.0,
        clusters=len(found),
        stories=len(true),
        per_second=n / seconds if seconds else 0.0,
    )


def _entropy(counts: Counter[str], n: int) -> float:
    return -sum(c / n * math.log(c / n) for c in counts.values())


def _f(p: float, r: float) -> float:
    return 2 * p * r / (p + r) if p + r else 0.0


def ways_for(articles: Sequence[Article], truth: Labels) -> dict[str, Way]:
    """Name the ways of grouping; the centroid's threshold is the best one for this truth."""

    def worth(threshold: float) -> float:
        scores = judge(by_centroid(articles, threshold), truth, 0.0)
        return scores.b3_f + scores.pair_f

    best = max(CENTROID_THRESHOLDS, key=worth)
    return {
        "index": by_index,
        "tfidf": lambda some: by_centroid(some, best),
        "simhash": by_simhash,
        "title": by_title,
    }


def measure(path: Path) -> tuple[dict[str, Scores], list[tuple[str, str]]]:
    """Group a file in every way; each id with its story by the index comes back beside."""
    rows = read_rows(path)
    articles, truth = [article_of(row) for row in rows], [str(row["story"]) for row in rows]
    ways = ways_for(articles, truth)
    seconds, labels = dict.fromkeys(ways, math.inf), dict[str, Labels]()
    for run in range(RUNS):
        for name in [*ways][:: -1 if run % 2 else 1]:
            start = time.process_time()
            labels[name] = ways[name](articles)
            seconds[name] = min(seconds[name], time.process_time() - start)
    scores = {name: judge(labels[name], truth, seconds[name]) for name in ways}
    return scores, list(zip((row["id"] for row in rows), labels["index"], strict=True))


def look_alikes(path: Path) -> str:
    """Say how many look-alikes stay apart from every other story, in three kinds of order."""
    labelled = read_articles(path)
    chance = random.Random(0)
    ordered = _apart(labelled)
    newest = _apart(labelled[::-1])
    shuffled = [_apart(chance.sample(labelled, len(labelled))) for _ in range(SHUFFLES)]
    of = len({story for _, story in labelled})
    together = sum(seeds for _, seeds in shuffled)
    return (
        f"{path.stem}: look-alikes apart: in order {ordered[0]}/{of}, "
        f"newest first {newest[0]}/{of}, "
        f"worst of {SHUFFLES:,} shuffles {min(apart for apart, _ in shuffled)}/{of}; "
        f"true stories whole in {together} of {SHUFFLES:,} shuffles"
    )


def _apart(labelled: Sequence[tuple[Article, str]]) -> tuple[int, bool]:
    """Count true stories that share no found one with another; tell whether all are whole."""
    labels = by_index([article for article, _ in labelled])
    pairs = set(zip(labels, (story for _, story in labelled), strict=True))
    found = Counter(label for label, _ in pairs)
    mixed = {story for label, story in pairs if found[label] > 1}
    stories = Counter(story for _, story in pairs)
    return len(stories) - len(mixed), max(stories.values()) == 1


def other_times(paths: Sequence[Path]) -> str:
    """Lay out what becomes of B-cubed and pair F when time is taken away, or is another."""
    columns = [
        "set",
        "as it is",
        "starts reshuffled",
        "all at one moment",
        "undated, thirty a poll",
    ]
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for path in paths:
        labelled = read_articles(path)
        shuffled = (reshuffled(labelled, seed) for seed in range(RESHUFFLES))
        cells = []
        for stream in (labelled, *shuffled, at_one_moment(labelled), undated(labelled)):
            found = by_index([article for article, _ in stream])
            scores = judge(found, [story for _, story in stream], 0.0)
            cells.append(f"{scores.b3_f:.3f} / {scores.pair_f:.3f}")
        row = [path.stem, cells[0], ", ".join(cells[1:-2]), *cells[-2:]]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def table(results: dict[str, dict[str, Scores]]) -> str:
    """Lay the results out as a Markdown table."""
    columns = "set|way|B3 P|B3 R|B3 F|pair P|pair R|pair F|NMI|ARI|k|gold|/CPU s|of tfidf"
    head = "| " + " | ".join(columns.split("|")) + " |"
    lines = [head, "|" + "---|" * 14]
    for file, ways in results.items():
        for way, s in ways.items():
            numbers = (s.b3_precision, s.b3_recall, s.b3_f, s.pair_precision)
            numbers += (s.pair_recall, s.pair_f, s.nmi, s.ari)
            cells = [file, way, *(f"{x:.3f}" for x in numbers)]
            lines.append(
                "| "
                + " | ".join([*cells, str(s.clusters), str(s.stories)])
                + f" | {s.per_second:.0f} | {s.per_second / ways['tfidf'].per_second:.2f} |"
            )
    return "\n".join(lines)


def machine() -> str:
    """Name the processor, the Python and the day."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            ln.partition(":")[2].strip()
            for ln in info.read_text().splitlines()
            if "model name" in ln
        ]
        cpu = names[0] if names else cpu
    return f"{cpu}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the files named on the command line, or the dev sets and the seed suite."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--assignments", type=Path, help="write a line for each article here")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    options = parser.parse_args(arguments)
    files = options.files or [*sorted(SHARED.glob("*-dev.jsonl")), SHARED / f"{SUITE}.jsonl"]
    results, assigned = {}, list[tuple[str, str]]()
    for path in files:
        results[path.stem], own = measure(path)
        assigned += own
    if options.assignments:
        lines = [json.dumps({"id": name, "story": story}) + "\n" for name, story in assigned]
        options.assignments.write_text("".join(lines), "utf-8")
    if options.json:
        plain = {f: {w: asdict(s) for w, s in ways.items()} for f, ways in results.items()}
        print(json.dumps(plain, indent=1))
    if options.write or not options.json:
        orders = "\n".join(look_alikes(path) for path in files if path.stem == SUITE)
        text = "\n\n".join((table(results), orders, BY_TIME, other_times(files)))
        if not options.json:
            print(text)
        if options.write:
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(f"# Stories\n\n{machine()}\n\n{text}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
