"""A channel that sends at most once: rather lost than doubled, and what is open is said."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from services.corridor import Watch, opened
from services.http_server import HANG, Answer
from services.in_process import invoke
from services.product import Workspace
from services.sending import KEY, line_of, owe, send_due, stop_while_sending, tries, wrong
from services.webhook_sink import WebhookSink

from monitor.clock import system_clock
from monitor.model.delivery import DeliveryState
from monitor.pipeline import dispatch
from monitor.pipeline.failpoints import Failpoints
from monitor.pipeline.ports import Ports
from monitor.store import attempts, claims, deliveries


@pytest.fixture
def made(tmp_path: Path, sink: WebhookSink) -> Workspace:
    """Give a workspace with a webhook channel."""
    workspace = Workspace(tmp_path)
    workspace.configure(webhook=sink.url, extra="limits: {lease_seconds: 3}")
    return workspace


def once(ports: Ports) -> Ports:
    """Let every channel send at most once."""
    every = tuple(dataclasses.replace(one, at_most_once=True) for one in ports.terms.channels)
    return dataclasses.replace(ports, terms=dataclasses.replace(ports.terms, channels=every))


class DieAt(Failpoints):
    """End the task that passes a point, and let nothing be noted any more."""

    def __init__(self, point: str) -> None:
        super().__init__()
        self._point = point

    def hit(self, name: str, subject: str = "") -> None:
        """Pass a point."""
        if name == self._point:
            raise SystemError(name)


async def die(ports: Ports, point: str) -> None:
    """Claim and send as a process that dies at a point; then its lease is over."""
    (claimed,) = await dispatch.claim_deliveries(ports, 1)
    with pytest.raises(SystemError):
        await dispatch.send(dataclasses.replace(ports, failpoints=DieAt(point)), claimed)
    with ports.store.write() as tx:
        claims.expire_all(tx, now=ports.now())


async def test_what_may_have_arrived_is_not_sent_again_where_once_is_the_most(
    made: Workspace, sink: WebhookSink
) -> None:
    async with opened(made) as ports:
        owe(ports)
        await die(once(ports), "out.acked")
        await send_due(once(ports))
        line = line_of(ports)
        assert (line.state, tries(ports)) == (DeliveryState.DEAD, ["unknown"])
        assert "Whether it arrived is not known" in str(line.last_error)
        assert "monitor deliveries resend dl-1" in wrong(ports)["delivery", KEY].cure
        assert len(sink.hits.all) == 1

        with ports.store.write() as tx:
            assert deliveries.revive(tx, KEY, now=ports.now())
        await send_due(once(ports))
        assert (line_of(ports).state, tries(ports)) == (DeliveryState.SENT, ["retry", "sent"])
    assert len(sink.hits.all) == 2


async def test_a_resend_does_not_touch_what_is_on_its_way(
    made: Workspace, sink: WebhookSink
) -> None:
    async with opened(made) as ports:
        owe(ports)
        await die(once(ports), "out.acked")
        with ports.store.write() as tx:
            assert not deliveries.revive(tx, KEY, now=ports.now())
            assert attempts.may_have_left(tx, KEY)
        await send_due(once(ports))
        assert tries(ports) == ["unknown"]
    assert len(sink.hits.all) == 1


async def test_all_that_was_given_up_is_resent_but_what_may_have_arrived(
    made: Workspace, sink: WebhookSink
) -> None:
    async with opened(made) as ports:
        owe(ports)
        sink.script(Answer(500))
        await send_due(once(ports))
    done = invoke(made, "deliveries", "resend", "--dead")
    assert "1 delivery may have arrived (at_most_once)" in done.stderr
    assert "0 deliveries are due now" in done.stdout
    assert "1 delivery is due now (1 revived)" in invoke(made, "deliveries", "resend", KEY).stdout


async def test_what_surely_did_not_leave_is_sent_later_also_where_once_is_the_most(
    made: Workspace, sink: WebhookSink
) -> None:
    watch = Watch(system_clock())
    async with opened(made, watch) as ports:
        owe(ports)
        await die(once(ports), "out.presend")
        sink.script(Answer(503))
        await send_due(once(ports))
        watch.move(minutes=10)
        await send_due(once(ports))
        assert (line_of(ports).state, tries(ports)) == (DeliveryState.SENT, ["retry", "sent"])


@pytest.mark.parametrize("answer", [Answer(500), Answer(502), Answer(524), HANG])
async def test_an_answer_that_leaves_it_open_ends_a_delivery_where_once_is_the_most(
    made: Workspace, sink: WebhookSink, answer: Answer
) -> None:
    made.configure(webhook=sink.url, extra="limits: {lease_seconds: 3, webhook_total_seconds: 1}")
    async with opened(made) as ports:
        owe(ports)
        sink.script(answer)
        await send_due(once(ports))
        assert (line_of(ports).state, tries(ports)) == (DeliveryState.DEAD, ["unknown"])


async def test_a_stop_amid_a_send_ends_a_delivery_where_once_is_the_most(
    made: Workspace, sink: WebhookSink
) -> None:
    async with opened(made) as ports:
        owe(ports)
        await stop_while_sending(once(ports), sink)
        assert (line_of(ports).state, tries(ports)) == (DeliveryState.DEAD, ["unknown"])
        assert "cut by a stop" in str(line_of(ports).last_error)
