"""Read reusable term lists, and put them in the place of `$name`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from monitor.match.query import near_faults, parse_query
from monitor.match.tree import ListRef, Node, Or, Place, children, rebuilt
from monitor.model.problem import Problem, Severity
from monitor.text.yaml_nodes import Mapping as YamlMapping
from monitor.text.yaml_nodes import (
    Scalar,
    Sequence,
    YamlNode,
    cut_at_comma,
    did_you_mean,
    problem_at,
)
from monitor.text.yaml_reader import read_yaml

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,79}")
_KEYS = ("title", "terms")
MAX_TERMS = 20_000  # of a list with all the lists in it: beyond it every rule gets slow to load
MAX_NESTING = 10  # lists within lists


def read_leaf(node: Scalar, problems: list[Problem]) -> Node | None:
    """Read a scalar as query text; its defects are listed at their place in the file."""
    if not node.text.strip():
        what, cure = "the query is empty", "write a word, or remove the line"
        problems.append(problem_at(node, what, cure, code="query-empty"))
        return None
    if node.cut:
        what, cure, code = cut_at_comma(node)
        problems.append(problem_at(node, what, cure, code=code))
        return None
    parsed = parse_query(node.text, needs_positive=False)
    problems += (
        problem_at(
            node, one.what, one.cure, code=one.code, offset=one.offset, severity=one.severity
        )
        for one in parsed.problems
    )
    return parsed.node


class TermLists:
    """Know every list of the workspace by name; `used` are those that something referred to."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self.problems: list[Problem] = []
        self.used: set[str] = set()
        self.places: dict[str, YamlMapping] = {}
        self._raw: dict[str, tuple[tuple[Scalar, Node], ...]] = {}
        self._done: dict[str, Or | None] = {}
        self._sizes: dict[str, int] = {}
        self._depths: dict[str, int] = {}
        self._inner: dict[str, set[str]] = {}
        self._open: list[str] = []
        for file in sorted(files):
            self._read(file, files[file])
        for name in sorted(self._raw):
            self._list(name)
        self.used.clear()

    def terms(self, name: str) -> tuple[tuple[Scalar, Node], ...]:
        """Give the terms of a list as they are written: lists in them are not resolved."""
        return self._raw.get(name, ())

    def size(self, node: Node) -> int:
        """Count the terms of a resolved query, those of its lists included."""
        if isinstance(node, ListRef):
            return self._sizes.get(node.name, 1)
        inner = children(node)
        return sum(self.size(part) for part in inner) if inner else 1

    def resolved(self, node: Node, leaf: Scalar, problems: list[Problem]) -> Node | None:
        """Put the terms of each list into the query read from `leaf`; None if one is unknown."""
        before = len(problems)
        whole = self._filled(node, leaf, problems)
        if whole is None or len(problems) > before:
            return None
        if self.size(whole) > MAX_TERMS:  # before anything walks it: lists multiply
            what = f"this has over {MAX_TERMS:,} terms with its lists"
            problems.append(problem_at(leaf, what, "split it", code="list-too-large"))
            return None
        problems += (
            problem_at(leaf, fault.what, fault.cure, code=fault.code, offset=fault.offset)
            for fault in near_faults(whole)
        )
        return whole if len(problems) == before else None

    def _read(self, file: str, text: str | bytes) -> None:
        name = PurePosixPath(file).stem
        found = read_yaml(file, text)
        self.problems += found.problems
        document = found.documents[0] if found.documents else None
        if not _NAME.fullmatch(name):
            cure = "rename the file: a-z, 0-9, _ and -, beginning with a letter"
            what = f"'{name[:60]}' cannot be the name of a list"
            self.problems.append(Problem(file=file, what=what, cure=cure, code="list-name"))
            return
        if name in self._raw or name in self._done:
            what, cure = f"there are two lists named '{name}'", "rename one of the files"
            self.problems.append(Problem(file=file, what=what, cure=cure, code="list-twice"))
            return
        if not isinstance(document, YamlMapping):
            if not found.problems:
                cure = "write `title:` and `terms:` with a list of query texts"
                what = "this is no list of terms"
                self.problems.append(
                    Problem(file=file, line=1, column=1, what=what, cure=cure, code="list-type")
                )
            self._done[name] = None
            return
        self.places[name] = document
        before = len(self.problems)
        self._raw[name] = self._terms(document)
        misread = {problem.line for problem in found.problems}  # what is said of it is an echo
        self.problems[before:] = [p for p in self.problems[before:] if p.line not in misread]
        told = (*found.problems, *self.problems[before:])
        if any(problem.severity is Severity.ERROR for problem in told):
            self._done[name] = None  # without one of its terms it would mean another thing

    def _terms(self, document: YamlMapping) -> tuple[tuple[Scalar, Node], ...]:
        for entry in document.entries:
            if entry.key.text not in _KEYS:
                near = did_you_mean(entry.key.text, _KEYS)
                cure = f"did you mean '{near}'?" if near else "known are: title, terms"
                self._complain(entry.key, f"unknown key '{entry.key.text[:60]}'", cure, "list-key")
        title = document.get("title")
        if title is not None and not isinstance(title, Scalar):
            self._complain(title, "`title` must be a text", "quote it", "list-title")
        node = document.get("terms")
        if not isinstance(node, Sequence) or not node.items:
            cure = "write `terms:` and `- ` before each term"
            self._complain(node or document, "the list has no terms", cure, "list-no-terms")
            return ()
        found: list[tuple[Scalar, Node]] = []
        for item in node.items:
            if not isinstance(item, Scalar):
                cure = "quote it, or put lists into lists by `$name`"
                self._complain(item, "a term must be query text", cure, "list-term")
                continue
            parsed = read_leaf(item, self.problems)
            if parsed:
                found.append((item, parsed))
        return tuple(found)

    def _list(self, name: str) -> Or | None:
        """Give a list with the lists in it resolved, once for all that use it."""
        if name in self._done:
            return self._done[name]
        self._open.append(name)
        self._sizes[name], self._depths[name] = 0, 1
        terms = [self.resolved(node, leaf, self.problems) for leaf, node in self._raw[name]]
        parts = tuple(term for term in terms if term is not None)
        if len(parts) < len(terms):
            parts = ()
        size = sum(self.size(part) for part in parts)
        if size > MAX_TERMS:
            what = f"the list has {size:,} terms with the lists in it, over {MAX_TERMS:,}"
            self._complain(self.places[name], what, "split it", "list-too-large")
            parts = ()
        self._sizes[name] = size
        self._open.pop()
        place = Place(text=f"${name}")
        self._done[name] = Or(place=place, parts=parts) if parts else None
        return self._done[name]

    def _filled(self, node: Node, leaf: Scalar, problems: list[Problem]) -> Node | None:
        if isinstance(node, ListRef):
            return self._referred(node, leaf, problems)
        return rebuilt(node, lambda part: self._filled(part, leaf, problems))

    def _referred(self, node: ListRef, leaf: Scalar, problems: list[Problem]) -> Node | None:
        name, offset = node.name, node.place.start
        self._note_use(name)
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            what, cure = f"the lists run in a circle: {circle}", "break it at one place"
            problems.append(problem_at(leaf, what, cure, code="list-circle", offset=offset))
            return None
        if len(self._open) + self._depths.get(name, 1) > MAX_NESTING:
            what = f"lists are nested more than {MAX_NESTING} deep"
            problems.append(problem_at(leaf, what, "flatten them", code="list-too-deep"))
            return None
        if name not in self._raw and name not in self._done:
            near = did_you_mean(name, self._raw)
            hint = f"did you mean '${near}'? Else " if near else ""
            cure = f"{hint}make rules/lists/{name}.yaml, or write ${name.upper()} for a cashtag"
            what = f"unknown list '${name}'"
            problems.append(problem_at(leaf, what, cure, code="list-unknown", offset=offset))
            return None
        part = self._list(name)
        if part is None:  # its own problem is listed in its file
            what, cure = f"the list '${name}' cannot be used", "correct it first"
            problems.append(problem_at(leaf, what, cure, code="list-broken", offset=offset))
            return None
        self._note_use(name)
        return replace(node, part=part)

    def _note_use(self, name: str) -> None:
        """Count a list as used with all lists in it; inside a list, note what it builds on."""
        if not self._open:
            self.used |= {name} | self._inner.get(name, set())
            return
        outer = self._open[-1]
        self._inner.setdefault(outer, set()).update({name} | self._inner.get(name, set()))
        depth = 1 + self._depths.get(name, 1)
        self._depths[outer] = max(self._depths.get(outer, 1), depth)

    def _complain(self, node: YamlNode, what: str, cure: str, code: str) -> None:
        self.problems.append(problem_at(node, what, cure, code=code))
