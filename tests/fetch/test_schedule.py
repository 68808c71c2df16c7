"""When a feed is asked again, and what redirects and 410s lead to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import FetchError
from monitor.fetch.schedule import (
    START_INTERVAL,
    Failure,
    GoneReason,
    RedirectReason,
    Sightings,
    failure_of,
    judge_gone,
    judge_redirect,
    next_interval,
    next_poll_at,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
URL = "https://dawn.example/feed"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("failures", "failure", "delay"),
    [
        (0, None, 15 * MINUTE),
        (1, Failure.TEMPORARY, 15 * MINUTE),
        (2, Failure.TEMPORARY, 30 * MINUTE),
        (4, Failure.UNREACHABLE, HOUR),
        (95, Failure.UNUSABLE, 95 * 15 * MINUTE),
        (96, Failure.UNUSABLE, DAY),
        (10**9, Failure.UNREACHABLE, DAY),
        (97, Failure.GONE, 97 * 15 * MINUTE),
        (10**9, Failure.GONE, 7 * DAY),
    ],
)
def test_back_off_is_linear_and_capped(
    failures: int, failure: Failure | None, delay: timedelta
) -> None:
    at = next_poll_at(NOW, interval=15 * MINUTE, url=URL, failures=failures, failure=failure)
    assert 0.9 * delay <= at - NOW <= 1.1 * delay


def test_jitter_depends_on_the_address_alone_and_spreads() -> None:
    delays = [
        (next_poll_at(NOW, interval=HOUR, url=f"{URL}/{n}") - NOW) / HOUR for n in range(200)
    ]
    assert delays[7] == (next_poll_at(NOW, interval=HOUR, url=f"{URL}/7") - NOW) / HOUR
    assert min(delays) < 0.92
    assert max(delays) > 1.08
    assert sum(delays) / 200 == pytest.approx(1, abs=0.02)


@given(
    wait=st.floats(allow_nan=True, allow_infinity=True),
    floor=st.none() | st.floats(allow_nan=True, allow_infinity=True),
    minutes=st.integers(0, 10_000),
    failures=st.integers(0, 10**6),
)
@settings(max_examples=60, deadline=None)
def test_nobody_is_asked_before_the_time_they_named_nor_later_than_it_may_be(
    wait: float, floor: float | None, minutes: int, failures: int
) -> None:
    at = next_poll_at(
        NOW,
        interval=minutes * MINUTE,
        url=URL,
        floor_seconds=floor,
        failures=failures,
        failure=Failure.TEMPORARY,
        retry_after_seconds=wait,
    )
    for asked in (wait, floor):
        if asked is not None and asked > 0:
            assert at >= NOW + timedelta(seconds=min(asked, 86_400))
    assert NOW + 4 * MINUTE < at <= NOW + 1.1 * DAY + MINUTE


@pytest.mark.parametrize(
    ("previous", "new", "entries", "expected"),
    [
        (START_INTERVAL, 0, 50, 18.75 * MINUTE),
        (START_INTERVAL, 1, 50, 7.5 * MINUTE),
        (START_INTERVAL, 50, 50, 5 * MINUTE),
        (40 * MINUTE, 50, 50, 10 * MINUTE),
        (40 * MINUTE, 1, 1, 20 * MINUTE),
        (10 * HOUR, 0, 50, 11 * HOUR),
        (10 * HOUR, 1, 50, HOUR),
        (DAY, 0, 50, DAY),
        (5 * MINUTE, 9, 50, 5 * MINUTE),
        (timedelta(0), 0, None, 5 * MINUTE),
        (365 * DAY, 0, None, DAY),
    ],
)
def test_the_interval_follows_what_a_poll_brings(
    previous: timedelta, new: int, entries: int | None, expected: timedelta
) -> None:
    assert next_interval(previous, new_entries=new, entries=entries) == expected


def test_a_stable_permanent_redirect_is_adopted_after_three_sightings_over_a_day() -> None:
    seen: Sightings | None = None
    reasons = []
    for hours in (0, 1, 23, 24):
        decision = judge_redirect(seen, "https://new.example/", NOW + hours * HOUR)
        reasons.append(decision.reason)
        seen = decision.seen
    assert reasons == [
        RedirectReason.FIRST_SEEN,
        RedirectReason.TOO_FEW,
        RedirectReason.TOO_SOON,
        RedirectReason.STABLE,
    ]
    assert decision.adopt == "https://new.example/"
    assert decision.seen is None


@pytest.mark.parametrize(
    ("between", "reason"),
    [(None, RedirectReason.NONE), ("https://other.example/", RedirectReason.TARGET_CHANGED)],
)
def test_anything_else_in_between_starts_the_count_anew(
    between: str | None, reason: RedirectReason
) -> None:
    seen = Sightings(target="https://new.example/", count=9, first_at=NOW)
    decision = judge_redirect(seen, between, NOW + HOUR)
    assert (decision.reason, decision.adopt) == (reason, None)
    again = judge_redirect(decision.seen, "https://new.example/", NOW + 48 * HOUR)
    assert again.adopt is None
    assert again.seen is not None
    assert again.seen.count == 1


def test_polling_stops_after_three_410s_over_a_day_and_not_before() -> None:
    seen: Sightings | None = None
    decisions = []
    for hours in (0, 1, 23.9, 24):
        decision = judge_gone(seen, NOW + hours * HOUR, is_gone=True)
        decisions.append((decision.is_stopped, decision.reason))
        seen = decision.seen
    assert decisions == [
        (False, GoneReason.FIRST_SEEN),
        (False, GoneReason.TOO_FEW),
        (False, GoneReason.TOO_SOON),
        (True, GoneReason.GONE),
    ]
    assert judge_gone(seen, NOW + 30 * HOUR, is_gone=False).seen is None


def test_two_410s_over_a_day_are_too_few() -> None:
    seen = judge_gone(None, NOW, is_gone=True).seen
    assert judge_gone(seen, NOW + 30 * HOUR, is_gone=True).reason is GoneReason.TOO_FEW


@pytest.mark.parametrize(
    ("kind", "status", "failure"),
    [
        ("status", 410, Failure.GONE),
        ("status", 429, Failure.TEMPORARY),
        ("status", 503, Failure.TEMPORARY),
        ("status", 403, Failure.UNREACHABLE),
        ("status", 404, Failure.UNUSABLE),
        ("timeout", None, Failure.TEMPORARY),
        ("dns", None, Failure.UNREACHABLE),
        ("tls", None, Failure.UNREACHABLE),
        ("refused_address", None, Failure.UNUSABLE),
        ("too_large", None, Failure.UNUSABLE),
    ],
)
def test_failures_are_grouped_by_what_may_cure_them(
    kind: str, status: int | None, failure: Failure
) -> None:
    assert failure_of(FetchError("x", kind=kind, status=status)) is failure
