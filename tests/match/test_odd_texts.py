"""Texts and queries that once broke the matcher: they are judged alike, and in linear time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from match.conftest import MakeArticle, MakeRule

from monitor.match.engine import Engine, judge
from monitor.match.matched import told
from monitor.match.query import parse_query
from monitor.text.folding import fold, plain

ODD = ["ﷺ", "exact:ﷺ", '"Prophet ﷺ"', "Prophet NEAR/3 ﷺ", "ͺα", "aﹰb", "Prophet AND NOT ﷺ"]


@pytest.mark.parametrize("query", ODD)
@pytest.mark.parametrize("body", ["the Prophet ﷺ said", "the Prophet said", "ͺα aﹰb"])
def test_letters_that_fold_to_several_words_are_one(
    rule: MakeRule, article: MakeArticle, query: str, body: str
) -> None:
    loaded, judged = rule(query), article(body=body)
    expected = judge(loaded, judged)
    assert told(Engine([loaded]).match(judged)) == ((expected.told(),) if expected else ())
    if "NOT" not in query:
        letters = query.removeprefix("exact:").strip('"').split()[-1]
        assert (expected is not None) == (letters in body)


def test_no_letter_folds_to_a_space_or_to_an_error() -> None:
    for number in (*range(0xD800), *range(0xE000, 0x11_0000)):
        letter = chr(number)
        if not letter.isspace():
            assert " " not in fold(letter) + plain(letter)


def test_a_digit_newer_than_python_is_a_letter_like_any(
    rule: MakeRule, article: MakeArticle
) -> None:
    digit = "\U00010d40"
    assert parse_query(digit).node is not None
    assert Engine([rule("Meta")]).match(article(body=f"Meta {digit}"))


@pytest.mark.parametrize("body", ["a \0 b", "a\0b", "\0a b\0", "a b\n\0\na b", "a\n\nb \0"])
@pytest.mark.parametrize("query", ['"a b"', "a NEAR/0 b", "a PARAGRAPH b"])
def test_a_null_in_a_text_is_a_sign_like_any(
    rule: MakeRule, article: MakeArticle, query: str, body: str
) -> None:
    loaded, judged = rule(query), article(body=body)
    expected = judge(loaded, judged)
    assert told(Engine([loaded]).match(judged)) == ((expected.told(),) if expected else ())


def test_half_a_character_in_an_expression_is_refused() -> None:
    (problem,) = parse_query("/\ud800/").problems
    assert "half a character" in problem.what


def steps(work: Callable[[], object]) -> int:
    """Count the lines of Python that some work runs."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    ("query", "unit", "lang"),
    [
        ("ATLEAST/3 a", "a,b;", "en"),
        ("ATLEAST/3 脸书", "脸书", "zh"),
        ("脸书 NEAR/10 公司", "脸书在北京的公司。", "zh"),
    ],
)
def test_a_text_without_spaces_is_read_once(
    rule: MakeRule, article: MakeArticle, query: str, unit: str, lang: str
) -> None:
    engine = Engine([rule(query)])
    short, long = (article(body=unit * count, lang=lang) for count in (40, 320))
    assert engine.match(short)
    assert steps(lambda: engine.match(long)) < 12 * steps(lambda: engine.match(short))


@pytest.mark.parametrize(
    ("query", "cure"),
    [
        ("Meta AND –analysis", "write -analysis to exclude it, or leave the dash out"),
        ("Meta —analysis", "write -analysis to exclude it, or leave the dash out"),
    ],
)
def test_a_dash_that_is_no_minus_is_no_guess(query: str, cure: str) -> None:
    (problem,) = [one for one in parse_query(query).problems if one.is_error]
    assert problem.cure == cure


@pytest.mark.parametrize("query", ["exact:US NOT NEAR/3 exact:us", "$meta NOT NEAR/5 $META"])
def test_two_things_that_only_look_alike_may_stand_in_a_not_near(query: str) -> None:
    assert parse_query(query).node is not None
