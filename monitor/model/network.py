"""Describe how this installation reaches the network, and what bounds every exchange."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPolicy:
    """Say what may be reached and through what.

    `allow_private` are networks in CIDR form opened in spite of being private; `proxy` is an
    http(s) URL or None; `ca_file` a PEM file beside the system's.
    """

    proxy: str | None = None
    ca_file: str | None = None
    allow_private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bound every exchange and document (DESIGN.md, section 7); sizes are of decoded bytes."""

    feed_connect_seconds: float = 10.0
    feed_total_seconds: float = 30.0
    feed_max_bytes: int = 15_000_000
    max_inflate_ratio: int = 200
    max_redirects: int = 5
    max_entries: int = 5_000
    max_text_chars: int = 1_000_000
    max_name_chars: int = 200
    webhook_connect_seconds: float = 5.0
    webhook_total_seconds: float = 20.0
    webhook_answer_bytes: int = 20_000
    smtp_final_seconds: float = 600.0
    child_cpu_seconds: int = 10
    child_memory_bytes: int = 512 * 1024 * 1024
    lease_seconds: float = 60.0
    sends_per_channel: int = 5
    full_text_chars: int = 1_500


class SmtpSecurity(StrEnum):
    """Name how a connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class ReturnPath(StrEnum):
    """Name where reports of mails that could not be delivered go (`MAIL FROM`)."""

    VERP = "verp"  # to the sender's plus address that names the delivery
    EMPTY = "empty"  # nowhere
    SENDER = "sender"  # to the sender, and with them whatever answers by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """Describe the mail server; `password` is never printed."""

    host: str
    port: int
    security: SmtpSecurity = SmtpSecurity.STARTTLS
    username: str = ""
    password: str = ""
    return_path: ReturnPath = ReturnPath.VERP

    def __repr__(self) -> str:
        return f"Smtp({self.host}:{self.port}, {self.security!s})"
