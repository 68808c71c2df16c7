"""Judge a likeness: a line and small trees, shipped as a readable file and learned in bench/."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeAlias

from monitor.group.likeness import FEATURES
from monitor.group.profile import Background, background_of
from monitor.model.story import Contribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """Weigh one feature. `usual` is the value that adds nothing: its mean over training pairs."""

    name: str
    value: float
    usual: float


@dataclass(frozen=True, slots=True)
class Split:
    """Ask whether a feature's value is at most `at`.

    `feature` is its place in `FEATURES`; `mean` is what the leaves beneath add on average over
    training pairs, so that the step from it to a child's says what the answer added.
    """

    feature: int
    at: float
    mean: float
    below: Node
    above: Node


Node: TypeAlias = Split | float
"""A tree, or what a leaf adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Hold what decides whether an article joins a story.

    The score is the logistic function of `bias` + the sum of value x (feature - usual) + what the
    trees add; from `threshold` on it joins. `learned_from` names the training sets.
    """

    version: str
    threshold: float
    bias: float
    weights: tuple[Weight, ...]
    trees: tuple[Node, ...]
    learned_from: tuple[str, ...]
    background: Background

    def score(self, values: tuple[float, ...]) -> float:
        """Give the probability of one event; `values` follow `FEATURES`."""
        named = dict(zip(FEATURES, values, strict=True))
        total = self.bias
        for weight in self.weights:
            total += weight.value * (named[weight.name] - weight.usual)
        for tree in self.trees:
            node = tree
            while isinstance(node, Split):
                node = node.below if values[node.feature] <= node.at else node.above
            total += node
        return _logistic(total)

    def reasons(self, values: tuple[float, ...]) -> tuple[Contribution, ...]:
        """Give what each feature added to a score, strongest first.

        With `bias` and the trees' means they sum up to the score's logarithm of odds.
        """
        named = dict(zip(FEATURES, values, strict=True))
        added = dict.fromkeys(FEATURES, 0.0)
        for weight in self.weights:
            added[weight.name] += weight.value * (named[weight.name] - weight.usual)
        for tree in self.trees:
            node = tree
            while isinstance(node, Split):
                child = node.below if values[node.feature] <= node.at else node.above
                added[FEATURES[node.feature]] += _mean(child) - node.mean
                node = child
        ranked = sorted(FEATURES, key=lambda name: (-abs(added[name]), name))
        return tuple(Contribution(name=n, value=named[n], weight=added[n]) for n in ranked)


def _mean(node: Node) -> float:
    return node.mean if isinstance(node, Split) else node


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else 1 - 1 / (1 + math.exp(x))


@cache
def default_model() -> Model:
    """Read the shipped model and background, once."""
    here = resources.files("monitor.group")
    model = json.loads(here.joinpath("model.json").read_text("utf-8"))
    background = json.loads(here.joinpath("background.json").read_text("utf-8"))
    return read_model(model, background)


def read_model(model: Mapping[str, object], background: Mapping[str, object]) -> Model:
    """Build a model from the parsed files; KeyError, ValueError or TypeError if they are not ours.

    A tree stands as [feature, at, mean, below, above], a leaf as its number.
    """
    weights, trees, sources = model["weights"], model["trees"], model["learned_from"]
    terms = background["per_mille"]
    if not (isinstance(weights, list) and isinstance(trees, list)):
        raise TypeError("model.json is not in the form this version reads")
    if not (isinstance(sources, list) and isinstance(terms, dict)):
        raise TypeError("model.json or background.json is not in the form this version reads")
    return Model(
        version=str(model["version"]),
        threshold=float(str(model["threshold"])),
        bias=float(str(model["bias"])),
        weights=tuple(Weight(**weight) for weight in weights),
        trees=tuple(map(_node, trees)),
        learned_from=tuple(map(str, sources)),
        background=background_of({term: share / 1000 for term, share in terms.items()}),
    )


def _node(tree: object) -> Node:
    if not isinstance(tree, list):
        return float(str(tree))
    name, at, mean, below, above = tree
    return Split(FEATURES.index(name), float(at), float(mean), _node(below), _node(above))
