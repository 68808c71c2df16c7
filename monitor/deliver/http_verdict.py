"""Decide what a receiver's answer to a webhook means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.deliver.answers import one_line
from monitor.model.delivery import Outcome, Result

MAX_RETRY_AFTER = timedelta(hours=24)  # more is a mistake or malice; the schedule goes on
_SECONDS = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
_SLOWS = frozenset({429, 502, 503, 504})
_NEVER = {413: "the message is too large for it", 415: "it does not take JSON"}
_HINTS = {
    401: "; check the channel's secret",
    403: "; check the channel's secret",
    404: "; check the channel's url",
}


def judge_answer(
    status: int, headers: Mapping[str, str], answer: str, *, now: datetime
) -> Outcome:
    """Turn a final HTTP answer into an outcome.

    `headers` must look names up without regard to case. Only 2xx is success. The receiver may
    say `webhook-delivery: disable` (honoured on any status; what it accepted is sent all the
    same) or `abort-message`.
    """
    wish = headers.get("webhook-delivery", "").strip().lower()
    result = _result(status, wish)
    is_retry = result is Result.RETRY
    return Outcome(
        result=result,
        reason=_reason(status, wish, headers),
        code=status,
        answer=answer,
        retry_after=parse_retry_after(headers.get("Retry-After", ""), now) if is_retry else None,
        slows_channel=is_retry and status in _SLOWS,
        stops_channel=status == 410 or wish == "disable",
    )


def _result(status: int, wish: str) -> Result:
    if 200 <= status <= 299:
        return Result.SENT
    if status == 410 or wish == "disable":
        return Result.DISABLE
    return Result.DEAD if status in _NEVER or wish == "abort-message" else Result.RETRY


def _reason(status: int, wish: str, headers: Mapping[str, str]) -> str:
    if wish == "disable":
        return f"The receiver answered {status} and asks that this channel be disabled."
    if 200 <= status <= 299:
        return f"The receiver accepted it ({status})."
    if status == 410:
        return "The receiver answered 410 (gone): this channel is to be disabled."
    if status in _NEVER:
        return f"The receiver answered {status}: {_NEVER[status]}."
    if wish == "abort-message":
        return f"The receiver answered {status} and asks that this message be dropped."
    if 300 <= status <= 399:
        return _redirect_reason(status, headers.get("Location", ""))
    return f"The receiver answered {status}{_HINTS.get(status, '')}."


def _redirect_reason(status: int, location: str) -> str:
    to = f" to {one_line(location)}" if location else ""
    cure = "redirects are not followed; set the channel's url to the final address"
    return f"The receiver answered {status}, a redirect{to}: {cure}."


def parse_retry_after(stated: str, now: datetime) -> timedelta | None:
    """Read Retry-After, in seconds or as an HTTP date, clamped to [0, 24 h].

    None if it is absent or says neither.
    """
    value = stated.strip()
    if _SECONDS.fullmatch(value):
        seconds = min(max(float(value), 0.0), MAX_RETRY_AFTER.total_seconds())
        return timedelta(seconds=seconds)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(aware - now, timedelta(0)), MAX_RETRY_AFTER)
