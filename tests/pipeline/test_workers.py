"""Which of several workers is odd: most of them are right, and of a draw the assigner is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from services import fleet

from monitor.clock import system_clock
from monitor.pipeline.workers import Aspect, counted, oddities, read_workers, troubles
from monitor.store.beats import SILENT_AFTER, Beat, Signs
from monitor.store.engine import Store

THEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def live(**rulesets: str) -> list[Beat]:
    return [beat(holder, ruleset=ruleset) for holder, ruleset in rulesets.items()]


def beat(holder: str, **said: Any) -> Beat:
    return Beat(
        holder=holder,
        at=THEN,
        started_at=THEN,
        silent_for=timedelta(0),
        signs=Signs(**{"version": "1", **said}),
    )


@pytest.mark.parametrize(
    ("workers", "assigner", "odd"),
    [
        (live(a="x", b="x"), "a", set()),
        (live(a="x", b="x", c="y"), "c", {"c"}),  # the most outvote the assigner
        (live(a="x", b="y"), "b", {"a"}),
        (live(a="x", b="y"), "a", {"b"}),
        (live(a="x", b="y"), None, {"b"}),  # who has run for longest
        (live(a="x", b="y", c="z", d="z", e="x"), "b", {"b", "c", "d"}),
        ([], None, set()),
    ],
)
def test_who_differs_is_odd(workers: list[Beat], assigner: str | None, odd: set[str]) -> None:
    found = oddities(workers, assigner)
    assert set(found) == odd
    assert all([one.aspect for one in each] == [Aspect.RULES] for each in found.values())


def test_another_version_is_odd_by_that_alone() -> None:
    workers = [beat("a", ruleset="x"), beat("b", ruleset="x"), beat("c", version="2", ruleset="y")]
    ((holder, (oddity,)),) = oddities(workers, "a").items()
    assert (holder, oddity.aspect) == ("c", Aspect.VERSION)
    assert oddity.reason == "runs version 2, the others 1"


def test_parts_that_differ_are_named_with_their_cure() -> None:
    usual = {"channels": "1", "limits": "1", "sources": "1"}
    workers = [
        beat("a", parts=usual),
        beat("b", parts=usual),
        beat("c", parts=usual | {"limits": "2", "sources": "2"}),
        beat("d", parts=usual | {"sources": "2"}),
    ]
    found = oddities(workers, "a")
    assert found["c"][0].reason == "has other settings than the others: limits, sources"
    assert found["c"][0].cure.endswith("then restart it")
    assert found["d"][0].reason == "has other settings than the others: sources"
    assert found["d"][0].cure.endswith("they come into force within two seconds")


def test_rules_that_tell_otherwise_are_other_rules() -> None:
    workers = [beat("a", parts={"telling": "1"}), beat("b", parts={"telling": "2"})]
    (oddity,) = oddities(workers, "a")["b"]
    assert oddity.aspect is Aspect.RULES
    assert "tell or show it otherwise" in oddity.reason


def test_workers_are_counted_and_the_silent_are_not_asked_what_they_have(store: Store) -> None:
    with store.write() as tx:
        for minutes, (holder, ruleset) in enumerate((("gone", "z"), ("b", "y"), ("a", "x"))):
            fleet.beat(tx, holder, age=timedelta(minutes=minutes), ruleset=ruleset)
    fleet.fall_silent(store, "gone", SILENT_AFTER)
    with store.read() as tx:
        workers = read_workers(tx, now=system_clock())
    assert counted(workers) == {
        "live": 2,
        "silent": 1,
        "odd_version": 0,
        "odd_rules": 1,
        "odd_settings": 0,
    }
    named = {trouble.subject: trouble.reason for trouble in troubles(workers)}
    assert named["gone"].startswith("no sign of life")
    assert named["b"] == "has other rules in force (y) than the others (x)"
    assert set(named) == {"gone", "b"}
