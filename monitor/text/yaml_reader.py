"""Read YAML as nodes that know their place, by the text that stands in the file.

Nothing is constructed: `NO`, `007`, `12:30` and dates stay the words they look like. What YAML
would swallow or turn into something else is a listed problem with its cure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from monitor.model.problem import Problem
from monitor.text.yaml_builder import FORBIDDEN, MAX_PROBLEMS, Builder, StopReading
from monitor.text.yaml_comments import CommentScanner
from monitor.text.yaml_nodes import YamlNode

MAX_BYTES = 1_000_000
_LIBYAML: Any = getattr(yaml, "CSafeLoader", None)  # a PyYAML built from source may lack it
_READ_OTHERWISE = re.compile(r"[\t?]|#\S|(?<!\s)#|:\s*[,}\]]")
"""What libyaml drops or takes where PyYAML does not: tabs, `?` in brackets, comments, no value."""


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
    return read_quickly(file, source, many=many) or read_carefully(file, source, many=many)


def read_carefully(file: str, source: str, *, many: bool) -> YamlFile:
    """Read a text by PyYAML's own parser, which tells what it drops and where it stumbles."""
    builder = Builder(file, source, CommentScanner(source), many=many)
    documents = builder.documents()
    return YamlFile(documents=documents, problems=tuple(builder.problems[:MAX_PROBLEMS]))


def read_quickly(file: str, source: str, *, many: bool) -> YamlFile | None:
    """Read a text by libyaml in a fifth of the time; None if there is anything to say of it."""
    if _LIBYAML is None or _READ_OTHERWISE.search(source):
        return None
    found: list[YamlNode] = []
    builder = Builder(file, source, _LIBYAML(source), many=many)
    try:
        builder.build(found)
    except (StopReading, yaml.YAMLError, ValueError, OverflowError):
        return None
    return None if builder.problems else YamlFile(documents=tuple(found), problems=())


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
    for number, found in enumerate(FORBIDDEN.finditer(text)):
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
