"""An explanation says what was found, and by how much the rest missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.match.engine import judge
from monitor.match.explain import explain

Make = Callable[..., Any]

FOUND = [
    # query, body, what the finding says
    ("a NEAR/5 b", "a x x b", "a ... b, 2 words apart"),
    ("a SENTENCE b", "No. The b is, like a, here. C", "b ... a, in one sentence"),
    ("a PARAGRAPH b", "The a. The b", "a ... b, in one paragraph"),
    ("a NOT NEAR/1 b", "a b x x a", "a"),
    ("ATLEAST/3 (a OR b)", "a b a b", "a, b: 4 of 3 needed"),
    ("ATLEAST/2 (a NEAR/1 b)", "a b x a x b", "a ... b, side by side: 2 of 2 needed"),
    (r"/CVE-\d+/", "CVE-1 and CVE-22", "CVE-1, CVE-22"),
    ("forms:invest", "they invested", "invested (forms:invest)"),
    ("forms:invest OR x", "Investments", "Investments (forms:invest)"),
    ('forms:"interest rate"', "interest rates", 'interest rates (forms:"interest rate")'),
]


@pytest.mark.parametrize(("query", "body", "said"), FOUND)
def test_a_finding_says_what_was_found(
    article: Make, rule: Make, query: str, body: str, said: str
) -> None:
    match = judge(rule(query), article(body=body))
    assert match is not None
    assert [finding.text for finding in match.findings] == [said]
    assert match.findings[0].spans


def test_the_sentence_that_was_found_is_shown(article: Make, rule: Make) -> None:
    why = explain(rule("a SENTENCE b"), article(body="No. The b is, like a, here. C"))
    assert why.query.detail == "in: The b is, like a, here."


MISSED = [
    # query, body, why not
    ("Meta", "the Metas", "Meta: 'Metas' seen; forms is off"),
    ('"bank rate"', "bank rates", "\"bank rate\": 'bank rates' seen; forms is off"),
    ("exact:Meta", "meta", "exact:Meta: 'meta' seen; exact minds case and accents"),
    ("#meta", "Meta", "#meta: 'Meta' seen; not marked with #"),
    ("title:b", "b", "in title: b: seen in the body only"),
    ("way OR $A", "ways A", "way OR $A: 'ways' seen; forms is off, 'A' seen; not marked with $"),
    ("zzz", "b", "zzz: not found"),
    ("/CVE-1/", "cve-1", "/CVE-1/: 'cve-1' seen; an expression minds case"),
    ("ATLEAST/3 a", "a b a", "ATLEAST/3 a: 2 found, 3 needed"),
    ("x NEAR/1 office", "x offices",
     "x NEAR/1 office: nowhere found: office, 'offices' seen; forms is off"),
    ("a SENTENCE b", "The a. B", "a SENTENCE b: a ... B: 0 apart, never in one sentence"),
    ("a NOT NEAR/5 b", "a x b", "a NOT NEAR/5 b: a has b by it: 1 apart, limit 5"),
    ('a NOT NEAR/5 "a b"', "a b", 'a NOT NEAR/5 "a b": a has a b by it: they overlap, limit 5'),
    ("a NOT NEAR/5 b", "b", "a NOT NEAR/5 b: nowhere found: a"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "body", "reason"), MISSED)
def test_a_reason_says_by_how_much_it_missed(
    article: Make, rule: Make, query: str, body: str, reason: str
) -> None:
    assert explain(rule(query), article(body=body)).reasons == (reason,)


def test_every_line_and_exclusion_has_its_say(article: Make, rule: Make) -> None:
    loaded = rule({"who": "Meta", "what": "office NEAR/2 open", "else": "b"}, exclude=["spam"])
    judged = article(title="Spam", body="An office x x x x opens. The office may open; b")
    assert explain(loaded, judged).reasons == (
        "who: Meta: not found",
        "the exclusion spam fired: found Spam in title",
    )
    judged = article(body="The office is soon to be open. The b")
    assert explain(loaded, judged).reasons == (
        "who: Meta: not found",
        "what: office NEAR/2 open: office ... open: 4 apart, limit 2",
    )
