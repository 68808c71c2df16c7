"""Editors underline what the loader refuses, as far as a schema can tell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from monitor.cli.starter import SHIPPED
from monitor.match.load import load_rules
from monitor.match.schema import Schema, list_schema, rule_schema
from monitor.match.template import new_rule_text
from monitor.model.keys import ChannelName
from monitor.model.rule import Tell
from monitor.text.yaml_nodes import Mapping, Sequence, YamlNode
from monitor.text.yaml_reader import read_yaml

ROOT = Path(__file__).parent.parent.parent
DATA = Path(__file__).parent.parent / "data"
RULES = jsonschema.Draft7Validator(rule_schema())
LISTS = jsonschema.Draft7Validator(list_schema())
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def as_editors_read(node: YamlNode) -> object:
    """Give what the core schema of YAML 1.2 makes of a node: NO is a word, 007 the number 7."""
    if isinstance(node, Mapping):
        return {entry.key.text: as_editors_read(entry.value) for entry in node.entries}
    if isinstance(node, Sequence):
        return [as_editors_read(item) for item in node.items]
    if node.is_quoted:
        return node.text
    if node.is_null:
        return None
    if node.text.lower() in ("true", "false"):
        return node.text.lower() == "true"
    if _NUMBER.fullmatch(node.text):
        return float(node.text) if re.search("[.eE]", node.text) else int(node.text)
    return node.text


def faults(schema: jsonschema.Draft7Validator, text: str | bytes) -> list[str]:
    found = read_yaml("f.yaml", text, many=True)
    documents = [as_editors_read(document) for document in found.documents]
    return [error.message for one in documents for error in schema.iter_errors(one)]


CANNOT_TELL = {
    "what query text says": (
        "negative-alternative", "negative-text", "not-alone", "exclude-negative",
    ),
    "what YAML has cut at a comma": ("digits-after-comma-short",),
    "what other files hold": (
        "unknown-list", "broken-list", "unknown-channel", "digest-without-schedule",
        "tests-missing-seed", "tests-seed-outside",
    ),
    "what the rules beside it hold": ("duplicate-id", "missing-ids", "id-missing-in-one"),
}  # fmt: skip
"""Defects that no schema can tell, with the reason; all `query-...` are of the first kind."""


def test_the_schemas_are_sound() -> None:
    for schema in (rule_schema(), list_schema()):
        jsonschema.Draft7Validator.check_schema(schema)


def is_beyond_a_schema(name: str) -> bool:
    return name.startswith("query-") or any(name in names for names in CANNOT_TELL.values())


def told_by_yaml(path: Path) -> bool:
    """Tell whether it is YAML that refuses the file: then no schema is asked."""
    return bool(read_yaml(path.name, path.read_bytes(), many=True).problems)


@pytest.mark.parametrize(
    "path",
    [path for path in sorted((DATA / "rules_bad").glob("*.yaml")) if not told_by_yaml(path)],
    ids=lambda path: path.stem,
)
def test_the_schema_refuses_what_the_loader_refuses(path: Path) -> None:
    found = faults(RULES, path.read_bytes())
    assert bool(found) is not is_beyond_a_schema(path.stem), found


def test_each_defect_beyond_a_schema_is_one_of_the_fixtures() -> None:
    names = {path.stem for path in (DATA / "rules_bad").glob("*.yaml")}
    assert {name for group in CANNOT_TELL.values() for name in group} <= names


LIST_SCHEMA_TELLS = {
    "bare-list", "empty-terms", "no-terms", "term-swallowed", "term-with-lines", "terms-as-text",
    "title-list", "unknown-key",
}  # fmt: skip
"""The other defects are of several files, of a file's name, or of query text."""


@pytest.mark.parametrize(
    "folder", sorted((DATA / "lists_bad").iterdir()), ids=lambda folder: folder.name
)
def test_the_schema_of_lists_refuses_what_it_can_tell(folder: Path) -> None:
    paths = sorted(folder.glob("rules/lists/*.y*ml"))
    told = [fault for path in paths for fault in faults(LISTS, path.read_bytes())]
    assert bool(told) is (folder.name in LIST_SCHEMA_TELLS), told


@pytest.mark.parametrize(
    "path",
    [
        *sorted((DATA / "rules_unwise").glob("*.yaml")),
        *(ROOT / name for name in SHIPPED if re.fullmatch(r"rules/[^/]+\.yaml", name)),
    ],
    ids=lambda path: path.stem,
)
def test_the_schema_takes_what_the_loader_takes(path: Path) -> None:
    assert faults(RULES, path.read_bytes()) == []


@pytest.mark.parametrize(
    "text",
    [
        "match: NO\n",
        "match: [007, 12:30, 2022-09-28, true]\n",
        "match: {who: a, all: [b, c], any: [d], not: e}\n",
        "id: 007\nmatch: a\nagain: Never\ntell: {mailbox: Digest}\n",
        "match: a\nexclude:\nonly:\ntell:\nlabels:\ntests:\n",
        "match: a\nonly: {known: Yes, max_age: [3 d], tier: [1, '02'], country: NO, lang: no}\n",
        "match: a\nonly: {source: [dawn, dawn.com, 92], not_group: x, words: ['>= 1', <9]}\n",
        "match: a\ntests: {match: b, no_match: [1, {title: c, tier: 2, country: no}]}\n",
        new_rule_text("a", "NO", {ChannelName("mailbox"): True}),
    ],
)
def test_what_is_sound_is_not_underlined(text: str) -> None:
    loaded = load_rules(
        {"rules/r.yaml": text},
        {},
        channels={ChannelName("mailbox"): True},
        default_tell=((ChannelName("mailbox"), Tell.DIGEST),),
        workspace_has=lambda path: False,
    )
    assert loaded.errors == ()
    assert faults(RULES, text) == []


def test_the_shipped_lists_are_not_underlined() -> None:
    paths = [ROOT / name for name in SHIPPED if name.startswith("rules/lists/")]
    assert len(paths) == 2
    for path in paths:
        assert faults(LISTS, path.read_bytes()) == []


@pytest.mark.parametrize(
    ("name", "schema"),
    [("rules/rule.schema.json", rule_schema()), ("rules/list.schema.json", list_schema())],
)
def test_the_shipped_schema_is_the_current_one(name: str, schema: Schema) -> None:
    assert json.loads((ROOT / name).read_text(encoding="utf-8")) == schema


def test_every_shipped_file_names_the_schema_that_lies_in_the_workspace() -> None:
    for name in SHIPPED:
        if not re.fullmatch(r"rules/(?:lists/)?[^/]+\.yaml", name):
            continue
        path = ROOT / name
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert found, name
        assert str((path.parent / found[1]).resolve().relative_to(ROOT)) in SHIPPED
