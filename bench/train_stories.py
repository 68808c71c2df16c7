"""Learn the event model's weights and the background table from the sets that allow it.

    python bench/train_stories.py DATA [--write]

DATA is a folder with articles/ and stories/. Learned from: fnc-train, ecb-train and every second
story of uci-dev; the background from articles.jsonl, urdu.jsonl and fnc-train. No other set is
opened. Without --write the result is printed and nothing is changed.

The times of fnc and ecb are invented, so they are invented anew here, in several ways at once
(slow and fast stories, busy and quiet weeks): a model must not learn one invention. Texts are
cut to leads and first sentences at random, since feeds carry those as often as whole texts.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from stories import read_articles  # noqa: E402

from monitor.group import StoryIndex, read_model  # noqa: E402
from monitor.group.likeness import FEATURES  # noqa: E402
from monitor.group.profile import read_article  # noqa: E402
from monitor.group.weights import Model, term_value  # noqa: E402
from monitor.group.words import cut, fold  # noqa: E402
from monitor.model.article import Article  # noqa: E402
from monitor.model.keys import StoryId, digest_of  # noqa: E402
from monitor.model.story import Relation  # noqa: E402

Stream = list[tuple[Article, str]]
Row = tuple[tuple[float, ...], bool, float]  # terms, is one story, weight

TERMS = (*FEATURES,)
MIN_SHARE = 0.003
MIN_URDU_SHARE = 0.15
RIDGE = 2.0


def background(data: Path) -> dict[str, dict[str, float]]:
    """Count the share of articles that hold a term, as the mean of three kinds of English news."""
    corpora: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows(data / "articles" / "articles.jsonl"):
        corpora[row["id"][:3]].append(row["title"] + " " + row["body"])
    for row in _rows(data / "stories" / "fnc-train.jsonl"):
        corpora["fnc"].append(row["text"])
    shares: Counter[str] = Counter()
    for texts in corpora.values():
        for term, share in _shares(texts).items():
            shares[term] += share / len(corpora)  # type: ignore[assignment]
    kept = {t: s for t, s in shares.items() if s >= MIN_SHARE and t.isascii()}
    urdu = _shares(
        [row["title"] + " " + row["body"] for row in _rows(data / "articles" / "urdu.jsonl")]
    )
    kept |= {t: s for t, s in urdu.items() if s >= MIN_URDU_SHARE and not t.isascii()}
    return {"per_mille": {t: round(1000 * s) for t, s in sorted(kept.items())}}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    return (json.loads(line) for line in path.read_text("utf-8").splitlines())


def _shares(texts: Sequence[str]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({fold(word) for word in cut(text[:2500])})
    return {t: n / len(texts) for t, n in counts.items() if len(t) > 1 and not t.isdigit()}


def retimed(stream: Stream, rng: random.Random, per_day: float) -> Stream:
    """Invent times: stories start at random, their articles follow fast or slowly."""
    stories = sorted({story for _, story in stream})
    days = len(stories) / per_day
    start = {story: rng.uniform(0, days * 24) for story in stories}
    pace = {story: rng.choice((3.0, 8.0, 16.0, 30.0)) for story in stories}
    out = []
    for article, story in stream:
        after = min(rng.expovariate(1 / pace[story]), 120.0)
        at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=start[story] + after)
        out.append((replace(article, published_at=at, first_seen_at=at), story))
    return sorted(out, key=lambda pair: (pair[0].published_at, pair[0].key))


_STOP = re.compile(r"(?<=[.!?])\s+|\n+")


def shortened(stream: Stream, rng: random.Random) -> Stream:
    """Cut articles to what feeds carry: the whole, a title with a lead, or a title alone."""
    out = []
    for article, story in stream:
        kind = rng.random()
        first, _, rest = (_STOP.sub("\0", article.body.strip(), count=1) + "\0").partition("\0")
        title = " ".join(first.split()[:18])
        if kind < 0.25 or article.title:
            cut_down = article
        elif kind < 0.75:
            lead = " ".join((first + " " + rest.replace("\0", "")).split()[: rng.randint(35, 90)])
            has_title = rng.random() < 0.7
            cut_down = replace(
                article, title=title if has_title else "", body=lead, has_real_title=has_title
            )
        elif kind < 0.9:
            cut_down = replace(
                article, title=title, body=rest.replace("\0", ""), has_real_title=True
            )
        else:
            cut_down = replace(article, title=title, body="", has_real_title=True)
        out.append((replace(cut_down, text_hash=digest_of(cut_down.title, cut_down.body)), story))
    return out


def pairs(stream: Stream, model: Model) -> list[tuple[dict[str, float], bool]]:
    """Walk a stream with every article put in its true story, noting each candidate pair."""
    index = StoryIndex(model=model)
    found = []
    for article, story in stream:
        profile = read_article(article, model.background)
        if index._copies.same_as(profile) is None and index._copies.copy_of(profile) is None:
            for likeness in index.survey(profile):
                named = dict(zip(FEATURES, likeness.values, strict=True))
                found.append((named, likeness.story.id == story))
        index._put(profile, StoryId(story), Relation.EVENT)
    return found


def fit(rows: Sequence[Row], ridge: float = RIDGE) -> list[float]:
    """Fit a logistic regression by Newton's method; the last weight is the bias."""
    size = len(rows[0][0]) + 1
    beta = [0.0] * size
    for _ in range(12):
        gradient = [-ridge * b for b in beta[:-1]] + [0.0]
        hessian = [[ridge if i == j < size - 1 else 0.0 for j in range(size)] for i in range(size)]
        for values, label, weight in rows:
            x = (*values, 1.0)
            z = sum(b * v for b, v in zip(beta, x, strict=True))
            p = 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
            error, curve = weight * (label - p), weight * max(1e-6, p * (1 - p))
            for i in range(size):
                gradient[i] += error * x[i]
                row, scaled = hessian[i], curve * x[i]
                for j in range(i + 1):
                    row[j] += scaled * x[j]
        step = _solve(hessian, gradient)
        beta = [b + s for b, s in zip(beta, step, strict=True)]
        if max(map(abs, step)) < 1e-4:
            break
    return beta


def _solve(lower: list[list[float]], right: list[float]) -> list[float]:
    """Solve a symmetric positive system, given by its lower half (Cholesky)."""
    n = len(right)
    root = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = lower[i][j] - sum(root[i][k] * root[j][k] for k in range(j))
            root[i][j] = math.sqrt(rest) if i == j else rest / root[j][j]
    half = [0.0] * n
    for i in range(n):
        half[i] = (right[i] - sum(root[i][k] * half[k] for k in range(i))) / root[i][i]
    out = [0.0] * n
    for i in reversed(range(n)):
        out[i] = (half[i] - sum(root[k][i] * out[k] for k in range(i + 1, n))) / root[i][i]
    return out


FALLING = frozenset({"gap", "age"})  # terms that may only lower a score; all others only raise it
LEARNED_FROM = ["fnc-train", "ecb-train", "uci-dev, every second story"]
# training pairs hardly differ from .3 to .5 (F .91-.92); .4 because the two seeds, alone and
# with the rule terms, score .42: chosen while looking at the seeds, so they do not judge it
THRESHOLD = 0.4


def learn(found: Mapping[str, list[tuple[dict[str, float], bool]]]) -> dict[str, object]:
    """Fit the weights, each set counting alike; a term with the wrong sign is left out."""
    terms = list(TERMS)
    while True:
        rows = [
            (tuple(term_value(t, named) for t in terms), label, 2500 / len(some))
            for some in found.values()
            for named, label in some
        ]
        total = sum(weight for _, _, weight in rows)
        usual = [sum(v[i] * w for v, _, w in rows) / total for i in range(len(terms))]
        centred = [(tuple(map(float.__sub__, v, usual)), y, w) for v, y, w in rows]
        beta = fit(centred)
        wrong = [
            (abs(b), t) for t, b in zip(terms, beta, strict=False) if (b > 0) == (t in FALLING)
        ]
        if not wrong:
            break
        terms.remove(max(wrong)[1])
    weights = [
        {"name": t, "value": round(b, 4), "usual": round(u, 4)}
        for t, b, u in zip(terms, beta, usual, strict=False)
    ]
    return {
        "version": "event-1",
        "learned_from": LEARNED_FROM,
        "threshold": THRESHOLD,
        "bias": round(beta[-1], 4),
        "weights": weights,
    }


def streams(data: Path) -> dict[str, Stream]:
    """Read the training sets: half of each story list where that is enough, times invented."""
    rng = random.Random(1)
    fnc = read_articles(data / "stories" / "fnc-train.jsonl")
    ecb = read_articles(data / "stories" / "ecb-train.jsonl")
    uci = read_articles(data / "stories" / "uci-dev.jsonl")
    some_fnc = set(sorted({story for _, story in fnc})[::2])
    some_uci = set(sorted({story for _, story in uci})[::2])
    return {
        "ecb": retimed(ecb, rng, 6),
        "fnc": retimed(shortened([p for p in fnc if p[1] in some_fnc], rng), rng, 8),
        "uci": [p for p in uci if p[1] in some_uci][::2],
    }


def main() -> int:
    """Learn, print, and with --write put the two files in their place."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    table = background(options.data)
    empty: dict[str, object] = {"version": "", "threshold": 0.5, "bias": 0, "weights": []}
    blank = read_model(empty | {"learned_from": []}, table)
    model = learn({name: pairs(stream, blank) for name, stream in streams(options.data).items()})
    print(json.dumps(model, indent=1))
    if options.write:
        room = HERE.parent / "monitor" / "group"
        text = json.dumps(table, ensure_ascii=False, indent=0)
        (room / "background.json").write_text(text + "\n", "utf-8")
        (room / "model.json").write_text(json.dumps(model, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
