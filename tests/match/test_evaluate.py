from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.match.engine import Engine, judge
from monitor.match.explain import explain

Make = Callable[..., Any]

CASES = [
    # query, text that matches, text that does not
    ("Meta", "Why Meta's plan", "metal"),
    ("Meta", "#Meta rises", "the metas"),
    ("meta", "a meta-analysis", "metaanalysis"),
    ("Meta AND office", "office of Meta", "Meta"),
    ("Meta OR office", "an office", "nothing"),
    ("Meta NOT office", "Meta", "Meta office"),
    ("Meta -office", "Meta", "office Meta"),
    ('"set up"', "they set up shop", "up set"),
    ("Meta Platforms", "at Meta Platforms Inc", "Meta and Platforms"),
    ('"one two"', "one two", "one\n\ntwo"),
    ("one NEAR/1 two", "one\n\nx two", "one x y two"),
    ("one NEAR/0 two", "two one", "one x two"),
    ("one NEAR two", "one a b c d two", "one a b c d e two"),
    ("a NEAR/1 b NEAR/1 c", "c x a x b", "a x x b c"),
    ("a NEAR/0 a", "a a", "a b"),
    ("a ONEAR/1 b", "a x b", "b a"),
    ("a ONEAR/1 b ONEAR/1 c", "a b x c", "a c b"),
    ('(a NEAR/1 b) NEAR/0 c', "a b c", "a b x c"),
    ("apple NEAR/3 \"apple juice\"", "apple and apple juice", "apple juice"),
    ("open*", "opening soon", "reopen"),
    ("*metre", "a kilometre", "metres"),
    ("organi?ation", "organisation", "organiation"),
    ("cyber*", "cyber-security", "syber"),
    ("cybersec*", "cyber-security", "cyber security"),
    ('"open* office"', "opening offices office opens office", "office open"),
    ("exact:US", "the US and", "told us"),
    ("exact:US", "the U.S. said", "us"),
    ("exact:Meta", "Meta's #Meta", "meta"),
    ("exact:OTAN", "contre l'OTAN", "contre l'otan"),
    ("exact:Apple", "l’action d’Apple", "pelure d'apple"),
    ("exact:Łódź", "w Łódź", "Lodz"),
    ('exact:"Meta Platforms"', "Meta Platforms", "meta platforms"),
    ("exact:e-mail", "an e-mail", "e mail"),
    ("#meta", "on #Meta now", "Meta"),
    ("@meta", "by @meta", "#meta"),
    ("$META", "buy $META", "buy META"),
    ("e-mail", "an e-mail", "male"),
    ("e-mail", "an e mail", "mail e"),
    ("e-mail", "an email", "e x mail"),
    ("email", "an e-mail", "e mail"),
    ('"new e-mail rules"', "new email rules", "new mail rules"),
    ("AT&T", "at AT&T, now", "at t"),
    ("1,000,000", "some 1,000,000 users", "1,000"),
    ("1,000,000", "some 1000000 users", "1,000"),
    ("1000000", "some 1,000,000 users", "100000"),
    ("1000000", "١٬٠٠٠٬٠٠٠", "١٠٠٠"),
    ("3.5", "٣٫٥", "35"),
    ("CO2", "CO₂ emissions", "the CO"),
    ("CO", "the CO", "CO₂ emissions"),
    ("h2o", "H₂O", "h o"),
    ("km2", "20 km²", "km"),
    ("km", "20 km²", "km2"),
    ("exact:Meta", "Meta² said", "meta²"),
    ("10", "10²", "102"),
    ("O'Brien", "Mr O’Brien", "Brien"),
    ("équipe", "dans l'equipe", "equipes"),
    ("İstanbul", "istanbul", "stanbul"),
    ("Straße", "STRASSE", "strase"),
    ("Москва", "в МОСКВА", "москве"),
    ("й", "й", "и"),
    ("فیس بک", "على فيس بك اليوم", "بک فیس"),
    ("کراچی", "في كراچي", "کراچ"),
    ("हिन्दी", "यह हिन्दी है", "हिन"),
    ("脸书", "美国脸书公司", "书脸"),
    ("フェイスブック", "米フェイスブック社", "ブックフェイス"),
    ("เฟซบุ๊ก", "บริษัทเฟซบุ๊กไทย", "บุ๊กเฟซ"),
    ("脸 NEAR/1 司", "脸公司", "脸书公司"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "hit", "miss"), CASES)
def test_each_operator_hits_and_misses_as_the_language_says(
    article: Make, rule: Make, query: str, hit: str, miss: str
) -> None:
    loaded = rule(query)
    engine = Engine([loaded])
    for text, expected in ((hit, True), (miss, False)):
        judged = article(body=text)
        assert (judge(loaded, judged) is not None) is expected, text
        assert bool(engine.match(judged)) is expected, text
        assert explain(loaded, judged).matched is expected, text


def test_title_and_body_never_touch(article: Make, rule: Make) -> None:
    apart = article(title="Meta", body="Platforms")
    assert judge(rule('"Meta Platforms"'), apart) is None
    assert judge(rule("Meta NEAR/9 Platforms"), apart) is None
    assert judge(rule("Meta AND Platforms"), apart) is not None


def test_a_field_looks_only_into_itself(article: Make, rule: Make) -> None:
    judged = article(
        title="Alpha", body="Beta " + "x " * 49 + "gamma", author="Jane Doe", tags=("Tech", "News")
    )
    hits = [
        "title:alpha", "body:beta", "lead:beta", 'author:"jane doe"', "url:dawn.com/news",
        "url:1712345", "tag:tech", "title:(alpha NOT beta)",
    ]  # fmt: skip
    misses = ["title:beta", "body:alpha", "lead:gamma", "jane", 'tag:"tech news"', "url:dawn.org"]
    for query in hits:
        assert judge(rule(query), judged), query
        assert Engine([rule(query)]).match(judged), query
    for query in misses:
        assert judge(rule(query), judged) is None, query


def test_the_signs_of_a_url_part_its_words(article: Make, rule: Make) -> None:
    judged = article(url="https://dawn.com/news?lang=en&id=5&ref=home-page")
    for query in (
        "url:dawn.com/news?lang=en", "url:en&id=5", "url:id=5", "url:news/", "url:lang",
        "url:(id=5 AND ref=home*)", "url:exact:en&id", "url:https://dawn.com/news?lang=en&id=5",
    ):  # fmt: skip
        assert judge(rule(query), judged), query
        assert Engine([rule(query)]).match(judged), query
    for query in ("url:news?id=5", "url:dawn.com/new?", "url:id=6"):
        assert judge(rule(query), judged) is None, query
    found = judge(rule("url:en&id=5"), judged)
    assert [finding.text for finding in found.findings] == ["en&id=5"]


def test_not_is_judged_on_the_whole_article(article: Make, rule: Make) -> None:
    assert judge(rule("Meta NOT Google"), article(title="Google", body="Meta")) is None


def test_a_hostile_wildcard_and_token_take_no_time(article: Make, rule: Make) -> None:
    judged = article(body="a" * 20_000 + "c")
    assert judge(rule("aa*a*a*a*a*a*b"), judged) is None


@pytest.mark.parametrize("operator", ["NEAR/5", "ONEAR/5"])
def test_a_near_of_repeats_stays_linear(article: Make, rule: Make, operator: str) -> None:
    judged = article(body="alpha beta " * 5_000)
    assert judge(rule(f"alpha {operator} beta {operator} gamma"), judged) is None
    found = judge(rule(f"alpha {operator} beta"), judged)
    assert found is not None
    assert len(found.findings[0].spans) == 20
