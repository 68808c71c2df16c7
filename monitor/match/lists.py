"""Read reusable term lists, and put them in the place of `$name`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from monitor.match.list_file import ListFile, read_list
from monitor.match.query import near_faults
from monitor.match.tree import ListRef, Node, Or, Place, children, rebuilt
from monitor.model.problem import Problem
from monitor.text.yaml_nodes import Mapping as YamlMapping
from monitor.text.yaml_nodes import Scalar, YamlNode, did_you_mean, problem_at

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,79}")
MAX_TERMS = 20_000  # of a list with all the lists in it: beyond it every rule gets slow to load
MAX_NESTING = 10  # lists within lists


@dataclass(slots=True)
class ListMemory:
    """Keep the lists of one load for the next: files by their path, what became of them by name.

    A list that means the same stays the same object.
    """

    files: Mapping[str, ListFile] = field(default_factory=dict)
    parts: Mapping[str, Or | None] = field(default_factory=dict)


class TermLists:
    """Know every list of the workspace by name; `used` are those that something referred to."""

    def __init__(self, files: Mapping[str, str | bytes], memory: ListMemory | None = None) -> None:
        self.problems: list[Problem] = []
        self.used: set[str] = set()
        self.places: dict[str, YamlMapping] = {}
        self._memory = memory or ListMemory()
        self._raw: dict[str, tuple[tuple[Scalar, Node], ...]] = {}
        self._done: dict[str, Or | None] = {}
        self._sizes: dict[str, int] = {}
        self._depths: dict[str, int] = {}
        self._inner: dict[str, set[str]] = {}
        self._open: list[str] = []
        read = {file: self._read(file, files[file]) for file in sorted(files)}
        for file, each in read.items():
            self._take(file, each)
        for name in sorted(self._raw):
            self._list(name)
        self._memory.files, self._memory.parts = read, self._done
        self.used.clear()

    def part(self, name: str) -> Or | None:
        """Give a list with the lists in it resolved; None if it is unknown or cannot be used."""
        return self._done.get(name)

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

    def _read(self, file: str, text: str | bytes) -> ListFile:
        known = self._memory.files.get(file)
        return known if known is not None and known.text == text else read_list(file, text)

    def _take(self, file: str, read: ListFile) -> None:
        name = PurePosixPath(file).stem
        self.problems += read.stumbles
        if not _NAME.fullmatch(name):
            cure = "rename the file: a-z, 0-9, _ and -, beginning with a letter"
            what = f"'{name[:60]}' cannot be the name of a list"
            self.problems.append(Problem(file=file, what=what, cure=cure, code="list-name"))
        elif name in self._raw or name in self._done:
            what, cure = f"there are two lists named '{name}'", "rename one of the files"
            self.problems.append(Problem(file=file, what=what, cure=cure, code="list-twice"))
        else:
            self.problems += read.problems
            if read.document is not None:
                self._raw[name], self.places[name] = read.terms, read.document
            if not read.is_sound:
                self._done[name] = None

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
        self._done[name] = self._as_before(name, Or(place=place, parts=parts)) if parts else None
        return self._done[name]

    def _as_before(self, name: str, part: Or) -> Or:
        """Give the object that stood for a list before, if it means the same."""
        before = self._memory.parts.get(name)
        return before if before is not None and before == part else part

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
