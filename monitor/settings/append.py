"""Write a source into the text of sources.yaml and leave all else as its writer left it."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from monitor.errors import ConfigError
from monitor.model.problem import Problem
from monitor.model.source import Source
from monitor.text.yaml_nodes import Entry, Mapping, Scalar, Sequence, YamlNode
from monitor.text.yaml_reader import read_yaml

_FILE = "sources.yaml"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./+-]*(?: [A-Za-z0-9_./+-]+)*")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9_./=&%+~;-]+")  # PyYAML ends one at a '?' in a list
_TAKEN = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def append_source(text: str, source: Source) -> str:
    """Give the text of sources.yaml with one more source at the end of `sources:`.

    Comments, order and layout stay. Raises ConfigError if the text cannot be read or has the key.
    """
    text = _plain_text(text)
    top = _mapping_of(text)
    sources = top.get("sources") if top else None
    if isinstance(sources, Mapping) and sources.get(source.key) is not None:
        _refuse(
            f"there is a source '{source.key}' already",
            "choose another key",
            sources.line,
        )
    if top is None or sources is None:
        return _ended(text) + "sources:\n" + _block(source, "  ")
    if isinstance(sources, Mapping) and sources.is_flow:
        is_bare = not text[_index(text, sources) : sources.end].strip("{} ") and not top.is_flow
        return (_instead if is_bare else _into_flow)(text, sources, source)
    if isinstance(sources, Mapping):
        return _after_last(text, sources, source)
    if not (isinstance(sources, Scalar) and sources.is_null):
        what, cure = "`sources:` must be a mapping", "write `key: {name: ...}` below it"
        _refuse(what, cure, sources.line)
    return _below_key(text, top, source)


def append_feed(text: str, key: str, url: str) -> str:
    """Give the text of sources.yaml with one more feed at the end of a source's `feeds`.

    Comments, order and layout stay. Raises ConfigError if the text cannot be read, or the source
    is not there or its feeds are not written as a list or a text of one line.
    """
    text = _plain_text(text)
    top = _mapping_of(text)
    sources = top.get("sources") if top else None
    source = sources.get(key) if isinstance(sources, Mapping) else None
    feeds = source.get("feeds") if isinstance(source, Mapping) else None
    last = feeds.items[-1] if isinstance(feeds, Sequence) and feeds.items else feeds
    if not isinstance(last, Scalar) or last.is_null or "\n" in last.raw:
        what = f"the feeds of source '{key}' cannot be added to"
        _refuse(what, f"write `feeds: [{url}]` there", source.line if source else 0)
    return _after_feed(text, feeds if isinstance(feeds, Sequence) else None, last, _quoted(url))


def _after_feed(text: str, feeds: Sequence | None, last: Scalar, added: str) -> str:
    """Write a feed after the last one, or make a list of one that stands alone."""
    at = _index(text, last)
    end = at + len(last.raw)
    if feeds is None:
        return f"{text[:at]}[{last.raw}, {added}]{text[end:]}"
    if text[_index(text, feeds)] == "[":
        return f"{text[:end]}, {added}{text[end:]}"
    lines = text.split("\n")
    indent = lines[last.line - 1].partition("-")[0]
    return "\n".join([*lines[: last.line], f"{indent}- {added}", *lines[last.line :]])


def _plain_text(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def _index(text: str, node: YamlNode) -> int:
    """Find where a node begins in a text with plain line ends."""
    before = text.split("\n")[: node.line - 1]
    return sum(len(line) + 1 for line in before) + node.column - 1


def _mapping_of(text: str) -> Mapping | None:
    found = read_yaml(_FILE, text)
    if found.problems:
        raise ConfigError(found.problems)
    document = found.documents[0] if found.documents else None
    if document is not None and not isinstance(document, Mapping):
        _refuse(
            "this is no list of sources",
            "begin with the line `sources:`",
            document.line,
        )
    return document


def _refuse(what: str, cure: str, line: int) -> NoReturn:
    problem = Problem(file=_FILE, line=line, column=1, what=what, cure=cure, code="sources-append")
    raise ConfigError((problem,))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _block(source: Source, indent: str) -> str:
    """Write an entry as the shipped file does: the facts on one line, the feeds below it."""
    return f"{indent}{_quoted(source.key)}: {_flow(source, ',' + chr(10) + indent + '  ')}\n"


def _flow(source: Source, before_feeds: str) -> str:
    # a stranger's name (of an OPML file) must not be filled from the environment
    facts: list[tuple[str, str]] = [("name", _quoted(source.name.replace("${", "$ {")))]
    facts += [("domains", _listed(source.domains))] if source.domains else []
    for key, text in (("country", source.country), ("lang", source.lang)):
        facts += [(key, _quoted(text))] if text else []
    facts += [("tier", str(source.tier))] if source.tier else []
    facts += [("group", _quoted(source.group))] if source.group else []
    facts += [("syndicator", "true")] if source.is_syndicator else []
    facts.append(("verified", "true" if source.is_verified else "false"))
    line = ", ".join(f"{key}: {value}" for key, value in facts)
    if source.headers:
        headers = ", ".join(f"{_quoted(key)}: {_quoted(value)}" for key, value in source.headers)
        line += f", headers: {{{headers}}}"
    return f"{{{line}{before_feeds}feeds: {_listed(source.feeds)}}}"


def _listed(texts: tuple[str, ...]) -> str:
    return "[" + ", ".join(_quoted(text) for text in texts) + "]"


def _quoted(text: str) -> str:
    """Write a scalar, quoted unless every YAML reader takes it as this very text."""
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _TAKEN
    if is_plain or _PLAIN_URL.fullmatch(text):
        return str(text)
    return json.dumps(str(text), ensure_ascii=False)


def _instead(text: str, sources: Mapping, source: Source) -> str:
    """Write the first source below `sources: {}`, as those after it will stand."""
    rest, _, tail = text[sources.end :].partition("\n")
    head = text[: _index(text, sources)].rstrip()
    return f"{head}{rest}\n{_block(source, '  ')}{tail}"


def _into_flow(text: str, sources: Mapping, source: Source) -> str:
    closing = sources.end - 1
    before = text[:closing].rstrip()
    comma = "\n  " if before.endswith(("{", ",")) else ",\n  "
    entry = f"{_quoted(source.key)}: {_flow(source, ', ')}"
    return f"{before}{comma}{entry}{text[closing:]}"


def _after_last(text: str, sources: Mapping, source: Source) -> str:
    lines = _ended(text).split("\n")
    last = _last_line(sources.entries[-1])
    while last < len(lines) and _continues(lines[last], sources.column - 1):
        last += 1
    indent = " " * (sources.column - 1)
    added = _block(source, indent).rstrip("\n").split("\n")
    return "\n".join([*lines[:last], *added, *lines[last:]])


def _continues(line: str, indent: int) -> bool:
    """Tell whether a line still belongs to the last entry: deeper than its key, or its end."""
    body = line.lstrip(" ")
    return bool(body) and (len(line) - len(body) > indent or body[0] in "}]")


def _last_line(entry: Entry) -> int:
    deepest: YamlNode = entry.value
    while isinstance(deepest, Mapping) and deepest.entries:
        deepest = deepest.entries[-1].value
    return max(entry.key.line, deepest.line)


def _below_key(text: str, top: Mapping, source: Source) -> str:
    key = next(entry.key for entry in top.entries if entry.key.text == "sources")
    lines = _ended(text).split("\n")
    head = re.sub(r":\s*(~|null|Null|NULL)(\s|$)", r":\2", lines[key.line - 1])
    indent = " " * (key.column + 1)
    added = _block(source, indent).rstrip("\n").split("\n")
    return "\n".join([*lines[: key.line - 1], head, *added, *lines[key.line :]])
