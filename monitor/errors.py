"""Define the one tree of errors that this project raises.

MonitorError
├── ConfigError          a file or the environment says something that cannot be used (exit 2)
├── LockError            another `run` holds this workspace's database (exit 2)
├── WorkError            a command could not do what was asked (exit 1)
├── FetchError           an exchange with a feed or a page failed, with its kind
├── HostBusy             no turn at a host came in time: nothing was asked there
├── ParseError           a document is not a feed that can be read
├── ExtractError         a page gave no text
├── RenderError          a template could not be rendered
├── ChildError           work in a killable child crashed, or hit its CPU, memory or wall limit
├── LeaseLost            a claim ran out before its work was settled: someone else owns the row
└── StoreError           the database refused or is unreachable (a full disk, a lost connection)
    ├── StoreConflict    another transaction was in the way: the same one may succeed at once
    ├── StoreUnready     a server is gone, or not there yet: waiting for it may help
    ├── StoreLogin       a server refuses the login or knows no such database: waiting is in vain
    └── StoreBroken      the disk failed under us: only a new process may go on (exit 1)

Bad *input* is never raised: it is listed as a `Problem` (see `monitor.model.problem`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.model.problem import Problem


class MonitorError(Exception):
    """Be the root of every error of ours."""


class ConfigError(MonitorError):
    """Carry all the problems that keep a configuration from being used."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class LockError(MonitorError):
    """Say that another process runs on the same database file."""


class WorkError(MonitorError):
    """Say why a command could not do its work."""


class FetchError(MonitorError):
    """Say why an exchange failed.

    `kind` is one of: dns, connect, tls, timeout, refused_address, too_large, too_compressed,
    redirects, status, encoding, protocol, robots (robots.txt forbids it), robots_unreachable (it
    could not be had, so nothing may be read now). `status` is the HTTP status where there was one
    and `retry_after_seconds` what the server asked for (raw, not yet clamped).
    """

    def __init__(
        self,
        reason: str,
        *,
        kind: str,
        status: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class HostBusy(MonitorError):
    """Say that no turn at a host came in time: it was asked nothing, so nothing failed.

    `wait_seconds` is for how long the host is paused; 0.0 if its queue is merely long.
    """

    def __init__(self, host: str, *, wait_seconds: float = 0.0) -> None:
        super().__init__(f"{host} could not be asked in time")
        self.wait_seconds = wait_seconds


class ParseError(MonitorError):
    """Say why a document is no feed."""


class ExtractError(MonitorError):
    """Say why a page gave no text."""


class RenderError(MonitorError):
    """Say which template failed and how."""

    def __init__(self, template: str, reason: str) -> None:
        super().__init__(f"{template}: {reason}")
        self.template = template
        self.reason = reason


class ChildError(MonitorError):
    """Say why work in a child process was given up."""


class LeaseLost(MonitorError):
    """Say that the row is no longer ours to settle."""


class StoreError(MonitorError):
    """Say that the database cannot be used now."""


class StoreConflict(StoreError):
    """Say that a transaction gave way to another (a deadlock): nothing of it was written."""


class StoreUnready(StoreError):
    """Say that the server went away, cannot be reached, or does not take connections yet."""


class StoreLogin(StoreError):
    """Say that the server is there and refuses us: a password, a name, a way to connect."""


class StoreBroken(StoreError):
    """Say that the disk failed: what this process believes to be written may not be.

    A sync that failed must not be tried again: the kernel forgets what it could not write, so the
    second one succeeds and the bytes are gone. A new process reads what is there.
    """
