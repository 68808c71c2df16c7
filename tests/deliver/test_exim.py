"""Promises of the email sender, kept against a real mail server (Debian's Exim)."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from datetime import datetime

import pytest
from render.test_mail import DIGEST_HEADERS, HOSTILE, digest_mail, titled
from services.exim import PASSWORD, PROGRAM, USER, Exim
from services.owed import MAIL, owed_mail

from monitor.deliver import Connections, deliver
from monitor.model.delivery import Result
from monitor.model.network import Smtp, SmtpSecurity
from monitor.render.templates import Templates

pytestmark = [
    pytest.mark.exim,
    pytest.mark.skipif(not PROGRAM.exists(), reason="exim4-daemon-light is not installed"),
]


@pytest.fixture(scope="module")
def exim() -> Iterator[Exim]:
    with Exim() as server:
        yield server


@pytest.fixture
def ready(exim: Exim, connections: Connections) -> Connections:
    smtp = Smtp(host="localhost", port=exim.port, username=USER, password=PASSWORD)
    return dataclasses.replace(connections, smtp=smtp, ca_file=exim.ca_file)


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
async def test_a_mail_is_delivered(
    security: SmtpSecurity, exim: Exim, ready: Connections, now: datetime
) -> None:
    port = exim.port if security is SmtpSecurity.STARTTLS else exim.tls_port
    assert ready.smtp is not None
    smtp = dataclasses.replace(ready.smtp, port=port, security=security)
    to = f"anna-{security}@example.test"
    outcome = await deliver(owed_mail(to), dataclasses.replace(ready, smtp=smtp), now=now)
    assert outcome.result is Result.SENT
    (mail,) = await asyncio.to_thread(exim.wait_for, to, 1)
    assert mail.count(b"Subject: Floods: 1 new\n") == 1
    assert mail.endswith(MAIL.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n"))


async def test_refusals_are_told_apart(ready: Connections, now: datetime) -> None:
    gone = await deliver(owed_mail("nobody-here@example.test"), ready, now=now)
    assert (gone.result, gone.code) == (Result.DEAD, 550)
    later = await deliver(owed_mail("later@example.test"), ready, now=now)
    assert (later.result, later.code, later.slows_channel) == (Result.RETRY, 451, True)


async def test_a_wrong_password_waits_for_the_operator(ready: Connections, now: datetime) -> None:
    assert ready.smtp is not None
    wrong = dataclasses.replace(ready.smtp, password="wrong")
    outcome = await deliver(owed_mail(), dataclasses.replace(ready, smtp=wrong), now=now)
    assert (outcome.result, outcome.code, outcome.slows_channel) == (Result.RETRY, 535, True)


async def test_a_mail_above_the_servers_limit_is_parked(ready: Connections, now: datetime) -> None:
    large = MAIL + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 20_000
    outcome = await deliver(owed_mail(body=large), ready, now=now)
    assert (outcome.result, outcome.code) == (Result.DEAD, 552)


async def test_a_local_part_outside_ascii_is_delivered(
    exim: Exim, ready: Connections, now: datetime
) -> None:
    outcome = await deliver(owed_mail("اردو@example.test"), ready, now=now)
    assert outcome.result is Result.SENT
    assert await asyncio.to_thread(exim.wait_for, "اردو@example.test", 1)


BY_EXIM = {"return-path", "envelope-to", "delivery-date", "received"}


async def test_no_hostile_title_makes_a_header_on_its_way(
    exim: Exim, ready: Connections, now: datetime
) -> None:
    to = "hostile@example.test"
    for title in HOSTILE:
        body = digest_mail(titled(title, title, title), Templates(), to=to).body
        outcome = await deliver(owed_mail(to, body=body), ready, now=now)
        assert outcome.result is Result.SENT
    for mail in await asyncio.to_thread(exim.wait_for, to, len(HOSTILE)):
        lines = mail.partition(b"\n\n")[0].split(b"\n")
        names = [line.split(b":")[0].lower().decode() for line in lines if line[:1] not in b" \t"]
        assert sorted(set(names) - BY_EXIM) == DIGEST_HEADERS
        assert all(names.count(name) == 1 for name in DIGEST_HEADERS)
