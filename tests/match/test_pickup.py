"""Promises of `copies_of:`: a watched text is found where half of the shorter text is shared."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from services.articles import article
from services.in_process import invoke, told
from services.product import Workspace

from monitor.match.engine import Engine, judge
from monitor.match.explain import as_lines, explain
from monitor.match.load import LoadedRules, load_rules
from monitor.match.matched import told as matches_of
from monitor.match.memory import Memory
from monitor.match.tree import LoadedRule
from monitor.model.keys import ChannelName
from monitor.model.rule import Tell
from monitor.workspace import fingerprint

TEXT = " ".join(told(f"release {n}", "Acme opens.") for n in range(2))
TELL = ((ChannelName("mailbox"), Tell.DIGEST),)
PATH = "releases/launch.md"
RULE = "title: Our launch\nmatch: {copies_of: releases/launch.md}\ntests: {no_match: [rain]}\n"
WORDS = TEXT.split()
HALF, QUARTER = (" ".join(WORDS[: len(WORDS) // n]) for n in (2, 4))
OWN = told("a reporter's own words", "")


def loaded(
    rule: str = RULE,
    text: str = TEXT,
    path: str = PATH,
    memory: Memory | None = None,
    releases: dict[str, bytes] | None = None,
) -> LoadedRules:
    return load_rules(
        {"rules/launch.yaml": rule},
        {},
        channels={ChannelName("mailbox"): True},
        default_tell=TELL,
        workspace_has=lambda _: False,
        releases=releases or {path: text.encode()},
        lints=False,
        memory=memory,
    )


def only(found: LoadedRules) -> LoadedRule:
    assert found.problems == ()
    (rule,) = found.rules
    return rule


def reworded(text: str, every: int) -> str:
    return " ".join(f"other{n}" if n % every == 0 else w for n, w in enumerate(text.split()))


BODIES = {
    "the text itself": (TEXT, "100% of releases/launch.md taken over"),
    "half of it": (HALF, "49% of releases/launch.md taken over"),
    "a quarter of it": (QUARTER, "24% of releases/launch.md taken over"),
    "it, within a longer report": (f"{OWN} {TEXT} {OWN} {OWN}", "100% of"),
    "half of it and as many own words": (f"{HALF} {OWN}", "49% of"),
    "it, lightly edited": (reworded(TEXT, 40), "% of"),
    "a paragraph quoted": (f"{OWN} {OWN} {QUARTER}", ""),
    "other words": (OWN, ""),
    "a sentence of it": (" ".join(WORDS[:30]), ""),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("name", BODIES)
def test_an_article_that_takes_half_of_the_shorter_text_is_found(name: str) -> None:
    body, said = BODIES[name]
    rule, one = only(loaded()), article("a", body=body)
    hits = Engine([rule]).match(one)
    assert bool(hits) is bool(said) is (judge(rule, one) is not None)
    explanation = explain(rule, one)
    assert explanation.matched is bool(said)
    if said:
        (finding,) = hits[0].findings
        assert said in finding.text
        assert finding.clause == "copies_of releases/launch.md"
        found = "".join(body[span.start : span.end] for span in finding.spans)
        assert len(found) > 0.4 * min(len(body), len(TEXT))
        assert f"+ copies copies_of {PATH}: " in "\n".join(as_lines(explanation))


TEXTS = [TEXT, HALF, *(" ".join(told(f"text {n} {m}", "") for m in range(2)) for n in range(4))]


def watching(number: int, other: int) -> LoadedRule:
    """Watch one text of some, or either of two, or either of two or a third one."""
    files = {f"releases/{at}.md": text.encode() for at, text in enumerate(TEXTS)}
    one, two, three = (f"releases/{at}.md" for at in (number, other, 0))
    asked = (
        f"{{copies_of: {one}}}",
        f"{{copies_of: [{one}, {two}]}}",
        f"{{any: [{{copies_of: [{one}, {two}]}}, {{copies_of: {three}}}]}}",
    )
    rule = RULE.replace(f"{{copies_of: {PATH}}}", asked[number % len(asked)])
    return only(loaded(rule, releases=files))


@settings(max_examples=20)
@given(
    parts=st.lists(st.tuples(st.sampled_from(TEXTS), st.integers(1, 6)), max_size=4),
    others=st.lists(st.integers(0, 5), min_size=6, max_size=6),
)
def test_many_watched_texts_are_found_as_each_by_itself(
    parts: list[tuple[str, int]], others: list[int]
) -> None:
    rules = [watching(number, other) for number, other in enumerate(others)]
    one = article("a", body=f" {OWN[:90]} ".join(text[: len(text) // n] for text, n in parts))
    engine = Engine(rules)
    found = [hit.revision for hit in matches_of(engine.match(one))]
    assert found == [rule.rule.revision for rule in rules if judge(rule, one)]
    assert engine.always_count == 0


def test_what_is_missed_is_told() -> None:
    rule = only(loaded())
    quoted = explain(rule, article("a", body=BODIES["a paragraph quoted"][0])).reasons
    assert quoted[0].startswith(f"copies_of {PATH}: ")
    assert quoted[0].endswith("% of the shorter text is shared, 50% needed")
    short = explain(rule, article("a", body=BODIES["a sentence of it"][0])).reasons
    assert short[0].endswith("too short to tell a copy from a quotation")


NEW = {
    "ur": "وزیر نے کہا کہ کمپنی کراچی میں نیا دفتر کھولے گی اور سو لوگوں کو نوکری دے گی۔ ",
    "zh": "部长说，该公司将在卡拉奇开设新办事处，并雇用一百名员工。市长对此表示欢迎。",
    "ar": "قال الوزير إن الشركة ستفتح مكتبا جديدا في كراتشي وتوظف مئة شخص من المدينة. ",
}


@pytest.mark.parametrize("lang", NEW)
def test_texts_in_every_script_are_found(lang: str) -> None:
    text = " ".join(f"{NEW[lang]} {n}" for n in range(6))
    rule = only(loaded(text=text))
    assert judge(rule, article("a", body=f"{NEW[lang]} {OWN[:50]} {text}", lang=lang))
    assert not judge(rule, article("a", body=OWN, lang=lang))


def test_front_matter_and_links_are_no_words_of_a_text() -> None:
    dressed = f"---\ntitle: Launch\n---\n# Launch\n\n{TEXT} [More](https://acme.test/a/b/c/d)"
    plain = f"Launch {TEXT} More"
    (found,) = Engine([only(loaded(text=dressed))]).match(article("a", body=plain))
    assert found.findings[0].text == f"100% of {PATH} taken over"


def test_a_copy_is_one_line_among_others() -> None:
    rule = only(
        loaded(
            "title: Praise\nmatch:\n  who: Acme\n  not: {copies_of: releases/launch.md}\n"
            "  any: [{copies_of: [releases/launch.md]}, opens]\ntests: {no_match: [rain]}\n"
        )
    )
    assert judge(rule, article("a", body="Acme opens."))
    assert not judge(rule, article("a", body=TEXT))


def test_another_text_is_another_revision_and_is_read_again() -> None:
    memory = Memory()
    first = only(loaded(memory=memory))
    assert only(loaded(memory=memory)) is first
    second = only(loaded(text=f"{TEXT} More.", memory=memory))
    assert second.rule.revision != first.rule.revision
    moved = only(loaded(RULE.replace("launch.md", "other.md"), path="releases/other.md"))
    assert moved.rule.revision == first.rule.revision


BAD = {
    "releases/none.md": "there is no file 'releases/none.md'; put the text there",
    "seeds/a.txt": "'seeds/a.txt' is no text of releases/; write releases/NAME.md or .txt",
    "../launch.md": "'../launch.md' is no text of releases/",
    "[]": "the list is empty; write releases/NAME.md",
    "{a: b}": "`copies_of` takes the path of a text; write releases/NAME.md",
}


@pytest.mark.parametrize("path", BAD)
def test_a_path_that_leads_nowhere_is_an_error_with_its_cure(path: str) -> None:
    (problem,) = loaded(RULE.replace(PATH, path)).errors
    assert BAD[path] in str(problem)
    assert str(problem).startswith("rules/launch.yaml:2:")


def test_a_workspace_reads_its_releases_and_hears_of_their_changes(tmp_path: Path) -> None:
    made = Workspace(tmp_path)
    made.configure()
    made.write("rules/launch.yaml", RULE)
    assert "there is no file" in invoke(made, "rules", "check").stdout
    before = fingerprint(tmp_path)
    made.write(PATH, TEXT)
    assert fingerprint(tmp_path) != before
    assert invoke(made, "rules", "check").exit_code == 0
    assert invoke(made, "run", "--once").exit_code == 0
    lint = invoke(made, "rules", "lint")
    assert "launch" not in lint.stdout, lint.stdout
    assert invoke(made, "rules", "preview", "launch").exit_code == 0
    assert invoke(made, "rules", "suggest", "launch").exit_code == 0
    story = made.write("story.txt", f"date 2026-11-23 {HALF}")
    done = invoke(made, "explain", "launch", str(story))
    assert f"49% of {PATH} taken over" in done.stdout, done.stderr


def test_a_text_that_cannot_be_watched_is_an_error() -> None:
    (short,) = loaded(text="Acme opens an office.").errors
    assert "has 4 words: a copy is told from 40 on; watch for a phrase of it" in str(short)
    (strange,) = load_rules(
        {"rules/launch.yaml": RULE},
        {},
        channels={ChannelName("mailbox"): True},
        default_tell=TELL,
        workspace_has=lambda _: False,
        releases={PATH: b"\xff\xfe"},
    ).errors
    assert "is not UTF-8: byte 0 is wrong; save it as UTF-8" in str(strange)


def test_lines_may_end_as_on_windows() -> None:
    """What stands between the dashes at the top is no text of the release, either way."""
    front = f"---\ntitle: {OWN}\n---\n{TEXT}\n"
    for text in (front, front.replace("\n", "\r\n")):
        rule = only(loaded(text=text))
        assert judge(rule, article("a", body=TEXT))
        assert not judge(rule, article("a", body=OWN))


def test_what_cannot_be_read_in_releases_harms_the_rules_that_name_it_alone(
    tmp_path: Path,
) -> None:
    made = Workspace(tmp_path)
    made.configure()
    made.write("rules/launch.yaml", RULE)
    made.write(PATH, TEXT)
    made.write("releases/annual.txt", "x" * 1_200_000)
    (tmp_path / "releases/v1.md").mkdir()
    (tmp_path / "releases/gone.md").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "releases/pipe.md")  # reading it would never end
    assert invoke(made, "rules", "check").exit_code == 0
    made.write("rules/launch.yaml", RULE.replace("launch.md", "annual.txt"))
    assert "larger than" in invoke(made, "rules", "check").stdout
