"""Describe what is wrong with an input, where, and what cures it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Tell what keeps a file from being used from what is merely unwise."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """List one defect of a user's file.

    `line` and `column` count from 1; 0 means the whole file. `what` is one clause without a
    closing stop; `cure` is what to do, "" if nothing sensible can be said. `code` names the kind
    of defect in kebab-case and is stable.
    """

    file: str
    line: int = 0
    column: int = 0
    what: str
    cure: str = ""
    code: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        mark = "warning: " if self.severity is Severity.WARNING else ""
        return f"{place}: {mark}{self.what}" + (f"; {self.cure}" if self.cure else "")
