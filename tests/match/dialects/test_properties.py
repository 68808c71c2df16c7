"""Nothing of a query is lost in silence, what is imported loads, and it means the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from match.conftest import MakeArticle
from match.dialects.loading import imported, loaded, rule_of

from monitor.match.dialects.pieces import MAX_CHARS
from monitor.match.dialects.registry import dialects
from monitor.match.engine import Engine

VOCABULARY = {
    "brandwatch": (
        'AND OR NOT NEAR/3 NEAR/2f ( ) ( ) w1 w2 "w3 w4" w5* {w6} #w7 ~5 site:a.com site:b.com/w8 '
        "country:pak language:xx rating:[1TO5] links:c.com title: <<<w9>>> raw:w0 [ } @w1 url:w2"
    ),
    "meltwater": (
        'and OR NOT NEAR ONEAR/9 ( ) ( ) w1 w2 "w3 w4" w5* ^9 title: ingress:w6 country:PK '
        "source:a.com sentiment:w7 atleast3 atleast/2 #w8 w9? near/3 lang:en author:w0"
    ),
    "google-alerts": (
        'OR AND | -w1 - ( ) ( ) w2 w3 "w4 w5" "w6 * w7" site:a.com -site:b.com intitle:w8 '
        "allintitle: AROUND(3) 1..5 * w9* filetype:pdf inurl:w0 before:2020 ~w1 +w2 #w3 @w4"
    ),
}
NAMES = sorted(VOCABULARY)


def queries(dialect: str) -> st.SearchStrategy[str]:
    words = st.sampled_from(VOCABULARY[dialect].split(" "))
    return st.lists(words, min_size=1, max_size=14).map(" ".join)


@pytest.mark.parametrize("dialect", NAMES)
def test_every_sign_is_a_piece_or_a_loss_or_a_comment(dialect: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.one_of(queries(dialect), st.text(max_size=60)))
    def check(query: str) -> None:
        cutter = dialects()[dialect].cutter(query)
        cutter.cut()
        if cutter.problems:
            return
        spans = [(one.start, one.end) for one in (*cutter.pieces, *cutter.losses)]
        told = {at for start, end in (*spans, *cutter.comments) for at in range(start, end)}
        silent = [char for at, char in enumerate(query) if at not in told and not char.isspace()]
        assert silent == []

    check()


@pytest.mark.parametrize("dialect", NAMES)
def test_every_word_is_in_the_rule_or_in_a_loss(dialect: str) -> None:
    @settings(max_examples=70, deadline=None)
    @given(queries(dialect))
    def check(query: str) -> None:
        made = imported(query, dialect)
        if made.problems:
            return
        rule = "\n".join(line for line in made.text.split("\n") if not line.startswith("#"))
        named = " ".join(query[loss.start : loss.end] for loss in made.losses)
        comments = " ".join(re.findall(r"<<<.*?>>>", query))
        told = set(re.findall(r"w\d", f"{rule} {named} {comments}"))
        assert set(re.findall(r"w\d", query)) <= told, made

    check()


@pytest.mark.parametrize("dialect", NAMES)
def test_what_is_imported_loads(dialect: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(queries(dialect))
    def check(query: str) -> None:
        made = imported(query, dialect)
        assert made.text or made.losses or made.problems
        if made.text:
            found = loaded(made.text)
            assert found.errors == (), made.text
            assert len(found.rules) == 1

    check()


@pytest.mark.parametrize("dialect", NAMES)
def test_no_text_breaks_the_reading(dialect: str) -> None:
    hostile = st.text(alphabet='()"~^*?:-|{}[]<>/\0\n\u200f\ud7ffab#@$&+ANDORNEAR', max_size=80)

    @settings(max_examples=70, deadline=None)
    @given(hostile)
    def check(query: str) -> None:
        made = imported(query, dialect)
        assert made.text or made.losses or made.problems
        for problem in made.problems:
            assert problem.cure
            assert 0 <= problem.offset <= len(query)
        if made.text:
            assert loaded(made.text).errors == (), made.text

    check()


# A query's own meaning, the obvious way: a text is its words, in order.

Meaning = Callable[[list[str]], bool]
WORDS = "abcd"


def _word(letter: str) -> tuple[str, str, Meaning]:
    return f"x{letter}", "word", lambda text: f"x{letter}" in text


def _near(pair: tuple[str, str, int, bool]) -> tuple[str, str, Meaning]:
    left, right, gap, is_ordered = pair

    def found(text: list[str]) -> bool:
        places = [(i, j) for i, a in enumerate(text) for j, b in enumerate(text) if i != j]
        return any(
            text[i] == f"x{left}"
            and text[j] == f"x{right}"
            and abs(i - j) <= gap + 1
            and (i < j or not is_ordered)
            for i, j in places
        )

    return f"x{left} NEAR/{gap}{'f' if is_ordered else ''} x{right}", "near", found


def _all(parts: list[tuple[str, str, Meaning]]) -> tuple[str, str, Meaning]:
    text = " AND ".join(f"({t})" if kind in ("or", "near") else t for t, kind, _ in parts)
    return text, "and", lambda words: all(means(words) for _, _, means in parts)


def _any(parts: list[tuple[str, str, Meaning]]) -> tuple[str, str, Meaning]:
    text = " OR ".join(f"({t})" if kind != "word" else t for t, kind, _ in parts)
    return text, "or", lambda words: any(means(words) for _, _, means in parts)


def _without(pair: list[tuple[str, str, Meaning]]) -> tuple[str, str, Meaning]:
    (text, _, means), (other, _, stops) = pair
    return f"({text}) NOT ({other})", "and", lambda words: means(words) and not stops(words)


MEANINGS = st.recursive(
    st.one_of(
        st.sampled_from(WORDS).map(_word),
        st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS), st.integers(0, 2), st.booleans())
        .filter(lambda pair: pair[0] != pair[1])
        .map(_near),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(_all),
        st.lists(inner, min_size=2, max_size=3).map(_any),
        st.lists(inner, min_size=2, max_size=2).map(_without),
    ),
    max_leaves=7,
)
TEXTS = st.lists(st.sampled_from([f"x{letter}" for letter in WORDS] + ["y"]), max_size=7)


@pytest.mark.parametrize("examples", [60, pytest.param(2_000, marks=pytest.mark.slow)])
def test_an_imported_rule_means_what_the_query_means(article: MakeArticle, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(MEANINGS, st.lists(TEXTS, min_size=1, max_size=6))
    def check(query: tuple[str, str, Meaning], texts: list[list[str]]) -> None:
        text, _, means = query
        assert imported(text, "brandwatch").losses == ()
        engine = Engine([rule_of(text, "brandwatch")])
        for words in texts:
            assert bool(engine.match(article(body=" ".join(words)))) is means(words), words

    check()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["AND", "OR", "NOT"]), min_size=1, max_size=5), TEXTS)
def test_meltwater_reads_not_then_and_then_or(
    article: MakeArticle, operators: list[str], words: list[str]
) -> None:
    names = [f"x{WORDS[at % len(WORDS)]}" for at in range(len(operators) + 1)]
    query = names[0] + "".join(
        f" {operator} {name}" for operator, name in zip(operators, names[1:], strict=True)
    )
    runs = [[(False, names[0])]]
    for operator, (_, name) in zip(operators, pairwise(names), strict=True):
        if operator == "OR":
            runs.append([])
        runs[-1].append((operator == "NOT", name))
    means = any(all((name in words) is not negated for negated, name in run) for run in runs)
    engine = Engine([rule_of(query, "meltwater")])
    assert bool(engine.match(article(body=" ".join(words)))) is means


@pytest.mark.parametrize("dialect", NAMES)
@pytest.mark.parametrize(
    "query",
    [
        "(" * 1_000_000,
        ")" * 50_000,
        "(" * 20_000 + "a" + ")" * 20_000,
        '"' * 49_999,
        "“" * 49_999,
        "a " * 24_999,
        "NOT " * 12_000,
        "a NEAR/1 b NEAR/2 " * 2_500 + "c",
        "a NEAR/1 " * 5_000 + "c",
        "title: " * 7_000 + "a",
        "-" * 49_999,
        "a OR " * 9_999 + "a",
        "~5" * 20_000,
        "a^9" * 16_000,
        "{[<" * 16_000,
        "a:b" * 16_000,
        "a\0b",
    ],
    ids=lambda query: f"{query[:9]!r} x{len(query)}",
)
def test_hostile_queries_are_refused_or_bounded(dialect: str, query: str) -> None:
    made = imported(query, dialect)
    assert made.text or made.losses or made.problems
    assert len(made.problems) <= 20
    if len(query) > MAX_CHARS:
        assert [problem.code for problem in made.problems] == ["too-long"]


def test_a_query_of_hundreds_of_names_is_carried_over_whole() -> None:
    made = imported(" OR ".join(f"name{at}" for at in range(500)), "brandwatch")
    assert made.losses == ()
    assert made.text.count("\n  - name") == 500
    assert loaded(made.text).errors == ()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('"' + "a " * 25_000 + '"', "too-long"),
        ("a " * 10_001, "too-long"),
        ("(" * 41 + "a" + ")" * 41, "too-deep"),
        ("(" * 4_900 + "a" + ")" * 4_900, "too-deep"),
        ("a" * 1_001, "long-word"),
        ("a NEAR/1 b NEAR/2 " * 21 + "c", "nears"),
        ("a\0b", "control"),
        ("(a", "parenthesis"),
        ("a)", "parenthesis"),
        ('a AND "b', "quote"),
        ("a AND AND b", "operand"),
        ("a NEAR/3 NOT b", "near-operand"),
        ("NOT NOT a", "double-negation"),
        ("a NEER/3 b AND NEAR/x c", "operator"),
        ("{a", "brace"),
        ("[1 TO 5]", "range"),
        ("title: site: a", "prefixes"),
        ("foo:bar", "unknown-prefix"),
        ("", "empty"),
        ("a AND ()", "empty"),
    ],
    ids=lambda value: value[:20],
)
def test_a_fault_of_a_query_has_its_place_and_cure(query: str, code: str) -> None:
    made = imported(query, "brandwatch")
    assert made.text == ""
    assert code in {problem.code for problem in made.problems}
    assert all(problem.cure for problem in made.problems)
