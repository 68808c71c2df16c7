from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.match.query import Parsed, near_faults, parse_query, unanchored
from monitor.match.tree import (
    AtLeast,
    Field,
    ListRef,
    Near,
    Node,
    Not,
    NotNear,
    Phrase,
    Place,
    Regex,
    Together,
    Word,
    children,
)

calm = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def shape(node: Node | None) -> str:
    if node is None:
        return "none"
    if isinstance(node, Word):
        return node.mark + node.word + "!" * node.is_exact + "~" * node.is_inflected
    if isinstance(node, Regex):
        return f"/{node.pattern}/"
    if isinstance(node, Phrase):
        return '"' + " ".join(map(shape, node.words)) + '"'
    if isinstance(node, ListRef):
        return f"${node.name}"
    inner = ", ".join(map(shape, children(node)))
    return (
        head(node) + inner if isinstance(node, AtLeast | Field | Not) else f"{head(node)}({inner})"
    )


def head(node: Node) -> str:
    if isinstance(node, Near | NotNear):
        return "o" * node.is_ordered + "n" * isinstance(node, NotNear) + f"n{node.gap}"
    if isinstance(node, Together):
        return str(node.unit)
    if isinstance(node, AtLeast):
        return f"{node.count}x "
    name = type(node).__name__.lower()
    return f"{node.name}:" if isinstance(node, Field) else name + " " * isinstance(node, Not)


def codes(parsed: Parsed) -> list[str]:
    return [problem.code for problem in parsed.problems]


READINGS = [
    ("Meta", "meta"),
    ("Meta Platforms", '"meta platforms"'),
    ("open* office", '"open* office"'),
    ('"set up"', '"set up"'),
    ("“set up”", '"set up"'),
    ("„set up“", '"set up"'),
    ("‘set up’ AND ‚an office‘", 'and("set up", "an office")'),
    ("‘O’Brien’s plan’", "\"o'brien's plan\""),
    ("title:(‘a b’ OR c)", 'title:or("a b", c)'),
    ("S3 bucket", '"s3 bucket"'),
    ("A AND B AND C", "and(a, b, c)"),
    ("A OR B OR C", "or(a, b, c)"),
    ("A AND NOT B", "and(a, not b)"),
    ("A NOT B", "and(a, not b)"),
    ('A -b -"c d" -$x', 'and(a, not b, not "c d", not $x)'),
    ("(A OR B) AND C", "and(or(a, b), c)"),
    ("(((A)))", "a"),
    ("A NEAR B", "n4(a, b)"),
    ("A NEAR/5 B NEAR/5 C", "n5(a, b, c)"),
    ("(A NEAR/5 B) NEAR/3 C", "n3(n5(a, b), c)"),
    ("A NEAR/5 B AND C", "and(n5(a, b), c)"),
    ("C NOT A NEAR/5 B", "and(c, not n5(a, b))"),
    ("A ONEAR/0 (B OR $c)", "on0(a, or(b, $c))"),
    ("A SENTENCE B SENTENCE C", "sentence(a, b, c)"),
    ("A PARAGRAPH (B OR C) AND D", "and(paragraph(a, or(b, c)), d)"),
    ("(A NEAR/2 B) SENTENCE C", "sentence(n2(a, b), c)"),
    ("A NOT NEAR/5 B", "nn5(a, b)"),
    ("A NOT NEAR B", "nn4(a, b)"),
    ("A NOT  ONEAR/0 B", "onn0(a, b)"),
    ("C AND A NOT NEAR/2 (B OR $c)", "and(c, nn2(a, or(b, $c)))"),
    ("C NOT A NOT NEAR/2 B", "and(c, not nn2(a, b))"),
    ("(A NOT NEAR/2 B) NEAR/3 C", "n3(nn2(a, b), c)"),
    ("ATLEAST/3 (A OR B)", "3x or(a, b)"),
    ("ATLEAST/2 Meta AND -ATLEAST/9 $x", "and(2x meta, not 9x $x)"),
    ("title:(ATLEAST/2 A)", "title:2x a"),
    ("ATLEAST/2 title:A", "2x title:a"),
    ("ATLEAST/2 (A NEAR/3 B)", "2x n3(a, b)"),
    ("ATLEAST/2 /x/", "2x /x/"),
    ("forms:Invested", "invested~"),
    ("forms:décidé OR B", "or(décidé~, b)"),
    ('forms:"interest rate"', '"interest~ rate~"'),
    ("A NEAR/2 forms:B", "n2(a, b~)"),
    (r"/CVE-\d{4}-\d+/", r"/CVE-\d{4}-\d+/"),
    (r"A AND (/b c\/d (e|f)/)", r"and(a, /b c\/d (e|f)/)"),
    ("title:/x+/", "title:/x+/"),
    ("km/h OR a/b/c", 'or("km h", "a b c")'),
    ("body:(/x/ OR y)", "body:or(/x/, y)"),
    ("exact:Meta", "meta!".replace("m", "M")),
    ('exact:"Meta Platforms"', '"Meta! Platforms!"'),
    ("exact:U.S.", "US!"),
    ("#meta", "#meta"),
    ("@Meta", "@meta"),
    ("$META", "$meta"),
    ("title:(A OR B)", "title:or(a, b)"),
    ("title: A AND body:exact:B", "and(title:a, body:B!)"),
    ("url:https://dawn.com/business", 'url:"https dawn com business"'),
    ("url:dawn.com/news?id=5", 'url:"dawn com news id 5"'),
    ("url:news/5", 'url:"news 5"'),
    ("e-mail", "e-mail"),
    ("anti-trust*", "anti-trust*"),
    ("AT&T", "at&t"),
    ("1,000,000", "1000000"),
    ("1,00,000", "100000"),
    ("3,50", "3,50"),
    ("exact:1,000", "1,000!"),
    ("007", "007"),
    ("application forms", '"application forms"'),
    ("forms OR copies_of", "or(forms, copies_of)"),
    ("脸书", '"脸 书"'),
    ('"#meta or $META"', '"meta or meta"'),
]


@pytest.mark.parametrize(("text", "expected"), READINGS)
def test_query_text_is_read_as_written(text: str, expected: str) -> None:
    parsed = parse_query(text)
    assert not [p for p in parsed.problems if p.is_error]
    assert shape(parsed.node) == expected


ERRORS = [
    # text, code, offset, a piece of the cure
    ("A OR B AND C", "mixed-operators", 2, "(A OR B) AND C"),
    ("A OR B -c", "mixed-operators", 2, "(A OR B) AND -c"),
    ("A OR NOT B", "mixed-operators", 2, "NOT B"),
    ("A NEAR/5 B NEAR/3 C", "mixed-near", 11, "(A NEAR/5 B) NEAR/3 C"),
    ("A NEAR/5 B ONEAR/5 C", "mixed-near", 11, "(A NEAR/5 B) ONEAR/5 C"),
    ("A NEAR/5 B OR C", "mixed-near", 11, "(A NEAR/5 B) OR C"),
    ("office $pakistan", "side-by-side", 0, "office AND $pakistan"),
    ("Meta Platforms AND x", "side-by-side", 0, '"Meta Platforms"'),
    ("$meta office", "side-by-side", 0, "write $meta AND office"),
    ("#meta office", "side-by-side", 0, "write #meta AND office"),
    ("‘set up’ office", "side-by-side", 0, '"set up office" or'),
    ("Meta – office", "lone-minus", 5, "-word"),
    ("Meta — office", "lone-minus", 5, "-word"),
    ("lang:en", "unknown-prefix", 0, "only: {lang: [en]}"),
    ("A AND source:dawn", "unknown-prefix", 6, "only: {source: [dawn]}"),
    ("country:PK", "unknown-prefix", 0, "only: {country: [PK]}"),
    ("words:150", "unknown-prefix", 0, 'only: {words: ">=150"}'),
    ("language:(en OR ur)", "unknown-prefix", 0, "only: {lang: [...]}"),
    ("A adj5 B", "unknown-operator", 2, "ONEAR/5"),
    ("A near5 B", "unknown-operator", 2, "NEAR/5"),
    ("A w/5 B", "unknown-operator", 2, "NEAR/5"),
    ("A pre/5 B", "unknown-operator", 2, "NEAR/5"),
    ("A /5 B", "unknown-operator", 2, "NEAR/5"),
    ("A /s B", "unknown-operator", 2, "SENTENCE"),
    ("A w/p B", "unknown-operator", 2, "PARAGRAPH"),
    ('"A B"~5', "unknown-operator", 5, "NEAR/5"),
    ("title:A B", "side-by-side", 0, "title:A AND B"),
    ("Meta - office", "lone-minus", 5, "-word"),
    ("-", "lone-minus", 0, "-word"),
    ("A | B", "sign", 2, "OR"),
    ("COVID:19", "unknown-prefix", 0, '"COVID:19"'),
    ("tilte:A", "unknown-prefix", 0, "title:"),
    ("$Meta", "dollar", 0, "$meta for the list or $META"),
    ("A NAER/5 B", "unknown-operator", 2, "NEAR/5"),
    ("A Near/5 B", "unknown-operator", 2, "NEAR/5"),
    ("A OnEAR B", "unknown-operator", 2, "ONEAR"),
    ("A NEAR/5f B", "unknown-operator", 2, "ONEAR/5"),
    ("A NEAR5 B", "unknown-operator", 2, "NEAR/5"),
    ("A W/5 B", "unknown-operator", 2, "NEAR/5"),
    ("A NEAR/5000 B", "gap", 2, "AND"),
    ("a*", "open-wildcard", 0, "more letters"),
    ('"Meta *"', "open-wildcard", 6, "more letters"),
    ("exact:me*", "exact-wildcard", 6, "drop"),
    ("exact:(A OR B)", "exact", 0, "exact:A OR exact:B"),
    ("exact:#a", "exact", 0, "for each"),
    ("title:(body:A)", "nested-field", 7, "one field"),
    ("A NEAR/5 (B AND C)", "near-operand", 10, "outside"),
    ("A NEAR/5 title:B", "near-operand", 9, "outside"),
    ("A NEAR/5 NOT B", "near-operand", 9, "AND NOT"),
    ("NOT NOT A", "double-negation", 4, "both"),
    ("NOT A", "only-negated", 0, "must be there"),
    ("A OR (NOT B)", "only-negated", 6, "must be there"),
    ("A AND", "operand", 2, "remove the operator"),
    ("OR A", "operand", 0, "remove the operator"),
    ("title:", "operand", 0, "word"),
    ("A )", "parenthesis", 2, "("),
    ("A AND (", "parenthesis", 6, ")"),
    ('A "bc', "quote", 2, "closing quote"),
    ("()", "empty", 1, "word"),
    ("", "empty", 0, "word"),
    ('""', "no-word", 1, "remove"),
    ("copies_of:a.txt", "copies-of", 0, "line of its own"),
    ("(" * 10_000 + "A" + ")" * 10_000, "too-deep", 50, "lists"),
    ("NOT " * 5_000 + "A", "double-negation", 4, "both"),
    ("title:" * 5_000 + "A", "nested-field", 6, "one field"),
    (" NEAR ".join("ABCDEFGHI"), "near-parts", 0, "AND"),
]


@pytest.mark.parametrize(("text", "code", "offset", "cure"), ERRORS)
def test_what_cannot_be_meant_is_an_error_with_its_place_and_cure(
    text: str, code: str, offset: int, cure: str
) -> None:
    parsed = parse_query(text)
    assert parsed.node is None
    first = next(p for p in parsed.problems if p.is_error)
    assert (first.code, first.offset) == (code, offset)
    assert cure in first.cure


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("A OR B AND C", ("(A OR B) AND C", "A OR (B AND C)")),
        ("A NOT B OR C", ("A AND NOT (B OR C)", "(A AND NOT B) OR C")),
        ("A OR NOT B", ()),
        ("A AND B OR -C", ()),
        ("NOT A OR B AND C", ("NOT (A OR B) AND C",)),
        ("A NEAR/5 B OR C", ("(A NEAR/5 B) OR C", "A NEAR/5 (B OR C)")),
        ("A NEAR/5 B OR C AND D", ("(A NEAR/5 B) OR (C AND D)", "A NEAR/5 (B OR C) AND D")),
        ("A NEAR/5 B NEAR/3 C ONEAR D", ("((A NEAR/5 B) NEAR/3 C) ONEAR D",)),
        ("A NEAR/5 B NEAR/3 C OR D", ("((A NEAR/5 B) NEAR/3 C) OR D",)),
        ("a b OR c", ('"a b" OR c', "(a AND b) OR c")),
        ("a b AND c d", ('"a b" AND "c d"', "a AND b AND c AND d")),
        ("a b NEAR/5 c", ('"a b" NEAR/5 c', "a AND b NEAR/5 c")),
        ("'set up' AND x", ('"set up" AND x', "set AND up AND x")),
        ("$meta office OR x", ("($meta AND office) OR x",)),
        ("exact:(US OR UK)", ("exact:US OR exact:UK",)),
        ("exact:(US OR UK) AND x", ("(exact:US OR exact:UK)",)),
        ("exact:(U* OR UK)", ()),
        ("exact:(Meta Platforms) OR x", ('exact:"Meta Platforms"',)),
        ("A OR NOT B AND C", ("A OR (NOT B AND C)",)),
    ],
)
def test_a_cure_shows_the_likely_parentheses_and_only_such_as_load(
    text: str, offered: tuple[str, ...]
) -> None:
    problem = next(one for one in parse_query(text).problems if one.is_error)
    assert problem.offered == offered
    assert all(cure in problem.cure for cure in offered)
    assert problem.cure


@pytest.mark.parametrize("text", ["A OR NOT B", "NOT B OR A", "A NEAR/5 C OR NOT B"])
def test_an_or_not_is_told_to_add_a_word_that_must_be_there(text: str) -> None:
    (problem,) = parse_query(text).problems
    assert problem.cure == "add a word that must be there: (word AND NOT B) in its place"
    assert parse_query(text.replace("A NEAR/5 C", "A").replace("NOT B", "(word AND NOT B)")).node


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Meta and Facebook", "lower-case-operator"),
        ("Meta Platforms, Inc.", "punctuation"),
        ("12:30", "punctuation"),
        ("Meta?", "trailing-question-mark"),
        ("A NEAR/60 B", "wide-near"),
        ("Meta w5 office", "looks-like-operator"),
        ("Meta ADN office", "looks-like-operator"),
    ],
)
def test_what_is_probably_not_meant_is_a_warning(text: str, code: str) -> None:
    parsed = parse_query(text)
    assert parsed.node is not None
    assert codes(parsed) == [code]


def test_a_negated_line_is_judged_with_the_whole_rule() -> None:
    parsed = parse_query("NOT A", needs_positive=False)
    assert parsed.node is not None
    assert unanchored(parsed.node) is parsed.node


def test_a_list_with_an_and_cannot_stand_in_a_near() -> None:
    held = parse_query("A AND B").node
    near = parse_query("C NEAR/2 $x").node
    assert isinstance(near, Near)
    place = Place(text="$x", start=9, end=11)
    resolved = Near(
        place=near.place, gap=2, parts=(near.parts[0], ListRef(place=place, name="x", part=held))
    )
    (fault,) = near_faults(resolved)
    assert (fault.code, fault.offset) == ("near-operand", 9)


@calm
@given(st.text(max_size=60))
def test_no_query_text_crashes_the_parser(text: str) -> None:
    parsed = parse_query(text)
    assert (parsed.node is None) is any(p.is_error for p in parsed.problems)


LEVEL = ["a", "b", '"c d"', "$e", "#f", "(a OR b)", "-g", "'h", "exact:(a OR b)", "title:a"]
JOINS = [" AND ", " OR ", " NOT ", " OR NOT ", " NEAR/2 ", " NEAR/3 ", " ONEAR/2 ", " "]


@calm
@given(st.lists(st.tuples(st.sampled_from(LEVEL), st.sampled_from(JOINS)), max_size=6))
def test_every_cure_that_is_shown_loads(pieces: list[tuple[str, str]]) -> None:
    text = "".join(piece + join for piece, join in pieces) + "z"
    for problem in parse_query(text).problems:
        for cure in problem.offered:
            assert cure in problem.cure
            assert parse_query(cure).node is not None, cure


def test_a_long_level_is_refused_without_being_written_anew() -> None:
    (problem,) = parse_query(" AND ".join(["a"] * 15_000) + " OR b").problems
    assert problem.cure == "put what belongs together in parentheses"
