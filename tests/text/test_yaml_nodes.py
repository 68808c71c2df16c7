"""Reading YAML: words stay words, places are exact, traps are named with their cure."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.text.durations import parse_duration
from monitor.text.yaml_nodes import Mapping, Scalar, Sequence, did_you_mean
from monitor.text.yaml_reader import MAX_BYTES, YamlFile, read_yaml


def read(text: str | bytes, *, many: bool = False) -> YamlFile:
    return read_yaml("f.yaml", text, many=many)


def mapping_of(text: str) -> Mapping:
    found = read(text)
    assert found.problems == ()
    assert isinstance(found.documents[0], Mapping)
    return found.documents[0]


def scalar_of(text: str) -> Scalar:
    node = mapping_of(text).get("a")
    assert isinstance(node, Scalar)
    return node


@pytest.mark.parametrize(
    "word", ["NO", "007", "12:30", "2022-09-28", "1_000", "0x1F", "yes", "1e3", "null", ".inf"]
)
def test_a_word_stays_the_word_it_looks_like(word: str) -> None:
    assert scalar_of(f"a: {word}\n").text == word


def test_a_node_knows_its_line_and_column_from_one() -> None:
    top = mapping_of("x: 1\na:\n  - one\n  - 'two'\n")
    items = top.get("a")
    assert isinstance(items, Sequence)
    assert [(item.line, item.column) for item in items.items] == [(3, 5), (4, 5)]
    assert [getattr(item, "is_quoted", None) for item in items.items] == [False, True]


@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        ("a: office AND bureau\n", "bureau", (1, 15)),
        ("a: 'it''s an office'\n", "office", (1, 14)),
        ('a: "a \\"quoted\\" office"\n', "office", (1, 18)),
        ('a: "\\u0041 office"\n', "office", (1, 12)),
        ("a: |\n  one\n  two office\n", "office", (3, 7)),
        ("a: >\n  one\n  two office\n", "office", (3, 7)),
        ("a: one\n  two office\n", "office", (2, 7)),
        ("a: 'one\n\n  two office'\n", "office", (3, 7)),
        ('a: "one \\\n  two office"\n', "office", (2, 7)),
        ("a: میٹا office\n", "office", (1, 9)),
    ],
)
def test_a_place_in_a_text_is_found_in_the_file(
    text: str, word: str, place: tuple[int, int]
) -> None:
    scalar = scalar_of(text)
    line, column = scalar.place(scalar.text.index(word))
    assert (line, column) == place
    assert text.split("\n")[line - 1][column - 1 :].startswith(word)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("a: 1\na: 2\n", "yaml-duplicate-key", "stands on line 1 too"),
        ("a: &x b\n", "yaml-indicator", "'&x b'"),
        ("a: *x\n", "yaml-indicator", "'*x'"),
        ("a: * x\n", "yaml-indicator", "'* x'"),
        ("a: !x b\n", "yaml-indicator", "'!x b'"),
        ("a: !!int 3\n", "yaml-indicator", "'!!int 3'"),
        ("a: @x b\n", "yaml-indicator", "'@x b'"),
        ("a: %x\n", "yaml-indicator", "'%x'"),
        ("a: `x`\n", "yaml-indicator", "'`x`'"),
        ("a: [*x, b]\n", "yaml-indicator", "'*x'"),
        ("a: >=150\n", "yaml-indicator", "'>=150'"),
        ("a:\n\tb: 1\n", "yaml-tab", "use spaces"),
        ('a: "b" c\n', "yaml-text-after-quote", "'\"b\" c'"),
        ("a: 'b' c\n", "yaml-text-after-quote", "'\"b\" c'"),
        ("a: 'b c' AND d\n", "yaml-text-after-quote", "'\"b c\" AND d'"),
        ("a: 'b OR c' AND d\n", "yaml-text-after-quote", "'(b OR c) AND d'"),
        ('a: [x, "b" c]\n', "yaml-text-after-quote", "'\"b\" c'"),
        ("a: b #meta\n", "yaml-swallowed-comment", "'b #meta'"),
        ('a: "b" #meta\n', "yaml-swallowed-comment", "'\"b\" #meta'"),
        ("a: 'b c' #meta\n", "yaml-swallowed-comment", "'\"b c\" #meta'"),
        ("a: #meta\n", "yaml-swallowed-comment", "'#meta'"),
        ("a: [b,\n  #meta,\n  c]\n", "yaml-swallowed-comment", "2:3: `#meta` is"),
        ("a: [b, #meta, c]\n", "yaml-swallowed-comment", "1:8: `#meta` is"),
        ("a: [b #meta, c]\n", "yaml-swallowed-comment", "item: 'b #meta'"),
        ("a: {b: #meta}\n", "yaml-swallowed-comment", "item: '#meta'"),
        ("a: [b] #meta\n", "yaml-swallowed-comment", "1:8: `#meta`"),
        ("a: #meta\n  - b\n", "yaml-swallowed-comment", "'#meta'"),
        ("a:\n  #meta\n", "yaml-swallowed-comment", "2:3: `#meta`"),
        ("a: | #meta\n  b\n", "yaml-swallowed-comment", "1:6: `#meta`"),
        ("a: b ##meta\n", "yaml-swallowed-comment", "'b ##meta'"),
        ("--- #meta\na: b\n", "yaml-swallowed-comment", "1:5: `#meta`"),
        ("%TAG ! tag:x,2026:\n---\na: b\n", "yaml-directive", "remove the line"),
        ("%meta\n---\na: b\n", "yaml-directive", "`%meta`"),
        ("a: >5\n      b\n", "yaml-indicator", "'>5'"),
        ("a: |2-\n  b\n", "yaml-indicator", "'|2-'"),
        ("a: [? b, c]\n", "yaml-indicator", "'? b'"),
        ("? b\n: c\n", "yaml-indicator", "1:1: '?'"),
        ("a: [x, organi?ation]\n", "yaml-indicator", "1:8: a `?` in brackets"),
        ("a: {b: Acm?}\n", "yaml-indicator", "'Acm?'"),
        ("a: - b\n", "yaml-dash", "'- b'"),
        ("a:\n  - b\n - c\n", "yaml-dash", "3:2:"),
        ("a: [b, c] AND d\n", "yaml-text-after-bracket", "'(b OR c) AND d'"),
        ('a: "\\d"\n', "yaml-escape", "'\\d'"),
        ("a: 'it's b'\n", "yaml-text-after-quote", '"it\'s b"'),
        ('a: "say "b" now"\n', "yaml-text-after-quote", "'say \"b\" now'"),
        ("a: 'b\nc: it's\n", "yaml-text-after-quote", "opens further up"),
        ("a:\n  who:B\n  what: c\n", "yaml-no-key", "2:3: `who:B`"),
        ("a:\n  b: c\n  d\n", "yaml-no-key", "3:3: `d`"),
        ("a: b OR\n  # x\n  c\n", "yaml-no-key", "remove the comment above"),
        ("a: [x,\n  @b c, d]\n", "yaml-indicator", "'@b c'"),
        ('a: ["x, y" c, d]\n', "yaml-text-after-quote", "'\"x, y\" c'"),
        ("a: '[' AND b\n", "yaml-text-after-quote", "'\"[\" AND b'"),
        ("a: [1,000,000]\n", "yaml-digits-after-comma", "'1,000,000'"),
        ("a: {b: 1,000}\n", "yaml-digits-after-comma", "'1,000'"),
        ("a: \x00\n", "yaml-control-character", "U+0000"),
        ("a: \u2028\n", "yaml-control-character", "U+2028"),
        ("a: \ud800\n", "yaml-not-utf8", "UTF-8"),
        ('a: "\\ud800"\n', "yaml-control-character", "U+D800"),
        ('a: "\\UFFFFFFFF"\n', "yaml-escape", "no character"),
        (b"a: \xff\n", "yaml-not-utf8", "UTF-8"),
        ("a: b\n---\nc: d\n", "yaml-many-documents", "---"),
        ("? [a]\n: b\n", "yaml-key", "word"),
        ("a: b: c\n", "yaml-colon", "'b: c'"),
        ('a: "b\n', "yaml-unclosed", "close it"),
        ("a: [b\n", "yaml-unclosed", "]"),
        ("[" * 100_000, "yaml-too-deep", "deep"),
        ("- " * 5_000, "yaml-too-deep", "deep"),
        ("{a: " * 20_000, "yaml-too-deep", "deep"),
    ],
)
def test_what_yaml_would_swallow_is_an_error_with_its_cure(
    text: str | bytes, code: str, said: str
) -> None:
    problems = read(text).problems
    assert code in [problem.code for problem in problems]
    assert said in "\n".join(map(str, problems))
    assert all(problem.file == "f.yaml" for problem in problems)


@pytest.mark.parametrize(
    "text",
    [
        "a: b # a comment\n",
        "a: # a comment\n  - b\n",
        "a: b#c\n",
        "a: [b, # a comment\n  # another\n  c] # and\n",
        "a: [b#c, d]\n",
        "a: '#meta'\n",
        "# x\na: b\n",
        "a: [1, 2]\n",
        "a: [1,2]\n",
        "a: |\n  b #c\n",
        "a: b\n#c\n",
        "a: b ##\n",
        "a:\n  - b\n  #- c\n  - d\n",
        "a:\n  b: c\n  #d: e\n",
        "a: [b,\n  #- c,\n  d]\n",
        "a: [b]  # c\n",
        "a: |  # c\n  b\n",
        "--- # c\na: b\n",
        "a: b?\nc: d\n",
        "a: what? b\n",
        "\ufeffa: b\n",
    ],
)
def test_what_is_meant_as_it_stands_is_no_error(text: str) -> None:
    assert read(text).problems == ()


def test_text_swallowed_in_brackets_is_told_once_and_not_as_brackets_left_open() -> None:
    for text in ("a: [b, #meta, c]\n", "a: [b #meta, c]\n", "a: [b,\n  #meta,\n  c]\n"):
        assert [one.code for one in read(text).problems] == ["yaml-swallowed-comment"], text


def test_many_problems_come_at_once() -> None:
    problems = read("a: 1\na: 2\nb: *x\nc: d #e\n").problems
    assert [problem.line for problem in problems] == [2, 3, 4]


def test_a_file_of_too_many_bytes_is_not_read() -> None:
    assert [one.code for one in read("a" * (MAX_BYTES + 1)).problems] == ["yaml-too-large"]


def test_documents_before_a_syntax_error_are_given() -> None:
    found = read("a: b\n---\nc: [\n", many=True)
    assert len(found.documents) == 1
    assert len(found.problems) == 1


def test_aliases_cannot_multiply() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    started = time.process_time()
    assert read("\n".join(lines)).problems
    assert time.process_time() - started < 2


@settings(max_examples=300, deadline=None)
@given(st.text() | st.text(alphabet="ab:-[]{}#&*!|>'\"%@`,?\\ \n\t0~<=$"))
def test_no_text_raises(text: str) -> None:
    found = read(text, many=True)
    for problem in found.problems:
        assert problem.what
        assert problem.code
        str(problem)


@settings(max_examples=100, deadline=None)
@given(st.binary())
def test_no_bytes_raise(raw: bytes) -> None:
    read(raw)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab'\"\\ \n#:é", max_size=30), st.integers(0, 40))
def test_every_place_lies_in_the_file(text: str, offset: int) -> None:
    found = read(f"a: {text}\n")
    for document in found.documents:
        node = document.get("a") if isinstance(document, Mapping) else None
        if isinstance(node, Scalar):
            line, column = node.place(offset)
            lines = f"a: {text}\n".split("\n")
            assert 1 <= line <= len(lines)
            assert 1 <= column <= len(lines[line - 1]) + 1


def test_a_mistyped_word_finds_its_like() -> None:
    assert did_you_mean("Exlude", ["exclude", "only"]) == "exclude"
    assert did_you_mean("zzz", ["exclude", "only"]) is None
    assert did_you_mean("x" * 100_000, ["exclude"]) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("30m", 1_800), ("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600), ("0s", 0)],
)
def test_a_duration_is_a_number_and_its_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1.5h", "99999999w", "७d", "7 days"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert parse_duration(text) is None
