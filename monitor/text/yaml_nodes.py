"""Hold what YAML reads as nodes that know their place, by the text that stands in the file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.model.problem import Problem, Severity
from monitor.text.yaml_places import raw_index
from monitor.text.yaml_quoting import quoted

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """Hold a word or a text: `text` is what YAML reads, `raw` what stands in the file.

    `line` and `column` count from 1. `style` is "" (plain), "'", '"', "|" or ">".
    `cut` is the whole of what a comma may have cut in brackets (`1,000 users` for the item
    `000 users`), "" for all else.
    """

    file: str
    line: int
    column: int
    text: str
    style: str = ""
    raw: str = field(default="", repr=False)
    cut: str = ""

    @property
    def is_quoted(self) -> bool:
        """Tell whether it stands in quotes or in a block (`|`, `>`)."""
        return bool(self.style)

    @property
    def is_null(self) -> bool:
        """Tell whether it is nothing at all: empty, `~` or `null` without quotes."""
        return not self.style and self.text in _NULLS

    def place(self, offset: int) -> tuple[int, int]:
        """Give the line and column of a code point of `text`, through quotes and folds."""
        index = raw_index(self.text, self.raw, self.style, offset)
        before = self.raw[:index]
        breaks = before.count("\n")
        if not breaks:
            return self.line, self.column + index
        return self.line + breaks, index - before.rfind("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Hold a list of nodes."""

    file: str
    line: int
    column: int
    items: tuple[YamlNode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Hold one `key: value` of a mapping."""

    key: Scalar
    value: YamlNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Hold the entries of a mapping in the order of the file; keys are unique.

    `is_flow` tells `{a: b}` from lines; `end` is the index in the text just after it. `is_pair`
    marks an `a: b` that stands in a list in brackets without braces of its own.
    """

    file: str
    line: int
    column: int
    entries: tuple[Entry, ...]
    is_flow: bool = False
    is_pair: bool = False
    end: int = 0

    def get(self, name: str) -> YamlNode | None:
        """Give the value of a key, None if it is not there."""
        return next((entry.value for entry in self.entries if entry.key.text == name), None)


YamlNode = Scalar | Sequence | Mapping


def problem_at(
    node: YamlNode,
    what: str,
    cure: str = "",
    *,
    code: str,
    offset: int = 0,
    severity: Severity = Severity.ERROR,
) -> Problem:
    """Make a problem that points at a node, or at a code point of a scalar's text."""
    line, column = node.line, node.column
    if isinstance(node, Scalar) and offset:
        line, column = node.place(offset)
    return Problem(
        file=node.file,
        line=line,
        column=column,
        what=what,
        cure=cure,
        code=code,
        severity=severity,
    )


def did_you_mean(word: str, choices: Iterable[str]) -> str | None:
    """Find the choice that looks most like a mistyped word, None if none does."""
    if len(word) > 200:
        return None
    by_fold = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def cut_at_comma(node: Scalar) -> tuple[str, str, str]:
    """Say what is wrong with a scalar that has a `cut`, the cure, and the problem's code."""
    what = f"`{node.cut}` is read as several items, cut at the commas"
    cure = f"quote it: {quoted(node.cut)} (or put a space after each comma)"
    return what, cure, "yaml-digits-after-comma"
