"""Decide when a failed delivery is tried again, and when it is given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model.delivery import ChannelKind, DeliveryState, Outcome, Owed, Result


def _steps(*seconds: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=number) for number in seconds)


_MINUTE, _HOUR = 60, 3600

# The wait after the first failure, after the second, and so on; past the last one it is given up.
_WAITS: dict[ChannelKind, tuple[timedelta, ...]] = {
    # RFC 5321, 4.5.4.1 asks for 4 to 5 days: 50 minutes, then 95 hours
    ChannelKind.EMAIL: _steps(5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, *[_HOUR] * 95),
    # the example schedule of Standard Webhooks 1.0.0: 10 tries over 75 h 35 m
    ChannelKind.WEBHOOK: _steps(
        5, 5 * _MINUTE, 30 * _MINUTE, *(_HOUR * hours for hours in (2, 5, 10, 14, 20, 24))
    ),
    ChannelKind.FILE: _steps(10, _MINUTE, 5 * _MINUTE, *[15 * _MINUTE] * 383),
}
_JITTERED = frozenset({ChannelKind.WEBHOOK})  # so that receivers back up are not all hit at once
_JITTER = 0.2
_SLOW_FOR = timedelta(seconds=60)  # what Svix adds on 429 and timeouts
_UNWELCOME_FOR = timedelta(minutes=15)  # a refused login: an operator must act, and may be banned
_LOGIN_CODES = frozenset({530, 534, 535, 538})  # SMTP only; no HTTP server uses them
# Answers that refuse a webhook before anything was done; after any other it may have been taken.
_NOT_TAKEN = frozenset(
    [400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 421, 425, 429, 501, 503]
)
NOT_REPEATED = (
    "Whether it arrived is not known, and the channel sends at most once; to send it all the "
    "same: monitor deliveries resend"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Say where a delivery stands after a try; `due_at` is None unless it is pending.

    `is_unknown`: it is given up because it may have arrived.
    """

    state: DeliveryState
    due_at: datetime | None
    reason: str
    is_unknown: bool = False


def next_attempt(
    kind: ChannelKind, attempts: int, outcome: Outcome, *, now: datetime, jitter: float
) -> datetime | None:
    """Say when to try again, None to give up.

    `attempts` counts the settled failures before this one, as `Owed.attempts` does. `jitter` in
    [0, 1) spreads a webhook's wait over 80 to 120 % of its step; 0.5 is the step itself. What
    the receiver asked for (`retry_after`) is a floor.
    """
    waits = _WAITS[kind]
    if outcome.result is not Result.RETRY or attempts >= len(waits):
        return None
    wait = waits[attempts]
    if kind in _JITTERED:
        wait *= 1 - _JITTER + 2 * _JITTER * jitter
    return now + max(wait, outcome.retry_after or timedelta(0))


def channel_pause(outcome: Outcome, now: datetime) -> datetime | None:
    """Say until when nothing else is sent through the channel, None if it need not wait."""
    if not outcome.slows_channel:
        return None
    base = _UNWELCOME_FOR if outcome.code in _LOGIN_CODES else _SLOW_FOR
    return now + max(base, outcome.retry_after or timedelta(0))


def settle(owed: Owed, outcome: Outcome, *, now: datetime, jitter: float) -> Settled:
    """Decide a delivery's state after a try, with the reason to show."""
    if outcome.result is Result.SENT:
        return Settled(state=DeliveryState.SENT, due_at=None, reason=outcome.reason)
    if owed.channel.at_most_once and _may_have_arrived(owed.channel.kind, outcome):
        reason = f"{outcome.reason} {NOT_REPEATED}"
        return Settled(state=DeliveryState.DEAD, due_at=None, reason=reason, is_unknown=True)
    due_at = next_attempt(owed.channel.kind, owed.attempts, outcome, now=now, jitter=jitter)
    if due_at is not None:
        return Settled(state=DeliveryState.PENDING, due_at=due_at, reason=outcome.reason)
    reason = outcome.reason
    if outcome.result is Result.RETRY:
        reason = f"Given up after {owed.attempts + 1} tries. The last: {reason}"
    return Settled(state=DeliveryState.DEAD, due_at=None, reason=reason)


def _may_have_arrived(kind: ChannelKind, outcome: Outcome) -> bool:
    is_open = kind is ChannelKind.WEBHOOK and outcome.code not in _NOT_TAKEN | {None}
    return outcome.is_possible_duplicate or is_open
