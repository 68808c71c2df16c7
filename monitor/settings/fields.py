"""Read the fields of a mapping, each with its type, and list what does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from monitor.model.problem import Problem
from monitor.text.durations import DURATION_CURE, parse_duration
from monitor.text.yaml_nodes import (
    Entry,
    Scalar,
    Sequence,
    YamlNode,
    did_you_mean,
    problem_at,
)
from monitor.text.yaml_nodes import Mapping as YamlMapping

_Choice = TypeVar("_Choice", bound=StrEnum)
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BOOLEANS = {
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
}
_MAX_SECRET_BYTES = 100_000

ENVIRONMENT = "environment"
"""What stands for a file's name in a problem with a variable."""


class _UnusableFile(Exception):
    """Say why a file gives no secret, and the cure."""

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.cure = cure


@dataclass(slots=True)
class Desk:
    """Be where one load works: the environment, the folders, and the problems found so far.

    `unset` are the environment variables that the files name and this shell lacks: who only reads
    may do without them.
    """

    environ: Mapping[str, str]
    workspace: Path
    data_dir: Path
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    unset: list[Problem] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """Count what was found so far, variables that are not set included."""
        return len(self.problems) + len(self.unset)

    def complain(
        self, node: YamlNode, what: str, cure: str = "", *, code: str, offset: int = 0
    ) -> None:
        """List a problem at a node."""
        self.problems.append(problem_at(node, what, cure, code=code, offset=offset))

    def text_of(self, node: YamlNode | None, what: str) -> str | None:
        """Read a text with its `${ENV}` filled in; None if it is null, absent or unusable."""
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return None
        if not isinstance(node, Scalar):
            self.complain(node, f"{what} must be one text", code="settings-type")
            return None
        return self._filled(node)

    def variable(self, name: str) -> str:
        """Read a secret from a variable, or from the file that NAME_FILE names; "" without."""
        value = self.environ.get(name, "").strip()
        path = self.environ.get(f"{name}_FILE", "").strip()
        if not path:
            return value
        if value:
            self._complain_of_environment(
                f"{name} and {name}_FILE exclude each other", "unset one"
            )
            return ""
        try:
            return self.secret_in(path)
        except _UnusableFile as error:
            self._complain_of_environment(f"the file of {name}_FILE {error}", error.cure)
            return ""

    def secret_in(self, path: str) -> str:
        """Read a secret from a file; raises _UnusableFile."""
        try:
            with self.path_of(path).open("rb") as file:
                content = file.read(_MAX_SECRET_BYTES).decode("utf-8").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not a text in UTF-8"
            cure = "check the path and its permissions"
            raise _UnusableFile(f"cannot be read: {reason}", cure) from error
        if not content:
            raise _UnusableFile("is empty", "write the secret into it")
        return content

    def path_of(self, text: str) -> Path:
        """Place a path: `data/...` under the data folder, other relative ones in the workspace."""
        path = Path(text).expanduser() if text.startswith("~/") else Path(text)
        if path.is_absolute():
            return path
        if path.parts[:1] == ("data",):
            return self.data_dir.joinpath(*path.parts[1:])
        return self.workspace / path

    def _filled(self, node: Scalar) -> str | None:
        is_sound = True
        parts: list[str] = []
        at = 0
        for found in _VARIABLE.finditer(node.text):
            value = self.environ.get(found[1], "") if _NAME.fullmatch(found[1]) else ""
            if not value:
                self._complain_of_variable(node, found)
                is_sound = False
            parts += [node.text[at : found.start()], value]
            at = found.end()
        return "".join(parts) + node.text[at:] if is_sound else None

    def _complain_of_environment(self, what: str, cure: str) -> None:
        code = "settings-secret-file"
        self.problems.append(Problem(file=ENVIRONMENT, what=what, cure=cure, code=code))

    def _complain_of_variable(self, node: Scalar, found: re.Match[str]) -> None:
        name, offset = found[1], found.start()
        if not _NAME.fullmatch(name):
            what = f"'${{{name[:60]}}}' names no environment variable"
            self.complain(node, what, "write ${NAME}", code="settings-variable", offset=offset)
            return
        near = did_you_mean(name, self.environ)
        hint = f"; did you mean '{near}'?" if near else ""
        state = "is empty" if name in self.environ else "is not set"
        problem = problem_at(
            node,
            f"the environment variable {name} {state}",
            f"set it (export {name}=...) or write the value here{hint}",
            code="settings-variable",
            offset=offset,
        )
        if problem not in self.unset:
            self.unset.append(problem)


class Section:
    """Read one mapping; each field read once, what was never read is an unknown key."""

    def __init__(self, desk: Desk, node: YamlMapping, what: str) -> None:
        self.desk = desk
        self.node = node
        self.what = what
        self._known: list[str] = []

    def value(self, name: str) -> YamlNode | None:
        """Give a field's node, None if it is absent or null."""
        self._known.append(name)
        node = self.node.get(name)
        return None if isinstance(node, Scalar) and node.is_null else node

    def finish(self, extra: Iterable[str] = ()) -> None:
        """Complain of every key that no reader asked for."""
        known = [*self._known, *extra]
        for entry in self.node.entries:
            if entry.key.text not in known:
                near = did_you_mean(entry.key.text, known)
                cure = f"did you mean '{near}'?" if near else f"known are: {', '.join(known)}"
                what = f"unknown key '{entry.key.text[:60]}' in {self.what}"
                self.desk.complain(entry.key, what, cure, code="settings-unknown-key")

    def text(self, name: str) -> str | None:
        """Read a text."""
        return self.desk.text_of(self.value(name), f"'{name}'")

    def checked(self, name: str, check: Callable[[str], str | None], cure: str) -> str | None:
        """Read a text through a check that gives its normal form, None if it is none."""
        node, text = self.value(name), self.text(name)
        if node is None or text is None:
            return None
        normal = check(text)
        if normal is None:
            self.complain(name, f"'{name}' is not valid{self._shown(node)}", cure)
        return normal

    def choice(self, name: str, kinds: type[_Choice]) -> _Choice | None:
        """Read one of a closed set of words."""
        text = self.text(name)
        if text is None:
            return None
        words = [str(kind) for kind in kinds]
        if text.lower() in words:
            return kinds(text.lower())
        near = did_you_mean(text, words)
        cure = f"did you mean '{near}'?" if near else f"it is one of: {', '.join(words)}"
        self.complain(name, f"'{text[:60]}' is no {name}", cure)
        return None

    def boolean(self, name: str) -> bool | None:
        """Read true or false, in any of YAML's spellings."""
        text = self.text(name)
        if text is None:
            return None
        if text.lower() not in _BOOLEANS:
            self.complain(name, f"'{name}' must be true or false", "write true or false")
        return _BOOLEANS.get(text.lower())

    def number(self, name: str, least: int, most: int) -> int | None:
        """Read a whole number within bounds, both included."""
        text = self.text(name)
        if text is None:
            return None
        plain = text.replace("_", "")
        if plain.isascii() and plain.isdigit() and len(plain) < 16 and least <= int(plain) <= most:
            return int(plain)
        cure = f"write a whole number from {least} to {most}"
        self.complain(name, f"'{name}' is not such a number", cure)
        return None

    def duration(self, name: str) -> timedelta | None:
        """Read a span of time."""
        text = self.text(name)
        span = parse_duration(text) if text is not None else None
        if text is not None and span is None:
            self.complain(name, f"'{name}' is no span of time", DURATION_CURE)
        return span

    def texts(self, name: str) -> tuple[tuple[YamlNode, str], ...]:
        """Read a list of texts, or one text alone, each with its node."""
        node = self.value(name)
        items = node.items if isinstance(node, Sequence) else (node,) if node else ()
        texts = ((item, self.desk.text_of(item, f"an item of '{name}'")) for item in items)
        return tuple((item, text) for item, text in texts if text is not None)

    def secret(self, name: str) -> str | None:
        """Read a secret from `name`, or from the file that `name_file` points to."""
        node, file_node = self.value(name), self.value(f"{name}_file")
        if node is None and file_node is None:
            return None
        if node is not None and file_node is not None:
            what = f"'{name}' and '{name}_file' exclude each other"
            self.complain(f"{name}_file", what, "keep one of them")
            return None
        if node is not None:
            return self.desk.text_of(node, f"'{name}'")
        return self._from_file(f"{name}_file")

    def section(self, name: str) -> Section | None:
        """Read a mapping inside this one."""
        node = self.value(name)
        if node is None:
            return None
        if isinstance(node, YamlMapping):
            return Section(self.desk, node, f"{name}")
        self.complain(name, f"'{name}' must be a mapping", f"write `{name}:` and its keys below")
        return None

    def entries(self, name: str) -> tuple[Entry, ...]:
        """Read the entries of a mapping whose keys are the writer's own."""
        found = self.section(name)
        return found.node.entries if found else ()

    def complain(self, name: str, what: str, cure: str = "") -> None:
        """List a problem at a field's value, or at the mapping if the field is not there."""
        code = f"settings-{name.replace('_', '-')}"
        self.desk.complain(self.node.get(name) or self.node, what, cure, code=code)

    def _from_file(self, name: str) -> str | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return self.desk.secret_in(text)
        except _UnusableFile as error:
            self.complain(name, f"the file of '{name}' {error}", error.cure)
            return None

    @staticmethod
    def _shown(node: YamlNode) -> str:
        """Show a wrong value as it stands in the file; a URL may hold a password."""
        is_shown = isinstance(node, Scalar) and "://" not in node.text
        return f": '{node.text[:80]}'" if isinstance(node, Scalar) and is_shown else ""
