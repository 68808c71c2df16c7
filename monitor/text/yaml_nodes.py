"""Read YAML as nodes that know their place, by the text that stands in the file.

Nothing is constructed: `NO`, `007`, `12:30` and dates stay the words they look like. What YAML
would swallow or turn into something else is a listed problem with its cure.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from monitor.model.problem import Problem, Severity
from monitor.text.yaml_errors import (
    INDICATORS,
    in_double_quotes,
    quoted,
    rest_of_line,
    syntax_problem,
)

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_PROBLEMS = 50  # a page of them: more helps nobody
_FORBIDDEN = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_SWALLOWED = re.compile(r"[ \t]*#(?=[^\s#])")
_SWALLOWED_CODE = "yaml-swallowed-comment"
_COMMENT = re.compile(r"#(?=([^\s#])?)[^\n]*")
_THOUSANDS = re.compile(r"\d{3}(?!\d)")
_TOUCHING = re.compile(r"[^\s,\]}]*(?:,[^\s,\]}]+)*[^,\]}\n]*")  # items without spaces between
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """Hold a word or a text: `text` is what YAML reads, `raw` what stands in the file.

    `line` and `column` count from 1. `style` is "" (plain), "'", '"', "|" or ">".
    `cut` is the whole of what a comma may have cut in brackets (`1,000 users` for the item
    `000 users`), "" for all else.
    """

    file: str
    line: int
    column: int
    text: str
    style: str = ""
    raw: str = field(default="", repr=False)
    cut: str = ""

    @property
    def is_quoted(self) -> bool:
        """Tell whether it stands in quotes or in a block (`|`, `>`)."""
        return bool(self.style)

    @property
    def is_null(self) -> bool:
        """Tell whether it is nothing at all: empty, `~` or `null` without quotes."""
        return not self.style and self.text in _NULLS

    def place(self, offset: int) -> tuple[int, int]:
        """Give the line and column of a code point of `text`, through quotes and folds."""
        index = _raw_index(self.text, self.raw, self.style, offset)
        before = self.raw[:index]
        breaks = before.count("\n")
        if not breaks:
            return self.line, self.column + index
        return self.line + breaks, index - before.rfind("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Hold a list of nodes."""

    file: str
    line: int
    column: int
    items: tuple[YamlNode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Hold one `key: value` of a mapping."""

    key: Scalar
    value: YamlNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Hold the entries of a mapping in the order of the file; keys are unique.

    `is_flow` tells `{a: b}` from lines; `end` is the index in the text just after it. `is_pair`
    marks an `a: b` that stands in a list in brackets without braces of its own.
    """

    file: str
    line: int
    column: int
    entries: tuple[Entry, ...]
    is_flow: bool = False
    is_pair: bool = False
    end: int = 0

    def get(self, name: str) -> YamlNode | None:
        """Give the value of a key, None if it is not there."""
        return next((entry.value for entry in self.entries if entry.key.text == name), None)


YamlNode = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """Hold the documents of a file that could be read, and everything wrong with it.

    Empty documents are left out.
    """

    documents: tuple[YamlNode, ...]
    problems: tuple[Problem, ...]


def read_yaml(file: str, text: str | bytes, *, many: bool = False) -> YamlFile:
    """Read a file's documents; problems are listed, nothing is raised.

    `many` allows more than one document (`---`). A syntax error ends the reading: what stood
    before it is still given.
    """
    source, problem = _decoded(file, text)
    if problem:
        return YamlFile(documents=(), problems=(problem,))
    problems = list(_forbidden_characters(file, source))
    if problems:
        return YamlFile(documents=(), problems=tuple(problems[:MAX_PROBLEMS]))
    builder = _Builder(file, source, many=many)
    documents = builder.documents()
    return YamlFile(documents=documents, problems=tuple(builder.problems[:MAX_PROBLEMS]))


def problem_at(
    node: YamlNode,
    what: str,
    cure: str = "",
    *,
    code: str,
    offset: int = 0,
    severity: Severity = Severity.ERROR,
) -> Problem:
    """Make a problem that points at a node, or at a code point of a scalar's text."""
    line, column = node.line, node.column
    if isinstance(node, Scalar) and offset:
        line, column = node.place(offset)
    return Problem(
        file=node.file,
        line=line,
        column=column,
        what=what,
        cure=cure,
        code=code,
        severity=severity,
    )


def did_you_mean(word: str, choices: Iterable[str]) -> str | None:
    """Find the choice that looks most like a mistyped word, None if none does."""
    if len(word) > 200:
        return None
    by_fold = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def cut_at_comma(node: Scalar) -> tuple[str, str, str]:
    """Say what is wrong with a scalar that has a `cut`, the cure, and the problem's code."""
    what = f"`{node.cut}` is read as several items, cut at the commas"
    cure = f"quote it: {quoted(node.cut)} (or put a space after each comma)"
    return what, cure, "yaml-digits-after-comma"


def _decoded(file: str, text: str | bytes) -> tuple[str, Problem | None]:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BYTES:
        what = f"the file is too large ({len(raw):,} bytes; at most {MAX_BYTES:,} are read)"
        return "", Problem(file=file, what=what, cure="split it", code="yaml-too-large")
    try:
        source = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return "", _not_utf8(file, raw, error.start)
    return source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), None


def _not_utf8(file: str, raw: bytes, start: int) -> Problem:
    line_start = raw.rfind(b"\n", 0, start) + 1
    return Problem(
        file=file,
        line=raw.count(b"\n", 0, start) + 1,
        column=len(raw[line_start:start].decode("utf-8", "replace")) + 1,
        what="the file is not UTF-8 from here on",
        cure="save it as UTF-8",
        code="yaml-not-utf8",
    )


def _forbidden_characters(file: str, text: str) -> Iterator[Problem]:
    for number, found in enumerate(_FORBIDDEN.finditer(text)):
        if number >= 10:
            return
        start = found.start()
        yield Problem(
            file=file,
            line=text.count("\n", 0, start) + 1,
            column=start - text.rfind("\n", 0, start),
            what=f"the invisible control character U+{ord(found.group()):04X} stands here",
            cure="delete it",
            code="yaml-control-character",
        )


def _raw_index(text: str, raw: str, style: str, offset: int) -> int:
    """Walk the raw text beside the read one, through quotes, escapes, folds and indentation."""
    at = raw.find("\n") + 1 if style in ("|", ">") and style else len(style)
    for position, char in enumerate(text):
        if style == '"' and raw[at : at + 2] == "\\\n":
            at = _past_space(raw, at + 1)
        if at < len(raw) and raw[at] != char and raw[at].isspace():
            after = _past_space(raw, at)
            at = after if not char.isspace() else at
        if position >= offset or at >= len(raw):
            return min(at, len(raw))
        at = _next_raw(raw, at, char, style)
    return min(at, len(raw))


def _next_raw(raw: str, at: int, char: str, style: str) -> int:
    if style == '"' and raw[at] == "\\":
        return at + _ESCAPE_LENGTHS.get(raw[at + 1 : at + 2], 2)
    if style == "'" and raw[at : at + 2] == "''":
        return at + 2
    return at + 1 if raw[at] == char else _past_space(raw, at + 1)


def _past_space(raw: str, at: int) -> int:
    while at < len(raw) and raw[at].isspace():
        at += 1
    return at


class _StopReading(Exception):
    """Leave the reading of a file; the reason is listed already."""


class _Builder:
    """Turn the events of PyYAML's parser into nodes, and list what is wrong."""

    def __init__(self, file: str, text: str, *, many: bool) -> None:
        self.file = file
        self.text = text
        self.many = many
        self.problems: list[Problem] = []
        self._loader: Any = yaml.SafeLoader(text)
        self._events = self._watched()
        self._brackets = 0  # how many are open
        self._read_to = 0
        self._item_start = 0

    def documents(self) -> tuple[YamlNode, ...]:
        found: list[YamlNode] = []
        try:
            for event in self._events:
                if isinstance(event, yaml.DocumentStartEvent):
                    self._append(found, event)
        except _StopReading:
            pass
        except yaml.MarkedYAMLError as error:
            self._stumbled(error)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            # PyYAML lets chr() fail on an escape beyond Unicode
            what = f"this is not YAML: {error}"
            self.problems.append(Problem(file=self.file, what=what, code="yaml-syntax"))
        return tuple(found)

    def _watched(self) -> Iterator[Any]:
        """Give the parser's events; in brackets, look for swallowed text between them."""
        while self._loader.check_event():
            event = self._loader.get_event()
            if self._brackets:
                self._find_swallowed_in_flow(event.start_mark.index)
            if isinstance(event, yaml.CollectionEndEvent):
                self._brackets = max(0, self._brackets - 1)
            elif isinstance(event, yaml.CollectionStartEvent) and event.flow_style:
                self._brackets += 1
            self._item_start = event.start_mark.index
            self._read_to = max(self._read_to, event.end_mark.index)
            yield event

    def _stumbled(self, error: yaml.MarkedYAMLError) -> None:
        """List a syntax error, or the swallowed text in open brackets that led to it."""
        if self._brackets:
            self._find_swallowed_in_flow(len(self.text))
            if self.problems and self.problems[-1].code == _SWALLOWED_CODE:
                return
        in_flow = bool(self._brackets or self._loader.flow_level)  # the scanner may be ahead
        self.problems.append(syntax_problem(self.file, self.text, error, in_flow=in_flow))

    def _append(self, found: list[YamlNode], start: Any) -> None:
        node = self._node(next(self._events), 0)
        if isinstance(node, Scalar) and node.is_null:
            return
        if found and not self.many:
            what, cure = "a second document starts here", "remove the line `---`"
            self._list(start.start_mark, what, cure, "yaml-many-documents")
            raise _StopReading
        found.append(node)

    def _list(self, mark: Any, what: str, cure: str, code: str) -> None:
        problem = Problem(
            file=self.file,
            line=mark.line + 1,
            column=mark.column + 1,
            what=what,
            cure=cure,
            code=code,
        )
        if any((seen.line, seen.what) == (problem.line, what) for seen in self.problems):
            return
        self.problems.append(problem)
        if len(self.problems) >= MAX_PROBLEMS:
            raise _StopReading

    def _node(self, event: Any, depth: int) -> YamlNode:
        if depth > MAX_DEPTH:
            what = f"lines are nested more than {MAX_DEPTH} deep"
            self._list(event.start_mark, what, "flatten them", "yaml-too-deep")
            raise _StopReading
        self._refuse_marks(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth)
        return self._scalar(event)

    def _refuse_marks(self, event: Any) -> None:
        """List an anchor, an alias or a tag: mostly the start of a word that was meant."""
        sign = self.text[event.start_mark.index : event.start_mark.index + 1]
        is_alias = isinstance(event, yaml.AliasEvent)
        if not is_alias and not event.anchor and not getattr(event, "tag", None):
            return
        name = INDICATORS.get(sign, "a YAML tag")
        opens = isinstance(event, yaml.CollectionStartEvent) and bool(event.flow_style)
        in_flow = self._brackets > opens
        leaf = rest_of_line(self.text, event.start_mark.index, in_flow=in_flow)
        cure = f"quote the whole line: {quoted(leaf)}" if leaf else "leave it out"
        self._list(
            event.start_mark,
            f"'{sign}' starts {name} here, which is not allowed",
            cure,
            "yaml-indicator",
        )

    def _scalar(self, event: Any) -> Scalar:
        if isinstance(event, yaml.AliasEvent):
            return self._made(event, "", "")
        scalar = self._made(event, event.value, event.style or "")
        bad = _FORBIDDEN.search(event.value) if scalar.style == '"' else None
        if bad:
            what = f"an escape stands for the control character U+{ord(bad.group()):04X}"
            self._list(event.start_mark, what, "delete it", "yaml-control-character")
        return scalar

    def _made(self, event: Any, text: str, style: str) -> Scalar:
        start, end = event.start_mark, event.end_mark
        return Scalar(
            file=self.file,
            line=start.line + 1,
            column=start.column + 1,
            text=text,
            style=style,
            raw=self.text[start.index : end.index],
            cut="" if style else self._cut(start.index, text),
        )

    def _cut(self, start: int, text: str) -> str:
        """Give what a plain item begins in the middle of, if it begins with a digit at a comma."""
        if self.text[max(0, start - 1) : start] != "," or not text[:1].isdigit():
            return ""
        if not (text.isdigit() or self.text[start - 2].isdigit()):
            return ""
        opening = max(self.text.rfind(sign, 0, start) for sign in "[{ \n")
        whole = _TOUCHING.match(self.text, opening + 1)
        return whole.group().strip() if whole else ""

    def _leaf(self, event: Any, depth: int) -> YamlNode:
        """Read a value: an item or what follows a key."""
        node = self._node(event, depth)
        if isinstance(node, Scalar) and node.style not in ("|", ">") and not self._brackets:
            self._find_swallowed(event, node)
        return node

    def _find_swallowed(self, event: Any, node: Scalar) -> None:
        end = event.end_mark.index
        found = _SWALLOWED.match(self.text, end)
        if not found or (found.end() - found.start() == 1 and node.text):
            return
        hash_at = found.end() - 1
        start = event.start_mark.index if node.text else hash_at
        self._tell_swallowed(hash_at, start, in_flow=False)

    def _find_swallowed_in_flow(self, end: int) -> None:
        """List the comments that look like an item, from the last event up to `end`."""
        start = self._read_to
        for found in _COMMENT.finditer(self.text, start, end):
            if not found.group(1):
                continue
            between = self.text[start : found.start()]
            is_own = not between or any(sign in between for sign in "\n,[]{}:")
            item = found.start() if is_own else self._item_start
            self._tell_swallowed(found.start(), item, in_flow=True)

    def _tell_swallowed(self, hash_at: int, start: int, *, in_flow: bool) -> None:
        """List what stands from `hash_at` on as swallowed; its leaf starts at `start`."""
        swallowed = rest_of_line(self.text, hash_at, in_flow=in_flow)
        whole = quoted(in_double_quotes(rest_of_line(self.text, start, in_flow=in_flow)))
        what = "item" if in_flow else "line"
        self.problems.append(
            Problem(
                file=self.file,
                line=self.text.count("\n", 0, hash_at) + 1,
                column=hash_at - self.text.rfind("\n", 0, hash_at),
                what=f"`{swallowed}` is read as a comment",
                cure=(
                    f"quote the whole {what}: {whole} (or, if it is one, put a space after `#`)"
                ),
                code=_SWALLOWED_CODE,
            )
        )

    def _sequence(self, start: Any, depth: int) -> Sequence:
        items: list[YamlNode] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._leaf(event, depth + 1))
            self._refuse_thousands(event, items[-1])
        return Sequence(
            file=self.file,
            line=start.start_mark.line + 1,
            column=start.start_mark.column + 1,
            items=tuple(items),
        )

    def _refuse_thousands(self, event: Any, node: YamlNode) -> None:
        if isinstance(node, Scalar) and node.cut and _THOUSANDS.match(node.text):
            self._list(event.start_mark, *cut_at_comma(node))

    def _mapping(self, start: Any, depth: int) -> Mapping:
        entries: list[Entry] = []
        lines: dict[str, int] = {}
        end = start.end_mark.index
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                end = event.end_mark.index if event.end_mark else end
                break
            key = self._node(event, depth + 1)
            value = self._leaf(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                self._list(event.start_mark, "a key must be a word", "quote it", "yaml-key")
                continue
            self._refuse_thousands(event, key)
            if key.text in lines:
                what = f"duplicate key '{key.text[:60]}': it stands on line {lines[key.text]} too"
                self._list(event.start_mark, what, "remove one of them", "yaml-duplicate-key")
                continue
            lines[key.text] = key.line
            entries.append(Entry(key=key, value=value))
        return Mapping(
            file=self.file,
            line=start.start_mark.line + 1,
            column=start.start_mark.column + 1,
            entries=tuple(entries),
            is_flow=bool(start.flow_style),
            is_pair=bool(start.flow_style) and not self._has_brace(start),
            end=end,
        )

    def _has_brace(self, start: Any) -> bool:
        return self.text[start.start_mark.index : start.start_mark.index + 1] == "{"
