"""Describe channels, rendered messages, and how a try to deliver one ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.keys import ChannelName, DeliveryKey


class ChannelKind(StrEnum):
    """Name the kinds of channel."""

    FILE = "file"
    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Say when a channel's digests leave: a cron line of five fields in an IANA zone."""

    cron: str
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Describe where messages go.

    A file channel has `path`; email has `to` and `sender` (RFC 5322 address with optional name);
    a webhook has `url` and `secret` (`whsec_` + base64 of 24 to 64 bytes). `secret` is never
    printed. `schedule` is None if the channel gets no digests. With `at_most_once` what may have
    arrived is never sent again by itself: rather lost than doubled.
    """

    name: ChannelName
    kind: ChannelKind
    schedule: Schedule | None = None
    zone: str = "UTC"
    path: str = ""
    to: tuple[str, ...] = ()
    sender: str = ""
    url: str = ""
    secret: str = ""
    at_most_once: bool = False

    @property
    def recipients(self) -> tuple[str, ...]:
        """List whom a message is owed to: one delivery each."""
        return self.to if self.kind is ChannelKind.EMAIL else (str(self.name),)

    def __repr__(self) -> str:
        return f"Channel({self.name!s}, {self.kind!s})"


class DeliveryKind(StrEnum):
    """Say what a delivery carries."""

    ALERT = "alert"
    DIGEST = "digest"
    TEST = "test"


class DeliveryState(StrEnum):
    """Be where a delivery stands; dead ones have a reason and can be revived."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Be a message's bytes as they leave, on the first try and on every other.

    Email and file: a whole RFC 5322 message with CRLF. Webhook: the JSON body. `html` is the
    HTML part alone (for `data/latest.html`), empty for a webhook. `fallback_reason` is set if a
    user's template failed and the plain one was used.
    """

    content_type: str
    body: bytes
    subject: str = ""
    html: str = ""
    fallback_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Be one delivery ready to send: what, to whom, and how often it was tried before.

    `attempts` counts settled failures so far.
    """

    key: DeliveryKey
    channel: Channel
    recipient: str
    kind: DeliveryKind
    message: Message
    attempts: int


class Result(StrEnum):
    """Name how a try ended."""

    SENT = "sent"
    RETRY = "retry"  # worth trying again
    DEAD = "dead"  # never will work: parked with the reason
    DISABLE = "disable"  # not taken, and the channel is to be stopped (webhook 410)
    UNKNOWN = "unknown"  # begun, and nothing is known of its end: of channels `at_most_once` alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Say how a try ended.

    `code` is the HTTP or SMTP status, None if there was none. `reason` is one clear sentence.
    `answer` is what the peer said, at most 20 kB. `retry_after` is a floor for the next try.
    `slows_channel` asks that the whole channel waits (429, 502, 504, 421), `stops_channel` that
    nothing more is sent through it, whether this was taken or not.
    `is_possible_duplicate`: the peer may have taken it (lost after DATA).
    """

    result: Result
    reason: str
    code: int | None = None
    answer: str = ""
    retry_after: timedelta | None = None
    slows_channel: bool = False
    stops_channel: bool = False
    is_possible_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Be one try, as the log keeps it; `number` counts from 1."""

    delivery: DeliveryKey
    number: int
    started_at: datetime
    ended_at: datetime
    result: Result
    code: int | None
    reason: str
    answer: str
