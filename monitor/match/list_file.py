"""Read the file of a term list, as it is written there."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.match.query import parse_query
from monitor.match.tree import Node
from monitor.model.problem import Problem, Severity
from monitor.text.yaml_nodes import Mapping as YamlMapping
from monitor.text.yaml_nodes import Scalar, Sequence, cut_at_comma, did_you_mean, problem_at
from monitor.text.yaml_reader import read_yaml

_KEYS = ("title", "terms")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """Be a list as it stands in its file: the lists in it are not resolved.

    `stumbles` are what YAML says of the file, `problems` what we say. Without a `document` it is
    no list.
    """

    text: str | bytes
    document: YamlMapping | None
    terms: tuple[tuple[Scalar, Node], ...]
    stumbles: tuple[Problem, ...]
    problems: tuple[Problem, ...]

    @property
    def is_sound(self) -> bool:
        """Tell whether rules may use it: without one of its terms it would mean another thing."""
        told = (*self.stumbles, *self.problems)
        is_wrong = any(problem.severity is Severity.ERROR for problem in told)
        return self.document is not None and not is_wrong


def read_list(file: str, text: str | bytes) -> ListFile:
    """Read a list's file; what is wrong is listed."""
    found = read_yaml(file, text)
    document = found.documents[0] if found.documents else None
    problems: list[Problem] = []
    terms: tuple[tuple[Scalar, Node], ...] = ()
    if isinstance(document, YamlMapping):
        terms = _terms(document, problems)
    elif not found.problems:
        what = "this is no list of terms"
        cure = "write `title:` and `terms:` with a list of query texts"
        problems.append(
            Problem(file=file, line=1, column=1, what=what, cure=cure, code="list-type")
        )
    misread = {problem.line for problem in found.problems}  # what is said of it is an echo
    return ListFile(
        text=text,
        document=document if isinstance(document, YamlMapping) else None,
        terms=terms,
        stumbles=found.problems,
        problems=tuple(problem for problem in problems if problem.line not in misread),
    )


def _terms(document: YamlMapping, problems: list[Problem]) -> tuple[tuple[Scalar, Node], ...]:
    for entry in document.entries:
        if entry.key.text not in _KEYS:
            near = did_you_mean(entry.key.text, _KEYS)
            cure = f"did you mean '{near}'?" if near else "known are: title, terms"
            what = f"unknown key '{entry.key.text[:60]}'"
            problems.append(problem_at(entry.key, what, cure, code="list-key"))
    title = document.get("title")
    if title is not None and not isinstance(title, Scalar):
        what = "`title` must be a text"
        problems.append(problem_at(title, what, "quote it", code="list-title"))
    node = document.get("terms")
    if not isinstance(node, Sequence) or not node.items:
        cure = "write `terms:` and `- ` before each term"
        what = "the list has no terms"
        problems.append(problem_at(node or document, what, cure, code="list-no-terms"))
        return ()
    found: list[tuple[Scalar, Node]] = []
    for item in node.items:
        if not isinstance(item, Scalar):
            cure = "quote it, or put lists into lists by `$name`"
            what = "a term must be query text"
            problems.append(problem_at(item, what, cure, code="list-term"))
            continue
        parsed = read_leaf(item, problems)
        if parsed:
            found.append((item, parsed))
    return tuple(found)
