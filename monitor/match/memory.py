"""Remember what files were read to, so that the next load reads only what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.match.lists import ListMemory
from monitor.match.load_rule import ReadRule, Room, has_error
from monitor.match.load_tell import ChannelBook
from monitor.match.tree import LoadedRule
from monitor.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """Be a file of rules as it was read, with all documents; `stumbles` are of the whole file."""

    text: str | bytes
    read: tuple[ReadRule, ...]
    stumbles: tuple[Problem, ...]

    @property
    def rules(self) -> tuple[LoadedRule, ...]:
        """List the rules that can be used."""
        return tuple(one.rule for one in self.read if one.rule)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """List what is wrong, but for what is only an echo of YAML misread on the same line."""
        misread = {problem.line for problem in self.stumbles}
        own = (problem for one in self.read for problem in one.problems)
        return (*self.stumbles, *(problem for problem in own if problem.line not in misread))


@dataclass(slots=True)
class Memory:
    """Keep what one load has read for the next; it never changes what that one finds.

    A rule is read again if the bytes of its file changed, or what it was judged by: channels and
    defaults, the lists that it uses, whether the seeds of its tests are there, the ids of others.
    A file with an error is always read again.
    """

    lists: ListMemory = field(default_factory=ListMemory)
    _files: Mapping[str, RuleFile] = field(default_factory=dict)
    _book: ChannelBook | None = None

    def keep(self, files: Mapping[str, RuleFile], room: Room) -> None:
        """Take what a load has read in the place of all that was kept before."""
        self._files = {name: read for name, read in files.items() if not has_error(read.problems)}
        self._book = room.book

    def known(self, file: str, text: str | bytes, room: Room) -> RuleFile | None:
        """Give a file as it was read before, unless all of it has to be read again."""
        known = self._files.get(file)
        if known is None or known.text != text or self._book != room.book:
            return None
        ids = (name for one in known.read for name in one.places)
        return None if any(name in room.places for name in ids) else known
