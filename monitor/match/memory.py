"""Remember what files were read to, so that the next load reads only what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.match.lists import ListMemory
from monitor.match.load_rule import Room, has_error
from monitor.match.load_tell import ChannelBook
from monitor.match.tree import LoadedRule, Or
from monitor.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """Be a file of rules as it was read.

    `places` says where the ids of its rules stand; `lists` are those that it uses, directly or
    through another list, None for one that there is not or that cannot be used.
    """

    text: str | bytes
    rules: tuple[LoadedRule, ...]
    problems: tuple[Problem, ...]
    places: Mapping[str, str]
    lists: Mapping[str, Or | None]


@dataclass(slots=True)
class Memory:
    """Keep what one load has read for the next; it never changes what that one finds.

    A file is read again if its bytes changed, or what its rules were judged by: channels and
    defaults, the lists that it uses, whether the seeds of its tests are there, the ids of others.
    One with an error always is.
    """

    lists: ListMemory = field(default_factory=ListMemory)
    _files: Mapping[str, RuleFile] = field(default_factory=dict)
    _book: ChannelBook | None = None

    def keep(self, files: Mapping[str, RuleFile], room: Room) -> None:
        """Take what a load has read in the place of all that was kept before."""
        self._files = {name: read for name, read in files.items() if not has_error(read.problems)}
        self._book = room.book

    def recalled(self, file: str, text: str | bytes, room: Room) -> RuleFile | None:
        """Give a file as it was read before, None if it has to be read again."""
        known = self._files.get(file)
        if known is None or known.text != text or self._book != room.book:
            return None
        if not known.places.keys().isdisjoint(room.places):
            return None
        if any(room.lists.part(name) is not part for name, part in known.lists.items()):
            return None
        seeds = (test.seed for rule in known.rules for test in rule.tests if test.seed)
        return known if all(map(room.workspace_has, seeds)) else None
