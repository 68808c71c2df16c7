"""Follow this machine's clock when it is set back: nothing waits until it has caught up."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.clock import StepWatch, system_clock
from monitor.errors import StoreError
from monitor.pipeline.ports import Ports
from monitor.store import steps
from monitor.store.engine import Tx

log = structlog.get_logger()

LOOK_SECONDS = 1.0

STEP_FROM = timedelta(seconds=10)
"""From what size on a step back is undone in all plans; a smaller one is waited out."""


async def watch_clock(ports: Ports, scheduler: AsyncIOScheduler, watch: StepWatch) -> None:
    """Notice each step back; move the ticks with it, and on SQLite the plans.

    On a server it is the server's clock that plans go by.
    """
    step = timedelta(0)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        step += watch.step_back()
        if step < STEP_FROM:
            step = timedelta(0)
            continue
        for job in scheduler.get_jobs():
            job.modify(next_run_time=system_clock())
        try:
            await ports.in_thread(_follow, ports, step)
            step = timedelta(0)
        except StoreError as error:
            log.error("plans not moved with the clock", reason=str(error))


def _follow(ports: Ports, step: timedelta) -> None:
    if ports.store.is_sqlite:
        with ports.store.write() as tx:
            set_back(tx, step, ports.now())


def set_back(tx: Tx, step: timedelta, now: datetime) -> None:
    """Undo what a clock that was set back does to plans."""
    if step >= STEP_FROM:
        moved = steps.set_back(tx, by=step, now=now)
        log.warning("the clock was set back: plans were moved with it", by=str(step), plans=moved)
