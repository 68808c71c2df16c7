"""What explain, rules test and rules preview say of articles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from services.http_server import Answer
from services.http_site import HttpSite
from services.in_process import told
from services.newsroom import html_page
from typer.testing import CliRunner, Result

from monitor.cli.explain import WHY_QUIET
from monitor.cli.main import app
from monitor.model.alert import RAISES, Reason

RULE = """\
id: offices
title: Offices
match: office
tests:
  match: [seeds/two.jsonl]
"""


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Give a workspace with one rule and one seed file of two articles, without a database."""
    folder = tmp_path / "desk"
    assert invoke("init", str(folder)).exit_code == 0
    lines = [{"title": "One", "text": "An office."}, {"title": "Two", "text": "A bureau."}]
    seed = "".join(f"{json.dumps(line)}\n" for line in lines)
    (folder / "seeds" / "two.jsonl").write_text(seed, "utf-8")
    (folder / "rules" / "offices.yaml").write_text(RULE, "utf-8")
    return folder


def test_each_article_of_a_seed_file_is_explained(workspace: Path) -> None:
    asked = ("explain", "offices", "seeds/two.jsonl", "--workspace", str(workspace))
    text = invoke(*asked).stdout
    assert "offices matches 'One'" in text
    assert "offices does not match 'Two'" in text
    assert [one["matched"] for one in json.loads(invoke(*asked, "--json").stdout)] == [True, False]


def test_a_test_on_a_seed_file_judges_each_article_of_it(workspace: Path) -> None:
    done = invoke("rules", "test", "offices", "--workspace", str(workspace))
    assert done.exit_code == 1
    assert "'Two': office: not found" in done.stdout


def test_a_preview_goes_through_each_article_of_a_seed_file(workspace: Path) -> None:
    rule = workspace / "rules" / "offices.yaml"
    rule.write_text(RULE.replace("match: office", "match: bureau"), "utf-8")
    done = invoke("rules", "preview", "offices", "--workspace", str(workspace))
    assert "Two" in done.stdout


def test_every_reason_for_silence_is_said_in_words() -> None:
    assert set(WHY_QUIET) == set(Reason) - RAISES
    assert not any("_" in words for words in WHY_QUIET.values())


@pytest.fixture
def online(workspace: Path, site: HttpSite) -> Path:
    """Let the workspace reach the site on loopback."""
    with (workspace / "monitor.yaml").open("a") as file:
        file.write("network: {allow_private: [127.0.0.0/8]}\n")
    return workspace


def test_a_url_that_is_not_stored_is_fetched_and_judged(online: Path, site: HttpSite) -> None:
    site.put("/plan", html_page("The plan", told("office")), content_type="text/html")
    asked = ("explain", "offices", f"{site.base}/plan", "--workspace", str(online))
    done = invoke(*asked)
    assert done.exit_code == 0
    assert "offices matches 'News of The plan'" in done.stdout
    assert "no source covers 127.0.0.1; if it has a feed: monitor sources add" in done.stdout
    assert json.loads(invoke(*asked, "--json").stdout)["matched"] is True


def test_why_not_names_all_that_kept_a_rule_and_nothing_else(workspace: Path) -> None:
    asked = ("why-not", "offices", "seeds/two.jsonl", "--workspace", str(workspace))
    text = invoke(*asked).stdout
    assert "offices matches 'One'\n  nothing kept it" in text
    assert "offices does not match 'Two'\n  - office: not found\n" in text
    one, two = json.loads(invoke(*asked, "--json").stdout)
    assert (one["reasons"], two["reasons"]) == ([], ["office: not found"])


def test_a_url_that_cannot_be_had_says_why(online: Path, site: HttpSite) -> None:
    site.answer("/gone", Answer(404))
    done = invoke("explain", "offices", f"{site.base}/gone", "--workspace", str(online))
    assert done.exit_code == 1
    assert f"{site.base}/gone cannot be judged: " in done.stderr
    assert "404" in done.stderr


def test_a_private_address_is_not_asked(workspace: Path, site: HttpSite) -> None:
    site.put("/plan", html_page("The plan", told("office")), content_type="text/html")
    done = invoke("explain", "offices", f"{site.base}/plan", "--workspace", str(workspace))
    assert done.exit_code == 1
    assert site.count("/plan") == site.count("/robots.txt") == 0
