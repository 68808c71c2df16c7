"""Promises on what a receiver's answer means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from monitor.deliver.http_verdict import judge_answer, parse_retry_after
from monitor.model.delivery import Outcome, Result

NOW = datetime(2026, 11, 23, 5, 40, tzinfo=UTC)
DAY = timedelta(hours=24)


def judge(status: int, **headers: str) -> Outcome:
    named = CIMultiDict((name.replace("_", "-"), value) for name, value in headers.items())
    return judge_answer(status, named, "", now=NOW)


RETRIED = (301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 422, 425, 500, 501)
STATUSES = [
    *((status, Result.SENT, False) for status in (200, 201, 202, 204, 206, 299)),
    *((status, Result.RETRY, False) for status in RETRIED),
    *((status, Result.RETRY, True) for status in (429, 502, 503, 504)),
    (410, Result.DISABLE, False),
    (413, Result.DEAD, False),
    (415, Result.DEAD, False),
]


@pytest.mark.parametrize(("status", "result", "slows"), STATUSES)
def test_each_status_has_its_verdict(status: int, result: Result, slows: bool) -> None:
    outcome = judge(status)
    assert (outcome.result, outcome.slows_channel) == (result, slows)
    assert outcome.code == status
    assert str(status) in outcome.reason


def test_a_redirect_names_its_target_and_the_cure() -> None:
    outcome = judge(302, location="https://new.test/\r\nhook")
    assert "https://new.test/ hook" in outcome.reason
    assert "final address" in outcome.reason


@pytest.mark.parametrize(
    ("status", "wish", "result"),
    [
        (500, "disable", Result.DISABLE),
        (200, "disable", Result.SENT),
        (500, "Abort-Message ", Result.DEAD),
        (200, "abort-message", Result.SENT),
        (429, "abort-message", Result.DEAD),
        (500, "dance", Result.RETRY),
    ],
)
def test_the_receiver_may_stop_a_message_or_the_channel(
    status: int, wish: str, result: Result
) -> None:
    outcome = judge(status, WebHook_Delivery=wish)
    assert outcome.result is result
    assert outcome.stops_channel is (wish == "disable")


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("0", timedelta(0)),
        ("120", timedelta(seconds=120)),
        (" 120 ", timedelta(seconds=120)),
        ("1.5", timedelta(seconds=1.5)),
        ("-5", timedelta(0)),
        ("1000000000", DAY),
        ("9" * 5000, DAY),
        ("Mon, 23 Nov 2026 05:50:00 GMT", timedelta(minutes=10)),
        ("Mon, 23 Nov 2026 05:50:00 -0000", timedelta(minutes=10)),
        ("Mon, 23 Nov 2026 05:30:00 GMT", timedelta(0)),
        ("Mon, 23 Nov 2099 05:30:00 GMT", DAY),
        ("Mon, 01 Jan 0001 00:00:00 +2359", timedelta(0)),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("1_000", None),
        ("٣", None),
        ("Mon, 99 Nov 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_read_and_clamped_to_a_day(stated: str, expected: timedelta | None) -> None:
    assert parse_retry_after(stated, NOW) == expected
    assert judge(503, Retry_After=stated).retry_after == expected


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ .{0,12}"))
def test_no_retry_after_can_crash_or_exceed_a_day(stated: str) -> None:
    found = parse_retry_after(stated, NOW)
    assert found is None or timedelta(0) <= found <= DAY


def test_an_accepted_message_has_no_floor() -> None:
    assert judge(200, Retry_After="30").retry_after is None
