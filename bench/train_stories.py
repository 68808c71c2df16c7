"""Learn the event model and the background table from the sets that allow it.

    python bench/train_stories.py DATA [--write] [--quick]

DATA is a folder with articles/ and stories/. Learned from: fnc-train, ecb-train and every second
story of uci-dev; the background from articles.jsonl, urdu.jsonl and fnc-train. No other set is
opened. Without --write the results are printed and nothing is changed;
with --quick the model is fitted and not judged.

What is printed comes from cross-validation by story, in three folds: the grouping of streams of
stories that the model has not seen, at several thresholds and with other invented times; what
shuffling a feature over the pairs costs (permutation importance); and what is left without time.
The threshold is even odds; the tables show what others would give.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import numpy as np  # noqa: E402
from _story_background import background  # noqa: E402
from _story_fit import Table, fit, loss, permuted, table_of  # noqa: E402
from _story_streams import (  # noqa: E402
    FOLDS,
    LEARNED_FROM,
    SHAPES,
    SOURCES,
    Pair,
    Sets,
    Shape,
    Stream,
    pairs,
    workspaces,
)
from stories import judge, machine  # noqa: E402

from monitor.group import StoryIndex, read_model  # noqa: E402
from monitor.group.likeness import FEATURES  # noqa: E402
from monitor.group.weights import Model  # noqa: E402

RESULTS = HERE / "results" / "train_stories.md"
VERSION = "event-4"
SEEDS = (1, 2)  # of training streams; sets with times of their own take the first
JUDGED_SEEDS = (11, 12, 13)
# even odds: cross-validation gives .4 a better mean by .003, but a look-alike of the seed suite
# scores .44
THRESHOLD = 0.5
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
JUDGED = (
    "ecb",
    "ecb, few a story",
    "ecb, twins",
    "fnc",
    "fnc, leads",
    "fnc, leads, twins",
    "ecb, watched",
    "fnc, watched",
    "uci",
)
TIME = frozenset({"gap", "age"})


class Lab:
    """Fit and judge models by cross-validation on the allowed sets."""

    def __init__(self, data: Path, table: Mapping[str, object]) -> None:
        self.table = table
        empty: dict[str, object] = {"version": "", "threshold": 0.5, "bias": 0.0}
        empty |= {"weights": [], "trees": [], "learned_from": []}
        blank = read_model(empty, table)
        self._sets = Sets(data / "stories", blank.background)
        self._pairs: dict[tuple[str, int], list[Pair]] = {}
        for name, shape in SHAPES.items():
            for seed in SEEDS if shape.per_day is not None else SEEDS[:1]:
                for part in range(FOLDS):
                    held = self._pairs.setdefault((name, part), [])
                    for stream in self._streams(shape, part, seed):
                        held += pairs(stream, blank, seed)

    def _streams(self, shape: Shape, part: int, seed: int) -> list[Stream]:
        """Give what each workspace of a fold receives."""
        return workspaces(self._sets.stream(shape, {part}, seed), shape, self._sets.background)

    def tables(self, folds: Sequence[int], names: Sequence[str] = tuple(SHAPES)) -> Table:
        """Give the training pairs of some folds."""
        shapes = []
        for name in names:
            held = [pair for part in folds for pair in self._pairs[name, part]]
            shapes.append((SHAPES[name].weight, held))
        return table_of(shapes)

    def folds(self, features: Sequence[str] = FEATURES) -> list[dict[str, Any]]:
        """Fit a model without each fold."""
        rest = [[other for other in range(FOLDS) if other != part] for part in range(FOLDS)]
        return [fit(self.tables(folds), features) for folds in rest]

    def grouping(
        self, models: Sequence[dict[str, Any]], threshold: float, seed: int, names: Sequence[str]
    ) -> dict[str, tuple[float, float]]:
        """Group streams of each fold by the model without it: B-cubed and pair F by shape."""
        out = {}
        for name in names:
            b3 = pair = size = 0.0
            for part, parts in enumerate(models):
                found, truth = list[str](), list[str]()
                for stream in self._streams(SHAPES[name], part, seed):
                    index = StoryIndex(model=self.model(parts, threshold))
                    found += [str(index.place(a, now=a.first_seen_at).story) for a, _ in stream]
                    truth += [story for _, story in stream]
                scores = judge(found, truth, 0.0)
                b3, pair = b3 + len(truth) * scores.b3_f, pair + len(truth) * scores.pair_f
                size += len(truth)
            out[name] = (b3 / size, pair / size)
        return out

    def model(self, parts: Mapping[str, Any], threshold: float) -> Model:
        """Make a model of learned parts."""
        return read_model(
            {"version": VERSION, "threshold": threshold, "learned_from": [], **parts}, self.table
        )

    def importance(self, models: Sequence[dict[str, Any]]) -> dict[str, float]:
        """Give how much the loss on unseen pairs rises when a feature is shuffled."""
        chance = np.random.default_rng(0)
        rises: defaultdict[str, list[float]] = defaultdict(list)
        for part, parts in enumerate(models):
            unseen = self.tables([part])
            plain = loss(parts, unseen)
            for column, feature in enumerate(FEATURES):
                rises[feature].append(loss(parts, permuted(unseen, column, chance)) - plain)
        return {feature: fmean(rises[feature]) for feature in FEATURES}


def mean_of(groups: Mapping[str, tuple[float, float]]) -> float:
    """Give the mean of B-cubed and pair F over shapes."""
    return fmean(score for both in groups.values() for score in both)


def report(lab: Lab, models: Sequence[dict[str, Any]]) -> str:
    """Judge models by cross-validation; give the tables."""
    lines = ["| threshold | mean | " + " | ".join(JUDGED) + " |", "|---" * (len(JUDGED) + 2) + "|"]

    def row(label: str, groups: Mapping[str, tuple[float, float]]) -> None:
        cells = [f"{b3:.3f} / {pair:.3f}" for b3, pair in groups.values()]
        lines.append(f"| {label} | {mean_of(groups):.4f} | " + " | ".join(cells) + " |")

    for threshold in THRESHOLDS:
        row(f"{threshold}", lab.grouping(models, threshold, JUDGED_SEEDS[0], JUDGED))
    for seed in JUDGED_SEEDS[1:]:
        row(f"{THRESHOLD}, times {seed}", lab.grouping(models, THRESHOLD, seed, JUDGED))
    timeless = lab.folds([name for name in FEATURES if name not in TIME])
    row(f"{THRESHOLD}, no time", lab.grouping(timeless, THRESHOLD, JUDGED_SEEDS[0], JUDGED))
    lines += ["", "| shuffled feature | rise of the loss |", "|---|---|"]
    rises = lab.importance(models)
    lines += [
        f"| {name} | {rises[name]:+.4f} |" for name in sorted(rises, key=lambda n: -rises[n])
    ]
    return "\n".join(lines)


def written(model: Mapping[str, Any]) -> str:
    """Write a model as JSON, a weight or a tree a line."""
    lines = []
    for name, value in model.items():
        if isinstance(value, list):
            items = ",\n  ".join(json.dumps(item) for item in value)
            lines.append(f"{json.dumps(name)}: [\n  {items}\n ]")
        else:
            lines.append(f"{json.dumps(name)}: {json.dumps(value)}")
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def sources(data: Path) -> list[str]:
    """Name the sets learned from, each with the checksum of its file."""
    files = [data / "stories" / file for file in SOURCES.values()]
    sums = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return [f"{name} (sha256 {sum_})" for name, sum_ in zip(LEARNED_FROM, sums, strict=True)]


def main() -> int:
    """Learn, judge, print, and with --write put the files in their place."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fit, do not judge")
    options = parser.parse_args()
    table = background(options.data)
    lab = Lab(options.data, table)
    text = "" if options.quick else report(lab, lab.folds())
    print(text)
    parts = fit(lab.tables(range(FOLDS)))
    head = {"version": VERSION, "learned_from": sources(options.data), "threshold": THRESHOLD}
    model = written(head | parts)
    print(model)
    if options.write:
        room = HERE.parent / "monitor" / "group"
        lines = json.dumps(table, ensure_ascii=False, indent=0)
        (room / "background.json").write_text(lines + "\n", "utf-8")
        (room / "model.json").write_text(model, "utf-8")
        if text:
            RESULTS.write_text(f"# Learning the event model\n\n{machine()}\n\n{text}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
