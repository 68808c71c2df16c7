"""Judge a likeness: a logistic model, shipped as a small readable file and learned in bench/."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from monitor.group.likeness import FEATURES
from monitor.group.profile import Background, background_of
from monitor.model.story import Contribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """Weigh one term of the model.

    `name` is a feature, or two joined by " x " for their product. `usual` is the value that adds
    nothing: the mean over training pairs.
    """

    name: str
    value: float
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Hold what decides whether an article joins a story.

    The score is the logistic function of `bias` + the sum of value x (feature - usual); from
    `threshold` on it joins. `learned_from` names the training sets.
    """

    version: str
    threshold: float
    bias: float
    weights: tuple[Weight, ...]
    learned_from: tuple[str, ...]
    background: Background

    def score(self, values: tuple[float, ...]) -> tuple[float, tuple[Contribution, ...]]:
        """Give the probability of one event, and what each term added, strongest first."""
        named = dict(zip(FEATURES, values, strict=True))
        added = [_contribution(weight, named) for weight in self.weights]
        total = self.bias + math.fsum(one.weight for one in added)
        ranked = sorted(added, key=lambda one: (-abs(one.weight), one.name))
        return _logistic(total), tuple(ranked)


def _contribution(weight: Weight, named: Mapping[str, float]) -> Contribution:
    value = term_value(weight.name, named)
    return Contribution(
        name=weight.name, value=value, weight=weight.value * (value - weight.usual)
    )


def term_value(name: str, named: Mapping[str, float]) -> float:
    """Read a term of the model: a feature's value, or the product of two."""
    one, _, other = name.partition(" x ")
    return named[one] * named[other] if other else named[one]


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
    """Build a model from the parsed files; KeyError or TypeError if they are not ours."""
    weights = model["weights"]
    terms = background["per_mille"]
    sources = model["learned_from"]
    if not (isinstance(weights, list) and isinstance(terms, dict) and isinstance(sources, list)):
        raise TypeError("model.json or background.json is not in the form this version reads")
    return Model(
        version=str(model["version"]),
        threshold=float(str(model["threshold"])),
        bias=float(str(model["bias"])),
        weights=tuple(Weight(**weight) for weight in weights),
        learned_from=tuple(map(str, sources)),
        background=background_of({term: share / 1000 for term, share in terms.items()}),
    )
