from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from monitor.match.explain import as_json, as_lines, explain

Make = Callable[..., Any]


def test_a_failing_near_names_the_closest_pair_and_its_limit(article: Make, rule: Make) -> None:
    judged = article(body="The office " + "x " * 14 + "open now")
    why = explain(rule({"what": "office NEAR/12 open*"}), judged)
    assert not why.matched
    assert why.reasons == ("what: office NEAR/12 open*: office ... open: 14 apart, limit 12",)


def test_a_failing_near_names_the_part_that_is_nowhere(article: Make, rule: Make) -> None:
    why = explain(rule("office NEAR/12 open*"), article(body="The office"))
    assert "nowhere found: open*" in why.reasons[0]


def test_every_failing_line_is_named_without_stopping_at_the_first(
    article: Make, rule: Make
) -> None:
    why = explain(rule({"who": "Meta", "where": "Lahore", "what": "office"}), article(body="Meta"))
    assert [reason.split(":")[0] for reason in why.reasons] == ["where", "what"]


def test_the_exclusion_that_fired_is_named_with_its_place(article: Make, rule: Make) -> None:
    why = explain(rule("Meta", exclude=["analysis"]), article(title="Analysis", body="Meta"))
    assert why.reasons == ("the exclusion analysis fired: found Analysis in title",)
    assert why.query.matched


def test_a_line_of_several_conditions_names_each_that_failed(article: Make, rule: Make) -> None:
    why = explain(rule({"what": "alpha AND beta AND gamma"}), article(body="alpha"))
    assert why.reasons == ("what: beta: not found", "what: gamma: not found")


def test_marks_of_a_sighting_point_at_the_words(article: Make, rule: Make) -> None:
    why = explain(rule("Pakistan"), article(body="word " * 200 + "in Pakistan today " + "x " * 99))
    found = why.query.found
    assert found is not None
    (mark,) = found.marks
    assert found.snippet[slice(*mark)] == "Pakistan"


def test_an_explanation_is_plain_lines_and_json(article: Make, rule: Make) -> None:
    judged = article(title="Meta", body="opens an office", lang="en")
    why = explain(rule({"who": "Meta", "what": "office OR bureau"}, exclude=["x"]), judged)
    assert json.loads(json.dumps(as_json(why)))["matched"] is True
    lines = as_lines(why)
    assert lines[0].startswith("r matches 'Meta'")
    assert any("+ who" in line for line in lines)
    assert any("- word bureau" in line for line in lines)
    assert not any("\n" in line for line in lines)


def test_a_long_list_shows_hits_and_counts_the_misses(article: Make, rule: Make) -> None:
    query = " OR ".join(f"term{at}" for at in range(300))
    lines = as_lines(explain(rule(query), article(body="term299")))
    assert len(lines) < 20
    assert any("291 more alternatives" in line for line in lines)
