"""Adding, importing and exporting sources by command."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from services.in_process import invoke
from services.product import Workspace


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Give a workspace without feeds."""
    workspace = Workspace(tmp_path)
    workspace.configure()
    return workspace


def sources(made: Workspace) -> dict[str, dict[str, object]]:
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
