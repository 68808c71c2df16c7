"""Read `tell:`: which channels hear of a rule, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.model.keys import ChannelName
from monitor.model.problem import Problem
from monitor.model.rule import Again, Tell
from monitor.text.yaml_nodes import Entry, Scalar, YamlNode, did_you_mean, problem_at
from monitor.text.yaml_nodes import Mapping as YamlMapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelBook:
    """Hold the channels there are (with a digest schedule or not) and the defaults of a rule."""

    channels: Mapping[ChannelName, bool]
    tell: tuple[tuple[ChannelName, Tell], ...]
    again: Again


def read_tell(
    rule: YamlMapping, book: ChannelBook, problems: list[Problem]
) -> tuple[tuple[ChannelName, Tell], ...]:
    """Read a rule's `tell:`, else the default; a rule that tells nobody is an error."""
    node = rule.get("tell")
    if node is None or (isinstance(node, Scalar) and node.is_null):
        if not book.tell:
            what = "the rule tells nobody: it has no `tell`, and monitor.yaml no `defaults.tell`"
            _complain(problems, rule, what, f"add `tell: {{{_example(book)}}}`")
        return book.tell
    if not isinstance(node, YamlMapping) or not node.entries:
        what = "`tell` must name channels and when they are told"
        _complain(problems, node, what, f"write `tell: {{{_example(book)}}}`")
        return ()
    told = (_told(entry, book, problems) for entry in node.entries)
    return tuple(one for one in told if one)


def _told(
    entry: Entry, book: ChannelBook, problems: list[Problem]
) -> tuple[ChannelName, Tell] | None:
    name = ChannelName(entry.key.text)
    if name not in book.channels:
        near = did_you_mean(name, book.channels)
        known = ", ".join(book.channels) or "none"
        cure = f"did you mean '{near}'?" if near else f"monitor.yaml has: {known}"
        _complain(problems, entry.key, f"unknown channel '{name[:60]}'", cure, "tell-channel")
        return None
    words = [str(word) for word in Tell]
    text = entry.value.text.lower() if isinstance(entry.value, Scalar) else ""
    if text not in words:
        near = did_you_mean(text, words)
        cure = f"did you mean '{near}'?" if near else f"it is one of: {', '.join(words)}"
        _complain(problems, entry.value, f"'{text[:60]}' is no time to tell", cure)
        return None
    if text != Tell.NOW and not book.channels[name]:
        what = f"channel '{name}' has no digest schedule"
        cure = f"write `{name}: now`, or give it `digest: {{cron: ...}}` in monitor.yaml"
        _complain(problems, entry.value, what, cure, "tell-no-schedule")
        return None
    return name, Tell(text)


def _example(book: ChannelBook) -> str:
    name = next(iter(book.channels), "mailbox")
    return f"{name}: {'digest' if book.channels.get(ChannelName(name), True) else 'now'}"


def _complain(
    problems: list[Problem], node: YamlNode, what: str, cure: str, code: str = "rule-tell"
) -> None:
    problems.append(problem_at(node, what, cure, code=code))
