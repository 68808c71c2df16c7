"""Loading sound rules: their meaning, their revision, their lints, and no text that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cli.starter import SHIPPED
from monitor.match.load import LoadedRules, load_rules
from monitor.match.run_tests import run_tests
from monitor.match.template import new_rule_text
from monitor.model.keys import ChannelName
from monitor.model.rule import Again, Tell

ROOT = Path(__file__).parent.parent.parent
MAILBOX = ChannelName("mailbox")
CHANNELS = {MAILBOX: True, ChannelName("newsroom"): False}
LISTS = {
    "rules/lists/meta.yaml": "terms: [Meta, $apps]\n",
    "rules/lists/apps.yaml": "terms: [WhatsApp]\n",
}


def load(
    text: str,
    lists: dict[str, str] | None = None,
    workspace_has: Callable[[str], bool] = lambda path: False,
) -> LoadedRules:
    return load_rules(
        {"rules/r.yaml": text},
        LISTS if lists is None else lists,
        channels=CHANNELS,
        default_tell=((MAILBOX, Tell.DIGEST),),
        workspace_has=workspace_has,
    )


def revision(text: str, lists: dict[str, str] | None = None) -> str:
    found = load(text, lists)
    assert found.errors == ()
    return found.rules[0].rule.revision


def lints(text: str, lists: dict[str, str] | None = None) -> set[str]:
    found = load(text, lists)
    assert found.errors == ()
    return {warning.code for warning in found.warnings}


def shipped() -> LoadedRules:
    """Load the rules that the project ships, not what its user has written beside them."""

    def read(folder: str) -> dict[str, str]:
        names = [name for name in SHIPPED if Path(name).parent == Path(folder)]
        texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in names}
        return {name: text for name, text in texts.items() if name.endswith(".yaml")}

    return load_rules(
        read("rules"),
        read("rules/lists"),
        channels={MAILBOX: True},
        default_tell=((MAILBOX, Tell.DIGEST),),
        workspace_has=lambda path: (ROOT / path).is_file(),
    )


def test_the_shipped_rules_load_without_a_problem_or_a_warning() -> None:
    found = shipped()
    assert found.problems == ()
    assert found.lists_used == ("meta", "pakistan")
    assert [rule.rule.id for rule in found.rules] == ["meta-pakistan-office"]


def test_the_shipped_rule_passes_its_tests_on_text() -> None:
    (loaded,) = shipped().rules
    results = [result for result in run_tests(loaded, {}) if not result.test.seed]
    assert len(results) >= 3
    assert [result.reason for result in results if not result.passed] == []


def test_a_seed_that_was_not_read_fails_with_its_name() -> None:
    (loaded,) = shipped().rules
    seeds = [result for result in run_tests(loaded, {}) if result.test.seed]
    assert seeds
    assert all(not result.passed and result.test.seed in result.reason for result in seeds)


def test_a_rule_takes_its_defaults() -> None:
    (loaded,) = load("match: office\n").rules
    assert (loaded.rule.id, loaded.rule.title) == ("r", "r")
    assert loaded.rule.tell == ((MAILBOX, Tell.DIGEST),)
    assert loaded.rule.again is Again.DEVELOPMENT


def test_a_rule_that_would_tell_nobody_is_an_error() -> None:
    found = load_rules(
        {"rules/r.yaml": "match: office\n"}, {}, channels={}, workspace_has=lambda path: False
    )
    assert [error.code for error in found.errors] == ["rule-tell"]


def test_several_rules_stand_in_one_file() -> None:
    found = load("id: a\nmatch: office\n---\nid: b\nmatch: bureau\n")
    assert [(loaded.rule.id, loaded.rule.line) for loaded in found.rules] == [("a", 1), ("b", 4)]


def test_an_id_is_taken_across_files() -> None:
    files = {"rules/a.yaml": "id: x\nmatch: office\n", "rules/b.yaml": "id: x\nmatch: bureau\n"}
    tell = ((MAILBOX, Tell.DIGEST),)
    found = load_rules(
        files, {}, channels=CHANNELS, default_tell=tell, workspace_has=lambda path: False
    )
    assert [str(error) for error in found.errors] == [
        "rules/b.yaml:1:5: the id 'x' is taken by rules/a.yaml:1; give each rule an id of its own"
    ]


@pytest.mark.parametrize("word", ["NO", "007", "12:30", "yes", "2022-09-28"])
def test_a_word_that_yaml_would_turn_is_a_word(word: str) -> None:
    found = load(f"match: {word}\n")
    assert found.rules, found.problems
    assert found.rules[0].query.place.text == word


SAME = "match:\n  who: $meta\n  what: 'office NEAR/5 open*'\n"


@pytest.mark.parametrize(
    "text",
    [
        "match:\n  what: '  office   NEAR/5   open*'\n  who: $meta\n",
        "match:\n  subject: $meta\n  deed: OFFICE NEAR/5 Open*\n",
        "title: T\nabout: A\nlabels: {a: b}\ntell: {newsroom: now}\nagain: never\n" + SAME,
        SAME + "tests: {match: [Meta opens an office]}\n",
        "id: other\n" + SAME,
    ],
)
def test_a_revision_stays_while_the_meaning_does(text: str) -> None:
    assert revision(text) == revision(SAME)


@pytest.mark.parametrize(
    "text",
    [
        SAME + "exclude: bureau\n",
        SAME + "only: {lang: en}\n",
        SAME.replace("NEAR/5", "NEAR/6"),
        SAME.replace("NEAR", "ONEAR"),
        SAME.replace("open*", "open"),
        SAME.replace("$meta", "Meta"),
        SAME.replace("$meta", "exact:Meta"),
    ],
)
def test_a_new_meaning_is_a_new_revision(text: str) -> None:
    assert revision(text) != revision(SAME)


@pytest.mark.parametrize(
    ("listed", "inline"),
    [
        ("$meta", "Meta OR WhatsApp"),
        ("[$meta, office]", "[office, WhatsApp, Meta]"),
        ("$apps AND office", "office AND WhatsApp"),
        ("{who: $both, what: office}", "a AND b AND office"),
        ("office NEAR/3 $meta", "office NEAR/3 (WhatsApp OR Meta)"),
        ("office AND NOT $meta", "{what: office, not: [Meta, WhatsApp]}"),
        ("[$apps]", "whatsapp"),
    ],
)
def test_the_terms_of_a_list_in_its_place_are_no_new_revision(listed: str, inline: str) -> None:
    lists = LISTS | {"rules/lists/both.yaml": "terms: [a AND b]\n"}
    assert revision(f"match: {listed}\n", lists) == revision(f"match: {inline}\n", lists)


def test_a_changed_list_is_a_new_revision_of_the_rules_that_use_it() -> None:
    changed = {**LISTS, "rules/lists/apps.yaml": "terms: [WhatsApp, Instagram]\n"}
    assert revision(SAME, changed) != revision(SAME)


def test_a_list_used_by_a_used_list_is_used() -> None:
    assert load(SAME).lists_used == ("apps", "meta")
    assert "lint-unused-list" in lints("match: office building\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("match: office\n", "lint-no-tests"),
        ("match: US\n", "lint-short-word"),
        ("match:\n  - Meta: a new office\n", "rule-colon"),
        ("match: [office, IT]\n", "lint-short-word"),
        ("match: office and bureau\n", "lower-case-operator"),
    ],
)
def test_an_unwise_rule_is_warned_of_and_still_loads(text: str, code: str) -> None:
    assert code in lints(text)


@pytest.mark.parametrize(
    "match",
    [
        "[{COVID: 19}, flu]", "['\"COVID: 19\"', flu]", "['1,000 users', x]", "[$meta,$apps]",
        "\n  - COVID: [19]\n  - flu", "\n  - who: Meta\n  - $meta", "\n  - who: a\n    where: 19",
    ],
)  # fmt: skip
def test_what_the_cures_of_a_colon_and_a_comma_write_is_not_doubted(match: str) -> None:
    found = load(f"match: {match}\n")
    assert found.errors == ()
    assert "rule-colon" not in [one.code for one in found.warnings]


def test_the_cure_of_a_short_word_keeps_the_case_it_was_written_in() -> None:
    said = "\n".join(map(str, load("match: US\n").warnings))
    assert "`US` alone is enough" in said
    assert "write exact:US" in said


def test_lists_that_run_in_a_circle_are_named() -> None:
    lists = {"rules/lists/a.yaml": "terms: [$b]\n", "rules/lists/b.yaml": "terms: [$a]\n"}
    found = load("match: $a\n", lists)
    assert "a -> b -> a" in "\n".join(map(str, found.errors))
    assert found.rules == ()


def test_a_list_that_yaml_misreads_tells_its_other_errors_and_is_not_used() -> None:
    lists = {"rules/lists/a.yaml": "terms:\n  - a AND\n  - b #meta\n  - c OR\n  - sound\n"}
    found = load("match: $a\n", lists)
    told = [(one.line, one.code) for one in found.errors if one.file == "rules/lists/a.yaml"]
    assert told == [(2, "operand"), (3, "yaml-swallowed-comment"), (4, "operand")]
    assert found.rules == ()
    assert "list-broken" in [one.code for one in found.errors]


def test_a_list_cut_by_a_syntax_error_is_not_said_to_be_short_of_terms() -> None:
    found = load("match: $a\n", {"rules/lists/a.yaml": "title: x\nterms: [a, 'b\n"})
    codes = [one.code for one in found.errors if one.file == "rules/lists/a.yaml"]
    assert codes == ["yaml-unclosed"]


def test_lists_cannot_multiply() -> None:
    lists = {
        f"rules/lists/l{n}.yaml": f"terms: [{', '.join([f'$l{n + 1}'] * 50)}]\n" for n in range(8)
    }
    lists["rules/lists/l8.yaml"] = "terms: [word]\n"
    assert "list-too-large" in [error.code for error in load("match: $l0\n", lists).errors]


def test_a_long_chain_of_lists_is_an_error() -> None:
    lists = {f"rules/lists/l{n}.yaml": f"terms: [$l{n + 1}]\n" for n in range(300)}
    lists["rules/lists/l300.yaml"] = "terms: [word]\n"
    assert "list-too-deep" in [error.code for error in load("match: $l0\n", lists).errors]


@pytest.mark.parametrize(
    "title", ["Acme opens", "Acme: the #1", 'A "quoted" {brace}', "NO", "میٹا"]
)
def test_the_rule_for_newcomers_loads_and_passes_its_own_tests(title: str) -> None:
    text = new_rule_text("acme", title, CHANNELS)
    found = load(text)
    assert [one for one in found.problems if one.code != "lint-unused-list"] == []
    assert found.rules[0].rule.title == title
    assert text.count("\n") < 40
    assert all(result.passed for result in run_tests(found.rules[0], {}))


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet="matchonlyRNOEA:/ -[]{}'\"$#*\n()0", max_size=80),
    st.sampled_from(
        [
            "",
            "match: ",
            "match:\n  who: ",
            "match: a\nonly: ",
            "match: a\ntests: ",
            "match: a\ntell: ",
        ]
    ),
)
def test_no_text_raises(text: str, key: str) -> None:
    load(key + text, {"rules/lists/x.yaml": text})
