"""Name the defects of a query text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitor.model.problem import Severity

MAX_TOLD = 20
"""So many errors, and so many warnings, of one query are told; of the others only how many."""


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


def told(problems: Iterable[QueryProblem]) -> tuple[QueryProblem, ...]:
    """Sort the problems of a query by their place, and count those beyond `MAX_TOLD` as one."""
    ordered = sorted(problems, key=lambda problem: problem.offset)
    kept = [one for severity in Severity for one in _bounded(ordered, severity)]
    return tuple(sorted(kept, key=lambda problem: problem.offset))


def _bounded(ordered: list[QueryProblem], severity: Severity) -> list[QueryProblem]:
    same = [problem for problem in ordered if problem.severity is severity]
    rest = same[MAX_TOLD:]
    if not rest:
        return same
    what, cure = f"and {len(rest):,} more from here on", "see to those before it first"
    return [*same[:MAX_TOLD], replace(rest[0], what=what, cure=cure, offered=())]
