"""The condition of a query: what an index must be asked for, and when it cannot help."""

from __future__ import annotations

import pytest

from monitor.match.ask import read_query
from monitor.match.lists import TermLists
from monitor.match.narrow import MAX_TERMS, condition_of
from monitor.text.terms import Term


def groups_of(query: str) -> set[tuple[str, ...]]:
    node = read_query(query, TermLists({})).node
    assert node is not None
    return {
        tuple(sorted(term.text + "*" * term.is_prefix for term in group))
        for group in condition_of(node)
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Méta", {("meta",)}),
        ("Meta AND (office OR bureau)", {("meta",), ("bureau", "office")}),
        ("Meta AND NOT office", {("meta",)}),
        ('"set up" OR open*', {("open*", "set")}),
        ("organi?ation", {("organi*",)}),
        ("exact:US", {("us",)}),
        ("#Meta", {("meta",)}),
        ("e-mail", {("e", "email"), ("email", "mail")}),
        ("O'Brien NEAR/3 AT&T", {("obrien",), ("att",)}),
        ("title:(Meta)", {("meta",)}),
        ("*metre AND road", {("road",)}),
    ],
)
def test_a_querys_words_become_terms(query: str, expected: set[tuple[str, ...]]) -> None:
    assert groups_of(query) == expected


@pytest.mark.parametrize("query", ["*metre", "*metre OR road", "m?tre"])
def test_where_a_word_may_begin_with_anything_nothing_is_narrowed(query: str) -> None:
    assert groups_of(query) == set()


def test_a_list_that_is_too_long_is_not_asked_for() -> None:
    words = [f"name{number}" for number in range(MAX_TERMS + 1)]
    terms = "".join(f"- {word}\n" for word in words)
    lists = TermLists({"rules/lists/all.yaml": f"title: All\nterms:\n{terms}"})
    node = read_query("$all AND office", lists).node
    assert node is not None
    assert condition_of(node) == (frozenset({Term("office")}),)


def test_the_lists_of_a_query_are_put_in_or_told_at_their_place() -> None:
    lists = TermLists({"rules/lists/meta.yaml": "title: Meta\nterms: [Facebook, Meta]\n"})
    assert read_query("office AND $meta", lists).problems == ()
    parsed = read_query("office AND $mtea", lists)
    assert parsed.node is None
    (problem,) = parsed.problems
    assert problem.offset == len("office AND ")
    assert "make rules/lists/mtea.yaml" in problem.cure
