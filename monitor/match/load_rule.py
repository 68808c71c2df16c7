"""Read one rule from its YAML document: all keys of it, each with what is wrong there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.match.lint import Lint
from monitor.match.lists import TermLists
from monitor.match.load_only import read_only
from monitor.match.load_query import QueryReader
from monitor.match.load_tell import ChannelBook, read_tell
from monitor.match.load_tests import read_tests
from monitor.match.releases import Releases
from monitor.match.revision import Renderings, revision_of
from monitor.match.tree import LoadedRule, Node, Or
from monitor.model.keys import Revision, RuleId
from monitor.model.problem import Problem, Severity
from monitor.model.rule import Again, Rule
from monitor.text.yaml_nodes import Entry, Scalar, YamlNode, did_you_mean, problem_at
from monitor.text.yaml_nodes import Mapping as YamlMapping

RULE_KEYS = (
    "id",
    "title",
    "about",
    "labels",
    "match",
    "exclude",
    "only",
    "tell",
    "again",
    "tests",
    "copies_of",
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MAX_TITLE_CHARS = 200
_MAX_LABELS = 50
_NONE = Revision("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Be what the rules of one load are read by; `places` says where each id stands."""

    lists: TermLists
    releases: Releases
    book: ChannelBook
    workspace_has: Callable[[str], bool]
    renderings: Renderings
    lint: Lint | None
    places: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRule:
    """Be a rule as it was read: `rule` is None if it cannot be used.

    `places` says where its id stands; `lists` are those that it uses, directly or through another
    list, None for one that there is not or that cannot be used; `releases` are the watched texts.
    """

    rule: LoadedRule | None
    problems: tuple[Problem, ...]
    places: Mapping[str, str]
    lists: Mapping[str, Or | None]
    releases: Mapping[str, bytes | str | None]

    def still_holds(self, room: Room) -> bool:
        """Tell whether it would be read to the same in another room: its lists, its seeds."""
        if any(room.lists.part(name) is not part for name, part in self.lists.items()):
            return False
        if any(room.releases.text(path) != text for path, text in self.releases.items()):
            return False
        tests = self.rule.tests if self.rule else ()
        return all(room.workspace_has(test.seed) for test in tests if test.seed)


def read_rule(room: Room, document: YamlNode, stem: str, *, is_whole: bool) -> ReadRule:
    """Read one rule.

    `stem` is its id unless it states one, "" if it has to. Not `is_whole` is a file in which
    YAML stumbled: nobody knows what else would stand in the rule.
    """
    room.lists.used.clear()
    room.releases.used.clear()
    reader = _Reader(room)
    rule = reader.read(document, stem, is_whole=is_whole)
    return ReadRule(
        rule=rule,
        problems=tuple(reader.problems),
        places=reader.places,
        lists={name: room.lists.part(name) for name in room.lists.used},
        releases={path: room.releases.text(path) for path in room.releases.used},
    )


class _Reader:
    """Read one rule; what is wrong goes to `problems`, its id to `places`."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.problems: list[Problem] = []
        self.places: dict[str, str] = {}

    def read(self, document: YamlNode, stem: str, *, is_whole: bool) -> LoadedRule | None:
        if not isinstance(document, YamlMapping):
            cure = "begin with lines such as `title:` and `match:`"
            self._complain(document, "this is no rule", cure, "rule-type")
            return None
        self._check_keys(document)
        rule_id = self._id(document, stem)
        reader = QueryReader(self.room.lists, self.room.releases, self.problems)
        query = self._match(document, reader)
        exclude = reader.excluded(document.get("exclude"))
        only = read_only(document.get("only"), self.problems)
        tell = read_tell(document, self.room.book, self.problems)
        again = self._again(document)
        rule = Rule(
            id=RuleId(rule_id),
            title=self._line(document, "title") or rule_id,
            about=self._line(document, "about"),
            labels=self._labels(document),
            tell=tell,
            again=again,
            revision=revision_of(query, exclude, only, self.room.renderings) if query else _NONE,
            file=document.file,
            line=document.line,
        )
        tests = read_tests(document.get("tests"), self.room.workspace_has, self.problems)
        if query is None or not is_whole or has_error(self.problems):
            return None
        loaded = LoadedRule(rule=rule, query=query, exclude=exclude, only=only, tests=tests)
        if self.room.lint:
            self.problems += self.room.lint.rule(loaded, document, reader.leaves)
        return loaded

    def _match(self, document: YamlMapping, reader: QueryReader) -> Node | None:
        node = document.get("match")
        names = (entry.key.text for entry in document.entries)
        if node is None and any(did_you_mean(name, RULE_KEYS) == "match" for name in names):
            return None  # the mistyped key is told already
        if node is None:
            cure = "add `match:` with query text, a list, or named lines"
            self._complain(document, "the rule has no `match`", cure, "rule-no-match")
            return None
        return reader.match(node)

    def _check_keys(self, document: YamlMapping) -> None:
        for entry in document.entries:
            name = entry.key.text
            if name == "copies_of":
                what, cure = "`copies_of` stands under `match`", "write `match: {copies_of: ...}`"
                self._complain(entry.key, what, cure, "rule-copies-of")
            elif name not in RULE_KEYS:
                near = did_you_mean(name, RULE_KEYS)
                cure = f"did you mean '{near}'?" if near else f"known are: {', '.join(RULE_KEYS)}"
                what = f"unknown key '{name[:60]}'"
                self._complain(entry.key, what, cure, "rule-unknown-key")

    def _id(self, document: YamlMapping, stem: str) -> str:
        node = document.get("id")
        text = node.text if isinstance(node, Scalar) else stem if node is None else ""
        place = node or document
        if node is None and not stem:
            what = "a file of several rules needs an `id:` in each"
            self._complain(document, what, "add `id:`", "rule-no-id")
            return ""
        if not _ID.fullmatch(text):
            what = f"'{text[:60]}' cannot be the id of a rule" if text else "the id is no word"
            cure = "write `id:` with letters, digits, `-`, `_` and `.` only"
            self._complain(place, what, cure, "rule-id")
            return ""
        taken = self.room.places.get(text)
        if taken:
            what = f"the id '{text}' is taken by {taken}"
            self._complain(place, what, "give each rule an id of its own", "rule-duplicate-id")
        else:
            self.places[text] = f"{place.file}:{place.line}"
        return text

    def _line(self, document: YamlMapping, name: str) -> str:
        """Read a text for people, as one line."""
        node = document.get(name)
        if node is None:
            return ""
        if not isinstance(node, Scalar):
            self._complain(node, f"`{name}` must be a text", "quote it", f"rule-{name}")
            return ""
        text = " ".join(node.text.split())
        if name == "title" and len(text) > _MAX_TITLE_CHARS:
            what = f"the title is longer than {_MAX_TITLE_CHARS} characters"
            self._complain(node, what, "say the rest in `about:`", "rule-title")
        return text

    def _labels(self, document: YamlMapping) -> tuple[tuple[str, str], ...]:
        node = document.get("labels")
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return ()
        entries: tuple[Entry, ...] = node.entries if isinstance(node, YamlMapping) else ()
        labels = [(e.key.text, e.value.text) for e in entries if isinstance(e.value, Scalar)]
        if len(labels) != len(entries) or not entries or len(entries) > _MAX_LABELS:
            what = "`labels` must be names with one text each"
            self._complain(node, what, "write `labels: {topic: platforms}`", "rule-labels")
        return tuple(labels)

    def _again(self, document: YamlMapping) -> Again:
        node = document.get("again")
        if node is None:
            return self.room.book.again
        words = [str(word) for word in Again]
        if not isinstance(node, Scalar):
            cure = f"write one of: {', '.join(words)}"
            self._complain(node, "`again` takes one word", cure, "rule-again")
            return self.room.book.again
        text = node.text.lower()
        if text in words:
            return Again(text)
        near = did_you_mean(text, words)
        cure = f"did you mean '{near}'?" if near else f"it is one of: {', '.join(words)}"
        self._complain(node, f"'{text[:60]}' is no value of `again`", cure, "rule-again")
        return self.room.book.again

    def _complain(self, node: YamlNode, what: str, cure: str, code: str) -> None:
        self.problems.append(problem_at(node, what, cure, code=code))


def has_error(problems: Sequence[Problem]) -> bool:
    """Tell whether one of them keeps what it is about from being used."""
    return any(problem.severity is Severity.ERROR for problem in problems)
