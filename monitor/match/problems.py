"""Name the defects of a query text."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.problem import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryProblem:
    """Name one defect of a query text; `offset` counts code points from its start.

    `what`, `cure` and `code` are as in `monitor.model.problem.Problem`. `offered` are the query
    texts that the cure shows to be written instead; each of them loads.
    """

    offset: int
    what: str
    cure: str
    code: str
    severity: Severity = Severity.ERROR
    offered: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        """Tell whether it keeps the query from being used."""
        return self.severity is Severity.ERROR


def warning(offset: int, what: str, cure: str, code: str) -> QueryProblem:
    """Name something that is legal and probably not meant."""
    return QueryProblem(offset=offset, what=what, cure=cure, code=code, severity=Severity.WARNING)


def error(
    offset: int, what: str, cure: str, code: str, offered: tuple[str, ...] = ()
) -> QueryProblem:
    """Name something that keeps the query from being used."""
    return QueryProblem(offset=offset, what=what, cure=cure, code=code, offered=offered)
