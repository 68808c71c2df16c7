"""What an archive shows to be unwise is told by code and place, and of wise rules nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.match import lint_archive
from monitor.match.lint_archive import MIN_ARTICLES, MIN_LATEST
from monitor.match.lint_codes import LINTS
from monitor.match.load import load_rules
from monitor.model.article import Article
from monitor.model.keys import ChannelName, SourceKey
from monitor.model.rule import Tell
from monitor.model.source import Source
from monitor.text.terms import Term, terms_of

MAILBOX = ChannelName("mailbox")
TESTS = "tests: {match: [Acme opens an office]}\n"
SOURCES = (
    Source(key=SourceKey("dawn"), name="Dawn", domains=("dawn.com",), country="PK", tier=1),
    Source(key=SourceKey("wire"), name="Wire", lang="en", group="wires"),
)
STORY = "Acme Corp opens an office in Karachi, and companies set up a bureau"
OTHERS = ("Acme opens offices", "The court heard of a company")
MakeArticle = Callable[..., Article]


@dataclass
class Texts:
    """Be an archive of texts, most of which are the same."""

    texts: Sequence[str]
    latest: Sequence[Article] = ()
    sources: Sequence[Source] = SOURCES
    terms: list[frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.terms = [terms_of((text,)) for text in self.texts]

    @property
    def size(self) -> int:
        return len(self.terms)

    def count(self, term: Term, *, without: Term | None = None) -> int:
        return sum(
            _has(terms, term) and not (without and _has(terms, without)) for terms in self.terms
        )

    def holds(self, term: Term) -> bool:
        return self.count(term) > 0


def _has(terms: frozenset[str], term: Term) -> bool:
    return (
        any(each.startswith(term.text) for each in terms)
        if term.is_prefix
        else (term.text in terms)
    )


ARCHIVE = Texts([STORY] * (MIN_ARTICLES - 20) + [OTHERS[0]] * 12 + [OTHERS[1]] * 8)


def said(
    rule: str, archive: Texts = ARCHIVE, lists: dict[str, str] | None = None
) -> list[tuple[str, str]]:
    found = load_rules(
        {"rules/r.yaml": rule + TESTS},
        {f"rules/lists/{name}.yaml": text for name, text in (lists or {}).items()},
        channels={MAILBOX: True},
        default_tell=((MAILBOX, Tell.DIGEST),),
        workspace_has=lambda path: False,
        archive=archive,
    )
    assert found.errors == ()
    assert {one.code for one in found.warnings} <= LINTS.keys()
    return [(one.code, str(one)) for one in found.warnings]


FAULTS = [
    (
        "match:\n  who: [Acme, Globex]\n  what: office\n",
        "lint-never-seen",
        "2:15: warning: `Globex` stands in none of 1,000 archived articles; look for a slip",
    ),
    (
        'match: Acme AND (Globex OR Initech* OR Hooli OR "Acme Weather")\n',
        "lint-never-seen",
        "1:18: warning: `Globex`, `Initech*`, `Hooli` and 1 more stand in none of",
    ),
    (
        "match: Acme\nonly: {source: [dawn, geo.tv]}\n",
        "lint-unknown-source",
        "2:16: warning: no source and no late article has the source `geo.tv`",
    ),
    (
        "match: Acme\nonly: {lang: [ur, en]}\n",
        "lint-unknown-value",
        "2:14: warning: no source and no late article has the lang `ur`",
    ),
    (
        "match: Acme\nonly: {not_country: [IN]}\n",
        "lint-sources-lack",
        "2:21: warning: 1 of 2 sources state no country, and are let through",
    ),
]


@pytest.mark.parametrize(("rule", "code", "text"), FAULTS)
def test_what_the_archive_shows_is_told_with_its_place(rule: str, code: str, text: str) -> None:
    (found,) = said(rule)
    assert found[0] == code
    assert found[1].startswith(f"rules/r.yaml:{text}")


def test_each_code_has_a_planted_fault() -> None:
    raised = set(re.findall(r'"(lint-[a-z-]+)"', Path(lint_archive.__file__).read_text("utf-8")))
    elsewhere = {"lint-other-form", "lint-too-wide"}
    assert raised == elsewhere | {code for _, code, _ in FAULTS}


WISE = [
    "match: Acme AND (office OR offices)\n",
    "match: Acme AND forms:office\n",
    "match: Acme AND office*\n",
    "match: Acme AND exact:office\n",
    'match: bureau AND "Acme Corp"\n',
    "match: Karachi\nexclude: [Globex]\n",
    "match: Acme AND NOT Globex\n",
    "match: Acme\nonly: {source: [dawn, www.dawn.com], country: PK, tier: 1, known: true}\n",
    "match: Acme\nonly: {lang: en, not_lang: de}\n",
    "match: /AC-\\d+/ AND Acme\n",
]


@pytest.mark.parametrize("rule", WISE)
def test_of_wise_rules_the_archive_says_nothing(rule: str) -> None:
    assert said(rule) == []


@pytest.mark.parametrize(
    "query",
    [
        "office OR forms:office",
        "office OR exact:offices",
        "office OR offic*",
        "(office NEAR/3 opens) OR (offices NEAR/3 opens)",
        "office OR (offices AND acme)",
        "office OR $places",
        "title:office AND acme",
        "body:(office OR bureau) AND acme",
    ],
)
def test_a_form_that_is_found_elsewhere_or_in_a_field_is_not_missed(query: str) -> None:
    lists = {"places": "terms: [offices]\n"} if "$places" in query else {}
    archive = Texts([STORY] * MIN_ARTICLES + [OTHERS[0]] * MIN_ARTICLES)
    told = [code for code, _ in said("match: office\n", archive)]
    assert "lint-other-form" in told
    told = [code for code, _ in said(f"match: '{query}'\n", archive, lists)]
    assert "lint-other-form" not in told


def test_a_form_that_is_never_seen_gives_way_to_the_one_that_is() -> None:
    plural, (code, text) = said("match: Acme AND courts\n")
    assert plural[0] == "lint-plural-alone"
    assert code == "lint-other-form"
    assert text.endswith(
        ":1:17: warning: `courts` is searched, and `court` stands in 8 archived articles"
        " without it; write (courts OR court), or forms:court"
    )


def test_a_plural_that_many_articles_hold_alone_is_missed() -> None:
    archive = Texts(["Acme opens an office"] * 100 + ["Acme opens offices"] * 12)
    ((code, text),) = said("match: Acme AND office\n", archive)
    assert code == "lint-other-form"
    assert "`offices` stands in 12 archived articles without it; write (office OR offices)" in text
    rare = Texts(["Acme opens an office"] * 200 + ["Acme opens offices"] * 12)
    assert said("match: Acme AND office\n", rare) == []
    few = Texts(["Acme opens an office"] * 10 + ["Acme opens offices"] * 9)
    assert said("match: Acme AND office\n", few) == []


def test_a_small_archive_shows_nothing_by_what_it_lacks() -> None:
    assert said("match: Globex\n", Texts([STORY] * (MIN_ARTICLES - 1))) == []
    assert [code for code, _ in said("match: Globex\n")] == ["lint-never-seen"]


def test_a_list_is_judged_where_it_stands() -> None:
    lists = {"firms": "terms: [Acme, Globex, karachis, Karachi]\n"}
    rule = "match: $firms AND office\n"
    assert [text[: len("rules/lists/firms.yaml:1:15")] for _, text in said(rule, lists=lists)] == [
        "rules/lists/firms.yaml:1:15"
    ]
    assert [code for code, _ in said(rule, lists=lists)] == ["lint-never-seen"]


def test_a_rule_that_finds_too_much_is_told(article: MakeArticle) -> None:
    others = [article(title="Globex hires") for _ in range(MIN_LATEST - 20)]
    twenty = [*others, *[article(title="Acme opens") for _ in range(20)]]
    assert said("match: Acme\n", Texts(ARCHIVE.texts, latest=twenty)) == []
    more = [*twenty, article(title="Acme opens")]
    ((code, text),) = said("match: Acme\n", Texts(ARCHIVE.texts, latest=more))
    assert code == "lint-too-wide"
    assert text.startswith("rules/r.yaml:1:1: warning: the rule finds 10% of the latest 201 art")
    assert said("match: Acme\n", Texts(ARCHIVE.texts, latest=more[-100:])) == []


def test_what_a_late_article_has_is_no_fault(article: MakeArticle) -> None:
    late = [article(title="Globex", lang="ur", source={"domains": ("geo.tv",)})]
    archive = Texts(ARCHIVE.texts, latest=late)
    assert said("match: Acme\nonly: {source: geo.tv, lang: ur}\n", archive) == []


def test_without_an_archive_nothing_is_said_of_it() -> None:
    found = load_rules(
        {"rules/r.yaml": f"match: Globex\nonly: {{source: geo.tv}}\n{TESTS}"},
        {},
        channels={MAILBOX: True},
        default_tell=((MAILBOX, Tell.DIGEST),),
        workspace_has=lambda path: False,
    )
    assert found.problems == ()
