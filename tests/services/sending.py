"""Send what is owed as the product's lane does, one by one, and look at what became of it."""

from __future__ import annotations

import asyncio
from datetime import datetime

from render.values import notice
from services.http_server import HANG
from services.webhook_sink import WebhookSink

from monitor.model.delivery import DeliveryKind
from monitor.model.keys import ChannelName, DeliveryKey
from monitor.model.notice import AlertNotice
from monitor.pipeline import dispatch
from monitor.pipeline.ports import Ports
from monitor.store import attempts, claims, deliveries, json, problems
from monitor.store.deliveries import DeliveryLine
from monitor.store.problems import Trouble

NEWSROOM = ChannelName("newsroom")
KEY = DeliveryKey("dl-1")


def owe(
    ports: Ports,
    key: DeliveryKey = KEY,
    *,
    channel: ChannelName = NEWSROOM,
    recipient: str = NEWSROOM,
    now: datetime | None = None,
) -> None:
    """Owe a message."""
    with ports.store.write() as tx:
        deliveries.add(
            tx,
            key,
            channel=channel,
            recipient=recipient,
            kind=DeliveryKind.ALERT,
            content=json.dump(AlertNotice, notice(channel=channel)),
            title="an alert",
            now=now or ports.now(),
        )


async def send_due(ports: Ports) -> int:
    """Claim and send what is due, one after another; give how much it was."""
    claimed = await dispatch.claim_deliveries(ports, 20)
    for delivery in claimed:
        await dispatch.send(ports, delivery)
    return len(claimed)


def line_of(ports: Ports, key: DeliveryKey = KEY) -> DeliveryLine:
    """Read how a delivery stands."""
    with ports.store.read() as tx:
        found = deliveries.find(tx, key)
    assert found is not None
    return found


def tries(ports: Ports, key: DeliveryKey = KEY) -> list[str]:
    """List how its tries ended."""
    with ports.store.read() as tx:
        return [attempt.result.value for attempt in attempts.listed(tx, key)]


async def stop_while_sending(ports: Ports, sink: WebhookSink) -> None:
    """Start again, claim what is due, and cut it while its receiver thinks."""
    sink.hits.clear()
    sink.script(HANG)
    with ports.store.write() as tx:
        claims.expire_all(tx, now=ports.now())  # as `run` does when it starts
    (claimed,) = await dispatch.claim_deliveries(ports, 1)
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(dispatch.send(ports, claimed))
        await sink.hits.arrived(1)
        sending.cancel()


def wrong(ports: Ports) -> dict[tuple[str, str], Trouble]:
    """Give what `status` says is wrong, by kind and subject."""
    with ports.store.read() as tx:
        return {(one.kind, one.subject): one for one in problems.listed(tx)}
