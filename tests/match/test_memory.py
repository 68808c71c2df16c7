"""A load with the memory of another finds what a load without it finds, and reads only news."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.match.load import LoadedRules, load_rules
from monitor.match.memory import Memory
from monitor.match.tree import LoadedRule
from monitor.model.keys import ChannelName
from monitor.model.rule import Tell

MAILBOX = ChannelName("mailbox")
DATA = Path(__file__).parent.parent / "data"
RULES = {
    "rules/acme.yaml": "match: $acme\ntests: {match: [seeds/a.txt]}\n",
    "rules/both.yaml": 'id: one\nmatch: Meta\n---\nid: two\nmatch: $all AND "office, Inc."\n',
    "rules/plain.yaml": "match: harbour\n",
}
LISTS = {
    "rules/lists/acme.yaml": "terms: [Acme, 'Acme, Inc.']\n",
    "rules/lists/all.yaml": "terms: [$acme, Globex]\n",
}


@dataclass
class Folder:
    """Hold what a workspace holds, to be loaded again and again with one memory."""

    rules: dict[str, str | bytes] = field(default_factory=lambda: dict(RULES))
    lists: dict[str, str | bytes] = field(default_factory=lambda: dict(LISTS))
    channels: dict[ChannelName, bool] = field(default_factory=lambda: {MAILBOX: True})
    seeds: set[str] = field(default_factory=lambda: {"seeds/a.txt"})
    memory: Memory = field(default_factory=Memory)

    def load(self, memory: Memory | None = None) -> LoadedRules:
        return load_rules(
            dict(self.rules),
            dict(self.lists),
            channels=dict(self.channels),
            default_tell=((MAILBOX, Tell.DIGEST),),
            workspace_has=set(self.seeds).__contains__,
            lints=False,
            memory=memory,
        )

    def read_anew(self) -> set[str]:
        """Load with the memory, check it against a load without, and name the rules read."""
        before = {id(rule) for rule in self.kept}
        found = self.load(self.memory)
        assert found == self.load()
        self.kept = found.rules
        return {str(rule.rule.id) for rule in found.rules if id(rule) not in before}

    kept: tuple[LoadedRule, ...] = ()


@pytest.fixture
def folder() -> Folder:
    folder = Folder()
    assert folder.read_anew() == {"acme", "one", "two", "plain"}
    assert folder.read_anew() == set()
    return folder


def test_only_the_file_that_changed_is_read(folder: Folder) -> None:
    folder.rules["rules/plain.yaml"] = "match: harbor\n"
    assert folder.read_anew() == {"plain"}


def test_rules_are_read_again_when_a_list_of_theirs_changes(folder: Folder) -> None:
    folder.lists["rules/lists/all.yaml"] = "terms: [$acme, Initech]\n"
    assert folder.read_anew() == {"two"}
    folder.lists["rules/lists/acme.yaml"] = "terms: [Acme]\n"
    assert folder.read_anew() == {"acme", "two"}


def test_a_comment_in_a_list_changes_no_rule(folder: Folder) -> None:
    folder.lists["rules/lists/acme.yaml"] = f"{LISTS['rules/lists/acme.yaml']}# seen in May\n"
    assert folder.read_anew() == set()


def test_a_list_that_goes_and_comes_back_is_missed_meanwhile(folder: Folder) -> None:
    gone = folder.lists.pop("rules/lists/acme.yaml")
    folder.read_anew()
    assert {problem.code for problem in folder.load().errors} == {"list-unknown", "list-broken"}
    folder.lists["rules/lists/acme.yaml"] = gone
    assert folder.read_anew() == {"acme", "one", "two"}


def test_a_seed_that_is_gone_is_missed(folder: Folder) -> None:
    folder.seeds.clear()
    folder.read_anew()
    assert [problem.code for problem in folder.load().errors] == ["tests-seed"]


def test_an_id_that_another_file_takes_is_told(folder: Folder) -> None:
    folder.rules["rules/aaa.yaml"] = "id: plain\nmatch: port\n"
    folder.read_anew()
    folder.rules["rules/zzz.yaml"] = "id: acme\nmatch: port\n"
    folder.read_anew()
    codes = [problem.code for problem in folder.load().errors]
    assert codes == ["rule-duplicate-id", "rule-duplicate-id"]


def test_rules_are_read_again_when_the_channels_change(folder: Folder) -> None:
    folder.channels[ChannelName("desk")] = True
    assert folder.read_anew() == {"acme", "one", "two", "plain"}


def test_what_is_wrong_is_told_each_time() -> None:
    folder = Folder()
    for path in sorted((DATA / "rules_bad").glob("*.yaml")):
        folder.rules[f"rules/{path.name}"] = path.read_bytes()
    folder.read_anew()
    folder.read_anew()


EDITS = [
    ("rules/acme.yaml", "match: $acme\n"),
    ("rules/both.yaml", "id: one\nmatch: Meta\n"),
    ("rules/plain.yaml", "id: one\nmatch: $all\n"),
    ("rules/plain.yaml", "match: $none OR\n"),
    ("rules/other.yaml", "match: $other\n"),
    ("rules/lists/acme.yaml", "terms: [$all, Acme]\n"),
    ("rules/lists/all.yaml", "terms: [$other]\n"),
    ("rules/lists/all.yaml", "terms: [Globex"),
    ("rules/lists/other.yaml", "terms: [Initech, $acme]\n"),
]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_any_run_of_edits_is_read_as_if_for_the_first_time(seed: int) -> None:
    chance, folder = random.Random(seed), Folder()
    for _ in range(8):
        path, text = chance.choice(EDITS)
        place = folder.lists if "lists" in path else folder.rules
        kept = chance.choice([text, RULES.get(path) or LISTS.get(path), None])
        if kept is None:
            place.pop(path, None)
        else:
            place[path] = kept
        folder.seeds ^= {"seeds/a.txt"} if chance.random() < 0.2 else set()
        folder.read_anew()
