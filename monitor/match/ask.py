"""Read a query that somebody asks beside all rules: with the workspace's lists, in one go."""

from __future__ import annotations

from monitor.match.lists import TermLists
from monitor.match.problems import QueryProblem
from monitor.match.query import Parsed, parse_query
from monitor.model.problem import Problem
from monitor.text.yaml_nodes import Scalar

_ASKED = "query"


def read_query(text: str, lists: TermLists) -> Parsed:
    """Read a query text and put the terms of its lists in their place."""
    parsed = parse_query(text)
    if parsed.node is None:
        return parsed
    leaf = Scalar(file=_ASKED, line=1, column=1, text=text, raw=text)
    found: list[Problem] = []
    whole = lists.resolved(parsed.node, leaf, found)
    problems = tuple(
        QueryProblem(
            offset=_offset(text, one.line, one.column),
            what=one.what,
            cure=one.cure,
            code=one.code,
            severity=one.severity,
        )
        for one in found
    )
    return Parsed(node=whole, problems=(*parsed.problems, *problems))


def _offset(text: str, line: int, column: int) -> int:
    """Give the offset of a place in a text; both count from 1."""
    lines = text.split("\n")
    return sum(len(each) + 1 for each in lines[: line - 1]) + column - 1
