"""Promises of the email sender, kept against a real SMTP server (aiosmtpd)."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import time
from datetime import datetime
from pathlib import Path

import pytest
from services.owed import MAIL, owed_mail
from services.smtp_sink import Fault, SmtpSink

from monitor.deliver import Connections, deliver
from monitor.model.delivery import Outcome, Owed, Result
from monitor.model.network import ReturnPath, Smtp, SmtpSecurity

SEND = {"none": SmtpSecurity.NONE, "starttls": SmtpSecurity.STARTTLS, "tls": SmtpSecurity.TLS}


def to_sink(
    connections: Connections, sink: SmtpSink, *, user: str = "", password: str = ""
) -> Connections:
    smtp = Smtp(
        host=sink.host,
        port=sink.port,
        security=SEND[sink.security],
        username=user,
        password=password,
    )
    ca_file = None if sink.security == "none" else sink.ca_file
    return dataclasses.replace(connections, smtp=smtp, ca_file=ca_file)


async def send(sink: SmtpSink, connections: Connections, now: datetime, owed: Owed) -> Outcome:
    return await deliver(owed, to_sink(connections, sink), now=now)


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
async def test_a_mail_arrives_byte_for_byte(
    security: str, connections: Connections, now: datetime
) -> None:
    async with SmtpSink(security=security, users={"monitor": "s3cret"}) as sink:  # type: ignore[arg-type]
        ready = to_sink(connections, sink, user="monitor", password="s3cret")
        outcome = await deliver(owed_mail(), ready, now=now)
        (mail,) = await sink.mails.arrived(1)
    assert outcome.result is Result.SENT
    assert outcome.code == 250
    assert "kept" in outcome.answer
    assert mail.body == MAIL
    assert mail.recipients == ("desk@example.test",)
    assert mail.login == "monitor"
    assert mail.is_over_tls is (security != "none")


LONG = "m" * 40


@pytest.mark.parametrize(
    ("sender", "kind", "path"),
    [
        ("Media Monitor <monitor@example.test>", "verp", "monitor+{}@example.test"),
        ("monitor+news@example.test", "verp", "monitor+news+{}@example.test"),
        (f"{LONG}@example.test", "verp", "<>"),
        ("Media Monitor <monitor@example.test>", "empty", "<>"),
        ("Media Monitor <monitor@example.test>", "sender", "monitor@example.test"),
    ],
)
async def test_reports_of_failure_go_to_an_address_of_the_delivery_or_nowhere(
    sender: str, kind: str, path: str, connections: Connections, now: datetime
) -> None:
    owed = owed_mail(sender=sender)
    async with SmtpSink() as sink:
        ready = to_sink(connections, sink)
        assert ready.smtp is not None
        smtp = dataclasses.replace(ready.smtp, return_path=ReturnPath(kind))
        outcome = await deliver(owed, dataclasses.replace(ready, smtp=smtp), now=now)
        (mail,) = await sink.mails.arrived(1)
    assert outcome.result is Result.SENT
    assert (mail.sender or "<>") == path.format(owed.key)


async def test_a_refused_return_path_names_its_setting(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink() as sink:
        sink.script(Fault("MAIL", "553 5.7.1 not owned by user monitor"))
        outcome = await send(sink, connections, now, owed_mail())
    assert outcome.result is Result.DEAD
    assert "smtp.return_path" in outcome.reason


async def test_stray_line_ends_cannot_end_a_message_early(
    connections: Connections, now: datetime
) -> None:
    smuggled = b"Subject: x\r\n\r\nhi\n.\nMAIL FROM:<evil@x.test>\r.\r\r\n.\nend"
    async with SmtpSink() as sink:
        outcome = await send(sink, connections, now, owed_mail(body=smuggled))
        (mail,) = await sink.mails.arrived(1)
    assert outcome.result is Result.SENT
    expected = b"Subject: x\r\n\r\nhi\r\n.\r\nMAIL FROM:<evil@x.test>\r\n.\r\n\r\n.\r\nend\r\n"
    assert mail.body == expected


REFUSALS = [
    # fault, result, code, slows the channel, may be a duplicate
    (Fault("CONNECT", "421 4.3.2 busy"), Result.RETRY, 421, True, False),
    (Fault("CONNECT", "554 no service"), Result.RETRY, 554, True, False),
    (Fault("EHLO", "550 go away"), Result.RETRY, 550, True, False),
    (Fault("MAIL", "451 4.3.0 later"), Result.RETRY, 451, False, False),
    (Fault("MAIL", "421 4.7.0 too many"), Result.RETRY, 421, True, False),
    (Fault("MAIL", "552 5.3.4 too big"), Result.DEAD, 552, False, False),
    (Fault("MAIL", "530 5.7.0 log in first"), Result.RETRY, 530, True, False),
    (Fault("RCPT", "450 4.2.1 mailbox busy"), Result.RETRY, 450, False, False),
    (Fault("RCPT", "451 4.7.1 greylisted"), Result.RETRY, 451, True, False),
    (Fault("RCPT", "550 5.1.1 no such user"), Result.DEAD, 550, False, False),
    (Fault("RCPT", "550 5.7.1 relaying denied"), Result.DEAD, 550, False, False),
    (Fault("DATA", "451 4.3.0 later"), Result.RETRY, 451, False, False),
    (Fault("DATA", "554 5.5.1 no"), Result.DEAD, 554, False, False),
    (Fault("MESSAGE", "452 4.3.1 disk full"), Result.RETRY, 452, False, False),
    (Fault("MESSAGE", "421 4.3.2 closing"), Result.RETRY, 421, True, False),
    (Fault("MESSAGE", "554 5.6.0 content refused"), Result.DEAD, 554, False, False),
    (Fault("RCPT", "hello?"), Result.RETRY, None, False, False),
    (Fault("CONNECT", drop=True), Result.RETRY, None, True, False),
    (Fault("EHLO", drop=True), Result.RETRY, None, True, False),
    (Fault("MAIL", drop=True), Result.RETRY, None, False, False),
    (Fault("RCPT", drop=True), Result.RETRY, None, False, False),
    (Fault("DATA", drop=True), Result.RETRY, None, False, False),
    (Fault("BODY", drop=True), Result.RETRY, None, False, True),
    (Fault("MESSAGE", drop=True), Result.RETRY, None, False, True),
    (Fault("CONNECT", hang=True), Result.RETRY, None, True, False),
    (Fault("RCPT", hang=True), Result.RETRY, None, False, False),
    (Fault("MESSAGE", hang=True), Result.RETRY, None, False, True),
    (Fault("MESSAGE", "what?"), Result.RETRY, None, False, True),
]


@pytest.mark.parametrize(
    ("fault", "result", "code", "slows", "duplicate"),
    REFUSALS,
    ids=[f"{row[0].at}-{row[0].reply or ('drop' if row[0].drop else 'hang')}" for row in REFUSALS],
)
async def test_each_fault_has_its_verdict_and_the_next_try_succeeds(
    fault: Fault,
    result: Result,
    code: int | None,
    slows: bool,
    duplicate: bool,
    connections: Connections,
    hasty: Connections,
    now: datetime,
) -> None:
    async with SmtpSink() as sink:
        sink.script(fault)
        began = time.monotonic()
        outcome = await send(sink, hasty if fault.hang else connections, now, owed_mail())
        assert time.monotonic() - began < 8
        assert (outcome.result, outcome.code) == (result, code)
        assert (outcome.slows_channel, outcome.is_possible_duplicate) == (slows, duplicate)
        assert outcome.reason
        assert "\n" not in outcome.reason
        if code:
            assert str(code) in outcome.reason
        after = await send(sink, connections, now, owed_mail())
        assert after.result is Result.SENT


async def test_policy_refusals_are_told_as_the_operators_problem(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink() as sink:
        sink.script(Fault("RCPT", "550 5.7.1 relaying denied"))
        outcome = await send(sink, connections, now, owed_mail())
    assert "operator" in outcome.reason
    assert "deliveries resend" in outcome.reason


async def test_one_refused_recipient_does_not_stop_the_others(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink() as sink:
        sink.refuse("gone@example.test", "550 5.1.1 no such user")
        sink.refuse("full@example.test", "452 4.2.2 mailbox full")
        who = ("a@example.test", "gone@example.test", "full@example.test", "b@example.test")
        outcomes = [await send(sink, connections, now, owed_mail(to)) for to in who]
        mails = sink.mails.all
    results = [outcome.result for outcome in outcomes]
    assert results == [Result.SENT, Result.DEAD, Result.RETRY, Result.SENT]
    assert [mail.recipients for mail in mails] == [("a@example.test",), ("b@example.test",)]


async def test_without_starttls_nothing_is_sent_in_clear(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink(security="none", users={"monitor": "s3cret"}) as sink:
        ready = to_sink(connections, sink, user="monitor", password="s3cret")
        assert ready.smtp is not None
        smtp = dataclasses.replace(ready.smtp, security=SmtpSecurity.STARTTLS)
        outcome = await deliver(owed_mail(), dataclasses.replace(ready, smtp=smtp), now=now)
        said = bytes(sink.cleartext).upper()
    assert outcome.result is Result.RETRY
    assert outcome.slows_channel
    assert "STARTTLS" in outcome.reason
    assert said.startswith(b"EHLO ")
    assert not any(word in said for word in (b"AUTH", b"MAIL", b"RCPT", b"DATA", b"EXAMPLE.TEST"))


async def test_a_refused_starttls_sends_nothing_in_clear(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink(security="starttls") as sink:
        sink.script(Fault("STARTTLS", "454 4.7.0 not now"))
        outcome = await send(sink, connections, now, owed_mail())
        said = bytes(sink.cleartext).upper()
    assert (outcome.result, outcome.slows_channel) == (Result.RETRY, True)
    assert b"MAIL" not in said
    assert sink.mails.all == ()


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_an_unknown_authority_is_refused(
    security: str, connections: Connections, now: datetime
) -> None:
    async with SmtpSink(security=security) as sink:  # type: ignore[arg-type]
        ready = dataclasses.replace(to_sink(connections, sink), ca_file=None)
        outcome = await deliver(owed_mail(), ready, now=now)
    assert (outcome.result, outcome.slows_channel) == (Result.RETRY, True)
    assert "certificate was refused" in outcome.reason
    assert "network.ca_file" in outcome.reason
    assert sink.mails.all == ()


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_for_another_name_is_refused(
    security: str, connections: Connections, now: datetime
) -> None:
    async with SmtpSink(security=security, names=("mail.other.test",)) as sink:  # type: ignore[arg-type]
        outcome = await send(sink, connections, now, owed_mail())
    assert outcome.result is Result.RETRY
    assert "localhost" in outcome.reason
    assert sink.mails.all == ()


async def test_an_unusable_ca_file_is_named(
    connections: Connections, now: datetime, tmp_path: Path
) -> None:
    async with SmtpSink(security="tls") as sink:
        for content in (None, b"not a certificate"):
            path = tmp_path / "ca.pem"
            if content:
                path.write_bytes(content)
            ready = dataclasses.replace(to_sink(connections, sink), ca_file=str(path))
            outcome = await deliver(owed_mail(), ready, now=now)
            assert outcome.result is Result.RETRY
            assert "network.ca_file" in outcome.reason


async def test_a_wrong_password_is_tried_once_and_slows_the_channel(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink(security="starttls", users={"monitor": "s3cret"}) as sink:
        ready = to_sink(connections, sink, user="monitor", password="wrong")
        outcome = await deliver(owed_mail(), ready, now=now)
        logins = [said for said in sink.commands.all if said.startswith("AUTH")]
    assert (outcome.result, outcome.code, outcome.slows_channel) == (Result.RETRY, 535, True)
    assert "smtp.password" in outcome.reason
    assert len(logins) == 1
    assert "wrong" not in outcome.reason + outcome.answer


async def test_a_server_without_login_is_told_when_a_user_name_is_set(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink() as sink:
        ready = to_sink(connections, sink, user="monitor", password="s3cret")
        outcome = await deliver(owed_mail(), ready, now=now)
    assert (outcome.result, outcome.slows_channel) == (Result.RETRY, True)
    assert "smtp.username" in outcome.reason
    assert sink.mails.all == ()


async def test_a_local_part_outside_ascii_needs_smtputf8(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink() as sink:
        outcome = await send(sink, connections, now, owed_mail("خبر@example.test"))
        (mail,) = await sink.mails.arrived(1)
    assert outcome.result is Result.SENT
    assert mail.recipients == ("خبر@example.test",)
    assert "SMTPUTF8" in mail.options
    async with SmtpSink(has_smtputf8=False) as sink:
        outcome = await send(sink, connections, now, owed_mail("خبر@example.test"))
    assert outcome.result is Result.DEAD
    assert "SMTPUTF8" in outcome.reason
    assert sink.mails.all == ()


async def test_an_international_domain_needs_no_smtputf8(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink(has_smtputf8=False) as sink:
        outcome = await send(sink, connections, now, owed_mail("Büro <desk@bücher.example>"))
        (mail,) = await sink.mails.arrived(1)
    assert outcome.result is Result.SENT
    assert mail.recipients == ("desk@xn--bcher-kva.example",)


@pytest.mark.parametrize(
    "bad",
    ["", "nobody", "a@b\r\nRCPT TO:<evil@x.test>", "a b@x.test", "<>", "a@\ud800.test", "@x"],
)
async def test_an_unusable_address_is_parked_without_a_connection(
    bad: str, connections: Connections, now: datetime
) -> None:
    async with SmtpSink() as sink:
        outcome = await send(sink, connections, now, owed_mail(bad))
    assert outcome.result is Result.DEAD
    assert "address" in outcome.reason or "domain" in outcome.reason
    assert sink.connections == 0


async def test_a_server_that_is_down_is_retried_and_slows_the_channel(
    connections: Connections, now: datetime
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        smtp = Smtp(host="127.0.0.1", port=closed.getsockname()[1], security=SmtpSecurity.NONE)
        ready = dataclasses.replace(connections, smtp=smtp)
        outcome = await deliver(owed_mail(), ready, now=now)
    assert (outcome.result, outcome.slows_channel) == (Result.RETRY, True)
    assert "connecting" in outcome.reason


async def test_no_mail_server_is_named_as_the_reason(
    connections: Connections, now: datetime
) -> None:
    outcome = await deliver(owed_mail(), connections, now=now)
    assert outcome.result is Result.RETRY
    assert "monitor.yaml" in outcome.reason


async def test_cancelling_passes_through_and_closes_the_connection(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink() as sink:
        sink.script(Fault("MESSAGE", hang=True))
        sending = asyncio.get_running_loop().create_task(send(sink, connections, now, owed_mail()))
        await sink.mails.arrived(1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_what_the_server_says_is_kept_without_controls_and_bounded(
    connections: Connections, now: datetime
) -> None:
    async with SmtpSink() as sink:
        sink.script(Fault("RCPT", "550 5.1.1 \x1b[31mred\x07 \u202egnp" + "x" * 5000))
        outcome = await send(sink, connections, now, owed_mail())
    assert outcome.result is Result.DEAD
    assert not set("\x1b\x07\u202e") & set(outcome.answer + outcome.reason)
    assert len(outcome.reason) < 400
