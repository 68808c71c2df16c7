"""Settle what each operator hits and what it lets pass, one reading after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.match.engine import Engine, judge
from monitor.match.explain import explain

Make = Callable[..., Any]

CASES = [
    # query, text that matches, text that does not
    ("a SENTENCE b", "B or a. C", "the a. B"),
    ("a SENTENCE b", "Mr. b met a", "Mr. b met. An a"),
    ("a SENTENCE b SENTENCE c", "c, a, b", "a b. C a"),
    ("a SENTENCE a", "a a", "a. A"),
    ('a SENTENCE "a b"', "a, a b", "x a b"),
    ("(a NEAR/1 b) SENTENCE c", "c then a, b", "c. Then a, b"),
    ("(a NEAR/9 b) SENTENCE c", "a b c", "a. B c"),
    ("a PARAGRAPH b", "a. B", "a\n\nb"),
    ("a PARAGRAPH (b OR c)", "a. C", "a\n\nb c"),
    ("a NOT NEAR/2 b", "a x x x b", "a x x b"),
    ("a NOT NEAR/2 b", "b a x x x a", "b x a x b"),
    ("a NOT ONEAR/2 b", "b a", "a b"),
    ('apple NOT NEAR/0 "apple juice"', "apple x apple juice", "apple juice"),
    ("juice NOT NEAR/0 apple", "juice", "apple juice"),
    ("ATLEAST/3 a", "a b a a", "a a"),
    ("ATLEAST/3 (a OR b)", "a b a", "a b"),
    ('ATLEAST/2 "a a"', "a a a a", "a a a"),
    ("ATLEAST/2 (a NEAR/1 b)", "a b x a b", "a b a"),
    ("forms:invest", "they invested", "an inventor"),
    ("forms:Investments", "INVESTING", "investigate"),
    ('forms:"interest rate"', "interest rates", "interested in rates"),
    ("x NEAR/1 forms:office", "x offices", "x official"),
    (r"/CVE-\d{4}-\d+/", "on CVE-2024-3094, now", "cve-2024-3094"),
    (r"/(?i)cve-\d+/", "CVE-1", "CVE"),
    (r"a AND /\bB[0-9]+\b/", "a B12", "a b12"),
]


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
