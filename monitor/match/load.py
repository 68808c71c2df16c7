"""Load watch rules from their files: all rules that are sound, and all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import PurePosixPath

from monitor.match.covers import Covers
from monitor.match.lint import Lint
from monitor.match.lint_archive import Archive
from monitor.match.lists import TermLists
from monitor.match.load_rule import ReadRule, Room, has_error, read_rule
from monitor.match.load_tell import ChannelBook
from monitor.match.memory import Memory, RuleFile
from monitor.match.releases import Releases
from monitor.match.revision import Renderings
from monitor.match.tree import LoadedRule
from monitor.memory import collector_at_rest
from monitor.model.keys import ChannelName
from monitor.model.problem import Problem, Severity
from monitor.model.rule import Again, Tell
from monitor.text.yaml_reader import read_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRules:
    """Hold the sound rules in the order of their files, and every problem of every file.

    A set with an error among `problems` is not to be put in force. `lists_used` are the names of
    the lists that some rule refers to, directly or through another list.
    """

    rules: tuple[LoadedRule, ...]
    problems: tuple[Problem, ...]
    lists_used: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """List what keeps the set from being used."""
        return tuple(one for one in self.problems if one.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """List what works but is unwise."""
        return tuple(one for one in self.problems if one.severity is Severity.WARNING)


def load_rules(
    files: Mapping[str, str | bytes],
    lists: Mapping[str, str | bytes],
    *,
    channels: Mapping[ChannelName, bool],
    default_tell: tuple[tuple[ChannelName, Tell], ...] = (),
    default_again: Again = Again.DEVELOPMENT,
    workspace_has: Callable[[str], bool],
    releases: Mapping[str, bytes | str] | None = None,
    lints: bool = True,
    archive: Archive | None = None,
    memory: Memory | None = None,
) -> LoadedRules:
    """Load every rule of `files`, with the term lists of `lists`.

    Keys are paths as shown to the user ("rules/acme.yaml", "rules/lists/meta.yaml").
    `channels` tells of each channel whether it has a digest schedule. `workspace_has` tells
    whether a relative path exists (for tests on seeds). `releases` are the texts whose pick-up
    rules may watch for, by path, or why one cannot be read. Without `lints` rules that are sound
    are not looked through for what is unwise, which takes a third of the time, and a `memory` of
    the load before spares what has not changed since. Lints look into the `archive` if there is
    one. Nothing is raised for bad input.
    """
    if lints or memory is None:
        memory = Memory()
    renderings = Renderings()
    room = Room(
        lists=TermLists(lists, memory.lists),
        releases=Releases(releases or {}),
        book=ChannelBook(channels=channels, tell=default_tell, again=default_again),
        workspace_has=workspace_has,
        renderings=renderings,
        lint=Lint(Covers(renderings), archive) if lints else None,
    )
    with collector_at_rest():  # a quarter of the time
        read = {file: _file(room, memory, file, files[file]) for file in sorted(files)}
    memory.keep(read, room)
    used = frozenset().union(*(one.lists for each in read.values() for one in each.read))
    rules = tuple(rule for each in read.values() for rule in each.rules)
    problems = [problem for each in read.values() for problem in each.problems]
    problems += room.lists.problems
    if room.lint and not has_error(problems):
        problems += room.lint.whole(rules, room.lists, used)
    return LoadedRules(
        rules=rules,
        problems=tuple(sorted(problems, key=lambda one: (one.file, one.line, one.column))),
        lists_used=tuple(sorted(used)),
    )


def _file(room: Room, memory: Memory, file: str, text: str | bytes) -> RuleFile:
    """Give the rules of a file, those as they were read before that still hold."""
    known = memory.known(file, text, room)
    held = [one if one.still_holds(room) else None for one in known.read] if known else []
    if known is None or not all(held):
        return _read(room, file, text, held)
    for one in known.read:
        room.places.update(one.places)
    return known


def _read(room: Room, file: str, text: str | bytes, held: Sequence[ReadRule | None]) -> RuleFile:
    """Read a file; `held` are its rules that need not be read, [] if all have to be."""
    found = read_yaml(file, text, many=True)
    stem = PurePosixPath(file).stem if len(found.documents) == 1 else ""
    read = []
    for node, known in zip(found.documents, held or repeat(None), strict=False):
        one = known or read_rule(room, node, stem, is_whole=not found.problems)
        room.places.update(one.places)
        read.append(one)
    is_empty = not found.documents and not found.problems
    stumbles = (_no_rule(file),) if is_empty else found.problems
    return RuleFile(text=text, read=tuple(read), stumbles=stumbles)


def _no_rule(file: str) -> Problem:
    what, cure = "the file holds no rule", "write one (`monitor rules new`) or delete it"
    return Problem(file=file, what=what, cure=cure, code="rule-empty", severity=Severity.WARNING)
