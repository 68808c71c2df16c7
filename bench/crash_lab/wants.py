"""What an event of each kind must lead to: who is told of it, how, and how often (once)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

EVENING = ("a@example.org", "b@example.org")


class Want(NamedTuple):
    """Be one telling: an event, told `now` or by `digest`, on a channel, to a recipient."""

    mode: str
    channel: str
    recipient: str
    token: str


@dataclass(frozen=True, slots=True)
class Kind:
    """Say which words an event of this kind holds, and whom that makes the rules tell."""

    words: tuple[str, ...] = ()
    tells: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    @property
    def rule(self) -> str:
        """Name the rule that finds it."""
        return "".join(self.words).lower()


KINDS = {
    "plain": Kind(),
    "at once": Kind(
        ("Alphaword",),
        (("now", "newsroom", ("hook",)), ("now", "desk", ("desk@example.org",))),
    ),
    "webhook": Kind(("Deltaword",), (("now", "newsroom", ("hook",)),)),
    "digest": Kind(
        ("Betaword",), (("digest", "evening", EVENING), ("digest", "mailbox", ("mailbox",)))
    ),
    "both": Kind(
        ("Gammaword",),
        (
            ("now", "newsroom", ("hook",)),
            ("now", "evening", EVENING),
            ("digest", "evening", EVENING),
        ),
    ),
}

RULES = {
    "alphaword": "{newsroom: now, desk: now}",
    "betaword": "{evening: digest, mailbox: digest}",
    "deltaword": "{newsroom: now}",
    "gammaword": "{newsroom: now, evening: both}",
}
"""Rule to whom it tells."""


def wanted_of(kind: str, token: str) -> list[Want]:
    """List what must be told of an event."""
    return [
        Want(mode, channel, recipient, token)
        for mode, channel, recipients in KINDS[kind].tells
        for recipient in recipients
    ]
