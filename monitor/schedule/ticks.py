"""End the ticks of APScheduler without a word in the log."""

from __future__ import annotations

from apscheduler.schedulers.asyncio import AsyncIOScheduler


def end_ticks(scheduler: AsyncIOScheduler) -> None:
    """Begin no tick any more, and shut the scheduler down.

    `shutdown` waits for its turn in the loop. What was due before that turn would begin, and be
    cancelled at once: APScheduler logs a traceback for each. One that pauses begins nothing.
    """
    if scheduler.running:
        scheduler.pause()
        scheduler.shutdown(wait=False)
