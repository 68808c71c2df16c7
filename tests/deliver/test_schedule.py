"""Promises of the retry schedule."""

from __future__ import annotations

import dataclasses
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from services.owed import owed_file, owed_mail, owed_webhook

from monitor.deliver import channel_pause, next_attempt, settle
from monitor.model.delivery import ChannelKind, DeliveryState, Outcome, Owed, Result

NOW = datetime(2026, 11, 23, 5, 40, tzinfo=UTC)
FAILED = Outcome(result=Result.RETRY, reason="The receiver answered 500.", code=500)


def waits(kind: ChannelKind, jitter: float = 0.5) -> list[timedelta]:
    """List every wait until it is given up."""
    found = []
    while (due := next_attempt(kind, len(found), FAILED, now=NOW, jitter=jitter)) is not None:
        found.append(due - NOW)
        assert len(found) < 1000
    return found


def test_mail_is_tried_after_5_15_30_minutes_then_hourly_for_4_days() -> None:
    found = waits(ChannelKind.EMAIL)
    first = [timedelta(minutes=minutes) for minutes in (5, 15, 30)]
    assert found[:3] == first
    assert set(found[3:]) == {timedelta(hours=1)}
    assert timedelta(days=3, hours=23) < sum(found, timedelta()) <= timedelta(days=4)


def test_webhooks_are_tried_10_times_over_75_hours() -> None:
    found = [wait.total_seconds() for wait in waits(ChannelKind.WEBHOOK)]
    hours = [number * 3600.0 for number in (2, 5, 10, 14, 20, 24)]
    assert found == [5.0, 300.0, 1800.0, *hours]
    assert len(found) + 1 == 10
    assert sum(found) == 75 * 3600 + 35 * 60 + 5


def test_files_are_tried_soon_then_every_quarter_of_an_hour_for_4_days() -> None:
    found = waits(ChannelKind.FILE)
    assert [wait.total_seconds() for wait in found[:5]] == [10, 60, 300, 900, 900]
    assert timedelta(days=3, hours=23) < sum(found, timedelta()) <= timedelta(days=4)


def test_jitter_spreads_a_webhook_over_80_to_120_percent_evenly() -> None:
    draws = random.Random(7)
    found = [
        (due - NOW).total_seconds() / 300
        for _ in range(10_000)
        if (due := next_attempt(ChannelKind.WEBHOOK, 1, FAILED, now=NOW, jitter=draws.random()))
    ]
    assert min(found) >= 0.8
    assert max(found) < 1.2
    tenths = [sum(0.8 + i * 0.04 <= one < 0.84 + i * 0.04 for one in found) for i in range(10)]
    assert all(850 < count < 1150 for count in tenths), tenths


@pytest.mark.parametrize("kind", [ChannelKind.EMAIL, ChannelKind.FILE])
def test_mail_and_files_keep_to_their_steps(kind: ChannelKind) -> None:
    assert waits(kind, 0.0) == waits(kind, 0.999)


@pytest.mark.parametrize("attempts", range(9))
def test_what_the_receiver_asked_for_is_a_floor(attempts: int) -> None:
    for asked in (timedelta(0), timedelta(seconds=90), timedelta(hours=24)):
        outcome = dataclasses.replace(FAILED, code=429, slows_channel=True, retry_after=asked)
        due = next_attempt(ChannelKind.WEBHOOK, attempts, outcome, now=NOW, jitter=0.0)
        step = waits(ChannelKind.WEBHOOK)[attempts]
        assert due is not None
        assert due - NOW >= max(asked, step / 2)


@pytest.mark.parametrize("result", [Result.SENT, Result.DEAD, Result.DISABLE])
def test_only_a_retry_is_tried_again(result: Result) -> None:
    outcome = dataclasses.replace(FAILED, result=result)
    assert next_attempt(ChannelKind.EMAIL, 0, outcome, now=NOW, jitter=0.5) is None


def test_a_channel_waits_only_if_the_outcome_asks_for_it() -> None:
    assert channel_pause(FAILED, NOW) is None
    slow = dataclasses.replace(FAILED, code=503, slows_channel=True)
    assert channel_pause(slow, NOW) == NOW + timedelta(seconds=60)
    asked = dataclasses.replace(slow, retry_after=timedelta(minutes=20))
    assert channel_pause(asked, NOW) == NOW + timedelta(minutes=20)
    login = dataclasses.replace(slow, code=535)
    assert channel_pause(login, NOW) == NOW + timedelta(minutes=15)


OWED = [owed_mail(), owed_webhook("https://x.test/"), owed_file(Path("/nowhere"))]


@pytest.mark.parametrize("owed", OWED, ids=lambda owed: owed.channel.kind)
def test_settling_names_the_state_and_the_reason(owed: Owed) -> None:
    sent = settle(owed, Outcome(result=Result.SENT, reason="ok"), now=NOW, jitter=0.5)
    assert (sent.state, sent.due_at, sent.reason) == (DeliveryState.SENT, None, "ok")
    pending = settle(owed, FAILED, now=NOW, jitter=0.5)
    assert (pending.state, pending.reason) == (DeliveryState.PENDING, FAILED.reason)
    assert pending.due_at is not None
    assert pending.due_at > NOW
    refused = dataclasses.replace(FAILED, result=Result.DISABLE, reason="gone")
    dead = settle(owed, refused, now=NOW, jitter=0.5)
    assert (dead.state, dead.due_at, dead.reason) == (DeliveryState.DEAD, None, "gone")


def test_giving_up_tells_how_often_it_was_tried_and_the_last_reason() -> None:
    owed = dataclasses.replace(owed_webhook("https://x.test/"), attempts=9)
    settled = settle(owed, FAILED, now=NOW, jitter=0.5)
    assert settled.state is DeliveryState.DEAD
    assert settled.reason == "Given up after 10 tries. The last: The receiver answered 500."
