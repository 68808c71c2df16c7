"""What becomes of a message when a mail server, a receiver or a disk fails: kept, told once."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from services.http_server import HANG, Answer
from services.http_site import HttpSite
from services.in_process import asked, invoke, look_again, pass_at, told
from services.product import Workspace, item, rss
from services.smtp_sink import Fault, SmtpSink
from services.webhook_sink import WebhookSink

from monitor.clock import system_clock

LATER = timedelta(minutes=10)
TELL = "newsroom: now, desk: now, mailbox: digest"


@pytest.fixture
def ready(tmp_path: Path, site: HttpSite, sink: WebhookSink, mail: SmtpSink) -> Workspace:
    """Give a workspace after its baseline, with a story to tell in its feed."""
    made = Workspace(tmp_path)
    feeds = {"dawn": site.put("/dawn", rss())}
    limits = "limits: {webhook_total_seconds: 1}"
    made.configure(feeds=feeds, webhook=sink.url, smtp_port=mail.port, tell=TELL, extra=limits)
    assert invoke(made, "run", "--once").exit_code == 0
    day = format_datetime(system_clock())
    news = item("a", host="dawn.test", title="Acme opens", body=told("a") * 20, day=day)
    site.put("/dawn", rss(news))
    return made


def tries(made: Workspace, channel: str) -> list[str]:
    (line,) = (one for one in asked(made, "deliveries", "list") if one["channel"] == channel)
    shown = asked(made, "deliveries", "show", line["key"])
    return [attempt["result"] for attempt in shown["attempts"]]


def trouble(made: Workspace) -> dict[str, str]:
    return {one["subject"]: one["reason"] for one in asked(made, "status")["problems"]}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("DATA", drop=True), "The connection to the mail server failed at the message: "),
        (
            Fault("BODY", drop=True),
            "The connection to the mail server failed at waiting for the answer to the message: ",
        ),
        (Fault("DATA", reply="451 4.3.0 disk full"),
         "The mail server refused at the message: 451 4.3.0 disk full"),
    ],
)  # fmt: skip
def test_a_mail_server_that_dies_in_data_gets_the_mail_later_and_once(
    ready: Workspace, mail: SmtpSink, sink: WebhookSink, fault: Fault, reason: str
) -> None:
    mail.script(fault)
    assert look_again(ready).exit_code == 1
    assert mail.mails.all == ()
    assert (len(sink.hits.all), len(ready.mails())) == (1, 1)
    assert trouble(ready)["desk"].startswith(reason)
    assert invoke(ready, "status").stdout.count(reason) == 1

    assert pass_at(ready, system_clock() + LATER) == {}
    (letter,) = mail.mails.all
    assert letter.recipients == ("desk@example.org",)
    assert tries(ready, "desk") == ["retry", "sent"]
    assert trouble(ready) == {}
    assert pass_at(ready, system_clock() + 2 * LATER) == {}
    assert (len(mail.mails.all), len(sink.hits.all), len(ready.mails())) == (1, 1, 1)


def test_a_mail_whose_receipt_was_lost_comes_again_under_the_same_id(
    ready: Workspace, mail: SmtpSink
) -> None:
    mail.script(Fault("MESSAGE", drop=True))
    look_again(ready)
    assert trouble(ready)["desk"].endswith("The server may have taken it all the same.")
    pass_at(ready, system_clock() + LATER)
    first, second = mail.mails.all
    assert (first.is_acked, second.is_acked) == (False, True)
    assert first.body == second.body
    assert message_from_bytes(first.body)["Message-ID"]


def test_a_webhook_that_hangs_is_ended_and_tried_again_under_the_same_id(
    ready: Workspace, mail: SmtpSink, sink: WebhookSink
) -> None:
    sink.script(HANG)
    assert look_again(ready).exit_code == 1
    assert (len(mail.mails.all), len(ready.mails())) == (1, 1)
    assert trouble(ready) == {"newsroom": "The receiver did not answer within 1 s."}
    assert "channel newsroom\n      The receiver did not" in invoke(ready, "status").stdout

    assert pass_at(ready, system_clock() + LATER) == {}
    first, second = sink.hits.all
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert tries(ready, "newsroom") == ["retry", "sent"]
    assert trouble(ready) == {}
    assert len(mail.mails.all) == 1


def test_a_receiver_that_takes_its_time_holds_up_no_other_channel(
    ready: Workspace, mail: SmtpSink, sink: WebhookSink
) -> None:
    async def until_the_mail_is_there(_: web.Request) -> web.Response:
        await mail.mails.arrived(1)
        return web.Response()

    text = (ready.folder / "monitor.yaml").read_text()
    ready.write("monitor.yaml", text.replace("webhook_total_seconds: 1", "lease_seconds: 60"))
    sink.script(Answer(behaviour=until_the_mail_is_there))
    assert look_again(ready).exit_code == 0
    assert tries(ready, "newsroom") == tries(ready, "desk") == ["sent"]


def test_what_is_owed_to_a_channel_that_was_taken_out_is_said_and_waits(
    ready: Workspace, sink: WebhookSink
) -> None:
    sink.script(Answer(503))
    look_again(ready)
    whole = (ready.folder / "monitor.yaml").read_text()
    without = "\n".join(line for line in whole.splitlines() if "newsroom:" not in line)
    ready.write("monitor.yaml", without)
    rule = (ready.folder / "rules/acme.yaml").read_text()
    ready.write("rules/acme.yaml", rule.replace("newsroom: now, ", ""))
    pass_at(ready, system_clock() + LATER)
    (note,) = (one for one in asked(ready, "status")["notes"] if "newsroom" in one)
    assert note.endswith("is not in monitor.yaml: 1 delivery waits for it")

    ready.write("monitor.yaml", whole)
    pass_at(ready, system_clock() + LATER)
    assert len(sink.hits.all) == 2
    assert asked(ready, "status")["deliveries"]["pending"] == 0


# Disks

FULL = "the database refuses: database or disk is full"


def test_a_database_that_cannot_grow_loses_nothing_and_goes_on_when_it_can(
    ready: Workspace, site: HttpSite, mail: SmtpSink, sink: WebhookSink
) -> None:
    assert invoke(ready, "ingest").exit_code == 0
    failures = pass_at(ready, system_clock(), is_disk_full=True)
    assert set(failures.values()) == {FULL}
    assert sink.hits.all == mail.mails.all == ()

    assert pass_at(ready, system_clock() + LATER) == {}
    assert (len(sink.hits.all), len(mail.mails.all), len(ready.mails())) == (1, 1, 1)
    assert trouble(ready) == {}


def test_a_full_disk_gives_up_no_message_however_long_it_lasts(
    ready: Workspace, mail: SmtpSink, sink: WebhookSink
) -> None:
    assert invoke(ready, "ingest").exit_code == 0
    start = system_clock()
    pass_at(ready, start, lanes=("polls", "place", "compose"))
    for minutes in range(0, 20, 2):
        failures = pass_at(ready, start + timedelta(minutes=minutes), is_disk_full=True)
        assert failures == {"sends": FULL}
    assert sink.hits.all == mail.mails.all == ()
    assert pass_at(ready, start + timedelta(minutes=30)) == {}
    assert (len(sink.hits.all), len(mail.mails.all), len(ready.mails())) == (1, 1, 1)


def test_a_full_disk_stops_no_feed_however_long_it_lasts(
    ready: Workspace, sink: WebhookSink
) -> None:
    assert invoke(ready, "ingest").exit_code == 0
    start = system_clock()
    for minutes in range(0, 120, 10):
        pass_at(ready, start + timedelta(minutes=minutes), is_disk_full=True)
    pass_at(ready, start + timedelta(hours=4))
    assert asked(ready, "status")["feeds"]["stopped"] == 0
    assert len(sink.hits.all) == 1


def test_a_disk_that_fills_after_a_message_was_taken_lets_it_out_once(
    ready: Workspace, mail: SmtpSink, sink: WebhookSink
) -> None:
    assert invoke(ready, "ingest").exit_code == 0
    start = system_clock()
    pass_at(ready, start, lanes=("polls", "place", "compose"))
    sink.script(Answer(503))
    pass_at(ready, start)  # the bytes are rendered and kept; now only a try's record needs room
    sink.script(Answer(200, body=b"much to say " * 1_500))
    for hours in range(1, 6):
        pass_at(ready, start + timedelta(hours=hours), is_disk_full=True)
    assert [hit.headers["webhook-id"] for hit in sink.hits.all] == [only_id(ready)] * 2


def only_id(made: Workspace) -> str:
    (line,) = (one for one in asked(made, "deliveries", "list") if one["channel"] == "newsroom")
    assert line["state"] == "sent"
    return str(line["key"])
