"""Read a query that somebody asks beside all rules, with the workspace's lists, and answer it."""

from __future__ import annotations

from monitor.match.evaluate import Evaluation, evaluate
from monitor.match.lists import TermLists
from monitor.match.necessary import asked
from monitor.match.problems import QueryProblem
from monitor.match.query import Parsed, parse_query
from monitor.match.reader import Reader
from monitor.match.tree import Node
from monitor.model.article import Article
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


class Question:
    """Be a query that is asked of many articles: of each, only what it asks for is read."""

    def __init__(self, query: Node) -> None:
        """Make ready what the query asks for; its lists are resolved."""
        self._query = query
        self._reader = Reader(*asked([query]))

    def answer(self, article: Article) -> Evaluation:
        """Judge one article, exactly."""
        return evaluate(self._query, self._reader.read(article).document)
