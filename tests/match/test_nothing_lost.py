"""YAML drops nothing in silence: what an editor wrote reaches the query parser, or is told of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.match.load import load_rules
from monitor.model.keys import ChannelName
from monitor.model.rule import Tell
from monitor.text.yaml_nodes import Scalar, Sequence, YamlNode
from monitor.text.yaml_reader import read_yaml

MAILBOX = ChannelName("mailbox")
STYLES = {
    "plain": "match: {}\n",
    "single quotes": "match: '{}'\n",
    "double quotes": 'match: "{}"\n',
    "literal block": "match: |\n  {}\n",
    "folded block": "match: >\n  {}\n",
    "first line and block": "match: | {}\n  office\n",
    "item in brackets": "match: [office, {}]\n",
    "line in braces": "match: {{who: {}}}\n",
    "item": "match:\n  - office\n  - {}\n",
    "named line": "match:\n  who: Meta\n  what: {}\n",
    "continued line": "match: office OR\n  {}\n",
    "line of its own": "match:\n  {}\n",
    "behind a key": "match: {}\n  - office\n",
    "behind a list": "match: [office] {}\n",
    "before a document": "--- {}\nmatch: office\n",
    "exclusion": "match: office\nexclude: {}\n",
    "rows of exclusions": "match: office\nexclude:\n  {}\n",
}
WORDS = ["office", "#meta", "@x", "$meta", "*x", "&x", "!x", "%x", "1", "000", "NO", "a-b", "OR"]
SIGNS = [
    "#",
    "# ",
    " ",
    " ",
    ",",
    ":",
    ": ",
    "- ",
    "? ",
    "|",
    ">",
    "'",
    '"',
    "[",
    "]",
    "{",
    "}",
    "`",
]
SIGNS += [
    "~",
    "=",
    "<<",
    "---",
    "...",
    ">5",
    "|2",
    "\n  ",
    "\n",
    "&",
    "*",
    "!",
    "%",
    "@",
    "(",
    ")",
]
TEXTS = st.lists(st.sampled_from(WORDS + SIGNS), max_size=7).map("".join)
STRUCTURE = re.compile(r"""['",:\[\]{}]""")  # what parts texts in YAML
MARKS = re.compile(r"^(?:---|\.\.\.)(?=\s|$)|^\s*(?:-[ \t]+)+|[|>][+-]?[ \t]*$", re.MULTILINE)
COMMENT = re.compile(r"(?:^|(?<=[\s,\[\]{}'\"|>]))#+(?:[ \t][^\n]*|$)", re.MULTILINE)
SWITCHED_OFF = re.compile(r"^[ \t]*#+(?:-|[\w.-]+:)(?:[ \t][^\n]*)?$|^#[^\n]*$", re.MULTILINE)


def scalars(node: YamlNode) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars(item)
    else:
        for entry in node.entries:
            yield entry.key
            yield from scalars(entry.value)


def lost(file: str) -> Counter[str]:
    """Count the characters of a file that stand in no text YAML gave, and are none of its own."""
    read = read_yaml("rules/r.yaml", file, many=True)
    found = [one.text for document in read.documents for one in scalars(document)]
    written = MARKS.sub("", COMMENT.sub("", SWITCHED_OFF.sub("", file)))
    return Counter(_signs(written)) - Counter(_signs("".join(found)))


def _signs(text: str) -> str:
    return "".join(STRUCTURE.sub("", text).split())


def errors_of(file: str) -> list[str]:
    found = load_rules(
        {"rules/r.yaml": file},
        {"rules/lists/meta.yaml": "terms: [Meta]\n"},
        channels={MAILBOX: True},
        default_tell=((MAILBOX, Tell.DIGEST),),
        workspace_has=lambda path: False,
    )
    return [str(error) for error in found.errors]


def check_that_nothing_is_lost(style: str, text: str) -> None:
    file = STYLES[style].format(text)
    missing = lost(file)
    assert not missing or errors_of(file), f"{file!r} loses {dict(missing)} in silence"


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
@example(text="#meta")
@example(text="office #meta")
@example(text="? office")
@example(text=">5")
def test_what_an_editor_wrote_is_read_or_told_of(style: str, text: str) -> None:
    check_that_nothing_is_lost(style, text)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=1_000, deadline=None)
@given(text=TEXTS | st.text(alphabet="ab1#@$*&!%:-?|>'\"[]{},`~=<.\n ()", max_size=16))
def test_what_many_editors_wrote_is_read_or_told_of(style: str, text: str) -> None:
    check_that_nothing_is_lost(style, text)


@pytest.mark.parametrize(
    "word", ["office", "#meta", "007", "NO", "é", "میٹا", "'", '"', "\\", "#"]
)
@pytest.mark.parametrize("style", ["'", '"'])
def test_quotes_keep_every_sign(word: str, style: str) -> None:
    text = f"{word} a {word}b"
    written = text.replace("'", "''") if style == "'" else text.replace("\\", "\\\\")
    if style == '"':
        written = written.replace('"', '\\"')
    (document,) = read_yaml("r.yaml", f"match: {style}{written}{style}\n").documents
    assert [one.text for one in scalars(document)] == ["match", text]
