"""D: claim what is due, render it once, send those bytes, settle.

No transaction is open while a message travels. If this process dies after the peer accepted and
before we noted it, the next try sends the same bytes under the same id: that is the one window in
which a receiver can see a message twice, and its id tells.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime

import structlog

from monitor.clock import monotonic_seconds
from monitor.deliver.route import deliver
from monitor.errors import LeaseLost, RenderError, StoreError, StoreUnready
from monitor.model.delivery import Channel, Message, Outcome, Owed
from monitor.pipeline.outcome import begin, give_back, park, settle_cut, settle_try, spare
from monitor.pipeline.ports import Ports
from monitor.pipeline.rendering import render
from monitor.store import deliveries, outbox, problems, restored
from monitor.store.claims import MAX_CRASHES
from monitor.store.engine import Tx
from monitor.store.lease import lease_clock
from monitor.store.outbox import ClaimedDelivery

log = structlog.get_logger()

SEND_AT_MOST = 20
"""Deliveries on their way at a time."""

_SETTLE_AGAIN_SECONDS = 1.0


async def claim_deliveries(ports: Ports, limit: int) -> tuple[ClaimedDelivery, ...]:
    """Claim deliveries that are due on channels that take some now."""

    def work() -> tuple[ClaimedDelivery, ...]:
        now = ports.now()
        names = [channel.name for channel in ports.terms.channels]
        with ports.store.read() as tx:
            is_idle = deliveries.oldest_due(tx, now=now, channels=names) is None
            if is_idle or restored.is_paused(tx):
                return ()
        with ports.store.write() as tx:
            return outbox.claim_due(
                tx,
                now=now,
                lease=ports.terms.lease,
                limit=limit,
                channels=names,
                per_channel=ports.terms.limits.sends_per_channel,
            )

    claimed = await ports.in_thread(work)
    if claimed:
        ports.failpoints.hit("out.claimed")
    return claimed


async def send(ports: Ports, delivery: ClaimedDelivery) -> None:
    """Send one claimed delivery and settle it, whatever happens; a stop lets go of it."""
    channel = ports.terms.channel(delivery.channel)
    if channel is None:
        return  # taken out of monitor.yaml since the claim: its lease runs out
    started_at = outcome = None
    try:
        owed = await _prepare(ports, channel, delivery)
        if owed is None:
            return
        ports.failpoints.hit("out.presend", delivery.recipient)
        if await ports.in_thread(_is_late, ports, delivery):
            await ports.in_thread(give_back, ports, delivery)
            return
        if channel.at_most_once and not await ports.in_thread(begin, ports, delivery):
            return
        started_at = ports.now()
        outcome = await _deliver(ports, delivery, owed)
        ports.failpoints.hit("out.acked")
        await _settle(ports, delivery, owed, outcome, started_at)
        ports.failpoints.hit("out.settled")
    except LeaseLost:
        log.warning("delivery outlived its lease", delivery=delivery.key)
    except StoreError:
        await ports.in_thread(spare, ports, delivery)
        raise
    except asyncio.CancelledError:
        if outcome is None:  # else it is known, and `_settle` has tried to note it
            await ports.in_thread(settle_cut, ports, delivery, started_at)
        raise


async def _prepare(ports: Ports, channel: Channel, delivery: ClaimedDelivery) -> Owed | None:
    """Have the bytes ready; None if the delivery was parked instead."""
    if delivery.crashes >= MAX_CRASHES:
        reason = "sending it crashed five times; its process died"
        await ports.in_thread(park, ports, delivery, reason)
        return None
    message = delivery.message or await _render(ports, channel, delivery)
    return None if message is None else _owed(channel, delivery, message)


def _is_late(ports: Ports, delivery: ClaimedDelivery) -> bool:
    """Tell whether half of the lease is gone: then no send starts, and the next claim does it."""
    with ports.store.read() as tx:
        moment = lease_clock(tx, ports.now())
    return delivery.claimed_until - moment < ports.terms.lease / 2


async def _render(ports: Ports, channel: Channel, delivery: ClaimedDelivery) -> Message | None:
    """Render on the first claim and keep the bytes; a message that cannot be is parked."""
    try:
        message = await render(ports, channel, delivery)
    # Content was made by us and templates fall back, so this is a defect of ours: it must not
    # come back every minute, nor stop what other deliveries wait behind it.
    except (RenderError, ValueError, TypeError, KeyError) as error:
        await ports.in_thread(park, ports, delivery, f"it could not be rendered: {error}")
        return None

    def work() -> None:
        with ports.store.write() as tx:
            outbox.keep_message(tx, delivery, message)
            _note_fallback(tx, ports, message)

    await ports.in_thread(work)
    ports.failpoints.hit("out.rendered")
    return message


def _note_fallback(tx: Tx, ports: Ports, message: Message) -> None:
    if message.fallback_reason:
        cure = "correct the template; until then the plain one is sent"
        reason = message.fallback_reason
        problems.report(tx, "template", "templates/", reason, cure=cure, now=ports.now())
    else:
        problems.clear(tx, "template", "templates/")


async def _deliver(ports: Ports, delivery: ClaimedDelivery, owed: Owed) -> Outcome:
    async with asyncio.TaskGroup() as group:
        renewal = group.create_task(_keep_lease(ports, delivery))
        try:
            return await deliver(owed, ports.network.connections, now=ports.now())
        finally:
            renewal.cancel()


async def _keep_lease(ports: Ports, delivery: ClaimedDelivery) -> None:
    """Lengthen the lease as long as the peer takes its time (a mail server may take minutes)."""
    lease_seconds = ports.terms.lease.total_seconds()
    wait_seconds = lease_seconds / 3
    while True:
        await asyncio.sleep(wait_seconds)
        wait_seconds = lease_seconds / 3
        try:
            await ports.in_thread(_renew, ports, delivery)
        except LeaseLost:
            return  # settling will say so
        except StoreError as error:
            # to cut what is on its way would send it twice: the lease may yet be renewed in time
            log.warning("lease not renewed", delivery=delivery.key, reason=str(error))
            wait_seconds = lease_seconds / 12


def _renew(ports: Ports, delivery: ClaimedDelivery) -> None:
    with ports.store.write() as tx:
        outbox.renew(tx, delivery, now=ports.now(), lease=ports.terms.lease)


async def _settle(
    ports: Ports, delivery: ClaimedDelivery, owed: Owed, outcome: Outcome, started_at: datetime
) -> None:
    """Note how a try ended; a server that is away is waited for, or the message goes out twice."""
    stop_at = monotonic_seconds() + ports.terms.lease.total_seconds() / 2
    while True:
        try:
            await ports.in_thread(settle_try, ports, delivery, owed, outcome, started_at)
            return
        except StoreUnready as error:
            if monotonic_seconds() > stop_at:
                raise
            log.warning("try not noted yet", delivery=delivery.key, reason=str(error))
        try:
            await asyncio.sleep(_SETTLE_AGAIN_SECONDS)
        except asyncio.CancelledError:  # a stop: the last chance to note what is known
            with suppress(StoreError, LeaseLost):
                await ports.in_thread(settle_try, ports, delivery, owed, outcome, started_at)
            raise


def _owed(channel: Channel, delivery: ClaimedDelivery, message: Message) -> Owed:
    return Owed(
        key=delivery.key,
        channel=channel,
        recipient=delivery.recipient,
        kind=delivery.kind,
        message=message,
        attempts=delivery.attempts,
    )
