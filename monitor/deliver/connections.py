"""Hold what the senders share: the session, the mail server, the limits."""

from __future__ import annotations

import functools
import ssl
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from monitor.model.network import Limits, Smtp


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """Be what a process needs to deliver anything.

    `session` must carry the guard against private addresses, no cookie jar and our User-Agent.
    `smtp` is None if no mail server is set. `data_dir` is where `latest.html` is written;
    `ca_file` a PEM file of authorities trusted beside the system's.
    `smtp_command_seconds` bounds each SMTP answer but the last, which `limits` bounds.
    """

    session: aiohttp.ClientSession
    data_dir: Path
    smtp: Smtp | None = None
    limits: Limits = Limits()
    ca_file: str | None = None
    smtp_connect_seconds: float = 10.0
    smtp_command_seconds: float = 60.0


@functools.lru_cache(maxsize=4)
def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Trust the system's authorities and those of `ca_file`; raise OSError if it is unusable.

    Kept, because loading the system's authorities takes some 20 ms.
    """
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context
