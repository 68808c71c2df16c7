"""Load watch rules from their files: all rules that are sound, and all that is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from monitor.match.covers import Covers
from monitor.match.lint import Lint
from monitor.match.lists import TermLists
from monitor.match.load_only import read_only
from monitor.match.load_query import QueryReader
from monitor.match.load_tell import ChannelBook, read_tell
from monitor.match.load_tests import read_tests
from monitor.match.revision import Renderings, revision_of
from monitor.match.tree import LoadedRule, Node
from monitor.model.keys import ChannelName, Revision, RuleId
from monitor.model.problem import Problem, Severity
from monitor.model.rule import Again, Rule, Tell
from monitor.text.yaml_nodes import Entry, Scalar, YamlNode, did_you_mean, problem_at
from monitor.text.yaml_nodes import Mapping as YamlMapping
from monitor.text.yaml_reader import read_yaml

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
    lints: bool = True,
) -> LoadedRules:
    """Load every rule of `files`, with the term lists of `lists`.

    Keys are paths as shown to the user ("rules/acme.yaml", "rules/lists/meta.yaml").
    `channels` tells of each channel whether it has a digest schedule. `workspace_has` tells
    whether a relative path exists (for tests on seeds). Without `lints` rules that are sound are
    not looked through for what is unwise, which takes a third of the time. Nothing is raised for
    bad input.
    """
    book = ChannelBook(channels=channels, tell=default_tell, again=default_again)
    room = _Loading(TermLists(lists), book, workspace_has, lints=lints)
    rules = [rule for file in sorted(files) for rule in room.file(file, files[file])]
    problems = [*room.problems, *room.lists.problems]
    if room.lint and not _has_error(problems):
        problems += room.lint.lists(room.lists)
    return LoadedRules(
        rules=tuple(rules),
        problems=tuple(sorted(problems, key=lambda one: (one.file, one.line, one.column))),
        lists_used=tuple(sorted(room.lists.used)),
    )


class _Loading:
    """Carry what one load knows: the lists, the channels, the ids seen, the problems."""

    def __init__(
        self,
        lists: TermLists,
        book: ChannelBook,
        workspace_has: Callable[[str], bool],
        *,
        lints: bool,
    ) -> None:
        self.lists = lists
        self.book = book
        self.workspace_has = workspace_has
        self.problems: list[Problem] = []
        self.renderings = Renderings()
        self.lint = Lint(Covers(self.renderings)) if lints else None
        self._places: dict[str, str] = {}

    def file(self, file: str, text: str | bytes) -> Iterator[LoadedRule]:
        """Read the rules of one file."""
        found = read_yaml(file, text, many=True)
        self.problems += found.problems
        if not found.documents and not found.problems:
            what, cure = "the file holds no rule", "write one (`monitor rules new`) or delete it"
            self.problems.append(
                Problem(
                    file=file, what=what, cure=cure, code="rule-empty", severity=Severity.WARNING
                )
            )
        stem = PurePosixPath(file).stem if len(found.documents) == 1 else ""
        before = len(self.problems)
        for document in found.documents:
            rule = self._rule(document, stem, is_whole=not found.problems)
            if rule:
                yield rule
        self._drop_echoes(before, frozenset(problem.line for problem in found.problems))

    def _drop_echoes(self, start: int, lines: frozenset[int]) -> None:
        """Forget what is only the consequence of YAML misread on the same line."""
        kept = [problem for problem in self.problems[start:] if problem.line not in lines]
        self.problems[start:] = kept

    def _rule(self, document: YamlNode, stem: str, *, is_whole: bool) -> LoadedRule | None:
        before = len(self.problems)
        if not isinstance(document, YamlMapping):
            cure = "begin with lines such as `title:` and `match:`"
            self._complain(document, "this is no rule", cure, "rule-type")
            return None
        self._check_keys(document)
        rule_id = self._id(document, stem)
        reader = QueryReader(self.lists, self.problems)
        query = self._match(document, reader)
        exclude = reader.excluded(document.get("exclude"))
        only = read_only(document.get("only"), self.problems)
        tell = read_tell(document, self.book, self.problems)
        again = self._again(document)
        rule = Rule(
            id=RuleId(rule_id),
            title=self._line(document, "title") or rule_id,
            about=self._line(document, "about"),
            labels=self._labels(document),
            tell=tell,
            again=again,
            revision=revision_of(query, exclude, only, self.renderings) if query else _NONE,
            file=document.file,
            line=document.line,
        )
        tests = read_tests(document.get("tests"), self.workspace_has, self.problems)
        if query is None or not is_whole or _has_error(self.problems[before:]):
            return None
        loaded = LoadedRule(rule=rule, query=query, exclude=exclude, only=only, tests=tests)
        if self.lint:
            self.problems += self.lint.rule(loaded, document, reader.leaves)
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
                what = "`copies_of` is not supported yet"
                self._complain(entry.key, what, "write a `match:`", "rule-copies-of")
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
        shown = f"{place.file}:{place.line}"
        if text in self._places:
            what = f"the id '{text}' is taken by {self._places[text]}"
            self._complain(place, what, "give each rule an id of its own", "rule-duplicate-id")
        self._places.setdefault(text, shown)
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
            return self.book.again
        words = [str(word) for word in Again]
        if not isinstance(node, Scalar):
            cure = f"write one of: {', '.join(words)}"
            self._complain(node, "`again` takes one word", cure, "rule-again")
            return self.book.again
        text = node.text.lower()
        if text in words:
            return Again(text)
        near = did_you_mean(text, words)
        cure = f"did you mean '{near}'?" if near else f"it is one of: {', '.join(words)}"
        self._complain(node, f"'{text[:60]}' is no value of `again`", cure, "rule-again")
        return self.book.again

    def _complain(self, node: YamlNode, what: str, cure: str, code: str) -> None:
        self.problems.append(problem_at(node, what, cure, code=code))


def _has_error(problems: list[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)
