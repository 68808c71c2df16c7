"""What people read of verdicts, whole: a rule, an article, and the explanation beside them.

A case is a file of three parts, parted by lines of `===`: a rule file, an article (its title, a
blank line, its body), and what `monitor explain` says. To take over a new wording, look at it
first: `MONITOR_TEST_REWRITE=1 pytest tests/match/test_explanations.py`, then `git diff`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from match.conftest import MakeArticle

from monitor.match.engine import judge
from monitor.match.explain import as_lines, explain
from monitor.match.load import load_rules
from monitor.model.keys import ChannelName
from monitor.model.rule import Again, Tell

CASES = sorted((Path(__file__).parent.parent / "data" / "explanations").glob("*.txt"))
LISTS = {
    "rules/lists/meta.yaml": "terms:\n- Meta\n- Facebook\n- Mark Zuckerberg\n",
    "rules/lists/pakistan.yaml": "terms:\n- Pakistan\n- Islamabad\n- Karachi\n",
}


def test_there_are_twenty_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_an_explanation_reads_as_it_did(case: Path, article: MakeArticle) -> None:
    rule_text, article_text, expected = case.read_text("utf-8").split("\n===\n")
    mailbox = ChannelName("mailbox")
    loaded = load_rules(
        {f"rules/{case.stem}.yaml": rule_text},
        LISTS,
        channels={mailbox: True},
        default_tell=((mailbox, Tell.DIGEST),),
        default_again=Again.DEVELOPMENT,
        workspace_has=lambda _: True,
    )
    assert loaded.errors == ()
    (rule,) = loaded.rules
    title, _, body = article_text.partition("\n\n")
    judged = article(title, body.strip(), lang="en")
    explanation = explain(rule, judged)
    assert explanation.matched == (judge(rule, judged) is not None)
    lines = "\n".join(as_lines(explanation)) + "\n"
    if os.environ.get("MONITOR_TEST_REWRITE"):
        case.write_text(f"{rule_text}\n===\n{article_text}\n===\n{lines}", "utf-8")
    assert lines == expected
