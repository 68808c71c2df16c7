"""Say in a digest what may be missing from it."""

from __future__ import annotations

from monitor.store import problems
from monitor.store.engine import Tx
from monitor.store.problems import Trouble

_SHOWN = 4
_KINDS = ("rules", "seed", "channel", "template", "feed")


def health_lines(tx: Tx) -> tuple[str, ...]:
    """List what is wrong now with rules, seeds, channels, templates and feeds.

    At most four sentences of each kind; what is left out is counted.
    """
    found = problems.listed(tx)
    lines: list[str] = []
    for kind in _KINDS:
        lines += _lines(kind, [trouble for trouble in found if trouble.kind == kind])
    return tuple(lines)


def sentence(trouble: Trouble) -> str:
    """Say on one line what is wrong with what; a rule's reason begins with its file already."""
    is_placed = trouble.reason.startswith(trouble.subject)
    return trouble.reason if is_placed else f"{trouble.subject}: {trouble.reason}"


def _lines(kind: str, found: list[Trouble]) -> list[str]:
    shown = [sentence(trouble) for trouble in found[:_SHOWN]]
    if len(found) > _SHOWN:
        noun = "feeds failed" if kind == "feed" else f"problems with {kind}"
        shown.append(f"and {len(found) - _SHOWN} more {noun}: see monitor status")
    return shown
