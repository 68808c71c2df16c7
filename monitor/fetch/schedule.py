"""Decide when a feed is asked again, and what redirects and 410s lead to. Pure functions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.errors import FetchError

MIN_INTERVAL = timedelta(minutes=5)
START_INTERVAL = timedelta(minutes=15)
MAX_INTERVAL = timedelta(hours=24)
MAX_BACK_OFF = timedelta(days=1)
MAX_GONE_BACK_OFF = timedelta(days=7)
MAX_ASKED_WAIT = timedelta(hours=24)  # a server once asked for 88 hours
CLUMP_SECONDS = 60  # feeds of one host told to wait come back spread over this
SIGHTINGS = 3
SIGHTING_SPAN = timedelta(hours=24)

_JITTER = 0.10
_WAKE_INTERVAL = timedelta(hours=1)
_QUIET_GROWTH = 1.25
_LONG_QUIET_GROWTH = 1.1  # past an hour; a feed that rests for a week must not sleep at once


class Failure(StrEnum):
    """Group failures by what may cure them."""

    TEMPORARY = "temporary"  # the server is busy or broken: 429, 5xx, timeouts
    UNREACHABLE = "unreachable"  # name, connection, certificate, 403: feeds do come back
    UNUSABLE = "unusable"  # 404, no feed, too large, refused by our guard: somebody must act
    GONE = "gone"  # 410


class RedirectReason(StrEnum):
    """Say why a feed's stored address stays or changes."""

    NONE = "no permanent redirect"
    FIRST_SEEN = "a permanent redirect was seen for the first time"
    TARGET_CHANGED = "the permanent redirect points elsewhere than before"
    TOO_FEW = "the permanent redirect was not seen often enough yet"
    TOO_SOON = "the permanent redirect was not seen for long enough yet"
    STABLE = "the permanent redirect is stable: its target becomes the feed's address"


class GoneReason(StrEnum):
    """Say why polling of a feed goes on or stops."""

    NOT_GONE = "the feed is not gone"
    FIRST_SEEN = "the server said for the first time that the feed is gone"
    TOO_FEW = "the server did not say often enough yet that the feed is gone"
    TOO_SOON = "the server has not said for long enough yet that the feed is gone"
    GONE = "the server keeps saying that the feed is gone: polling stops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """Count what was seen in unbroken succession; `target` is "" for a 410."""

    target: str = ""
    count: int
    first_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectDecision:
    """Say which address to adopt (None: keep), and what to remember (None: nothing)."""

    adopt: str | None
    seen: Sightings | None
    reason: RedirectReason


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneDecision:
    """Say whether to stop polling, and what to remember (None: nothing)."""

    is_stopped: bool
    seen: Sightings | None
    reason: GoneReason


def failure_of(error: FetchError) -> Failure:
    """Group a failure."""
    status = error.status
    if status == 410:
        return Failure.GONE
    if status is not None and (status >= 500 or status in (408, 425, 429)):
        return Failure.TEMPORARY
    if status in (401, 403) or error.kind in ("dns", "connect", "tls"):
        return Failure.UNREACHABLE
    return Failure.TEMPORARY if error.kind == "timeout" else Failure.UNUSABLE


def next_poll_at(
    now: datetime,
    *,
    interval: timedelta,
    url: str,
    floor_seconds: float | None = None,
    failures: int = 0,
    failure: Failure | None = None,
    retry_after_seconds: float | None = None,
) -> datetime:
    """Give the moment of a feed's next poll.

    After a success: `interval` with a jitter of 10 % that depends on `url` alone. After
    `failures` failures in a row: `interval` times their number, at most a day (a week for GONE).
    Never before `floor_seconds` (what max-age and ttl ask for) nor before `retry_after_seconds`,
    each taken as at most a day.
    """
    share = _share_of(url)
    delay = _clamped(interval, MIN_INTERVAL, MAX_INTERVAL)
    if failure is not None and failures > 0:
        cap = MAX_GONE_BACK_OFF if failure is Failure.GONE else MAX_BACK_OFF
        delay = min(delay * min(failures, 10_000), cap)
    delay = delay * (1 + _JITTER * (2 * share - 1))
    if floor_seconds is not None:
        delay = max(delay, asked_wait(floor_seconds))
    if retry_after_seconds is not None:
        spread = timedelta(seconds=CLUMP_SECONDS * share)
        delay = max(delay, asked_wait(retry_after_seconds) + spread)
    return now + delay


def next_interval(
    previous: timedelta, *, new_entries: int, entries: int | None = None
) -> timedelta:
    """Adapt a feed's interval to how much a poll brought, between 5 minutes and a day.

    Nothing new lets it grow slowly; news halves it, and takes one beyond two hours back to an
    hour at once; a document in which all `entries` are new may have lost some, so a quarter of
    the interval is taken. Do not call it for a first poll: that is a baseline.
    """
    if new_entries <= 0:
        growth = _QUIET_GROWTH if previous < _WAKE_INTERVAL else _LONG_QUIET_GROWTH
        return _clamped(previous * growth, MIN_INTERVAL, MAX_INTERVAL)
    shorter = previous / (4 if may_have_lost(new_entries, entries) else 2)
    return _clamped(min(shorter, _WAKE_INTERVAL), MIN_INTERVAL, MAX_INTERVAL)


def may_have_lost(new_entries: int, entries: int | None) -> bool:
    """Tell whether entries may have come and gone between two polls: all that is there is new."""
    return entries is not None and new_entries >= entries > 1


def judge_redirect(
    seen: Sightings | None, permanent_url: str | None, now: datetime
) -> RedirectDecision:
    """Decide on a feed's stored address after a successful exchange.

    It changes once the same target was seen 3 times in a row over at least 24 hours; `seen` is
    what the last decision said to remember.
    """
    if permanent_url is None:
        return RedirectDecision(adopt=None, seen=None, reason=RedirectReason.NONE)
    if seen is None or seen.target != permanent_url:
        first = Sightings(target=permanent_url, count=1, first_at=now)
        reason = RedirectReason.TARGET_CHANGED if seen else RedirectReason.FIRST_SEEN
        return RedirectDecision(adopt=None, seen=first, reason=reason)
    again = Sightings(target=permanent_url, count=seen.count + 1, first_at=seen.first_at)
    if again.count < SIGHTINGS:
        return RedirectDecision(adopt=None, seen=again, reason=RedirectReason.TOO_FEW)
    if now - again.first_at < SIGHTING_SPAN:
        return RedirectDecision(adopt=None, seen=again, reason=RedirectReason.TOO_SOON)
    return RedirectDecision(adopt=permanent_url, seen=None, reason=RedirectReason.STABLE)


def judge_gone(seen: Sightings | None, now: datetime, *, is_gone: bool) -> GoneDecision:
    """Decide whether to stop polling: after 3 answers of 410 in a row over at least 24 hours.

    Call it after each answer; one that is not 410 clears the count. Failures without an answer
    (no connection) say nothing about it: do not call it for them.
    """
    if not is_gone:
        return GoneDecision(is_stopped=False, seen=None, reason=GoneReason.NOT_GONE)
    if seen is None:
        first = Sightings(count=1, first_at=now)
        return GoneDecision(is_stopped=False, seen=first, reason=GoneReason.FIRST_SEEN)
    again = Sightings(count=seen.count + 1, first_at=seen.first_at)
    if again.count < SIGHTINGS:
        return GoneDecision(is_stopped=False, seen=again, reason=GoneReason.TOO_FEW)
    if now - again.first_at < SIGHTING_SPAN:
        return GoneDecision(is_stopped=False, seen=again, reason=GoneReason.TOO_SOON)
    return GoneDecision(is_stopped=True, seen=again, reason=GoneReason.GONE)


def _share_of(url: str) -> float:
    """Give a number in [0, 1) that depends on the URL alone, in every process."""
    head = hashlib.sha256(url.encode("utf-8", "surrogatepass")).digest()[:8]
    return int.from_bytes(head, "big") / 2**64


def asked_wait(seconds: float) -> timedelta:
    """Take what a server asks for as at most a day; what is no number as nothing."""
    if not seconds > 0:
        return timedelta(0)
    return timedelta(seconds=min(seconds, MAX_ASKED_WAIT.total_seconds()))


def _clamped(span: timedelta, low: timedelta, high: timedelta) -> timedelta:
    return min(max(span, low), high)
