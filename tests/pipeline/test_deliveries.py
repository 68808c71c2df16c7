"""What becomes of an owed message on its way: sent once, whatever stops, stalls or refuses."""

from __future__ import annotations

import asyncio
import dataclasses
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from aiohttp import web
from services.corridor import Watch, opened
from services.http_server import Answer
from services.loop_thread import Arrivals
from services.owed import owed_webhook
from services.product import Workspace
from services.sending import (
    KEY,
    NEWSROOM,
    line_of,
    owe,
    send_due,
    stop_while_sending,
    tries,
    wrong,
)
from services.smtp_sink import SmtpSink
from services.webhook_sink import WebhookSink
from sqlalchemy import event
from structlog.typing import EventDict

from monitor.clock import system_clock
from monitor.errors import StoreError
from monitor.model.delivery import DeliveryState, Outcome, Result
from monitor.model.keys import ChannelName, DeliveryKey
from monitor.pipeline import dispatch
from monitor.pipeline.compose import compose_due
from monitor.pipeline.failpoints import Failpoints
from monitor.pipeline.outcome import settle_try
from monitor.pipeline.ports import Ports
from monitor.store import channels, claims, deliveries, problems
from monitor.store.claims import MAX_CRASHES


@pytest.fixture
def made(tmp_path: Path, sink: WebhookSink) -> Workspace:
    """Give a workspace with a webhook channel, and a mail channel without a server."""
    workspace = Workspace(tmp_path)
    workspace.configure(webhook=sink.url, extra="limits: {lease_seconds: 3}")
    return workspace


@pytest.fixture
def logged() -> Iterator[Arrivals[str]]:
    """Give the events that are logged, as they come."""
    said: Arrivals[str] = Arrivals()

    def hear(_: object, __: str, facts: EventDict) -> EventDict:
        said.add(facts["event"])
        raise structlog.DropEvent

    structlog.configure(processors=[hear])
    yield said
    structlog.reset_defaults()


class Held:
    """Be an answer that a receiver gives when the test lets it."""

    def __init__(self) -> None:
        self._go = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.answer = Answer(behaviour=self._behave)

    async def _behave(self, _: web.Request) -> web.Response:
        self._loop = asyncio.get_running_loop()
        await self._go.wait()
        return web.Response()

    def let_go(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._go.set)


@asynccontextmanager
async def database_refusing(ports: Ports) -> AsyncIterator[None]:
    """Let another program hold the database file, and nobody wait for it."""
    ports.store.engine.dispose()

    def be_impatient(raw: sqlite3.Connection, _: object) -> None:
        raw.execute("PRAGMA busy_timeout = 1")

    event.listen(ports.store.engine, "connect", be_impatient)
    rival = sqlite3.connect(ports.store.url.database or "", isolation_level=None)
    try:
        rival.execute("BEGIN IMMEDIATE")
        yield
    finally:
        rival.close()


async def test_a_send_goes_on_while_its_lease_cannot_be_renewed(
    made: Workspace, sink: WebhookSink, logged: Arrivals[str]
) -> None:
    held = Held()
    sink.script(held.answer)
    async with opened(made) as ports:
        owe(ports)
        (claimed,) = await dispatch.claim_deliveries(ports, 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(dispatch.send(ports, claimed))
            await sink.hits.arrived(1)
            async with database_refusing(ports):
                said = await logged.arrived(2)
            held.let_go()
        assert set(said) == {"lease not renewed"}
        assert tries(ports) == ["sent"]
        assert await send_due(ports) == 0
    assert len(sink.hits.all) == 1


async def test_stops_give_up_no_delivery_however_many(made: Workspace, sink: WebhookSink) -> None:
    async with opened(made) as ports:
        owe(ports)
        for _ in range(MAX_CRASHES + 1):
            await stop_while_sending(ports, sink)
        line = line_of(ports)
        assert (line.state, line.attempts) == (DeliveryState.PENDING, 0)
        assert "cut by a stop" in str(line.last_error)
        assert await send_due(ports) == 1
        assert tries(ports) == ["retry"] * (MAX_CRASHES + 1) + ["sent"]


async def test_a_stop_forgets_no_crash(made: Workspace, sink: WebhookSink) -> None:
    async with opened(made) as ports:
        owe(ports)
        for _ in range(2):
            await dispatch.claim_deliveries(ports, 1)  # and die
            with ports.store.write() as tx:
                claims.expire_all(tx, now=ports.now())
        await stop_while_sending(ports, sink)
        (claimed,) = await dispatch.claim_deliveries(ports, 1)
    assert claimed.crashes == 2


class StopAt(Failpoints):
    """Stop the task that passes a point, as a stop of the process does."""

    def __init__(self, point: str) -> None:
        super().__init__()
        self._point = point

    def hit(self, name: str, subject: str = "") -> None:
        """Pass a point."""
        task = asyncio.current_task()
        if name == self._point and task is not None:
            task.cancel()


@pytest.mark.parametrize(
    ("point", "tried"),
    [("out.rendered", []), ("out.presend", []), ("out.acked", ["sent"])],
)
async def test_a_stop_is_recorded_as_far_as_the_message_came(
    made: Workspace, sink: WebhookSink, point: str, tried: list[str]
) -> None:
    async with opened(made) as ports:
        owe(ports)
        (claimed,) = await dispatch.claim_deliveries(ports, 1)
        stopping = dataclasses.replace(ports, failpoints=StopAt(point))
        async with asyncio.TaskGroup() as group:
            group.create_task(dispatch.send(stopping, claimed))
        assert tries(ports) == tried
        await send_due(ports)
        assert line_of(ports).state is DeliveryState.SENT
    assert len(sink.hits.all) == 1


async def test_a_stop_before_a_send_began_is_no_try(made: Workspace) -> None:
    async with opened(made) as ports:
        owe(ports)
        (claimed,) = await dispatch.claim_deliveries(ports, 1)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(dispatch.send(ports, claimed))
            await asyncio.sleep(0)  # it keeps the bytes now
            sending.cancel()
        assert tries(ports) == []
        (again,) = await dispatch.claim_deliveries(ports, 1)
        assert again.crashes == 0


async def test_another_try_sends_the_bytes_of_the_first_whatever_changed_since(
    made: Workspace, sink: WebhookSink
) -> None:
    watch = Watch(system_clock())
    async with opened(made, watch) as ports:
        owe(ports)
        sink.script(Answer(500))
        await send_due(ports)
        watch.move(minutes=1)
        terms = dataclasses.replace(ports.terms, public_url="https://monitor.example.org")
        await send_due(dataclasses.replace(ports, terms=terms))
        first, second = sink.hits.all
        assert first.body == second.body


class LeapAt(Failpoints):
    """Let the clock leap where a point is passed."""

    def __init__(self, point: str, watch: Watch) -> None:
        super().__init__()
        self._point, self._watch = point, watch

    def hit(self, name: str, subject: str = "") -> None:
        """Pass a point."""
        if name == self._point:
            self._watch.move(seconds=2)


@pytest.mark.parametrize("point", ["out.claimed", "out.rendered", "out.presend"])
async def test_no_send_starts_after_half_of_its_lease(
    made: Workspace, sink: WebhookSink, point: str
) -> None:
    watch = Watch(system_clock())
    async with opened(made, watch) as ports:
        owe(ports)
        leaping = dataclasses.replace(ports, failpoints=LeapAt(point, watch))
        assert await send_due(leaping) == 1
        assert sink.hits.all == ()
        assert (line_of(ports).state, tries(ports)) == (DeliveryState.PENDING, [])
        assert await send_due(ports) == 1
        assert tries(ports) == ["sent"]


DESK = ChannelName("desk")


async def test_a_mail_given_up_is_named_until_it_is_sent(made: Workspace) -> None:
    bad, good = DeliveryKey("dl-bad"), DeliveryKey("dl-good")
    with SmtpSink() as mail:
        made.configure(smtp_port=mail.port)
        mail.refuse("bob@one.test", "550 5.1.1 no such user")
        async with opened(made) as ports:
            for key, recipient in ((bad, "bob@one.test"), (good, "ann@one.test")):
                owe(ports, key, channel=DESK, recipient=recipient)
                await send_due(ports)
            assert [line_of(ports, key).state for key in (bad, good)] == ["dead", "sent"]
            (trouble,) = wrong(ports).values()
            assert (trouble.kind, trouble.subject) == ("delivery", bad)
            assert trouble.reason.startswith("given up for bob@one.test (desk): The mail server")
            assert trouble.cure.endswith("monitor deliveries resend dl-bad")

            with ports.store.write() as tx:
                assert deliveries.revive(tx, bad, now=ports.now())
            assert wrong(ports) == {}
            await send_due(ports)
            assert list(wrong(ports)) == [("delivery", bad)]
    assert len(mail.mails.all) == 1


async def test_what_is_sent_clears_the_trouble_of_its_channel_and_its_own(
    made: Workspace, sink: WebhookSink
) -> None:
    watch = Watch(system_clock())
    async with opened(made, watch) as ports:
        owe(ports)
        sink.script(Answer(500))
        await send_due(ports)
        assert list(wrong(ports)) == [("channel", NEWSROOM)]
        watch.move(minutes=5)
        with ports.store.write() as tx:
            problems.report(tx, "delivery", KEY, "parked", now=watch.now)
        await send_due(ports)
        assert wrong(ports) == {}


async def test_a_receiver_that_is_gone_stops_its_channel_and_is_told_once(
    made: Workspace, sink: WebhookSink
) -> None:
    async with opened(made) as ports:
        owe(ports)
        sink.script(Answer(410))
        await send_due(ports)
        owe(ports, DeliveryKey("dl-2"))
        (trouble,) = wrong(ports).values()
        assert (trouble.kind, trouble.subject) == ("channel", NEWSROOM)
        assert "monitor channels enable newsroom, then: monitor deliveries" in trouble.cure
        assert line_of(ports).state is DeliveryState.DEAD
        assert await send_due(ports) == 0
        with ports.store.write() as tx:
            assert channels.read(tx, NEWSROOM).disabled_reason == trouble.reason
            assert channels.enable(tx, NEWSROOM)
        assert wrong(ports) == {}
    assert len(sink.hits.all) == 1


async def test_a_receiver_may_take_a_message_and_no_more(
    made: Workspace, sink: WebhookSink
) -> None:
    async with opened(made) as ports:
        owe(ports)
        sink.script(Answer(200, headers=(("webhook-delivery", "disable"),)))
        await send_due(ports)
        assert (line_of(ports).state, tries(ports)) == (DeliveryState.SENT, ["sent"])
        (trouble,) = wrong(ports).values()
        assert (trouble.kind, trouble.subject) == ("channel", NEWSROOM)
        assert trouble.cure.endswith("monitor channels enable newsroom")
        owe(ports, DeliveryKey("dl-2"))
        assert await send_due(ports) == 0
    assert len(sink.hits.all) == 1


async def test_a_channel_waits_as_long_as_its_receiver_asked_whatever_comes_after(
    made: Workspace, sink: WebhookSink
) -> None:
    watch = Watch(system_clock())
    async with opened(made, watch) as ports:
        other = DeliveryKey("dl-2")
        for key in (KEY, other):
            owe(ports, key)
        asked = Answer(429, headers=(("Retry-After", "7200"),))
        sink.script(asked, Answer(503))
        assert await send_due(ports) == 2  # both were claimed before the first answer
        owe(ports, DeliveryKey("dl-3"))
        watch.move(minutes=119)
        assert await send_due(ports) == 0
        watch.move(minutes=2)
        assert await send_due(ports) == 3
        assert [line_of(ports, key).state for key in (KEY, other)] == ["sent", "sent"]


async def test_a_delivery_that_kills_its_process_is_given_up_and_said(
    made: Workspace, sink: WebhookSink
) -> None:
    async with opened(made) as ports:
        owe(ports)
        for _ in range(MAX_CRASHES):
            await dispatch.claim_deliveries(ports, 1)  # and die
            with ports.store.write() as tx:
                claims.expire_all(tx, now=ports.now())
        await send_due(ports)
        assert line_of(ports).state is DeliveryState.DEAD
        assert "crashed five times" in wrong(ports)["delivery", KEY].reason
        assert sink.hits.all == ()


async def test_a_channel_that_was_taken_out_is_no_more_wrong(made: Workspace) -> None:
    async with opened(made) as ports:
        with ports.store.write() as tx:
            for name in ("removed", NEWSROOM):
                problems.report(tx, "channel", name, "down", now=ports.now())
        compose_due(ports)
        assert list(wrong(ports)) == [("channel", NEWSROOM)]


async def hang_up(request: web.Request) -> web.Response:
    """Take the message and say nothing."""
    assert request.transport is not None
    request.transport.abort()  # type: ignore[attr-defined]
    raise asyncio.CancelledError


async def test_tries_are_counted_by_their_end_and_who_may_see_an_id_again_is_known(
    made: Workspace, sink: WebhookSink
) -> None:
    watch = Watch(system_clock())
    async with opened(made, watch) as ports:
        owe(ports)
        for answer in (Answer(500), Answer(behaviour=hang_up), Answer(200)):
            sink.script(answer)
            assert await send_due(ports) == 1
            watch.move(hours=1)
        assert ports.tally.labelled("delivery_attempts") == {
            ("newsroom", "retry"): 2,
            ("newsroom", "sent"): 1,
        }
        assert ports.tally.labelled("delivery_unknown") == {("newsroom",): 1}
        assert sum(ports.tally.durations["delivery"].within) == 3


async def test_a_try_whose_end_finds_no_database_is_unknown(
    made: Workspace, sink: WebhookSink
) -> None:
    async with opened(made) as ports:
        owe(ports)
        (claimed,) = await dispatch.claim_deliveries(ports, 1)
        sent = Outcome(result=Result.SENT, reason="It was taken.")
        async with database_refusing(ports):
            with pytest.raises(StoreError):
                settle_try(ports, claimed, owed_webhook(sink.url), sent, ports.now())
        assert ports.tally.labelled("delivery_unknown") == {("newsroom",): 1}
        await stop_while_sending(ports, sink)
        assert ports.tally.labelled("delivery_unknown") == {("newsroom",): 2}
