"""Compare parser, engine, evaluator and explanation with the reference, on random rules."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from match import reference
from match.reference import Text

from monitor.match.engine import Engine, judge
from monitor.match.evaluate import document
from monitor.match.explain import explain
from monitor.match.query import parse_query
from monitor.match.tree import And, Node, Not, Or, Place

Make = Callable[..., Any]
Texts = tuple[str, ...]
Drawn = list[tuple[list[list[str]], list[list[list[str]]]]]  # titles and bodies
LONG_RUN = int(os.environ.get("MONITOR_TEST_EXAMPLES", "1000"))
quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORDS = ["foo", "Foo", "foos", "bar", "bar", "#foo", "x"]
LEAVES = [
    "foo", "bar", "end", "fo*", "*ar*", "f?o", '"foo bar"', '"bar bar"', '"fo* foo"', "exact:Foo",
    'exact:"Foo bar"', "forms:foo", 'forms:"foo bar"', "#foo",
]  # fmt: skip
REGEXES = ["/fo+s/", r"/\bb[ao]r\b/", "/(?i)foo bar/", "/^Foo/", "/x$/", "/[.] Foo/"]


def _joined(parts: list[str], operator: str) -> str:
    return "(" + f" {operator} ".join(parts) + ")"


def _row(inner: st.SearchStrategy[str], operators: st.SearchStrategy[str]) -> Any:
    return st.builds(_joined, st.lists(inner, min_size=2, max_size=3), operators)


leaf = st.sampled_from(LEAVES)
either = _row(leaf, st.just("OR"))
operand = leaf | leaf | either
ranged = st.builds("{}/{}".format, st.sampled_from(["NEAR", "ONEAR"]), st.integers(0, 3))
together = _row(operand, st.sampled_from(["SENTENCE", "PARAGRAPH"]))
near = _row(operand, ranged | st.just("NEAR"))
apart = st.builds("({} NOT {} {})".format, operand, ranged, operand)
beside = near | together | apart
nested = _row(operand | beside, ranged | st.sampled_from(["SENTENCE", "PARAGRAPH"]))
nested |= st.builds("({} NOT {} {})".format, operand | beside, ranged, operand | beside)
regex = st.sampled_from(REGEXES)
positional = operand | beside | nested
counted = st.builds("ATLEAST/{} ({})".format, st.integers(1, 3), positional | regex)
counted |= st.sampled_from(["ATLEAST/2 (title:foo OR bar)", "ATLEAST/2 title:fo*"])
in_lead = st.builds("lead:({})".format, positional | regex)
in_field = st.builds("{}:({})".format, st.sampled_from(["title", "body"]), positional | regex)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    without = st.builds("({} AND NOT {})".format, inner, inner)
    return _row(inner, st.sampled_from(["AND", "OR"])) | without


grown = st.recursive(positional | counted | regex | in_lead | in_field, _grown, max_leaves=4)
queries = st.tuples(  # some of each: what is drawn seldom is tested seldom
    leaf, near, near, together, together, apart, apart, nested, nested, counted, counted,
    in_lead, in_lead, in_field, regex, grown, grown,
)  # fmt: skip

Written = list[list[list[str]]]  # paragraphs of sentences of words
sentence = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5)
paragraph = st.lists(sentence, min_size=1, max_size=3)
filler = st.sampled_from([[], [], [[["x"] * 46]]])  # the lead ends with the second word behind
body = st.builds(lambda before, rest: before + rest, filler, st.lists(paragraph, max_size=2))
articles = st.lists(st.tuples(st.lists(sentence, max_size=2), body), min_size=3, max_size=3)


def written(paragraphs: Written, *, is_body: bool) -> Text:
    """Write a text, each sentence with a capital and a stop, and what its words belong to."""
    words: list[str] = []
    homes: list[int] = []
    sentences: list[int] = []
    shown = []
    for number, some in enumerate(paragraphs):
        lines = [" ".join(["End", *each]) + "." for each in some]
        shown.append(" ".join(lines))
        for each in some:
            words += ["End", *each]
            homes += [number] * (len(each) + 1)
            sentences += [len(sentences) + 1] * (len(each) + 1)
    if not is_body:
        sentences = [0] * len(words)
    return Text("\n\n".join(shown), tuple(words), tuple(homes), tuple(sentences))


def node_of(text: str) -> Node | None:
    """Read a query; None where a near holds the same on both sides, an error of its own."""
    parsed = parse_query(text)
    errors = {problem.code for problem in parsed.problems if problem.is_error}
    assert errors <= {"near-itself"}, (text, parsed.problems)
    return parsed.node


def fields_of(heading: list[list[str]], paragraphs: Written) -> dict[str, Text]:
    return {
        "title": written([heading] if heading else [], is_body=False),
        "body": written(paragraphs, is_body=True),
    }


def check(make_article: Make, make_rule: Make, texts: Texts, drawn: Drawn) -> None:
    """Compare every verdict with the reference; an engine in another order says the same."""
    nodes = [node for node in map(node_of, texts) if node is not None]
    rules = [make_rule(node, id=f"r{at}") for at, node in enumerate(nodes)]
    irrelevant = make_rule("nothing AND foo", id="irrelevant")
    engine, other = Engine(rules), Engine([irrelevant, *rules[::-1]])
    for heading, paragraphs in drawn:
        given = fields_of(heading, paragraphs)
        judged = make_article(title=given["title"].raw, body=given["body"].raw)
        expected = [rule.rule.id for rule in rules if reference.holds(rule.query, given)]
        assert [match.rule_id for match in engine.match(judged)] == expected
        assert [match.rule_id for match in other.match(judged)] == expected[::-1]
        for rule in rules:
            is_match = rule.rule.id in expected
            assert (judge(rule, judged) is not None) is is_match, rule.query.place.text
            assert explain(rule, judged).matched is is_match, rule.query.place.text


@quick
@given(queries, articles)
def test_engine_judge_and_explain_agree_with_the_reference(
    article: Make, rule: Make, texts: Texts, drawn: Drawn
) -> None:
    check(article, rule, texts, drawn)


@pytest.mark.slow
@settings(quick, max_examples=LONG_RUN)
@given(queries, articles)
def test_they_agree_in_a_long_run(article: Make, rule: Make, texts: Texts, drawn: Drawn) -> None:
    check(article, rule, texts, drawn)


@quick
@given(grown, grown, articles)
def test_the_laws_of_logic_hold_whatever_the_parts(
    article: Make, left: str, right: str, drawn: Drawn
) -> None:
    one, other = node_of(left), node_of(right)
    if one is None or other is None:
        return
    nowhere = Place(text="")

    def negated(node: Node) -> Node:
        return Not(place=nowhere, part=node)

    both = And(place=nowhere, parts=(one, other))
    neither = And(place=nowhere, parts=(negated(one), negated(other)))
    for heading, paragraphs in drawn:
        given = fields_of(heading, paragraphs)
        read = document(article(title=given["title"].raw, body=given["body"].raw))
        assert read.holds(negated(negated(one))) is read.holds(one)
        assert read.holds(negated(neither)) is read.holds(Or(place=nowhere, parts=(one, other)))
        assert read.holds(both) is (read.holds(one) and read.holds(other))


IMPLIED = [
    # whatever matches the first matches the second
    ("{a} NEAR/{n} {b}", "{b} NEAR/{n} {a}"),
    ("{a} NEAR/{n} {b}", "{a} NEAR/{more} {b}"),
    ("{a} ONEAR/{n} {b}", "{a} NEAR/{n} {b}"),
    ("{a} SENTENCE {b}", "{b} SENTENCE {a}"),
    ("{a} SENTENCE {b}", "{a} PARAGRAPH {b}"),
    ("{a} PARAGRAPH {b}", "{a} AND {b}"),
    ("{a} NOT NEAR/{more} {b}", "{a} NOT NEAR/{n} {b}"),
    ("{a} NOT NEAR/{n} {b}", "{a} NOT ONEAR/{n} {b}"),
    ("{a} NOT ONEAR/{n} {b}", "{a}"),
    ("{a} AND NOT {b}", "{a} NOT NEAR/{n} {b}"),
    ("ATLEAST/{more} {a}", "ATLEAST/{n} {a}"),
    ("ATLEAST/1 {a}", "{a}"),
    ("{a}", "ATLEAST/1 {a}"),
    ("lead:{a}", "body:{a}"),
    ("exact:foo", "foo"),
    ("foo", "forms:foo"),
]


@quick
@given(operand | beside, operand | beside, st.integers(1, 3), articles)
def test_a_stricter_operator_finds_no_more_than_a_laxer_one(
    article: Make, left: str, right: str, n: int, drawn: Drawn
) -> None:
    heading, paragraphs = drawn[0]
    given = fields_of(heading, paragraphs)
    read = document(article(title=given["title"].raw, body=given["body"].raw))
    for strict, lax in IMPLIED:
        texts = [
            each.format(a=f"({left})", b=f"({right})", n=n, more=n + 1) for each in (strict, lax)
        ]
        one, other = map(node_of, texts)
        if one is not None and other is not None and read.holds(one):
            assert read.holds(other), texts
