"""Adding, importing and exporting sources by command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from services.in_process import invoke
from services.product import Workspace
from typer.testing import CliRunner

from monitor.cli.main import app
from monitor.settings import load_settings


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Give a workspace without feeds."""
    workspace = Workspace(tmp_path)
    workspace.configure()
    return workspace


def sources(made: Workspace) -> dict[str, dict[str, Any]]:
    """Give sources.yaml as it stands."""
    found = yaml.safe_load((made.folder / "sources.yaml").read_text())["sources"]
    assert isinstance(found, dict)
    return found


def add(made: Workspace, *words: str) -> str:
    done = invoke(made, "sources", "add", *words)
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def test_a_second_feed_of_a_host_goes_to_the_source_that_has_it(made: Workspace) -> None:
    assert add(made, "https://www.dawn.com/feeds/home") == "Added dawn to sources.yaml"
    told = add(made, "https://images.dawn.com/feed")
    assert told == "Added the feed to dawn in sources.yaml"
    (source,) = sources(made).values()
    assert source["feeds"] == ["https://www.dawn.com/feeds/home", "https://images.dawn.com/feed"]
    refused = invoke(made, "sources", "add", "https://www.dawn.com/ur", "--lang", "ur")
    assert refused.exit_code == 2
    assert "give --key for a source of its own" in refused.stderr
    add(made, "https://images.dawn.com/other", "--key", "images")
    assert sources(made)["images"]["domains"] == ["images.dawn.com"]
    assert invoke(made, "check").stdout == ""
    add(made, "https://www.dawn.com/more", "--key", "more")
    assert "dawn.com is claimed by source 'dawn' too" in invoke(made, "check").stdout


def test_feeds_behind_a_go_between_are_sources_of_their_own(made: Workspace) -> None:
    add(made, "https://feeds.feedburner.com/one")
    add(made, "https://feeds.feedburner.com/two")
    assert list(sources(made)) == ["feedburner", "feedburner-2"]
    assert all("domains" not in source for source in sources(made).values())


@pytest.mark.parametrize(
    ("option", "value"), [("--country", "Pakistan"), ("--lang", "english"), ("--key", "A B")]
)
def test_an_option_that_is_wrong_is_named(made: Workspace, option: str, value: str) -> None:
    before = (made.folder / "sources.yaml").read_text()
    done = invoke(made, "sources", "add", "https://dawn.com/feed", option, value)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"{option} '{value}' ")
    assert "sources.yaml" not in done.stderr
    assert (made.folder / "sources.yaml").read_text() == before


def test_the_shipped_sources_come_back_whole_from_opml(made: Workspace, tmp_path: Path) -> None:
    shipped = Workspace(tmp_path / "shipped")
    assert CliRunner().invoke(app, ["init", str(shipped.folder)]).exit_code == 0
    made.write("list.opml", invoke(shipped, "sources", "export").stdout)
    done = invoke(made, "sources", "import", str(made.folder / "list.opml"))
    assert done.exit_code == 0, done.output
    before = load_settings(shipped.folder, {}).sources
    assert sorted(load_settings(made.folder, {}).sources, key=repr) == sorted(before, key=repr)
    again = invoke(made, "sources", "import", str(made.folder / "list.opml"))
    assert again.stdout.startswith("0 feeds added")


FOREIGN = """\
<opml version="1.0"><body><outline text="Pakistan">
  <outline text="Pakistan Today" type="rss" language="en-us"
    xmlUrl="https://www.pakistantoday.com.pk/feed/" htmlUrl="https://www.pakistantoday.com.pk"/>
  <outline text="Profit" type="rss" language="English"
    xmlUrl="https://profit.pakistantoday.com.pk/feed/"
    htmlUrl="https://profit.pakistantoday.com.pk/"/>
  <outline text="Daily Pakistan" type="rss" xmlUrl="https://en.dailypakistan.com.pk/feed/"
    htmlUrl="https://en.dailypakistan.com.pk"/>
  <outline text="Profit 2" type="rss" xmlUrl="https://profit.pakistantoday.com.pk/more/"
    htmlUrl="https://profit.pakistantoday.com.pk/"/>
  <outline text="Dawn" type="rss" xmlUrl="https://www.dawn.com/feeds/home"
    htmlUrl="https://www.dawn.com/"/>
</outline></body></opml>
"""


@pytest.mark.parametrize("before", ["sources: {}\n", "sources: {}  # all\n# end\n", "sources:\n"])
def test_another_readers_feeds_are_sources_by_their_home_page(
    made: Workspace, before: str
) -> None:
    made.write("sources.yaml", before)
    add(made, "https://www.dawn.com/feeds/sport")
    path = made.write("list.opml", FOREIGN)
    done = invoke(made, "sources", "import", str(path))
    assert (done.exit_code, done.stdout) == (0, "5 feeds added, 0 there already\n")
    found = {key: source["domains"] for key, source in sources(made).items()}
    assert found == {
        "dawn": ["dawn.com"],
        "pakistantoday": ["pakistantoday.com.pk"],
        "profit": ["profit.pakistantoday.com.pk"],
        "dailypakistan": ["en.dailypakistan.com.pk"],
    }
    assert len(sources(made)["profit"]["feeds"]) == len(sources(made)["dawn"]["feeds"]) == 2
    text = (made.folder / "sources.yaml").read_text()
    assert max(map(len, text.splitlines())) < 200
    assert all(line.strip() in text for line in before.split("#")[1:])


def test_a_file_that_is_no_list_is_named(made: Workspace) -> None:
    path = made.write("list.html", "<html/>")
    done = invoke(made, "sources", "import", str(path))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"{path}: it is no OPML list; export the list as OPML\n"
