"""Queries and articles that mean harm are refused, or cost no more than their length."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from monitor.match.evaluate import document
from monitor.match.lexer import MAX_QUERY_CHARS
from monitor.match.problems import MAX_TOLD
from monitor.match.query import parse_query
from monitor.match.tree import Node, Phrase, children

Make = Callable[..., Any]

PIECES = [
    "Meta", "a-b", "op*", "AND", "OR", "NOT", "NEAR/2", "ONEAR", "SENTENCE", "PARAGRAPH",
    "NOT NEAR/3", "ATLEAST/2", "forms:", "exact:", "/x+/", "/a", "(", ")", '"', "“", "‘", "-", "–",
    "title:", "lead:", "url:", "x:", "$list", "$TAG", "$Mix", "#", "#m", "@", ",", ";", "!", "|",
    "*", "?", "/", "\\", "~5", "w/5", "[", "{", "…", "é", "中", "ف", "\u200b", "٣",
]  # fmt: skip
SIGNS = " ()\"“”‘’-:/$#@'‚„"
OPERATORS = (
    "SENTENCE", "PARAGRAPH", "ONEAR", "NEAR", "ATLEAST", "AND", "OR", "NOT", "title", "lead",
    "url", "forms", "exact",
)  # fmt: skip


def leaves(node: Node) -> list[Node]:
    if isinstance(node, Phrase):
        return list(node.words)
    inner = children(node)
    return [leaf for part in inner for leaf in leaves(part)] if inner else [node]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES), max_size=9), st.sampled_from(["", " "]))
@example(["url:", "Meta", "/x+/"], "")
def test_every_character_is_in_the_tree_or_in_a_problem(pieces: list[str], space: str) -> None:
    text = space.join(pieces)
    parsed = parse_query(text, needs_positive=False)
    if parsed.node is None:
        assert any(p.is_error and 0 <= p.offset <= len(text) for p in parsed.problems)
        return
    rest = list(text)
    for leaf in leaves(parsed.node):
        assert text[leaf.place.start : leaf.place.end].strip(SIGNS) in leaf.place.text
        rest[leaf.place.start : leaf.place.end] = " " * (leaf.place.end - leaf.place.start)
    left = "".join(rest)
    for operator in OPERATORS:
        left = left.replace(operator, " ")
    if "url:" in text:  # in an address every sign parts words
        left = "".join(char for char in left if char.isalnum())
    left = "".join(char for char in left if not (char.isspace() or char in SIGNS + "234"))
    warned = "".join(p.what for p in parsed.problems)
    assert all(char in warned or repr(char)[1:-1] in warned for char in left), (left, warned)


def _hostile(dice: random.Random) -> str:
    kind = dice.randrange(6)
    many = dice.choice([10, 100, 3_000])
    if kind == 0:
        return dice.choice(PIECES) * many
    if kind == 1:
        return dice.choice(["(", "title:", "-", "NOT ", "ATLEAST/2 ", "forms:", '"']) * many + "a"
    if kind == 2:
        return dice.choice([" OR ", " NEAR/2 ", " NOT NEAR/2 ", " SENTENCE ", " "]).join("ab" * 99)
    if kind == 3:
        return "/" + "".join(dice.choices("ab(|)*+?.{9}[]\\", k=dice.randrange(1, 40))) + "/"
    if kind == 4:
        return "".join(chr(dice.randrange(1, 0x3000)) for _ in range(dice.randrange(1, 60)))
    return " ".join(dice.choices(PIECES, k=dice.randrange(1, 30)))


def steps_of(work: Callable[[], object]) -> int:
    """Count the lines of Python that some work runs."""
    count = 0

    def counted(_frame: object, event: str, _arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return counted

    before = sys.gettrace()
    sys.settrace(counted)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


STEPS_A_CHARACTER = 200
"""Measured: 60 at most, over 120 of the queries that are generated here."""


@pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=pytest.mark.slow)])
def test_hostile_queries_are_refused_or_read_in_bounded_work(count: int) -> None:
    dice = random.Random(count)
    for _ in range(count):
        text = _hostile(dice)
        parsed = parse_query(text)
        assert (parsed.node is None) is any(p.is_error for p in parsed.problems)
    text = max((_hostile(dice) for _ in range(20)), key=len)
    assert steps_of(lambda: parse_query(text)) <= STEPS_A_CHARACTER * (len(text) + 100)


FAULTY_LEVELS = [
    "(a b)", "(a OR b AND c)", "(a NEAR/2 b NEAR/3 c)", "(a OR b NEAR/2 c)", "exact:(US OR UK)",
    "(a NOT b OR c)", "(a, b)", "a,",
]  # fmt: skip


STEPS_BEYOND_TOLD = 80
"""Measured: 60 a character at most where no cure is worked out, up to 157 where one is."""


@pytest.mark.parametrize("level", FAULTY_LEVELS)
def test_only_so_many_problems_of_a_query_are_told_and_cured(level: str) -> None:
    few, some, many = (" OR ".join([level] * count) for count in (MAX_TOLD, 50, 100))
    told, whole = parse_query(few).problems, parse_query(many).problems
    rest = [problem for problem in whole if problem.what == "and 80 more from here on"]
    assert len(rest) == len(told) // MAX_TOLD >= 1  # an error a level, or a warning, or both
    assert [problem for problem in whole if problem not in rest] == list(told)
    more = steps_of(lambda: parse_query(many)) - steps_of(lambda: parse_query(some))
    assert more <= STEPS_BEYOND_TOLD * (len(many) - len(some))


def test_a_query_beyond_the_limit_is_not_cut_at_all() -> None:
    assert steps_of(lambda: parse_query("a " * MAX_QUERY_CHARS)) < 500


QUERIES = [
    "ATLEAST/900 (foo OR bar)",
    "ATLEAST/900 (foo NEAR/3 bar)",
    "foo NOT NEAR/0 (bar OR foob*)",
    "foo NOT ONEAR/3 bar",
    "foo SENTENCE bar SENTENCE gone",
    "foo PARAGRAPH bar PARAGRAPH foo",
    "foo NEAR/5 bar NEAR/5 gone",
    "(foo NEAR/2 bar) ONEAR/3 foo",
    '"foo bar" AND "fo* ba?" AND *zzz*',
    "forms:foo AND forms:gone",
    r"/fo+ .*zzz/ OR /bar$/",
    "lead:gone OR title:(foo NOT NEAR/2 bar)",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(
    "text",
    [
        "foo bar. Foo, ",
        pytest.param("foo bar\n\n", marks=pytest.mark.slow),
        pytest.param("foo " * 40 + "bar ", marks=pytest.mark.slow),
    ],
)
def test_the_work_on_a_long_article_grows_as_its_length(
    article: Make, query: str, text: str
) -> None:
    """Eight times the text, 11 times the work at most: to sort its places is not quite linear."""
    node = parse_query(query).node
    assert node is not None

    def steps(repeats: int) -> int:
        read = document(article(title=text * repeats, body=text * repeats))
        return steps_of(lambda: read.holds(node))

    steps(2)  # what is remembered of words is remembered
    size = 1_500 // len(text)
    assert steps(size * 8) <= 11 * steps(size) + 1_000


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES)
def test_an_article_of_500_kilobytes_is_judged(article: Make, query: str) -> None:
    node = parse_query(query).node
    assert node is not None
    for text in ("foo bar. Foo, ", "foo " * 40, "foo", ". ", "fooo zz bar "):
        body = text * (500_000 // len(text))
        assert document(article(body=body)).holds(node) in (True, False)
