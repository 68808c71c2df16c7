"""Write how a try to deliver ended: to its delivery, to its channel, and to what `status` says."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import datetime

import structlog

from monitor.deliver.schedule import NOT_REPEATED, Settled, channel_pause, settle
from monitor.errors import LeaseLost, StoreError
from monitor.model.delivery import (
    Attempt,
    Channel,
    ChannelKind,
    DeliveryState,
    Outcome,
    Owed,
    Result,
)
from monitor.pipeline.ports import Ports
from monitor.store import attempts, channels, outbox, problems
from monitor.store.engine import Tx
from monitor.store.outbox import ClaimedDelivery

log = structlog.get_logger()


def give_back(ports: Ports, delivery: ClaimedDelivery) -> None:
    """Let go of a delivery that was not sent: it is due again at once, with its bytes kept."""
    now = ports.now()
    with ports.store.write() as tx:
        outbox.release(tx, delivery, due_at=now)


def spare(ports: Ports, delivery: ClaimedDelivery) -> None:
    """Let go of a delivery that the database failed: a full disk must not count as its crash."""
    due_at = ports.now() + ports.terms.lease
    with suppress(StoreError, LeaseLost), ports.store.write() as tx:
        outbox.release(tx, delivery, due_at=due_at)


def settle_cut(ports: Ports, delivery: ClaimedDelivery, started_at: datetime | None) -> None:
    """Let go of a delivery because of a stop: no failure and no crash, due again at once.

    `started_at` is when its sending began, None if it had not. One that was settled stays so. A
    channel that sends at most once has it given up then.
    """
    now = ports.now()
    channel = ports.terms.channel(delivery.channel)
    with suppress(LeaseLost), ports.store.write() as tx:
        if started_at is None:
            attempts.end(tx, delivery.key)
            outbox.release(tx, delivery, due_at=now)
            return
        if channel is not None and channel.at_most_once:
            _give_up(tx, delivery, f"{_CUT} {NOT_REPEATED}", now)
            return
        ports.tally.add_labelled("delivery_unknown", str(delivery.channel))
        outbox.settle(
            tx,
            delivery,
            _cut_attempt(tx, delivery, started_at, now),
            state=DeliveryState.PENDING,
            due_at=now,
            error=_CUT,
            now=now,
            is_cut=True,
        )


_CUT = "It was cut by a stop of the monitor. The receiver may have taken it all the same."


def _cut_attempt(
    tx: Tx, delivery: ClaimedDelivery, started_at: datetime, now: datetime
) -> Attempt:
    return Attempt(
        delivery=delivery.key,
        number=attempts.count(tx, delivery.key) + 1,
        started_at=started_at,
        ended_at=now,
        result=Result.RETRY,
        code=None,
        reason=_CUT,
        answer="",
    )


def settle_try(
    ports: Ports,
    delivery: ClaimedDelivery,
    owed: Owed,
    outcome: Outcome,
    started_at: datetime,
) -> None:
    """Write how a try ended; raises LeaseLost if another has claimed the delivery since.

    A try whose end is not known, or could not be kept, counts as unknown: it may come twice.
    """
    name = str(owed.channel.name)
    ports.tally.add_labelled("delivery_attempts", name, outcome.result.value)
    ports.tally.time("delivery", (ports.now() - started_at).total_seconds())
    is_kept = False
    try:
        _settle_try(ports, delivery, owed, outcome, started_at)
        is_kept = True
    finally:
        if outcome.is_possible_duplicate or not is_kept:
            ports.tally.add_labelled("delivery_unknown", name)


def _settle_try(
    ports: Ports,
    delivery: ClaimedDelivery,
    owed: Owed,
    outcome: Outcome,
    started_at: datetime,
) -> None:
    now = ports.now()
    settled = settle(owed, outcome, now=now, jitter=random.random())  # noqa: S311 - spreads retries
    try:
        with ports.store.write() as tx:
            if owed.channel.at_most_once:
                attempts.end(tx, delivery.key)
            _write_result(tx, delivery, outcome, settled, started_at=started_at, now=now)
            _tell_status(tx, delivery, owed.channel, outcome, settled, now)
    except StoreError:
        # A full disk that takes no record of the try may still take the mark, which needs no new
        # room: without it the message would go out again and again until there is room.
        with ports.store.write() as tx:
            if owed.channel.at_most_once:
                attempts.end(tx, delivery.key)
            _write_state(tx, delivery, None, settled, now)
    ports.tally.add(f"deliveries_{settled.state.value}")
    log.info(
        "delivery tried",
        delivery=delivery.key,
        channel=owed.channel.name,
        result=outcome.result.value,
        state=settled.state.value,
        reason=outcome.reason,
        again_at=settled.due_at,
    )


def _write_result(
    tx: Tx,
    delivery: ClaimedDelivery,
    outcome: Outcome,
    settled: Settled,
    *,
    started_at: datetime,
    now: datetime,
) -> None:
    attempt = Attempt(
        delivery=delivery.key,
        number=attempts.count(tx, delivery.key) + 1,
        started_at=started_at,
        ended_at=now,
        result=Result.UNKNOWN if settled.is_unknown else outcome.result,
        code=outcome.code,
        reason=outcome.reason,
        answer=outcome.answer,
    )
    _write_state(tx, delivery, attempt, settled, now)


def _write_state(
    tx: Tx, delivery: ClaimedDelivery, attempt: Attempt | None, settled: Settled, now: datetime
) -> None:
    outbox.settle(
        tx,
        delivery,
        attempt,
        state=settled.state,
        due_at=settled.due_at or now,
        error="" if settled.state is DeliveryState.SENT else settled.reason,
        now=now,
    )


def _tell_status(
    tx: Tx,
    delivery: ClaimedDelivery,
    channel: Channel,
    outcome: Outcome,
    settled: Settled,
    now: datetime,
) -> None:
    """Let the channel wait or stop if its receiver asks, and show in `status` what is wrong.

    What stays unsent is a trouble of its own: a channel that works for others must not hide it.
    """
    if settled.state is DeliveryState.SENT:
        problems.clear(tx, "channel", channel.name)
        problems.clear(tx, "delivery", delivery.key)
    if outcome.stops_channel:
        channels.disable(tx, channel.name, outcome.reason, now=now)
    elif (until := channel_pause(outcome, now)) is not None:
        channels.pause(tx, channel.name, until)
    if settled.state is DeliveryState.DEAD and not outcome.stops_channel:
        _report_dead(tx, delivery, settled.reason, now)
    elif settled.state is DeliveryState.PENDING or outcome.stops_channel:
        cure = _cure(channel, outcome)
        problems.report(tx, "channel", channel.name, outcome.reason, cure=cure, now=now)


def _cure(channel: Channel, outcome: Outcome) -> str:
    if outcome.stops_channel:
        enable = f"the channel is stopped; to go on: monitor channels enable {channel.name}"
        is_lost = outcome.result is not Result.SENT
        return f"{enable}, then: monitor deliveries resend --dead" if is_lost else enable
    if channel.kind is ChannelKind.EMAIL:
        return f"it is tried again; to try now: monitor channels test {channel.name}"
    return "it is tried again by itself"


def _report_dead(tx: Tx, delivery: ClaimedDelivery, reason: str, now: datetime) -> None:
    what = f"given up for {delivery.recipient} ({delivery.channel}): {reason}"
    cure = f"mend the cause, then: monitor deliveries resend {delivery.key}"
    problems.report(tx, "delivery", delivery.key, what, cure=cure, now=now)


def begin(ports: Ports, delivery: ClaimedDelivery) -> bool:
    """Note that a message which is sent at most once leaves now; raises LeaseLost.

    False, and it is given up, if a try before this one has no known end.
    """
    now = ports.now()
    with ports.store.write() as tx:
        outbox.hold(tx, delivery)
        is_first = not attempts.may_have_left(tx, delivery.key)
        if is_first:
            attempts.begin(tx, delivery.key, now=now)
        else:
            _give_up(tx, delivery, NOT_REPEATED, now)
    if not is_first:
        ports.tally.add_labelled("delivery_attempts", str(delivery.channel), Result.UNKNOWN.value)
        ports.tally.add_labelled("delivery_unknown", str(delivery.channel))
    return is_first


def park(ports: Ports, delivery: ClaimedDelivery, reason: str) -> None:
    """Give a delivery up that cannot be sent, and say so in `status`."""
    with ports.store.write() as tx:
        _give_up(tx, delivery, reason, ports.now())


def _give_up(tx: Tx, delivery: ClaimedDelivery, reason: str, now: datetime) -> None:
    outbox.settle(tx, delivery, None, state=DeliveryState.DEAD, due_at=now, error=reason, now=now)
    _report_dead(tx, delivery, reason, now)
    log.error("delivery given up", delivery=delivery.key, reason=reason)
