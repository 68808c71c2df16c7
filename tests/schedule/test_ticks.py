"""Ticks: a stop cuts none half-way."""

from __future__ import annotations

import asyncio
import logging

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from monitor.clock import system_clock
from monitor.schedule import end_ticks


async def nothing() -> None:
    """Tick."""


async def test_a_tick_that_is_due_at_a_stop_leaves_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(nothing, IntervalTrigger(hours=1), next_run_time=system_clock())
    scheduler.start()  # it looks for what is due at its next turn
    end_ticks(scheduler)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not scheduler.running
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
