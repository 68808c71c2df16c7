"""Find the comments of a YAML text, and those among them that were meant as words.

A hashtag behind a space is a comment to YAML: `office OR #meta` loses its second half without a
word. A comment that has a space after its `#` is one; so is a line of its own that switches off an
item or a key (`#- office`, `#only: ...`) or stands at the margin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from monitor.model.problem import Problem
from monitor.text.yaml_quoting import (
    in_double_quotes,
    item_start,
    key_length,
    quoted,
    rest_of_line,
)

SWALLOWED = "yaml-swallowed-comment"
_COMMENT = re.compile(r"#[^\n]*")
_HASHTAG = re.compile(r"#+[^\s#]")
_SWITCHED_OFF = re.compile(r"#+(?:-(?:\s|$)|[\w.-]+:(?:\s|$))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """Be a comment: `index` is where its `#` stands, `in_flow` whether brackets are open."""

    index: int
    in_flow: bool


class CommentScanner(yaml.SafeLoader):
    """Read YAML as PyYAML does, and note the comments that it drops."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.source = text
        self.comments: list[Comment] = []

    def scan_to_next_token(self) -> None:
        """Skip blanks and comments, as PyYAML calls it."""
        start = self.index
        super().scan_to_next_token()
        self._note(start)

    def scan_block_scalar_ignored_line(self, start_mark: object) -> None:
        """Skip what stands behind `|` or `>`, as PyYAML calls it."""
        start = self.index
        super().scan_block_scalar_ignored_line(start_mark)
        self._note(start)

    def _note(self, start: int) -> None:
        if self.index == start:
            return
        found = _COMMENT.finditer(self.source, start, self.index)
        in_flow = bool(self.flow_level)
        self.comments += [Comment(index=each.start(), in_flow=in_flow) for each in found]


def swallowed(file: str, text: str, comments: list[Comment]) -> Iterator[Problem]:
    """List the comments that look like words."""
    for comment in comments:
        if _looks_meant(text, comment):
            yield _problem(file, text, comment)


def _looks_meant(text: str, comment: Comment) -> bool:
    if not _HASHTAG.match(text, comment.index):
        return False
    before = _line_before(text, comment.index)
    if before.strip():
        return True
    is_indented = bool(before) or comment.in_flow
    return is_indented and not _SWITCHED_OFF.match(text, comment.index)


def _problem(file: str, text: str, comment: Comment) -> Problem:
    at = comment.index
    before = _line_before(text, at)
    shown = rest_of_line(text, at, in_flow=comment.in_flow)
    return Problem(
        file=file,
        line=text.count("\n", 0, at) + 1,
        column=len(before) + 1,
        what=f"`{shown}` is read as a comment",
        cure=_cure(text, comment, before),
        code=SWALLOWED,
    )


def _cure(text: str, comment: Comment, before: str) -> str:
    spaced = "put a space after `#`"
    start = item_start(before) if comment.in_flow else key_length(before)
    lead = before[start:].strip()
    if not comment.in_flow and (lead.startswith(("[", "{", "|", ">")) or lead == "---"):
        return f"if it is one, {spaced}; else move it into the text"
    leaf_at = comment.index - len(before[start:].lstrip()) if lead else comment.index
    leaf = rest_of_line(text, leaf_at, in_flow=comment.in_flow)
    what = "item" if comment.in_flow else "line"
    return f"quote the whole {what}: {quoted(in_double_quotes(leaf))} (or, if it is one, {spaced})"


def _line_before(text: str, index: int) -> str:
    return text[text.rfind("\n", 0, index) + 1 : index]
