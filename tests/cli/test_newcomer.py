"""A newcomer's first ten minutes, command by command."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from monitor.cli.main import app

STORY = "Meta Officials Invited To Open Facebook Office in Pakistan"
SEED_000 = "Federal Minister for Information Technology"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a new workspace after its first pass, without any feed."""
    folder = tmp_path_factory.mktemp("new") / "desk"
    assert invoke("init", str(folder)).exit_code == 0
    (folder / "sources.yaml").write_text("sources: {}\n", "utf-8")
    done = invoke("run", "--once", "--workspace", str(folder))
    assert done.exit_code == 0, done.output
    assert "1 in force" in done.output
    return folder


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def asked(workspace: Path, *words: str) -> Any:
    done = invoke(*words, "--workspace", str(workspace), "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_first_pass_makes_one_digest_of_one_story_with_both_seeds(workspace: Path) -> None:
    (mail,) = (workspace / "data" / "mail" / "new").glob("*.eml")
    parsed = message_from_bytes(mail.read_bytes(), policy=policy.default)
    html = parsed.get_body(("html",))
    text = parsed.get_body(("plain",))
    assert html is not None
    assert text is not None
    page = html.get_content()
    assert page.count("<h3") == 1
    assert SEED_000 in page
    assert "<mark" in page
    for line in ("who:", "where:", "what:"):
        assert line in page
        assert line in text.get_content()
    assert "28 Sep 2022" in page
    assert "29 Sep 2022" in page
    assert (workspace / "data" / "latest.html").read_text("utf-8").count("<h3") == 1


def test_the_two_seeds_are_one_story_with_the_real_title(workspace: Path) -> None:
    (found,) = asked(workspace, "stories", "list")
    assert found["story"]["title"] == STORY
    assert found["story"]["article_count"] == 2
    assert found["rules"] == ["meta-pakistan-office"]
    shown = asked(workspace, "stories", "show", found["story"]["id"])
    days = {article["published_at"][:10] for article in shown["articles"]}
    assert days == {"2022-09-28", "2022-09-29"}
    assert {article["precision"] for article in shown["articles"]} == {"day"}
    explained = invoke("stories", "explain", found["story"]["id"], "--workspace", str(workspace))
    assert explained.exit_code == 0
    assert STORY in explained.stdout


def test_a_second_pass_sends_nothing_again(workspace: Path) -> None:
    before = sorted((workspace / "data" / "mail" / "new").iterdir())
    done = invoke("run", "--once", "--workspace", str(workspace))
    assert done.exit_code == 0, done.output
    assert sorted((workspace / "data" / "mail" / "new").iterdir()) == before
    assert len(asked(workspace, "deliveries", "list")) == 1


def test_explain_says_why_in_the_rules_own_words(workspace: Path) -> None:
    words = ("explain", "meta-pakistan-office", "seeds/002_731ff99ee9420260.txt")
    done = invoke(*words, "--workspace", str(workspace))
    assert done.exit_code == 0, done.output
    for part in ("matches", "who", "where", "what", "Facebook"):
        assert part in done.stdout


def test_a_new_rule_is_sound_and_its_preview_says_what_it_finds(workspace: Path) -> None:
    done = invoke("rules", "new", "haque", "--workspace", str(workspace))
    assert done.exit_code == 0, done.output
    path = workspace / "rules" / "haque.yaml"
    assert invoke("rules", "check", "--workspace", str(workspace)).exit_code == 0
    path.write_text("match: Haque\n", "utf-8")
    (hit,) = asked(workspace, "rules", "preview", "haque")
    assert hit["title"].startswith(SEED_000)
    assert hit["why"] == ["Haque"]
    again = invoke("rules", "new", "haque", "--workspace", str(workspace))
    assert again.exit_code == 2
    path.unlink()


def test_a_misspelt_rule_is_named_by_line_and_column_with_its_cure(workspace: Path) -> None:
    path = workspace / "rules" / "typo.yaml"
    path.write_text("title: Typo\nmatch: Meta\ntell: {mailbocks: digest}\n", "utf-8")
    try:
        for command in (("rules", "check"), ("check",)):
            done = invoke(*command, "--workspace", str(workspace))
            assert done.exit_code == 2
            assert "rules/typo.yaml:3:" in done.output
            assert "mailbox" in done.output
    finally:
        path.unlink()


def test_the_rules_own_tests_run(workspace: Path) -> None:
    done = invoke("rules", "test", "--workspace", str(workspace))
    assert done.exit_code == 0, done.output
    assert "0 failed" in done.stdout


def test_sources_are_added_exported_and_imported(workspace: Path, tmp_path: Path) -> None:
    url = "https://feeds.example.org/rss"
    done = invoke("sources", "add", url, "--workspace", str(workspace))
    assert done.exit_code == 0, done.output
    opml = invoke("sources", "export", "--workspace", str(workspace)).stdout
    assert url in opml
    (tmp_path / "list.opml").write_text(opml.replace("/rss", "/other"), "utf-8")
    words = ("sources", "import", str(tmp_path / "list.opml"), "--workspace", str(workspace))
    assert invoke(*words).exit_code == 0
    found = [feed["url"] for source in asked(workspace, "sources", "list")
             for feed in source["feeds"]]  # fmt: skip
    assert found == [url, "https://feeds.example.org/other"]
    (workspace / "sources.yaml").write_text("sources: {}\n", "utf-8")


def test_a_channel_test_and_a_digest_preview_answer(workspace: Path) -> None:
    done = invoke("channels", "test", "mailbox", "--workspace", str(workspace))
    assert done.exit_code == 0, done.output
    assert "sent" in done.stdout
    for mail in (workspace / "data" / "mail" / "new").glob("dl-test-*"):
        mail.unlink()
    assert invoke("digest", "preview", "--workspace", str(workspace)).exit_code == 0


def test_a_sent_digest_can_be_sent_again_under_its_id(workspace: Path) -> None:
    (line,) = asked(workspace, "deliveries", "list")
    words = ("deliveries", "resend", line["key"], "--workspace", str(workspace))
    assert "1 would be sent" in invoke(*words, "--dry-run").output
    assert invoke(*words).exit_code == 0
    assert invoke("run", "--once", "--workspace", str(workspace)).exit_code == 0
    shown = asked(workspace, "deliveries", "show", line["key"])
    assert [attempt["result"] for attempt in shown["attempts"]] == ["sent", "sent"]
    assert len(list((workspace / "data" / "mail" / "new").glob("*.eml"))) == 1


def test_status_names_what_is_wrong_with_the_cure(workspace: Path) -> None:
    facts = asked(workspace, "status")
    assert facts["articles"]["articles"] == 2
    assert facts["problems"] == []


@pytest.mark.parametrize("words", [("status",), ("rules", "list"), ("run", "--once")])
def test_a_folder_that_is_no_workspace_is_named_with_the_cure(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = invoke(*words, "--workspace", str(tmp_path))
    assert done.exit_code == 2
    assert "monitor init" in done.output


def test_an_unreadable_seed_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    invoke("init", str(folder))
    (folder / "sources.yaml").write_text("sources: {}\n", "utf-8")
    (folder / "seeds" / "broken.json").write_text("{", "utf-8")
    done = invoke("run", "--once", "--workspace", str(folder))
    assert done.exit_code == 0, done.output
    (trouble,) = asked(folder, "status")["problems"]
    assert trouble["subject"] == "seeds/broken.json"
    assert asked(folder, "status")["articles"]["articles"] == 2
