"""Promises of mails and webhooks, judged by what their readers use (E1, E2, E7; DELIVERY 1.1).

Python's own parser, npm's mailparser and mutt read the same mails; npm's standardwebhooks and ajv
read the same webhooks.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from render.test_mail import DIGEST_HEADERS, HOSTILE, alert_mail, digest_mail, long_digest, titled
from render.values import NOW, article, digest, entry, notice, rule
from services.product import SECRET
from services.readers import MUTT, is_node_ready, mailparser, mutt_subjects, run_node

from monitor.clock import system_clock
from monitor.deliver.signing import signed_headers
from monitor.model.delivery import Channel, ChannelKind
from monitor.model.keys import ChannelName, DeliveryKey, digest_of
from monitor.model.notice import Change
from monitor.render import channel_test
from monitor.render import mail_policy as headers
from monitor.render.email import Envelope, mail_headers
from monitor.render.templates import Templates
from monitor.render.webhook import render_webhook
from monitor.render.webhook_models import schemas

pytestmark = [
    pytest.mark.readers,
    pytest.mark.skipif(
        not is_node_ready() or MUTT is None,
        reason="needs mutt, and `npm ci` in tests/services/node",
    ),
]

TITLES, SUBJECTS = 50_000, 20_000
SCRIPTS = (
    'Karachi Meta office opens ok, (Sindh) 45% [live] a=b x@y.test "quoted" it\'s C:\\new',
    "کراچی میں میٹا کا دفتر کھل گیا؟ سیلاب‌زدہ",
    "新闻 卡拉奇 办事处 洪水。",
    "Москва офис наводнение – итоги",
    "दफ़्तर कराची खुला",
    "naïve Straße İstanbul ğ é",
    "🙂 👨‍👩‍👧 🇵🇰",
)
_PIECES = (
    *("\r\n", "\n", "\x00", "\u2028", "\u202e", "\ud800", "\t", " ", ":", ",", ";", "<", ">"),
    *("=?utf-8?q?", "=0D=0A", "?=", "=?", "Bcc:", "X: 1", "a" * 90),
)
WORDS = [word for line in SCRIPTS for word in line.split(" ")]


def envelope(subject: str, name: str) -> tuple[Envelope, str]:
    shown = re.sub(r'["\\]', "", headers.clean(name))
    made = Envelope(
        to=f'"{shown}" <desk@example.org>',
        sender=f'"{shown}" <monitor@alerts.example.com>',
        message_id=DeliveryKey("dl-" + digest_of("test", subject, name)),
        list_name=name,
        list_id="rule-x",
        sent_at=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
    )
    return made, subject


def written(subject: str, name: str = "Desk") -> bytes:
    """Write a mail with our headers and short parts."""
    lines = mail_headers(*envelope(subject, name))
    return headers.message_bytes(lines, boundary="=_x", text="text", html="<p>html</p>")


def hostile_titles(count: int) -> Iterator[str]:
    dice = random.Random(1)
    pieces = [*HOSTILE, *WORDS, *_PIECES]
    for _ in range(count):
        some = dice.choices(pieces, k=dice.randint(1, 9))
        yield dice.choice(("", " ")).join(some)


def mixed_subjects(count: int) -> list[str]:
    dice = random.Random(2)
    return [" ".join(dice.choices(WORDS, k=dice.randint(1, 14))) for _ in range(count)]


@pytest.fixture(scope="module")
def hostile() -> tuple[bytes, ...]:
    titles = list(hostile_titles(TITLES))
    return tuple(written(title, title[::-1]) for title in titles)


def test_python_finds_our_headers_only_whatever_the_title(hostile: tuple[bytes, ...]) -> None:
    for mail in hostile:
        read = message_from_bytes(mail, policy=policy.compat32)
        assert sorted(name.lower() for name in read.keys()) == DIGEST_HEADERS  # noqa: SIM118
        head = mail.split(b"\r\n\r\n", 1)[0]
        assert max(map(len, head.split(b"\r\n"))) <= 998
        assert all(len(word) <= 75 for word in re.findall(rb"=\?[^\s]+\?=", head))


def test_mailparser_finds_our_headers_only_whatever_the_title(hostile: tuple[bytes, ...]) -> None:
    read = mailparser(hostile)
    assert len(read) == TITLES
    for one in read:
        assert sorted(one["names"]) == DIGEST_HEADERS
        assert [address for _, address in one["from"]] == ["monitor@alerts.example.com"]


def test_mixed_scripts_come_back_exactly_in_every_reader(tmp_path: Path) -> None:
    subjects = mixed_subjects(SUBJECTS)
    stated = [headers.clean(subject) for subject in subjects]
    mails = [written(subject) for subject in subjects]
    by_python = [str(message_from_bytes(m, policy=policy.default)["Subject"]) for m in mails]
    assert by_python == stated
    assert [one["subject"] for one in mailparser(mails)] == stated
    assert mutt_subjects(mails, tmp_path) == stated


def test_mailparser_reads_whole_mails_as_we_meant_them() -> None:
    templates = Templates()
    contents = [titled(title, title, title) for title in HOSTILE] + [long_digest(10)]
    mails = [digest_mail(content, templates).body for content in contents]
    mails.append(alert_mail(notice(rule=rule("سیلاب watch")), templates).body)
    for one in mailparser(mails):
        assert sorted(one["names"]) == DIGEST_HEADERS
        assert "http" in one["text"]


def test_npm_receivers_verify_and_validate_every_type_of_webhook() -> None:
    channel = Channel(name=ChannelName("newsroom"), kind=ChannelKind.WEBHOOK, url="https://x.test")
    key = DeliveryKey("dl-0a1b")
    contents = (
        notice(),
        notice(entry(change=Change.UPDATE)),
        digest(entry(article("کراچی 🙂 \u2028 </script>")), entry(article("B"))),
    )
    messages = [render_webhook(one, delivery=key, public_url=None) for one in contents]
    messages.append(
        channel_test.test_message(
            channel, recipient="", delivery=key, now=NOW, public_url=None, templates=Templates()
        )
    )
    bodies = [message.body.decode("utf-8") for message in messages]
    assert {json.loads(body)["type"] for body in bodies} == set(schemas())
    answers = run_node("read_webhooks.mjs", (sent(body) for body in bodies))
    assert answers == ["ok"] * len(bodies)
    forged = (sent(body, received=body.replace('"test"', '"text"')) for body in bodies)
    answers = run_node("read_webhooks.mjs", forged)
    assert all(answer.startswith("WebhookVerificationError") for answer in answers)


def sent(body: str, received: str = "") -> str:
    signed = signed_headers(SECRET, "dl-0a1b", system_clock(), body.encode("utf-8"))
    schema = schemas()[json.loads(body)["type"]]
    request = {"headers": signed, "body": received or body}
    return json.dumps({"secret": SECRET, "schema": schema, **request})
