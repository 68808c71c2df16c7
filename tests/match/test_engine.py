from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.match.engine import Engine, judge, query_terms
from monitor.match.explain import explain
from monitor.match.query import parse_query
from monitor.match.tree import ListRef, Only, Place
from monitor.model.article import Origin, Precision

Make = Callable[..., Any]
SHARED = Path(os.environ.get("MONITOR_TEST_SHARED", Path(__file__).parents[3] / "shared"))
EXAMPLE = {
    "who": "Meta OR Facebook OR WhatsApp",
    "where": "Pakistan OR Islamabad",
    "what": '(office OR offices OR bureau) NEAR/12 (open* OR "set up" OR establish)',
}


def test_findings_speak_the_writers_lines_and_the_articles_words(
    article: Make, rule: Make
) -> None:
    judged = article(title="Facebook in Islamabad", body="An office may open. The offices open.")
    match = judge(rule(EXAMPLE), judged)
    assert match is not None
    told = [str(finding) for finding in match.findings]
    assert told == ["who: Facebook", "where: Islamabad", "what: offices ... open, side by side"]
    spans = match.findings[2].spans
    texts = [judged.body[span.start : span.end] for span in spans]
    assert texts == ["office", "open", "offices", "open"]
    assert match.findings[0].spans[0].field == "title"


@pytest.mark.skipif(not (SHARED / "seeds").is_dir(), reason="the shared seeds are absent")
def test_both_seed_articles_match_the_example_rule(article: Make, rule: Make) -> None:
    loaded = rule(EXAMPLE, exclude=["meta-analysis"])
    seeds = sorted((SHARED / "seeds").glob("*.txt"))
    assert len(seeds) == 2
    for seed in seeds:
        judged = article(body=seed.read_text(encoding="utf-8"))
        (match,) = Engine([loaded]).match(judged)
        assert [finding.line for finding in match.findings] == ["who", "where", "what"]
        assert explain(loaded, judged).matched


def test_what_a_rule_found_is_found_once_and_when_asked(article: Make, rule: Make) -> None:
    (match,) = Engine([rule("offices NEAR/3 open")]).match(article(body="The offices open."))
    assert (match.rule_id, match.revision, match.article) == ("r", "1", "a1")
    assert match._findings is None
    assert match.told().findings is match.findings is match.told().findings
    assert (
        match.told()
        == judge(rule("offices NEAR/3 open"), article(body="The offices open.")).told()
    )


def test_an_exclusion_anywhere_in_the_article_holds_the_rule_back(
    article: Make, rule: Make
) -> None:
    loaded = rule("offices", exclude=["meta-analysis"])
    assert judge(loaded, article(body="offices")) is not None
    assert judge(loaded, article(title="A meta-analysis", body="offices")) is None
    assert judge(loaded, article(title="A meta analysis", body="offices")) is None


def test_a_list_that_resolves_is_any_of_its_terms(article: Make, rule: Make) -> None:
    part = parse_query("Facebook OR Instagram").node
    listed = ListRef(place=Place(text="$meta"), name="meta", part=part)
    match = judge(rule(listed), article(body="on Instagram"))
    assert match is not None
    assert match.findings[0].text == "Instagram"
    assert query_terms(rule(listed)) == {"facebook", "instagram"}
    assert not Engine([rule(ListRef(place=Place(text="$x"), name="x"))]).match(article(body="x"))


def test_query_terms_are_the_literal_words_that_are_not_negated(rule: Make) -> None:
    terms = query_terms(rule('Méta AND e-mail AND (open* OR "set up") NOT Google'))
    assert terms == {"meta", "e", "mail", "email", "set", "up"}


ONLY = [
    (Only(lang=("en",)), {"lang": "en-gb"}, {"lang": "ur"}, {}),
    (Only(not_lang=("ur",)), {"lang": "en"}, {"lang": "ur"}, {}),
    (Only(country=("PK",)), {"source": {"country": "PK"}}, {"source": {"country": "IN"}}, {}),
    (Only(tier=(1, 2)), {"source": {"tier": 2}}, {"source": {"tier": 3}}, {}),
    (Only(not_group=("x",)), {"source": {"group": "y"}}, {"source": {"group": "X"}}, {}),
]


@pytest.mark.parametrize(("only", "good", "bad", "unknown"), ONLY)
def test_only_filters_and_lets_the_unknown_through_with_a_note(
    article: Make, rule: Make, only: Only, good: Any, bad: Any, unknown: Any
) -> None:
    loaded = rule("Meta", only=only)
    kept = judge(loaded, article(body="Meta", **good))
    assert kept is not None
    assert kept.notes == ()
    assert judge(loaded, article(body="Meta", **bad)) is None
    assert judge(loaded, article(body="Meta", **bad), with_only=False) is not None
    let = judge(loaded, article(body="Meta", **unknown))
    assert let is not None
    assert let.notes[0].endswith("unknown: let through")
    assert let.notes == explain(loaded, article(body="Meta", **unknown)).notes


def test_known_holds_the_unknown_back(article: Make, rule: Make) -> None:
    loaded = rule("Meta", only=Only(country=("PK",), known=True))
    assert judge(loaded, article(body="Meta")) is None
    assert "country" in explain(loaded, article(body="Meta")).reasons[0]


def test_only_source_takes_a_key_or_a_domain(article: Make, rule: Make) -> None:
    for value, expected in (("dawn", True), ("dawn.com", True), ("awn.com", False)):
        match = judge(rule("Meta", only=Only(source=(value,))), article(body="Meta"))
        assert (match is not None) is expected, value


def test_only_words_is_a_range_of_the_bodys_tokens(article: Make, rule: Make) -> None:
    loaded = rule("Meta", only=Only(words=((">=", 3), ("<", 5))))
    for count, expected in ((2, False), (3, True), (4, True), (5, False)):
        match = judge(loaded, article(title="a b c", body=" ".join(["Meta"] * count)))
        assert (match is not None) is expected, count


def test_only_max_age_is_exempt_for_seeds_and_lenient_for_dates(article: Make, rule: Make) -> None:
    loaded = rule("Meta", only=Only(max_age=timedelta(days=3)))
    now = article().first_seen_at
    late = {"body": "Meta", "published_at": now - timedelta(days=3, hours=1)}
    assert judge(loaded, article(**late)) is None
    assert judge(loaded, article(**late, origin=Origin.SEED)) is not None
    assert judge(loaded, article(**late, published_precision=Precision.DAY)) is not None
    unsure = judge(loaded, article(**late, published_precision=Precision.UNKNOWN))
    assert unsure is not None
    assert unsure.notes == ("max_age unknown: let through",)


def test_a_rule_set_has_a_revision_of_its_own(rule: Make) -> None:
    acme, rain = rule("Acme", id="acme"), rule("rain", id="rain")
    revision = Engine([acme, rain]).revision
    assert Engine([rain, acme]).revision == revision
    edited = replace(rain, rule=replace(rain.rule, revision="2"))
    others = ([acme], [], [acme, rule("rain", id="snow")], [acme, edited])
    assert len({revision, *(Engine(rules).revision for rules in others)}) == 5
