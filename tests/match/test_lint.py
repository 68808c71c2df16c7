"""Each unwise rule is told so by code and place, and of wise ones nothing is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitor.match.covers import Covers
from monitor.match.engine import Engine
from monitor.match.evaluate import document
from monitor.match.lint_codes import LINTS
from monitor.match.load import LoadedRules, load_rules
from monitor.match.query import parse_query
from monitor.match.revision import Renderings
from monitor.match.tree import Node
from monitor.model.article import Article
from monitor.model.keys import ChannelName
from monitor.model.rule import Tell

ROOT = Path(__file__).parent.parent.parent
ARCHIVE_LINTS = ROOT / "monitor" / "match" / "lint_archive.py"  # see test_lint_archive
UNWISE = Path(__file__).parent.parent / "data" / "rules_unwise"
MAILBOX = ChannelName("mailbox")
LISTS = {
    "rules/lists/firms.yaml": "title: Firms\nterms: [Globex, Initech*, Umbrella Corporation]\n"
}
USED = "title: Used\nmatch: $firms AND bureau\ntests: {match: [Globex has a bureau]}\n"


def load(files: dict[str, str], lists: dict[str, str] | None = None) -> LoadedRules:
    found = load_rules(
        files,
        LISTS if lists is None else lists,
        channels={MAILBOX: True},
        default_tell=((MAILBOX, Tell.DIGEST),),
        workspace_has=lambda path: False,
    )
    assert found.errors == ()
    return found


def said_of(path: Path) -> str:
    files = {f"rules/{path.name}": path.read_text(encoding="utf-8")}
    if path.stem != "list-unused":
        files["rules/used.yaml"] = USED
    found = load(files).warnings
    return "".join(f"{warning} [{warning.code}]\n" for warning in found)


@pytest.mark.parametrize("path", sorted(UNWISE.glob("*.yaml")), ids=lambda path: path.stem)
def test_an_unwise_rule_is_told_so_with_its_place_and_code(path: Path) -> None:
    expected = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert expected, "each fixture says what is unwise in it"
    assert said_of(path) == expected


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("[Acme, Globex, ACME]", ["1:23: warning: `ACME` stands twice"]),
        ("[open*, opened]", ["1:16: warning: `opened` adds nothing: `open*` finds it too"]),
        ("[Acme, Acme Corporation]", ["1:15: warning: `Acme Corporation` adds nothing"]),
        ("[Acme or Globex]", ["1:14: warning: 'or' is read as a word"]),
        ("['\"Acme OR Globex\"']", ["1:11: warning: OR inside quotes is a word"]),
        ("[Acme AND offices]", ["1:18: warning: `offices` is searched"]),
        ("[Acme NEAR/99 office]", ["1:14: warning: NEAR/99 is nearly AND"]),
    ],
)
def test_a_list_is_judged_where_it_is_written_and_not_in_each_rule(
    terms: str, said: list[str]
) -> None:
    rules = {f"rules/{name}.yaml": USED.replace("bureau", name) for name in ("one", "two")}
    found = load(rules, {"rules/lists/firms.yaml": f"terms: {terms}\n"}).warnings
    assert [str(one)[: len(start) + 23] for one, start in zip(found, said, strict=True)] == [
        f"rules/lists/firms.yaml:{start}" for start in said
    ]


CLEAN = """\
match:
  who: [Acme, Globex, "exact:IT", "@globe", "Umbr?lla"]
  what: (open* OR "set up" OR establish) NEAR/12 (office OR offices OR bureau)
exclude: [Acme Weather, coyote AND desert, meta-analysis]
---
match: [e-mail, email AND Acme, mail order, "Acme's"]
---
match: Acme AND office AND NOT "Acme office park"
exclude: Acme Weather
---
match: ["#acme", "exact:Acme AND office"]
---
match: Acme NOT NEAR/3 Weather
---
match: title:Acme AND body:office
exclude: title:Weather
---
match: ("Acme Corporation" OR Acme) NEAR/5 office
---
match: ATLEAST/3 (Acme OR Globex)
---
match:
  who: $firms
  what: forms:invest
only: {lang: [en, ur], not_lang: de, words: ['>=100', '<=900'], known: true}
---
match: /AC-\\d{4}/ AND Acme
---
match: Facebook Reels
---
match: [news agency, Reuters, politics AND Acme, class AND Acme]
"""


def test_of_wise_rules_nothing_is_said() -> None:
    tests = "tests: {match: [Acme opens an office]}\n"
    documents = [f"id: r{n}\n{text}{tests}" for n, text in enumerate(CLEAN.split("---\n"))]
    assert [str(one) for one in load({"rules/clean.yaml": "---\n".join(documents)}).warnings] == []


def test_every_warning_is_explained_by_its_code() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "monitor/match").glob("*.py"))
    raised = set(re.findall(r'"(lint-[a-z-]+)"', source))
    assert raised <= set(LINTS)
    told = {
        code
        for path in UNWISE.glob("*.txt")
        for code in re.findall(r"\[([a-z-]+)\]$", path.read_text("utf-8"), re.MULTILINE)
    }
    shown_by_archive = set(re.findall(r'"(lint-[a-z-]+)"', ARCHIVE_LINTS.read_text("utf-8")))
    assert told == set(LINTS) - shown_by_archive, "a fixture for each code, a sentence for each"


def node(text: str) -> Node:
    parsed = parse_query(text, needs_positive=False)
    assert parsed.node is not None, parsed.problems
    return parsed.node


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("opened", "open*"),
        ("opened*", "open*"),
        ("organisation", "organi?ation"),
        ("Acme Corporation Ltd", "acme corporation"),
        ("Acme AND office", "Acme OR Globex"),
        ("Acme NEAR/3 office", "offic*"),
        ("title:Acme", "Acme"),
        ("exact:Acme", "acme"),
        ("#acme", "acme"),
        ('(Acme NEAR/3 office) OR "Acme Ltd"', "Acme"),
        ("Acme", "Acme OR Globex"),
        ("ATLEAST/3 Acme", "acme"),
        ("Acme SENTENCE office", "office"),
        ("Acme NOT NEAR/3 weather", "Acme"),
    ],
)
def test_a_query_that_another_covers_is_known(narrow: str, wide: str) -> None:
    covers = Covers(Renderings())
    assert covers.implies(node(narrow), node(wide))
    assert not covers.implies(node(wide), node(narrow))


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("acme", "exact:Acme"),
        ("acme", "#acme"),
        ("e-mail", "email"),
        ("e-mail", "mail"),
        ("open*", "opened"),
        ("Acme", "title:Acme"),
        ("url:acme", "acme"),
        ("title:(Acme AND NOT office)", "NOT office"),
        ("forms:opened", "opened"),
        ("Acme OR Globex", "Acme"),
        ('NOT "Acme Ltd"', "NOT Acme"),
        ("or*", "organi*"),
    ],
)
def test_a_query_that_another_does_not_cover_is_never_taken_for_covered(
    narrow: str, wide: str
) -> None:
    assert not Covers(Renderings()).implies(node(narrow), node(wide))


WORDS = st.sampled_from(
    ["aa", "ab", "aab", "aa*", "a*b", "a?b", "exact:Aa", "#ab", "aa-ab", "aaab"]
)
PHRASES = st.sampled_from(['"aa ab"', '"ab aa ab"', '"aa* ab"', '"aa-ab aa"', 'exact:"Aa ab"'])
QUERIES = st.recursive(
    WORDS | PHRASES,
    lambda inner: (
        st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(
                ["AND", "OR", "AND NOT", "NEAR/1", "ONEAR/2", "NOT NEAR/1", "SENTENCE"]
            ),
            inner,
        )
        | st.builds("ATLEAST/2 {}".format, WORDS)
        | st.builds("title:{}".format, WORDS | PHRASES)
    ),
    max_leaves=4,
)
TOKENS = st.sampled_from(["aa", "ab", "Aa", "AB", "aab", "#ab", "aa-ab", "aaab", "x", ".", "\n\n"])
TEXTS = st.lists(TOKENS, max_size=6).map(" ".join)


@settings(max_examples=100, deadline=None)
@given(
    narrow=QUERIES, wide=QUERIES, texts=st.lists(st.tuples(TEXTS, TEXTS), min_size=3, max_size=5)
)
def test_what_is_taken_for_covered_is_covered_in_every_article(
    article: Callable[..., Article], narrow: str, wide: str, texts: list[tuple[str, str]]
) -> None:
    one, other = (parse_query(text, needs_positive=False).node for text in (narrow, wide))
    assume(one is not None and other is not None)
    assert one is not None
    assert other is not None
    if not Covers(Renderings()).implies(one, other):
        return
    for title, body in texts:
        paper = document(article(title, body))
        assert paper.holds(other) or not paper.holds(one), (narrow, wide, title, body)


REGEXES = {"rules/lists/ids.yaml": "title: Ids\nterms: ['/AC-\\d+/', '/BX-\\d+/']\n"}


@pytest.mark.parametrize(
    ("query", "is_costly"),
    [
        (r"/AC-\d+/", True),
        (r"/AC-\d+/ AND /BX-\d+/", True),
        (r"/AC-\d+/ OR Acme", True),
        (r"(Acme AND Globex) OR title:/AC-\d+/", True),
        (r"/AC-\d+/ AND (Acme OR /BX/)", True),
        (r"/AC-\d+/ AND NOT Acme", True),
        (r"url:/AC-\d+\.html/", True),
        ("$ids", True),
        ("$ids AND Acme", False),
        (r"/AC-\d+/ AND (Acme OR Globex)", False),
        (r"title:(/AC-\d+/ AND Acme)", False),
        (r"(/AC-\d+/ AND Acme) OR (/BX-\d+/ AND forms:invest)", False),
    ],
)
def test_a_rule_that_the_matcher_judges_on_every_article_is_told(
    query: str, is_costly: bool
) -> None:
    rule = f"match: '{query}'\ntests: {{match: [Acme opens]}}\n"
    found = load({"rules/r.yaml": rule, "rules/ids.yaml": USED.replace("$firms", "$ids")}, REGEXES)
    costly = {one.file for one in found.warnings if one.code == "lint-costly"}
    (judged,) = [one for one in found.rules if one.rule.file == "rules/r.yaml"]
    assert ("rules/r.yaml" in costly) is is_costly
    assert Engine([judged]).always_count == is_costly
