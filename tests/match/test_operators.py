"""Settle what each operator hits and what it lets pass, one reading after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.match.engine import Engine, judge
from monitor.match.explain import explain
from monitor.match.load import load_rules
from monitor.model.keys import ChannelName

Make = Callable[..., Any]

FILLER = "x " * 48
"""The words before the lead's last two."""
READINGS = [
    # reading, query, texts that match, texts that do not; " // " parts title and body
    ("near, any order, by the gap", "a NEAR/2 b", ["a x x b", "b a"], ["a x x x b", "a // b"]),
    ("a bare near is four", "a NEAR b", ["a x x x x b"], ["a x x x x x b"]),
    ("near nought is beside", "a NEAR/0 b", ["b a"], ["a x b"]),
    ("a near runs on across paragraphs", "a NEAR/1 b", ["a\n\nx b"], ["a\n\nx x b"]),
    ("n-ary near: neighbours, not the first and last", "a NEAR/1 b NEAR/1 c",
     ["a x b x c", "c x a x b"], ["a x b x x c", "a b x b"]),
    ("a near takes words once", "a NEAR/3 a", ["a x a"], ["a"]),
    ("a near takes words that do not overlap", 'a NEAR/3 "a b"', ["a a b"], ["a b"]),
    ("nested near: the inner one's interval counts", "(a NEAR/3 b) NEAR/0 c",
     ["a x b c", "c b x a"], ["a c b", "a b x c"]),
    ("nested near: the inner one is minimal", "(a NEAR/9 b) NEAR/0 c", ["a a b c"], ["a b a x c"]),
    ("ordered near", "a ONEAR/1 b ONEAR/1 c", ["a b x c"], ["a c b", "c b a"]),
    ("near of lists of words", '(a OR "b c") NEAR/0 (dd* OR e)', ["b c e", "ddd a"], ["b x c e"]),
    ("sentence, any order", "a SENTENCE b", ["So b and a. C", "a? b"], ["So a. B", "a! B"]),
    ("sentence of three", "a SENTENCE b SENTENCE c", ["c a b"], ["a b. Then c a"]),
    ("sentence: the same word twice", "a SENTENCE a", ["a x a"], ["the a. The a"]),
    ("sentence: an abbreviation ends none", "a SENTENCE b",
     ["Dr. B saw a", "in the U.S. B saw a", "J. B. B saw a", "a, e.g. B"], ["B saw. A"]),
    ("the title is one sentence", "a SENTENCE b", ["Why a? Is b //"], ["// Why a? Is b"]),
    ("title and body are no one sentence", "a SENTENCE b", [], ["a // b"]),
    ("a sentence ends with its paragraph", "a SENTENCE b", ["a\nb"], ["a\n\nb"]),
    ("a near inside a sentence is in it", "(a NEAR/9 b) SENTENCE c", ["a b c"], ["The a. B c"]),
    ("a sentence inside a near", "(a SENTENCE b) NEAR/0 c", ["a x b c"], ["The a. B c"]),
    ("paragraph", "a PARAGRAPH b", ["The a. The b"], ["a\n\nb"]),
    ("not near: one that stands alone is enough", "a NOT NEAR/2 b",
     ["a x x x b", "a b x x x a"], ["a x x b", "b x a", "b"]),
    ("not near is judged in one field", "a NOT NEAR/2 b", ["b // a"], []),
    ("not near: overlap is within", 'apple NOT NEAR/0 "apple juice"',
     ["an apple", "apple juice, one apple"], ["apple juice"]),
    ("not near: overlap from the other side", '"apple juice" NOT NEAR/0 (juice OR x)',
     [], ["apple juice"]),
    ("not near: a list of others", "a NOT NEAR/1 (b OR c)", ["a x x c"], ["a x c", "b a"]),
    ("not ordered near: only what follows", "a NOT ONEAR/1 b", ["b a"], ["a x b"]),
    ("not ordered near: overlap is within", 'b NOT ONEAR/0 "a b"', ["b"], ["a b"]),
    ("not near inside near", "(a NOT NEAR/0 b) NEAR/1 c", ["a c"], ["b a c"]),
    ("not is judged on the whole article", "a NOT b", ["a"], ["b // a"]),
    ("not inside a field is judged on the field", "title:(a NOT b)", ["a // b"], ["a b //"]),
    ("not of a near", "a AND NOT (a NEAR/0 b)", ["a x b"], ["a b"]),
    ("at least", "ATLEAST/3 a", ["a b a a"], ["a a"]),
    ("at least, over all fields", "ATLEAST/3 (a OR b)", ["a // b a"], ["a // b"]),
    ("at least, in a field", "title:(ATLEAST/2 a)", ["a a //"], ["a // a"]),
    ("at least, of a field", "ATLEAST/2 (title:a OR b)", ["a // b"], ["b // a"]),
    ("at least counts what does not overlap", 'ATLEAST/2 "a a"', ["a a a a"], ["a a a"]),
    ("at least: one word counts once", "ATLEAST/2 (meta OR me*)", ["meta metal"], ["meta"]),
    ("at least, of nears", "ATLEAST/2 (a NEAR/1 b)", ["a b x a b"], ["a b a"]),
    ("at least, of expressions", r"ATLEAST/2 /[0-9]{2}/", ["1234", "12 // 34"], ["123"]),
    ("fewer than", "a AND NOT ATLEAST/2 a", ["a"], ["a a"]),
    ("a wildcard in a phrase", '"open* of??ce"', ["opening office"], ["office open"]),
    ("a wildcard of one letter", "organi?ation", ["organisation"], ["organiation"]),
    ("a wildcard in front", "*metre", ["a kilometre", "metre"], ["metres"]),
    ("exact hits a mark", "exact:Meta", ["Meta's", "Meta’s", "#Meta"], ["meta", "META"]),
    ("exact of an acronym", "exact:US", ["the U.S. said", "the US"], ["told us"]),
    ("exact keeps accents", "exact:Łódź", ["w Łódź"], ["Lodz", "łódź"]),
    ("forms", "forms:invest", ["they invested", "INVESTMENTS"], ["inventor", "vest"]),
    ("forms of another form", "forms:investing", ["invest"], ["investigate"]),
    ("forms in a phrase", 'forms:"interest rate"', ["interest rates"], ["interested in rates"]),
    ("forms in a near", "x NEAR/1 forms:bank", ["x y banks"], ["x y y banks"]),
    ("the plain word keeps to itself", "bank", ["bank", "Bank's"], ["banks"]),
    ("marks hit marked words alone", "#meta", ["on #Meta"], ["Meta", "@Meta"]),
    ("a mention", "@meta", ["by @meta"], ["meta", "#meta"]),
    ("a cashtag", "$META", ["buy $META"], ["buy META"]),
    ("the bare word hits both", "meta", ["#meta", "$META", "@meta"], []),
    ("an expression, by case", r"/CVE-\d{4}-\d+/", ["on CVE-2024-3094."], ["cve-2024-3094"]),
    ("an expression without case", r"/(?i)cve-\d+/", ["cVe-1"], ["CVE"]),
    ("an expression reads signs and spaces", r"/a, +b\b/", ["a,  b"], ["a b", "a, bc"]),
    ("an expression with a stroke", r"/km\/h/", ["9 km/h"], ["9 kmh"]),
    ("an expression keeps to a field", "title:/^B/", ["B // A"], ["A // B"]),
    ("an expression does not run from title to body", r"/a\s*b/", ["a b"], ["a // b"]),
    ("lead", "lead:a", [f"// {FILLER} x a", "// a"], [f"// {FILLER} x x a", "a //"]),
    ("lead: the whole occurrence", 'lead:"a b"', [f"// {FILLER} a b"], [f"// {FILLER} x a b"]),
    ("lead: the whole near", "lead:(a NEAR/1 b)", [f"// {FILLER} a b"], [f"// {FILLER} a x b"]),
    ("lead: what lies behind it does not count", "lead:(a NOT NEAR/5 b)",
     [f"// {FILLER} x a b"], [f"// {FILLER} a b"]),
    ("lead: an expression", "lead:/a b/", [f"// {FILLER} a b"], [f"// {FILLER} x a b"]),
    ("lead: not is judged on it", "lead:(a NOT b)", [f"// a {FILLER} x b"], ["// a b"]),
]  # fmt: skip


def parted(text: str) -> dict[str, str]:
    title, mark, body = text.partition("//")
    return {"title": title.strip(), "body": body.strip()} if mark else {"body": text}


@pytest.mark.parametrize(
    ("query", "hits", "misses"), [row[1:] for row in READINGS], ids=[row[0] for row in READINGS]
)
def test_it_is_read_as(
    article: Make, rule: Make, query: str, hits: list[str], misses: list[str]
) -> None:
    loaded = rule(query)
    engine = Engine([loaded])
    for text, expected in [*((hit, True) for hit in hits), *((miss, False) for miss in misses)]:
        judged = article(**parted(text))
        assert (judge(loaded, judged) is not None) is expected, text
        assert bool(engine.match(judged)) is expected, text
        assert explain(loaded, judged).matched is expected, text


@pytest.mark.parametrize(
    ("lang", "word", "hit", "miss"),
    [
        ("de", "Haus", "die Häuser", "hager"),
        ("fr-CA", "décider", "ils décidaient", "décimer"),
        ("ru", "Москва", "в Москве", "Московский"),
        ("pl", "biuro", "dwa biura", "biurko"),
        ("tr", "ev", "evler", "evet"),
        ("hi", "किताब", "किताबें", "कितना"),
        ("ur", "دفتر", "دفتر", "دفاتر"),  # without a stemmer it is the word
        (None, "office", "offices", "off"),  # unknown is read as English
    ],
)
def test_forms_are_those_of_the_articles_language(
    article: Make, rule: Make, lang: str | None, word: str, hit: str, miss: str
) -> None:
    loaded = rule(f"forms:{word}")
    for text, expected in ((hit, True), (miss, False)):
        judged = article(body=text, lang=lang)
        assert (judge(loaded, judged) is not None) is expected, text
        assert bool(Engine([loaded]).match(judged)) is expected, text


def test_a_lower_case_name_is_a_list_and_an_upper_case_one_a_cashtag(article: Make) -> None:
    lists = {"rules/lists/meta.yaml": "title: Meta\nterms: [Facebook, Instagram NEAR/2 app]\n"}
    for query, hit, miss in (
        ("$meta", "the app Instagram", "$META"),
        ("$META", "buy $META", "Facebook"),
        ("ATLEAST/2 $meta", "Facebook, Facebook", "Facebook, Instagram"),
        ("x NOT NEAR/1 $meta", "x", "x y Facebook"),
        ("x SENTENCE $meta", "x on Facebook", "The x. Facebook"),
    ):
        text = f"id: r\ntitle: R\nmatch: '{query}'\ntell: {{mailbox: now}}\n"
        channels = {ChannelName("mailbox"): False}
        found = load_rules({"rules/r.yaml": text}, lists, channels=channels, workspace_has=bool)
        assert not found.errors
        (loaded,) = found.rules
        for body, expected in ((hit, True), (miss, False)):
            assert (judge(loaded, article(body=body)) is not None) is expected, (query, body)


def test_further_fields_are_searched_where_they_are_named(article: Make, rule: Make) -> None:
    judged = article(
        body="x", author="Jane Doe", tags=("Big Tech", "News"), url="https://dawn.com/news/2026"
    )
    for query, expected in (
        ('author:"jane doe"', True),
        ("author:(jane NEAR/0 doe)", True),
        ("author:/^Jane/", True),
        ("tag:(big SENTENCE tech)", True),
        ("tag:(tech SENTENCE news)", False),
        ("tag:(ATLEAST/2 (tech OR news))", True),
        (r"url:/\/\d{4}$/", True),
        ("url:dawn.com/news", True),
        ("url:dawn.com/sport", False),
        ("jane OR tech OR dawn", False),
        ("/Jane/", False),
    ):
        assert (judge(rule(query), judged) is not None) is expected, query
        assert bool(Engine([rule(query)]).match(judged)) is expected, query
