"""Read the texts whose pick-up rules watch for: `copies_of: releases/launch.md`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from monitor.match.pickup import MIN_WORDS, Passages
from monitor.match.tree import Copies, Place
from monitor.model.keys import digest_of

FOLDER = "releases/"
_ENDINGS = (".md", ".txt")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n---[ \t]*\n", re.DOTALL)
_TARGET = re.compile(r"\]\([^)\s]*\)")  # of a link in Markdown: no word of the text


class Releases:
    """Hold the workspace's texts, or why one cannot be read; each is read once a rule names it."""

    def __init__(self, texts: Mapping[str, bytes | str]) -> None:
        self._texts = texts
        self._read: dict[str, Copies | tuple[str, str]] = {}
        self.used: set[str] = set()

    def text(self, path: str) -> bytes | str | None:
        """Give a text as it lies in the workspace, or why it cannot be read."""
        return self._texts.get(path)

    def find(self, path: str) -> Copies | tuple[str, str]:
        """Give what to look for, or what is wrong with the path and its cure."""
        self.used.add(path)
        if path not in self._read:
            self._read[path] = self._found(path)
        return self._read[path]

    def _found(self, path: str) -> Copies | tuple[str, str]:
        if not path.startswith(FOLDER) or not path.endswith(_ENDINGS):
            return f"'{path[:120]}' is no text of releases/", "write releases/NAME.md or .txt"
        raw = self.text(path)
        if raw is None:
            return f"there is no file '{path[:120]}'", "put the text there, or correct the path"
        if isinstance(raw, str):
            return f"'{path}': {raw}", "put a text of its own there, or correct the path"
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return f"'{path}' is not UTF-8: byte {error.start} is wrong", "save it as UTF-8"
        text = text.replace("\r\n", "\n")
        passages = Passages(_TARGET.sub("]", _FRONT_MATTER.sub("", text)))
        if (count := len(passages.words)) < MIN_WORDS:
            what = f"'{path}' has {count} words: a copy is told from {MIN_WORDS} on"
            return what, "watch for a phrase of it in quotes"
        return Copies(
            place=Place(text=f"copies_of {path}"),
            path=path,
            prints=passages.prints,
            text_hash=digest_of(text),
        )
