from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.match.explain import as_json, as_lines, explain
from monitor.match.run_tests import run_tests
from monitor.match.tree import Only, RuleTest
from monitor.model.article import Origin

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


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("a AND NOT (b AND c)", "NOT (b AND c): found b, c"),
        ("a AND NOT title:b", "NOT title:b: found b"),
        ("a NOT b", "NOT b: found b"),
        ("title:(b NOT (a OR b))", "in title: NOT (a OR b): found b"),
        ("(a NOT b) OR (c NOT a)", "(a NOT b) OR (c NOT a): no alternative holds"),
        ('b NEAR/3 "b c"', "they overlap"),
        ('b ONEAR/3 "b c"', "they overlap"),
        ("c ONEAR/3 b", "not in one field within 500 words in this order"),
    ],
)
def test_a_reason_says_what_was_there_and_should_not(
    article: Make, rule: Make, query: str, reason: str
) -> None:
    why = explain(rule(query), article(title="b", body="a b c"))
    assert len(why.reasons) == 1
    assert reason in why.reasons[0]


def test_a_line_keeps_its_name_whatever_it_is_called(article: Make, rule: Make) -> None:
    names = ("near", "word", "list", "phrase", "all of", "any of", "not", "line")
    why = explain(rule(dict.fromkeys(names, "absent AND (x OR y)")), article(body="x"))
    assert why.reasons == tuple(f"{name}: absent: not found" for name in names)


def test_a_case_without_metadata_is_not_told_what_only_would_say(
    article: Make, rule: Make
) -> None:
    loaded = rule("meta", only=Only(lang=("ur",)))
    case = RuleTest(name="x", expects_match=True, article=article(body="x", lang="en"))
    results = run_tests(replace(loaded, tests=(case, replace(case, judges_only=True))), {})
    assert results[0].reason == "meta: not found"
    assert "only lang" in results[1].reason


ENGLISH = (
    "The ministry has asked the company to open an office in the country, an officer said. " * 2
)
URDU = "وزارت نے کمپنی سے ملک میں دفتر کھولنے کو کہا ہے، ایک افسر نے بتایا کہ یہ ضروری ہے۔ " * 2


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"lang": "en", "source": {"lang": "en-gb"}}, "en, as its source states"),
        ({"lang": None, "source": {"lang": "en"}}, "en, as its source states"),
        ({"lang": "en"}, "en, as its text reads"),
        ({"lang": "ur", "body": URDU, "source": {"lang": "en"}}, "ur, as its text reads"),
        ({"lang": "fr"}, "fr, as its feed states"),
        ({"lang": "fr", "origin": Origin.SEED}, "fr, as its file states"),
    ],
)
def test_a_language_comes_with_what_it_is_known_by(
    article: Make, rule: Make, facts: dict[str, Any], said: str
) -> None:
    judged = article(**{"body": ENGLISH} | facts)
    (only,) = explain(rule("office", only=Only(lang=("xx",))), judged).only
    assert only.detail == f"is {said}"
