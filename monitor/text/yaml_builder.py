"""Turn the events of a YAML parser into nodes, and list what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from monitor.model.problem import Problem
from monitor.text.yaml_comments import swallowed
from monitor.text.yaml_errors import INDICATORS, syntax_problem
from monitor.text.yaml_nodes import Entry, Mapping, Scalar, Sequence, YamlNode, cut_at_comma
from monitor.text.yaml_quoting import quoted, rest_of_line

MAX_DEPTH = 32
MAX_PROBLEMS = 50  # a page of them: more helps nobody
FORBIDDEN = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_DIRECTIVE = re.compile(r"^%[^\n]*", re.MULTILINE)
_QUESTION = re.compile(r"(?:^|(?<=[\s,\[{]))\?\s+$")
_INDENT_DIGIT = re.compile(r"[|>][+-]?[0-9][+-]?")
_THOUSANDS = re.compile(r"\d{3}(?!\d)")
_TOUCHING = re.compile(r"[^\s,\]}]*(?:,[^\s,\]}]+)*[^,\]}\n]*")  # items without spaces between


class StopReading(Exception):
    """Leave the reading of a file; the reason is listed already."""


class Builder:
    """Build the nodes of one text; `loader` is one of PyYAML's, begun with that text."""

    def __init__(self, file: str, text: str, loader: Any, *, many: bool) -> None:
        self.file = file
        self.text = text
        self.many = many
        self.problems: list[Problem] = []
        self._loader = loader
        self._events = self._watched()
        self._brackets = 0  # how many are open
        self._document_end = 0

    def build(self, found: list[YamlNode]) -> None:
        """Add the documents to `found`; raises at what cannot be read, and StopReading."""
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._append(found, event)

    def documents(self) -> tuple[YamlNode, ...]:
        """Give the documents, as far as they can be read, by a loader that notes `comments`."""
        found: list[YamlNode] = []
        stumble: Problem | None = None
        try:
            self.build(found)
        except StopReading:
            pass
        except yaml.MarkedYAMLError as error:
            in_flow = bool(self._brackets or self._loader.flow_level)  # the scanner may be ahead
            stumble = syntax_problem(self.file, self.text, error, in_flow=in_flow)
        except (yaml.YAMLError, ValueError, OverflowError):
            # PyYAML lets chr() fail on an escape beyond Unicode
            what = "an escape in double quotes stands for no character"
            cure = "use single quotes, in which a backslash is a backslash"
            self._list(self._loader.get_mark(), what, cure, "yaml-escape")
        self._add_lost(stumble)
        return tuple(found)

    def _watched(self) -> Iterator[Any]:
        """Give the parser's events, and count the brackets that are open."""
        while self._loader.check_event():
            event = self._loader.get_event()
            if isinstance(event, yaml.CollectionEndEvent):
                self._brackets = max(0, self._brackets - 1)
            elif isinstance(event, yaml.CollectionStartEvent) and event.flow_style:
                self._brackets += 1
            yield event

    def _add_lost(self, stumble: Problem | None) -> None:
        """List what was read as comments, and a syntax error unless one of them led to it."""
        lost = list(swallowed(self.file, self.text, self._loader.comments))
        self.problems += lost[: max(0, MAX_PROBLEMS - len(self.problems))]
        if stumble is None:
            return
        is_cut_off = any(0 <= stumble.line - one.line <= 1 for one in lost)
        open_comments = [one for one in self._loader.comments if one.in_flow]
        is_left_open = stumble.code == "yaml-unclosed" and any(
            stumble.line <= one.line for one in swallowed(self.file, self.text, open_comments)
        )
        if not is_cut_off and not is_left_open:
            self.problems.append(stumble)

    def _append(self, found: list[YamlNode], start: Any) -> None:
        self._refuse_directives(start)
        node = self._node(next(self._events), 0)
        self._document_end = next(self._events).end_mark.index
        if isinstance(node, Scalar) and node.is_null:
            return
        if found and not self.many:
            what, cure = "a second document starts here", "remove the line `---`"
            self._list(start.start_mark, what, cure, "yaml-many-documents")
            raise StopReading
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
            raise StopReading

    def _node(self, event: Any, depth: int) -> YamlNode:
        if depth > MAX_DEPTH:
            what = f"lines are nested more than {MAX_DEPTH} deep"
            self._list(event.start_mark, what, "flatten them", "yaml-too-deep")
            raise StopReading
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
        unit = "item" if in_flow else "line"
        cure = f"quote the whole {unit}: {quoted(leaf)}" if leaf else "leave it out"
        self._list(
            event.start_mark,
            f"'{sign}' starts {name} here, which is not allowed",
            cure,
            "yaml-indicator",
        )

    def _refuse_directives(self, start: Any) -> None:
        """List lines such as `%YAML 1.1` before a document: what they do, no reader would see."""
        end = start.end_mark.index
        for found in _DIRECTIVE.finditer(self.text, self._document_end, end):
            what = f"`{found.group()[:60]}` is read as a YAML directive"
            problem = Problem(
                file=self.file,
                line=self.text.count("\n", 0, found.start()) + 1,
                column=1,
                what=what,
                cure="remove the line",
                code="yaml-directive",
            )
            self.problems.append(problem)

    def _refuse_question(self, key: Any) -> None:
        """List a `? ` before a key: YAML drops it."""
        at = key.start_mark.index
        before = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        found = _QUESTION.search(before)
        if not found:
            return
        leaf = rest_of_line(
            self.text, at - len(before) + found.start(), in_flow=self._brackets > 0
        )
        mark = key.start_mark
        what = "'?' starts a YAML key here, which is not allowed"
        self.problems.append(
            Problem(
                file=self.file,
                line=mark.line + 1,
                column=found.start() + 1,
                what=what,
                cure=f"quote it: {quoted(leaf)}",
                code="yaml-indicator",
            )
        )

    def _refuse_indent_digit(self, event: Any) -> None:
        """List a number behind `|` or `>`: YAML takes it for an indentation and drops it."""
        found = _INDENT_DIGIT.match(self.text, event.start_mark.index)
        if found:
            what = f"`{found.group()}` is read as the head of a YAML text block"
            cure = f"quote it: {quoted(found.group())}, or leave the number out"
            self._list(event.start_mark, what, cure, "yaml-indicator")

    def _scalar(self, event: Any) -> Scalar:
        if isinstance(event, yaml.AliasEvent):
            return self._made(event, "", "")
        scalar = self._made(event, event.value, event.style or "")
        if scalar.style and scalar.style in "|>":
            self._refuse_indent_digit(event)
        bad = FORBIDDEN.search(event.value) if scalar.style == '"' else None
        if bad:
            what = f"an escape stands for the control character U+{ord(bad.group()):04X}"
            cure = "delete it, or use single quotes, in which a backslash is a backslash"
            self._list(event.start_mark, what, cure, "yaml-control-character")
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

    def _sequence(self, start: Any, depth: int) -> Sequence:
        items: list[YamlNode] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, depth + 1))
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
            self._refuse_question(event)
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                self._list(
                    event.start_mark,
                    "a key must be a word",
                    "quote it, or take the brackets away",
                    "yaml-key",
                )
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
