"""Send one delivery by the sender of its channel's kind."""

from __future__ import annotations

from datetime import datetime

from monitor.deliver.connections import Connections
from monitor.deliver.email import send_email
from monitor.deliver.file import place_file
from monitor.deliver.webhook import post_webhook
from monitor.model.delivery import ChannelKind, Outcome, Owed, Result


async def deliver(owed: Owed, connections: Connections, *, now: datetime) -> Outcome:
    """Try once to deliver, within the limits, and say how it ended.

    `now` is the moment of this attempt, aware: it is signed into a webhook. Nothing that a peer,
    a disk or a configuration does is raised; only cancellation passes through.
    """
    try:
        return await _send(owed, connections, now)
    # a library that meets unforeseen nonsense from a peer must cost one try, not the worker
    except Exception as error:  # noqa: BLE001
        return Outcome(
            result=Result.RETRY,
            reason=f"The try failed in an unforeseen way: {type(error).__name__}: {error}"[:500],
        )


async def _send(owed: Owed, connections: Connections, now: datetime) -> Outcome:
    match owed.channel.kind:
        case ChannelKind.EMAIL:
            return await send_email(owed, connections)
        case ChannelKind.WEBHOOK:
            return await post_webhook(owed, connections, now=now)
        case ChannelKind.FILE:
            return await place_file(owed, connections)
