"""Read `match:` and `exclude:`: a list is any of its items, named lines are all of them."""

from __future__ import annotations

from monitor.match.list_file import read_leaf
from monitor.match.lists import MAX_TERMS, TermLists
from monitor.match.query import unanchored
from monitor.match.releases import Releases
from monitor.match.tree import And, Copies, Line, Node, Not, Or, Phrase, Place, Word
from monitor.model.problem import Problem, Severity
from monitor.text.yaml_nodes import (
    Entry,
    Mapping,
    Scalar,
    Sequence,
    YamlNode,
    problem_at,
)
from monitor.text.yaml_quoting import quoted

_FIELD_LIKE = ("title", "body", "lead", "author", "url", "tag", "exact", "forms")
_COPIES = "copies_of"
_OPERATOR_LIKE = {"and": "all", "or": "any", "all": "all", "any": "any", "not": "not"}
_MAX_NAME_CHARS = 60
_MAX_TEXT_CHARS = 300  # of a group's text as explanations show it


class QueryReader:
    """Read the queries of one rule; what is wrong goes to `problems`."""

    def __init__(self, lists: TermLists, releases: Releases, problems: list[Problem]) -> None:
        self.lists = lists
        self.releases = releases
        self.problems = problems
        self.leaves: dict[int, Scalar] = {}
        """Which scalar each query was read from, by the identity of its node."""
        self._kept: list[Node] = []  # so that no other node takes over an identity

    def match(self, node: YamlNode) -> Node | None:
        """Read a rule's query; every alternative of it must have something to find."""
        before = len(self.problems)
        query = self._query(node)
        if query is None or _is_broken(self.problems[before:]):
            return None
        if self.lists.size(query) > MAX_TERMS:
            what = f"the rule has over {MAX_TERMS:,} terms with its lists"
            self._complain(node, what, "split it", "rule-too-large")
            return None
        loose = unanchored(query)
        if loose is not None:
            shown = loose.place.text[:100]
            what = f"`{shown}` would match by absence alone" if shown else "nothing must be found"
            cure = "add a word that must be there to every alternative"
            self.problems.append(problem_at(node, what, cure, code="rule-only-negative"))
            return None
        return query

    def excluded(self, node: YamlNode | None) -> tuple[Node, ...]:
        """Read `exclude:`: query text, or a list of it."""
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return ()
        if isinstance(node, Mapping) and node.get(_COPIES) is not None:
            self._refuse_copies(node)
            return ()
        if isinstance(node, Mapping):
            cure = "write query text, or a list of it"
            self._complain(node, "`exclude` has no named lines", cure, "rule-exclude")
            return ()
        items = node.items if isinstance(node, Sequence) else (node,)
        parts = tuple(self._exclusion(item) for item in items)
        found = tuple(part for part in parts if part is not None)
        for item, part in zip(items, parts, strict=True):
            if part is not None and unanchored(part) is not None:
                what, cure = "an exclusion needs a word to find", "leave out the NOT"
                self._complain(item, what, cure, "rule-only-negative")
        return found

    def _exclusion(self, node: YamlNode) -> Node | None:
        if isinstance(node, Scalar):
            return self._leaf(node)
        if isinstance(node, Mapping) and node.get(_COPIES) is not None:
            self._refuse_copies(node)
            return None
        if isinstance(node, Mapping) and node.is_pair:
            self._lines(node)  # tells what is meant by `a: b`
            return None
        what = "an exclusion is query text"
        cure = "write it in one line, with AND, OR and parentheses; quote it if it has a colon"
        self._complain(node, what, cure, "rule-exclude")
        return None

    def _query(self, node: YamlNode) -> Node | None:
        if isinstance(node, Scalar):
            return self._leaf(node)
        if isinstance(node, Sequence):
            return self._any(node)
        return self._lines(node)

    def _item(self, node: YamlNode) -> Node | None:
        """Read an item of a list; a lone `name: text` may be a text with a colon in it."""
        part = self._query(node)
        if isinstance(node, Mapping) and len(node.entries) == 1 and not node.is_flow:
            key, value = node.entries[0].key, node.entries[0].value
            if isinstance(part, Line) and isinstance(value, Scalar) and not value.is_quoted:
                return self._doubted(part, key, value)
        return part

    def _doubted(self, part: Line, key: Scalar, value: Scalar) -> Node | None:
        """Refuse `- COVID: 19`, warn of `- Meta: new office`."""
        is_number = not any(char.isalpha() for char in value.text)
        is_heading = key.text.casefold() != key.text and isinstance(part.part, Word | Phrase)
        if not is_number and not is_heading:
            return part
        text = f"{key.text}: {value.text}"
        what = f"`{text}` may be a text, or a line named {key.text} that searches {value.text}"
        cure = f"write {_phrase(text)} for the text, or `{key.text}: [{value.text}]` for the line"
        severity = Severity.ERROR if is_number else Severity.WARNING
        self.problems.append(problem_at(key, what, cure, code="rule-colon", severity=severity))
        return None if is_number else part

    def _refuse_pair(self, node: Mapping) -> None:
        for entry in node.entries:
            value = entry.value.raw if isinstance(entry.value, Scalar) else "..."
            text = f"{entry.key.text}: {value}"
            what = f"`{text}` in a list may be a text, or a line named {entry.key.text}"
            cure = f"write {_phrase(text)} for the text, or {{{text}}} for the line"
            if not isinstance(entry.value, Scalar):
                cure = f"write {{{text}}} for the line"
            self._complain(entry.key, what, cure, "rule-colon")

    def _leaf(self, node: Scalar) -> Node | None:
        parsed = read_leaf(node, self.problems)
        query = self.lists.resolved(parsed, node, self.problems) if parsed else None
        if query is not None:
            self.leaves[id(query)] = node
            self._kept.append(query)
        return query

    def _any(self, node: Sequence) -> Node | None:
        parts = self._all_sound(tuple(self._item(item) for item in node.items))
        if not node.items:
            self._complain(
                node, "the list is empty", "write at least one query", "rule-empty-list"
            )
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else Or(place=_joined(parts, " OR "), parts=parts)

    def _lines(self, node: Mapping) -> Node | None:
        if node.is_pair:
            self._refuse_pair(node)
            return None
        parts = self._all_sound(
            tuple(self._line(entry, is_flow=node.is_flow) for entry in node.entries)
        )
        if not node.entries:
            self._complain(node, "there is no line here", "write `who: ...`", "rule-empty-list")
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else And(place=_joined(parts, " AND "), parts=parts)

    def _line(self, entry: Entry, *, is_flow: bool) -> Node | None:
        name, value = entry.key.text, entry.value
        if name == "not":
            part = self._query(value)
            return Not(place=part.place, part=part) if part else None
        if name in ("all", "any"):
            return self._grouped(entry)
        if name == _COPIES:
            return self._copies(value)
        if not self._is_name(entry.key):
            return None
        if isinstance(value, Scalar) and is_flow and value.is_null and not value.raw:
            what = f"`{name}` has no `: ` and no query behind it"
            cure = f"write {{{name}: ...}}, or a list in brackets: [{name}, ...]"
            if ":" in name:
                cure = f"put a space behind the colon: {{{name.replace(':', ': ', 1)}}}"
            self._complain(entry.key, what, cure, "query-empty")
            return None
        part = self._query(value)
        return Line(place=part.place, name=name, part=part) if part else None

    def _copies(self, node: YamlNode) -> Node | None:
        """Read the path of a watched text, or a list of them: any of these."""
        items = node.items if isinstance(node, Sequence) else (node,)
        parts = self._all_sound(tuple(map(self._release, items)))
        if not items:
            self._complain(node, "the list is empty", "write releases/NAME.md", "rule-empty-list")
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else Or(place=_joined(parts, " OR "), parts=parts)

    def _release(self, node: YamlNode) -> Node | None:
        if isinstance(node, Scalar):
            found = self.releases.find(node.text.strip())
            if isinstance(found, Copies):
                self.leaves[id(found)] = node
                self._kept.append(found)
                return found
            what, cure = found
        else:
            what, cure = "`copies_of` takes the path of a text", "write releases/NAME.md"
        self._complain(node, what, cure, "rule-copies-of")
        return None

    def _refuse_copies(self, node: YamlNode) -> None:
        what = "`copies_of` cannot stand in `exclude`"
        cure = "write `not: {copies_of: releases/NAME.md}` under `match`"
        self._complain(node, what, cure, "rule-exclude")

    def _grouped(self, entry: Entry) -> Node | None:
        node = entry.value
        if not isinstance(node, Sequence):
            what = f"`{entry.key.text}:` takes a list"
            self._complain(node, what, "write `- ` before each item", "rule-group")
            return None
        if entry.key.text == "any" or not node.items:
            return self._any(node)
        parts = self._all_sound(tuple(self._item(item) for item in node.items))
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else And(place=_joined(parts, " AND "), parts=parts)

    def _is_name(self, key: Scalar) -> bool:
        """Tell a line's own name from what looks like a part of the language."""
        name, fold = key.text, key.text.casefold()
        if fold == _COPIES:
            what, cure = f"'{name}' cannot name a line", "write `copies_of` in small letters"
            self._complain(key, what, cure, "rule-copies-of")
            return False
        if fold in _FIELD_LIKE:
            what = f"`{name}:` may be a search in that field or the name of a line"
            cure = f"quote the whole text ('{fold}:(...)'), or name the line otherwise"
        elif fold in _OPERATOR_LIKE:
            what = f"'{name}' cannot name a line"
            cure = f"write `{_OPERATOR_LIKE[fold]}:` to join queries, or name the line otherwise"
        elif not name.strip() or len(name) > _MAX_NAME_CHARS:
            what = f"a line needs a name of 1 to {_MAX_NAME_CHARS} characters"
            cure = "write `who: ...`"
        else:
            return True
        self._complain(key, what, cure, "rule-line-name")
        return False

    def _all_sound(self, parts: tuple[Node | None, ...]) -> tuple[Node, ...]:
        """Give the parts if each could be read: without one of them the query means another."""
        sound = tuple(part for part in parts if part is not None)
        return sound if len(sound) == len(parts) else ()

    def _complain(self, node: YamlNode, what: str, cure: str, code: str) -> None:
        self.problems.append(problem_at(node, what, cure, code=code))


def _joined(parts: tuple[Node, ...], operator: str) -> Place:
    text = operator.join(part.place.text for part in parts[:20])
    return Place(text=text if len(text) <= _MAX_TEXT_CHARS else text[: _MAX_TEXT_CHARS - 1] + "…")


def _is_broken(problems: list[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


def _phrase(text: str) -> str:
    """Write a text as a phrase that YAML leaves alone."""
    bare = text.replace('"', "")
    return quoted(f'"{bare}"')
