"""Fit the event model: a line and small trees, averaged, each feature pulling one way only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from monitor.group.likeness import FEATURES

Array = Any  # numpy is for training alone, and not a dependency that types are checked with
FALLING = frozenset({"gap", "age", "crowd"})
"""Features that may only lower a score; all others may only raise it."""

RIDGE = 2.0
NEWTON_STEPS = 20
TREES = 250
LEARNING_RATE = 0.1
LEAVES = 5
DEPTH = 3
LEAST_IN_LEAF = 40
TREE_RIDGE = 5.0
LINE_SHARE = 0.5  # of the line in the average of both, in log odds
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Table:
    """Hold training pairs: features as `FEATURES`, 1 where it is one story, and weights."""

    x: Array
    y: Array
    w: Array


def table_of(shapes: Sequence[tuple[float, Sequence[tuple[tuple[float, ...], bool]]]]) -> Table:
    """Join pairs of several shapes; each shape counts as its weight says, however many it has."""
    x = np.array([values for _, pairs in shapes for values, _ in pairs])
    y = np.array([float(label) for _, pairs in shapes for _, label in pairs])
    w = np.concatenate([np.full(len(p), weight * 3000 / len(p)) for weight, p in shapes])
    return Table(x, y, w)


def fit(table: Table, features: Sequence[str] = FEATURES) -> dict[str, object]:
    """Give the parts of model.json that are learned, from some of the features."""
    weights, bias = _line(table, features)
    base, trees = _trees(table, features)
    return {
        "bias": round(LINE_SHARE * bias + (1 - LINE_SHARE) * base, DIGITS),
        "weights": weights,
        "trees": trees,
    }


def _line(table: Table, features: Sequence[str]) -> tuple[list[dict[str, object]], float]:
    """Fit a logistic regression; a feature that would pull the wrong way is left out."""
    names = list(features)
    while True:
        columns = [FEATURES.index(name) for name in names]
        x, w = table.x[:, columns], table.w[:, None]
        usual = (x * w).sum(0) / w.sum()
        spread = np.sqrt(((x - usual) ** 2 * w).sum(0) / w.sum()) + 1e-9
        beta = _newton(np.c_[(x - usual) / spread, np.ones(len(x))], table)
        wrong = [
            (abs(b), n) for b, n in zip(beta, names, strict=False) if (b > 0) == (n in FALLING)
        ]
        if not wrong:
            break
        names.remove(max(wrong)[1])
    values = beta[:-1] / spread * LINE_SHARE
    weights: list[dict[str, object]] = [
        {"name": n, "value": round(float(v), DIGITS), "usual": round(float(u), DIGITS)}
        for n, v, u in zip(names, values, usual, strict=True)
    ]
    return weights, float(beta[-1])


def _newton(x: Array, table: Table) -> Array:
    beta = np.zeros(x.shape[1])
    ridge = np.eye(len(beta)) * RIDGE
    ridge[-1, -1] = 0.0
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        curve = table.w * np.maximum(p * (1 - p), 1e-6)
        step = np.linalg.solve(
            (x.T * curve) @ x + ridge, x.T @ (table.w * (table.y - p)) - ridge @ beta
        )
        beta = beta + step
        if abs(step).max() < 1e-5:
            break
    return beta


def _trees(table: Table, features: Sequence[str]) -> tuple[float, list[object]]:
    """Boost trees that are monotone in every feature; the means of all go into the base."""
    columns = [FEATURES.index(name) for name in features]
    booster = HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        max_depth=DEPTH,
        min_samples_leaf=LEAST_IN_LEAF,
        l2_regularization=TREE_RIDGE,
        monotonic_cst=[-1 if name in FALLING else 1 for name in features],
        early_stopping=False,
        max_bins=64,
        random_state=0,
    )
    booster.fit(table.x[:, columns], table.y, sample_weight=table.w)
    trees = [_tree(grown.nodes, 0, features)[0] for (grown,) in booster._predictors]
    return float(np.ravel(booster._baseline_prediction)[0]), trees


def _tree(nodes: Array, at: int, features: Sequence[str]) -> tuple[object, float]:
    """Write a tree as [feature, at, mean, below, above], and give the mean of what it adds."""
    node = nodes[at]
    if node["is_leaf"]:
        value = round(float(node["value"]) * (1 - LINE_SHARE), DIGITS)
        return value, value
    below, low = _tree(nodes, int(node["left"]), features)
    above, high = _tree(nodes, int(node["right"]), features)
    left, right = nodes[int(node["left"])]["count"], nodes[int(node["right"])]["count"]
    mean = round(float((low * left + high * right) / (left + right)), DIGITS)
    name = features[int(node["feature_idx"])]
    return [name, round(float(node["num_threshold"]), DIGITS), mean, below, above], mean


def permuted(table: Table, column: int, chance: Any) -> Table:
    """Shuffle one feature's values over the pairs."""
    x = table.x.copy()
    x[:, column] = x[chance.permutation(len(x)), column]
    return Table(x, table.y, table.w)


def scores(model: Mapping[str, Any], table: Table) -> Array:
    """Score pairs as the product does."""
    from monitor.group.weights import read_model

    whole = {"version": "", "threshold": 0.5, "learned_from": []} | dict(model)
    scorer = read_model(whole, {"per_mille": {}})
    return np.array([scorer.score(tuple(row)) for row in table.x.tolist()])


def loss(model: Mapping[str, Any], table: Table) -> float:
    """Give the mean surprise, in nats, of a model's scores."""
    p = np.clip(scores(model, table), 1e-4, 1 - 1e-4)
    surprise = -(table.y * np.log(p) + (1 - table.y) * np.log(1 - p))
    return float((table.w * surprise).sum() / table.w.sum())
