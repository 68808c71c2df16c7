"""Promises of the shipped event model."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.group import default_model
from monitor.group.likeness import FEATURES
from monitor.group.weights import Split

FALLING = {"gap", "age", "crowd"}
VALUES = st.tuples(*(st.floats(0, 5) for _ in FEATURES))


@settings(max_examples=60, deadline=None)
@given(values=VALUES, place=st.integers(0, len(FEATURES) - 1), more=st.floats(0, 3))
def test_each_feature_pulls_one_way_only(
    values: tuple[float, ...], place: int, more: float
) -> None:
    raised = (*values[:place], values[place] + more, *values[place + 1 :])
    before, after = default_model().score(values), default_model().score(raised)
    # what is shipped is rounded to four digits
    if FEATURES[place] in FALLING:
        assert after <= before + 1e-3
    else:
        assert after >= before - 1e-3


@settings(max_examples=60, deadline=None)
@given(values=VALUES)
def test_reasons_sum_up_to_the_score(values: tuple[float, ...]) -> None:
    model = default_model()
    base = model.bias + sum(t.mean if isinstance(t, Split) else t for t in model.trees)
    odds = base + math.fsum(one.weight for one in model.reasons(values))
    assert model.score(values) == pytest.approx(1 / (1 + math.exp(-odds)), abs=1e-9)


def test_the_model_names_what_it_learned_from_with_checksums() -> None:
    model = default_model()
    assert [name.split()[0].strip(",") for name in model.learned_from] == [
        "fnc-train",
        "ecb-train",
        "uci-dev",
    ]
    assert all("sha256 " in name for name in model.learned_from)
