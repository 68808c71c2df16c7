"""Write what a rule carries over as a file that an editor can read on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from monitor.match.dialects.parts import Loss, Or, Part
from monitor.match.dialects.split import Carried
from monitor.match.dialects.write_query import written
from monitor.match.query import parse_query
from monitor.match.tree import Phrase
from monitor.text.yaml_quoting import quoted

_PLAIN = re.compile(r"[\w(][\w ()*?/.&'’+\"-]*", re.UNICODE)
_NO_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_SHORT = 72  # signs: a longer text is written as a list, if it is one


def rule_text(
    carried: Carried,
    *,
    rule_id: str,
    title: str,
    vendor: str,
    query: str,
    losses: Sequence[Loss],
) -> str:
    """Give the text of the rule's file."""
    lines = [
        "# yaml-language-server: $schema=rule.schema.json",
        *_remarks(vendor, query, losses),
        f"id: {scalar(rule_id)}",
        f"title: {scalar(title)}",
        *_match(carried.match),
        *_exclude(carried.exclude),
        *_only(carried),
    ]
    return "\n".join(lines) + "\n"


def scalar(text: str) -> str:
    """Write a text as a YAML scalar that the loader reads as it is."""
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _NO_WORDS
    return text if is_plain else quoted(text)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Give the place of an offset; both count from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def loss_line(loss: Loss, query: str) -> str:
    """Say a loss in one line: place, text, what, effect, cure."""
    line, column = line_and_column(query, loss.start)
    text = one_line(query[loss.start : loss.end])
    cure = f"; {loss.cure}" if loss.cure else ""
    return f"{line}:{column}: `{text}`: {loss.what} ({loss.effect}){cure}"


def one_line(text: str, max_chars: int = 60) -> str:
    """Show a piece of a query on one line."""
    line = " ".join(text.split())
    return line if len(line) <= max_chars else f"{line[: max_chars - 1]}…"


def _remarks(vendor: str, query: str, losses: Sequence[Loss]) -> Iterator[str]:
    yield f"# Imported from {vendor}, where it was:"
    for line in query.strip().splitlines():
        yield f"#   {_printable(line)}".rstrip()
    if losses:
        yield "# What is not carried over, or read otherwise:"
        for loss in losses:
            yield f"#   {_printable(loss_line(loss, query))}"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _match(parts: Sequence[Part]) -> Iterator[str]:
    if len(parts) == 1:
        yield from _valued("match", parts[0], indent="")
        return
    yield "match:"
    for number, part in enumerate(parts, 1):
        yield from _valued(f"term_{number}", part, indent="  ")


def _valued(key: str, part: Part, *, indent: str) -> Iterator[str]:
    """Write a key with a query; a long list of alternatives is one item a line."""
    text = written(part)
    if isinstance(part, Or) and len(text) > _SHORT:
        yield f"{indent}{key}:"
        for one in part.parts:
            yield f"{indent}  - {scalar(_leaf(one))}"
    else:
        yield f"{indent}{key}: {scalar(_leaf(part))}"


def _exclude(parts: Sequence[Part]) -> Iterator[str]:
    if parts:
        yield "exclude:"
    for part in parts:
        for one in part.parts if isinstance(part, Or) else (part,):
            yield f"  - {scalar(_leaf(one))}"


def _only(carried: Carried) -> Iterator[str]:
    if carried.only:
        yield "only:"
    for key, values in carried.only.items():
        yield f"  {key}: [{', '.join(map(scalar, values))}]"


def _leaf(part: Part) -> str:
    """Write a leaf; a phrase that stands alone needs no quotes."""
    text = written(part)
    bare = text[1:-1] if text[:1] == '"' == text[-1:] and '"' not in text[1:-1] else ""
    if " " in bare:
        parsed = parse_query(bare)
        if isinstance(parsed.node, Phrase) and not parsed.problems:
            return bare
    return text
