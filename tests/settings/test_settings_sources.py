"""Reading sources.yaml, and adding to it without destroying what stands there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.model.keys import SourceKey
from monitor.model.source import Source
from monitor.settings import append_feed, append_source, load_settings

ROOT = Path(__file__).parent.parent.parent
NEW = Source(
    key=SourceKey("new"),
    name="New: the #1 paper",
    domains=("new.example",),
    country="NO",
    lang="no",
    tier=2,
    is_verified=True,
    feeds=("https://new.example/feed?a=b#c",),
)


def read(folder: Path, text: str) -> tuple[Source, ...]:
    (folder / "monitor.yaml").write_text("{}")
    (folder / "sources.yaml").write_text(text, encoding="utf-8")
    return load_settings(folder, {}).sources


def complaints(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    assert all(problem.cure and problem.code for problem in caught.value.problems)
    return str(caught.value)


def test_a_source_is_normalised(tmp_path: Path) -> None:
    text = (
        "sources:\n  dawn: {name: Dawn, domains: [WWW.Dawn.COM, bücher.example, dawn.com],"
        " country: no, lang: EN, tier: 1, group: null, syndicator: yes, verified: True,"
        ' feeds: ["https://www.dawn.com/feeds/home"]}\n'
    )
    (dawn,) = read(tmp_path, text)
    assert dawn.domains == ("dawn.com", "xn--bcher-kva.example")
    assert (dawn.country, dawn.lang, dawn.tier, dawn.group) == ("NO", "en", 1, None)
    assert dawn.is_syndicator
    assert dawn.is_verified
    assert dawn.feeds == ("https://www.dawn.com/feeds/home",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sources: {a: {tier: 0}}", "'tier' is not such a number"),
        ("sources: {a: {country: Pakistan}}", "'country' is not valid: 'Pakistan'"),
        ("sources: {a: {lang: english}}", "'lang' is not valid: 'english'"),
        ("sources: {a: {domains: ['https://a.example/']}}", "is no domain; write a host name"),
        ("sources: {a: {domains: ['*.a.example']}}", "is no domain"),
        ("sources: {a: {feeds: ['file:///etc/passwd']}}", "this is no feed address"),
        ("sources: {a: {feeds: ['https://u:p@a.example/']}}", "belong in `login:`"),
        ("sources: {a: {feed: x}}", "unknown key 'feed' in source 'a'; did you mean 'feeds'?"),
        ("sources: {a: {verified: maybe}}", "must be true or false"),
        ("sources: {a: {headers: {'X Y': z}}}", "this is no HTTP header"),
        ('sources: {a: {headers: {X: "y\\r\\nZ: z"}}}', "this is no HTTP header"),
        ("sources: {a: {login: {username: u}}}", "the login lacks username or password"),
        ("sources: {a: {token: '${NONE}'}}", "NONE is not set"),
        ("sources: {a: {token: t, login: {username: u, password: p}}}", "exclude each other"),
        ("sources: {A: {}}", "'A' cannot be the key of a source"),
        ("sources: {a: x}", "source 'a' must be a mapping"),
        ("source: {}", "unknown key 'source' in sources.yaml; did you mean 'sources'?"),
        ("sources: {a: {}, a: {}}", "duplicate key 'a'"),
        (
            "sources:\n  a: {feeds: ['https://x.example/f']}\n  b: {feeds: ['HTTP://X.example:80/f']}",
            "sources.yaml:3:15: this feed stands in source 'a' already",
        ),
    ],
)
def test_a_defect_is_told_with_its_cure(tmp_path: Path, text: str, said: str) -> None:
    told = complaints(tmp_path, text)
    assert said in told
    assert told.startswith("sources.yaml:")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "sources:\n",
        "sources: # all of them\n",
        "sources: null\n",
        "sources: {}\n# tail\n",
        "sources: {a: {name: A}} # tail\n",
        "sources:\n  a:\n    feeds:\n      - https://a.example/1\n  # end\n\n# tail\n",
        "sources:\n  a: {name: A,\n    tier: 1\n  }\n# tail\n",
        "sources:\n    a:\n        name: |\n            A\n",
        "sources:\n  a: {name: A}",
        "\ufeffsources:\r\n  a: {name: A}   # why\r\n",
    ],
)
def test_a_source_is_added_and_nothing_else_changes(tmp_path: Path, text: str) -> None:
    before = read(tmp_path, text) if text else ()
    added = append_source(text, NEW)
    assert read(tmp_path, added) == (*before, NEW)
    for line in text.removeprefix("\ufeff").splitlines():
        comment = line[line.index("#") :] if "#" in line else ""
        assert comment in added


def test_a_source_is_added_to_the_shipped_file() -> None:
    text = (ROOT / "sources.yaml").read_text(encoding="utf-8")
    added = append_source(text, NEW)
    assert added.startswith(text.rstrip("\n"))
    assert added.count("\n") == text.count("\n") + 2


def test_a_key_that_is_taken_is_refused() -> None:
    with pytest.raises(ConfigError, match="there is a source 'new' already"):
        append_source("sources:\n  new: {}\n", NEW)


def test_a_file_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"sources\.yaml:1"):
        append_source("sources: [", NEW)


_NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1)


@settings(max_examples=100, deadline=None)
@example(name="${HOME}")
@given(name=_NAMES.filter(lambda text: text == text.strip() and len(text) < 100))
def test_any_name_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.mktemp("w")
    added = append_source("sources:\n  a: {name: A}\n", Source(key=SourceKey("k"), name=name))
    assert read(folder, added)[-1].name == name.replace("${", "$ {")


FEED = "https://a.example/2?b=c"
LAYOUTS = [
    "sources:\n  a: {name: A, feeds: [https://a.example/1]}  # why\n  b: {name: B}\n",
    'sources:\n  a: {name: A, tier: 1,\n    feeds: ["https://a.example/1"]}\n# tail\n',
    "sources:\n  a:\n    feeds:\n      - https://a.example/1  # the first\n    name: A\n",
    "sources:\n  a:\n    feeds: https://a.example/1 # alone\n    name: A\n",
    "\ufeffsources: {a: {feeds: [https://a.example/1,], name: A}}\r\n",
]


@pytest.mark.parametrize("text", LAYOUTS)
def test_a_feed_is_added_to_its_source_and_nothing_else_changes(tmp_path: Path, text: str) -> None:
    before = read(tmp_path, text)
    added = append_feed(text, "a", FEED)
    first, *rest = read(tmp_path, added)
    assert first.feeds == ("https://a.example/1", FEED)
    assert (first.name, tuple(rest)) == ("A", before[1:])
    assert all(line.partition("#")[2] in added for line in text.splitlines())


@pytest.mark.parametrize(
    "text", ["sources:\n  a: {name: A}\n", "sources: {a: {feeds: []}}", "sources: {}", "a: [b]"]
)
def test_feeds_that_are_no_list_yet_are_refused_with_the_cure(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be added to; write `feeds: "):
        append_feed(text, "a", FEED)


def domain_warnings(folder: Path) -> list[str]:
    found = load_settings(folder, {}).warnings
    return [str(warning) for warning in found if warning.code == "settings-domain-twice"]


def test_two_sources_that_claim_one_domain_are_named_unless_they_are_one_group(
    tmp_path: Path,
) -> None:
    text = "sources:\n  a: {domains: [x.pk]%s}\n  b: {domains: [y.pk, x.pk]%s}\n"
    read(tmp_path, text % ("", ""))
    (warning,) = domain_warnings(tmp_path)
    assert warning.startswith(
        "sources.yaml:3:16: warning: the domain x.pk is claimed by source 'a' too"
    )
    read(tmp_path, text % (", group: X", ", group: X"))
    assert domain_warnings(tmp_path) == []
