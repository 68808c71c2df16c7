"""A lane: one run at a time, and a failure that stands until it is cured."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
import structlog

from monitor.errors import StoreError
from monitor.logs import configure_logs
from monitor.schedule.lane import Lane


async def test_a_wake_during_a_run_is_not_lost(now: datetime) -> None:
    looks, go_on = [], asyncio.Event()

    async def work() -> int:
        looks.append(len(looks))
        await go_on.wait()
        return 0

    lane = Lane("polls", work, lambda: now)
    async with asyncio.TaskGroup() as group:
        group.create_task(lane.run())
        await asyncio.sleep(0)
        for _ in range(3):
            assert await lane.run() == 0  # comes back at once
        go_on.set()
    assert looks == [0, 1]


async def test_a_lane_works_until_nothing_is_due(now: datetime) -> None:
    due = [3, 2, 0]

    async def work() -> int:
        return due.pop(0)

    assert await Lane("polls", work, lambda: now).run() == 5


@pytest.mark.parametrize("error", [StoreError("disk full"), ZeroDivisionError("a defect")])
async def test_a_failure_stands_until_a_look_succeeds(now: datetime, error: Exception) -> None:
    answers: list[Exception | int | None] = [error, None, 0]

    async def work() -> int | None:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    lane = Lane("polls", work, lambda: now)
    await lane.run()
    assert str(error) in lane.failure
    await lane.run()  # nothing could be looked at: no news
    assert str(error) in lane.failure
    await lane.run()
    assert lane.failure == ""


@pytest.mark.parametrize("error", [StoreError("disk full"), ZeroDivisionError("a defect")])
async def test_a_failure_is_logged_once(
    now: datetime, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work() -> int:
        raise error

    configure_logs()
    await Lane("polls", work, lambda: now).run()
    structlog.reset_defaults()
    assert capsys.readouterr().err.count("lane failed") == 1


async def test_a_closed_lane_begins_nothing(now: datetime) -> None:
    async def work() -> int:
        raise AssertionError

    lane = Lane("polls", work, lambda: now)
    lane.close()
    assert await lane.run() == 0
    assert (lane.failure, lane.ended_at) == ("", None)
