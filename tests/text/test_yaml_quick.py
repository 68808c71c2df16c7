"""libyaml reads what PyYAML reads, or leaves the text to it: never another meaning or place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.text.yaml_reader import read_carefully, read_quickly

ROOT = Path(__file__).parent.parent.parent
FILES = sorted([*(ROOT / "tests" / "data").glob("**/*.yaml"), *(ROOT / "rules").glob("**/*.yaml")])
TEXTS = [path.read_text("utf-8", "ignore").replace("\r\n", "\n") for path in FILES]
TEXTS = [text for text in TEXTS if len(text) < 3_000]
PIECES = """
# #a - -- : ? | > ' " [ ] { } ` ~ = << --- ... >5 |2 |- >+ & * ! % @ ( ) , \\ \\n \\u0041 '' a: :a
"a":b [a:\xa0b] {a,b:\xa0c} [a,] {a:\xa0} é 😀 میٹا 000 1,000 %YAML\xa01.1
"""
SIGNS = [piece.replace("\xa0", " ") for piece in PIECES.split()]
SIGNS += ["# ", ", ", ": ", "- ", "? ", " ", "\t", "\n", "\n  ", "\n\n", "\n---\n", "\n...\n"]
EDITS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(SIGNS), st.integers(0, 2)), max_size=4)
RULE = """
id: acme
title: Acme # the company
labels: {topic: platforms}
match:
  who: '"Acme Corp" OR Acme'
  what: [office, >-
    a factory]
exclude: [circus]
"""


def check(text: str) -> None:
    quick = read_quickly("f.yaml", text, many=True)
    assert quick is None or quick == read_carefully("f.yaml", text, many=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_file_means_the_same_to_both(path: Path) -> None:
    check(path.read_text("utf-8", "ignore").replace("\r\n", "\n"))


def test_an_ordinary_rule_is_read_quickly() -> None:
    text = RULE.replace(", >-\n   ", ",")
    quick = read_quickly("f.yaml", text, many=True)
    assert quick is not None
    assert quick == read_carefully("f.yaml", text, many=True)


def edited(text: str, edits: list[tuple[float, str, int]]) -> str:
    for share, sign, gone in edits:
        at = int(share * len(text))
        text = text[:at] + sign + text[at + gone :]
    return text


@settings(max_examples=200, deadline=None)
@given(text=st.sampled_from(TEXTS), edits=EDITS)
@example(text="match: [organi?ation, b]\n", edits=[])
@example(text="match:\toffice\n", edits=[])
@example(text="match: office #meta\n", edits=[])
@example(text="match: |# a\n  office\n", edits=[])
@example(text="match: {who: }\n", edits=[])
def test_edited_texts_mean_the_same_to_both(
    text: str, edits: list[tuple[float, str, int]]
) -> None:
    check(edited(text, edits))


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None)
@given(text=st.sampled_from(TEXTS), edits=EDITS)
def test_many_edited_texts_mean_the_same_to_both(
    text: str, edits: list[tuple[float, str, int]]
) -> None:
    check(edited(text, edits))
