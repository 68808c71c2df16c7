"""Promises of the webhook sender, kept against a real receiver."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import resource
import time
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
import svix
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.http_server import (
    BOMB,
    DRIP_BODY,
    DRIP_HEADERS,
    ENDLESS,
    HANG,
    RESET,
    Answer,
    Hit,
    redirect,
)
from services.owed import SECRET, owed_webhook
from services.webhook_sink import WebhookSink

from monitor.deliver import Connections, deliver
from monitor.model.delivery import Outcome, Result
from monitor.model.network import Limits, NetworkPolicy
from monitor.net.session import open_session

OTHER_SECRET = "whsec_" + "A" * 32


def present() -> datetime:
    # the verifiers compare with the real clock
    return datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC)


def verdicts(hit: Hit, secret: str = SECRET) -> list[bool]:
    """Ask both independent verifiers."""
    headers = {name.lower(): value for name, value in hit.headers.items()}
    found = []
    for library in (standardwebhooks, svix):
        try:
            library.Webhook(secret).verify(hit.body, headers)
            found.append(True)
        except library.WebhookVerificationError:
            found.append(False)
    return found


async def test_a_webhook_arrives_signed_and_whole(connections: Connections) -> None:
    async with WebhookSink() as sink:
        sink.script(Answer(202, b"thanks"))
        owed = owed_webhook(sink.url, body='{"title":"سیلاب"}'.encode())
        outcome = await deliver(owed, connections, now=present())
        (hit,) = await sink.hits.arrived(1)
    assert (outcome.result, outcome.code, outcome.answer) == (Result.SENT, 202, "thanks")
    assert hit.method == "POST"
    assert hit.body == owed.message.body
    assert hit.headers["webhook-id"] == owed.key
    assert hit.headers["Content-Type"] == "application/json"
    assert hit.headers["User-Agent"] == "media-monitor/test"
    assert verdicts(hit) == [True, True]


async def test_any_payload_verifies_over_real_http_and_any_tampering_fails(
    connections: Connections,
) -> None:
    text = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
    bodies: list[bytes] = []

    @settings(
        max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.dictionaries(text, text | st.integers() | st.booleans(), max_size=5))
    def collect(payload: dict[str, object]) -> None:
        bodies.append(json.dumps(payload, ensure_ascii=False).encode())

    collect()
    bodies.append('{"t":"\u2028\\u0000 🌊 کراچی"}'.encode())
    async with WebhookSink() as sink:
        for body in bodies:
            outcome = await deliver(owed_webhook(sink.url, body=body), connections, now=present())
            assert outcome.result is Result.SENT
        hits = await sink.hits.arrived(len(bodies))
    assert [hit.body for hit in hits] == bodies
    for hit in hits:
        assert verdicts(hit) == [True, True]
        assert verdicts(hit, OTHER_SECRET) == [False, False]
        flipped = bytes([hit.body[0] ^ 1]) + hit.body[1:]
        assert verdicts(dataclasses.replace(hit, body=flipped)) == [False, False]
        for name, value in (("webhook-id", "dl-other"), ("webhook-timestamp", "1614265330")):
            changed = hit.headers.copy()
            changed[name] = value
            tampered = dataclasses.replace(hit, headers=changed)  # type: ignore[arg-type]
            assert verdicts(tampered) == [False, False]


async def test_a_late_copy_is_refused_as_a_replay(connections: Connections) -> None:
    async with WebhookSink() as sink:
        late = present() - timedelta(seconds=301)
        await deliver(owed_webhook(sink.url), connections, now=late)
        (hit,) = sink.hits.all
    assert verdicts(hit) == [False, False]


async def test_over_7_attempts_the_id_stays_and_time_and_signature_are_fresh(
    connections: Connections, now: datetime
) -> None:
    async with WebhookSink(default=Answer(500)) as sink:
        moments = [now + timedelta(hours=4 * number) for number in range(7)]
        for moment in moments:
            outcome = await deliver(owed_webhook(sink.url), connections, now=moment)
            assert outcome.result is Result.RETRY
        hits = await sink.hits.arrived(7)
    assert len({hit.headers["webhook-id"] for hit in hits}) == 1
    assert len({hit.body for hit in hits}) == 1
    assert len({hit.headers["webhook-signature"] for hit in hits}) == 7
    stated = [int(hit.headers["webhook-timestamp"]) for hit in hits]
    assert stated == [int(moment.timestamp()) for moment in moments]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_its_target_is_not_asked(
    status: int, connections: Connections, now: datetime
) -> None:
    async with WebhookSink() as target, WebhookSink() as sink:
        sink.script(redirect(target.url, status))
        outcome = await deliver(owed_webhook(sink.url), connections, now=now)
        assert target.hits.all == ()
    assert (outcome.result, outcome.code) == (Result.RETRY, status)
    assert target.url in outcome.reason


async def test_headers_of_a_real_answer_are_read_without_regard_to_case(
    connections: Connections, now: datetime
) -> None:
    async with WebhookSink() as sink:
        sink.script(
            Answer(503, headers=(("RETRY-AFTER", "90"),)),
            Answer(410),
            Answer(500, headers=(("WEBHOOK-DELIVERY", "abort-message"),)),
        )
        outcomes = [await deliver(owed_webhook(sink.url), connections, now=now) for _ in range(3)]
    assert outcomes[0].retry_after == timedelta(seconds=90)
    assert outcomes[0].slows_channel
    assert [outcome.result for outcome in outcomes] == [Result.RETRY, Result.DISABLE, Result.DEAD]


@pytest.mark.parametrize(
    ("answer", "result", "duplicate"),
    [
        (HANG, Result.RETRY, True),
        (DRIP_HEADERS, Result.RETRY, True),
        # the status has come: it counts, whatever follows
        (DRIP_BODY, Result.SENT, False),
        (ENDLESS, Result.SENT, False),
        (BOMB, Result.SENT, False),
        (RESET, Result.SENT, False),
    ],
    ids=["hang", "drip-headers", "drip-body", "endless", "bomb", "reset"],
)
async def test_a_hostile_receiver_is_bounded_in_time_and_size(
    answer: Answer, result: Result, duplicate: bool, hasty: Connections, now: datetime
) -> None:
    limits = dataclasses.replace(hasty.limits, webhook_total_seconds=3.0)
    async with WebhookSink(default=answer) as sink:
        began = time.monotonic()
        ready = dataclasses.replace(hasty, limits=limits)
        outcome = await deliver(owed_webhook(sink.url), ready, now=now)
        assert time.monotonic() - began < 15  # 3 s, on a machine that may be busy
    assert outcome.result is result
    assert outcome.is_possible_duplicate is duplicate
    assert outcome.slows_channel is duplicate
    assert len(outcome.answer.encode()) <= 20_000


async def test_an_endless_answer_takes_no_memory(connections: Connections, now: datetime) -> None:
    async with WebhookSink(default=ENDLESS) as sink:
        await deliver(owed_webhook(sink.url), connections, now=now)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(5):
            await deliver(owed_webhook(sink.url), connections, now=now)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000  # kB


async def test_a_connection_reset_before_any_answer_is_retried(
    connections: Connections, now: datetime
) -> None:
    async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.transport.abort()
        writer.close()

    async with await asyncio.start_server(slam, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/token-in-path"
        outcome = await deliver(owed_webhook(url), connections, now=now)
    assert outcome.result is Result.RETRY
    assert outcome.is_possible_duplicate
    assert "token-in-path" not in outcome.reason


@pytest.mark.parametrize(
    "said",
    [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 4000, b"HTTP/1.1 200 OK\r\n\xff"],
)
async def test_nonsense_for_an_answer_is_one_failed_try(
    said: bytes, hasty: Connections, now: datetime
) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        outcome = await deliver(owed_webhook(f"http://127.0.0.1:{port}/"), hasty, now=now)
    assert outcome.result is Result.RETRY
    assert "unforeseen" not in outcome.reason


async def test_a_receiver_that_is_down_is_no_possible_duplicate(
    connections: Connections, now: datetime
) -> None:
    async with WebhookSink() as sink:
        url = sink.url
    outcome = await deliver(owed_webhook(url), connections, now=now)
    assert (outcome.result, outcome.is_possible_duplicate) == (Result.RETRY, False)
    assert outcome.reason


async def test_a_private_address_is_parked_with_the_cure_and_never_dialled(
    connections: Connections, now: datetime
) -> None:
    async with (
        WebhookSink() as canary,
        open_session(NetworkPolicy(), Limits(), user_agent="x") as guarded,
    ):
        ready = dataclasses.replace(connections, session=guarded)
        urls = [
            canary.url,
            canary.url.replace("127.0.0.1", "localhost"),
            "http://[::ffff:7f00:1]/",
        ]
        outcomes: list[Outcome] = []
        for url in urls:
            outcomes.append(await deliver(owed_webhook(url), ready, now=now))
        assert canary.hits.all == ()
    for outcome in outcomes:
        assert outcome.result is Result.DEAD
        assert "allow_private" in outcome.reason
        assert "deliveries resend" in outcome.reason


@pytest.mark.parametrize("url", ["", "not a url", "ftp://x.test/", "http://", "http://[::1"])
async def test_an_address_that_is_none_is_parked(
    url: str, connections: Connections, now: datetime
) -> None:
    outcome = await deliver(owed_webhook(url), connections, now=now)
    assert outcome.result is Result.DEAD
    assert "url" in outcome.reason


async def test_an_unusable_secret_parks_the_message_unsent(
    connections: Connections, now: datetime
) -> None:
    async with WebhookSink() as sink:
        outcome = await deliver(owed_webhook(sink.url, secret="whsec_oops!"), connections, now=now)
        assert sink.hits.all == ()
    assert outcome.result is Result.DEAD
    assert "secret" in outcome.reason
    assert "oops" not in outcome.reason


async def test_the_answer_is_kept_without_control_characters(
    connections: Connections, now: datetime
) -> None:
    async with WebhookSink() as sink:
        sink.script(Answer(500, b"one\r\n\ttwo\x00\x1b[31m\xff\xe2\x80\xae end"))
        outcome = await deliver(owed_webhook(sink.url), connections, now=now)
    assert outcome.answer == "one\n\ttwo[31m\ufffd end"
