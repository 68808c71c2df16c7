"""The whole way on real parts: feeds over HTTP in, a signed webhook and a mail out."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from services.http_server import Hit
from services.http_site import HttpSite
from services.in_process import invoke
from services.product import SECRET, Workspace, item, rss
from services.smtp_sink import Mail, SmtpSink
from services.webhook_sink import WebhookSink
from standardwebhooks import Webhook

from monitor.clock import system_clock
from monitor.pipeline.failpoints import NAMES

TELL = "newsroom: now, desk: now, mailbox: digest"
_SYLLABLES = [
    "ba",
    "ke",
    "li",
    "mo",
    "nu",
    "ra",
    "se",
    "ti",
    "vo",
    "wa",
    "zel",
    "dor",
    "fin",
    "gar",
    "hul",
]


def filler(name: str) -> str:
    """Write text that no other name shares: what repeats would make copies of different news."""
    chance = random.Random(name)
    words = ["".join(chance.choices(_SYLLABLES, k=4)) for _ in range(170)]
    return " ".join(words) + "."


REPORT = (
    "Acme said on Monday that it will open an office in Karachi next year and hire 200 engineers. "
    "Its chief executive Jane Roe met the mayor, Murtaza Wahab, to sign the papers. The Acme "
    "office will open on Shahrah-e-Faisal. " + filler("report")
)
RIVAL = (
    "Acme is to open its first Karachi office, chief executive Jane Roe announced after meeting "
    "mayor Murtaza Wahab. Acme wants to hire 200 engineers for the office by next year. "
    + filler("rival")
)
OLD = "Acme closed its open plan office in Berlin because of a burst pipe. " + filler("old")
OTHER = "A cricket match in Lahore ended in a draw after rain stopped play. " + filler("other")
URDU_RULE = """\
title: Rain in Karachi
match:
  where: کراچی
  what: بارش NEAR/8 ٹریفک
tell: {newsroom: now, desk: now}
tests:
  match: [کراچی میں بارش سے ٹریفک متاثر]
"""
URDU = "کراچی میں بارش کے بعد سڑکوں پر پانی جمع ہو گیا اور ٹریفک متاثر ہوئی۔ " * 30


def today() -> str:
    return format_datetime(system_clock())


def report(host: str = "dawn.test", name: str = "acme", body: str = REPORT) -> str:
    return item(name, host=host, title="Acme to open Karachi office", body=body, day=today())


@pytest.fixture
def real_feeds(root: Path) -> list[Path]:
    """Give feeds as the world writes them: 20 of the large set, or the few of our own."""
    shared = Path(os.environ.get("MONITOR_TEST_SHARED", root.parent / "shared"))
    large = sorted((shared / "suites" / "real-feeds").glob("*.xml"))[:20]
    return large or sorted((root / "tests" / "data" / "feeds").iterdir())


def workspace(
    folder: Path, site: HttpSite, sink: WebhookSink, mail: SmtpSink, more: dict[str, str],
    database_url: str = "",
) -> Workspace:  # fmt: skip
    made = Workspace(folder, {"MONITOR_DATABASE_URL": database_url} if database_url else {})
    feeds = {"dawn": f"{site.base}/dawn.xml", "geo": f"{site.base}/geo.xml", **more}
    short = "limits: {lease_seconds: 6}"  # PostgreSQL waits for a dead worker's lease
    made.configure(webhook=sink.url, smtp_port=mail.port, feeds=feeds, tell=TELL, extra=short)
    return made


def one_pass(made: Workspace) -> None:
    done = made.run("run", "--once")
    assert done.returncode == 0, done.stderr


def pass_until_sent(made: Workspace, count: int) -> None:
    """Do passes until all is sent: on PostgreSQL a dead worker's lease has to run out."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        one_pass(made)
        if [line["state"] for line in made.json("deliveries", "list")] == ["sent"] * count:
            return
    raise AssertionError(made.run("status").stdout)


def again(made: Workspace) -> None:
    """Make the feeds due and do a pass: the interval of a poll is minutes."""
    assert made.run("ingest").returncode == 0
    one_pass(made)


def checked(hit: Hit) -> dict[str, Any]:
    """Verify a webhook by its consumers' own library, and give its body."""
    headers = {name.lower(): value for name, value in hit.headers.items()}
    body: dict[str, Any] = Webhook(SECRET).verify(hit.body, headers)
    return body


def rule_of(body: dict[str, Any]) -> str:
    return str(body["data"]["rule"]["id"])


def parsed(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.body, policy=policy.default)  # type: ignore[return-value]


def hook_id(hit: Hit) -> str:
    return {name.lower(): value for name, value in hit.headers.items()}["webhook-id"]


def subject_of(letter: EmailMessage) -> str:
    return str(letter["Subject"])


@pytest.mark.slow
def test_a_story_goes_from_feeds_to_webhook_and_mail_once_and_its_second_source_updates_it(
    tmp_path: Path,
    site: HttpSite,
    sink: WebhookSink,
    mail: SmtpSink,
    real_feeds: list[Path],
    database_url: str,
) -> None:
    more = {
        f"real{n}": site.put(f"/real/{n}.xml", path.read_bytes())
        for n, path in enumerate(real_feeds)
    }
    old = item("old", host="dawn.test", title="Acme shuts Berlin office", body=OLD, day=today())
    site.put("/dawn.xml", rss(old))
    site.put(
        "/geo.xml", rss(item("x", host="geo.test", title="Rain", body=filler("rain"), day=today()))
    )
    more["jang"] = site.put("/jang.xml", rss(lang="ur"))
    made = workspace(tmp_path, site, sink, mail, more, database_url)
    made.write("rules/karachi-rain.yaml", URDU_RULE)

    one_pass(made)  # the baseline is silent
    assert sink.hits.all == mail.mails.all == ()
    status = made.json("status")
    assert status["feeds"]["all"] == len(real_feeds) + 3
    assert status["feeds"]["never_polled"] == 0
    assert status["articles"]["articles"] >= len(real_feeds)

    fresh = item(
        "acme", host="dawn.test", title="Acme signs for Karachi", body=REPORT, day=today()
    )
    urdu = item("u", host="jang.test", title="کراچی میں بارش", body=URDU, day=today())
    cricket = item("c", host="dawn.test", title="A draw in Lahore", body=OTHER, day=today())
    site.put("/dawn.xml", rss(fresh, cricket))
    site.put("/jang.xml", rss(urdu, lang="ur"))
    again(made)
    told = {rule_of(body): body for body in map(checked, sink.hits.wait_for(2))}
    letters = {subject_of(mail_in): mail_in for mail_in in map(parsed, mail.mails.wait_for(2))}
    assert set(told) == {"acme", "karachi-rain"}
    assert {body["type"] for body in told.values()} == {"story.matched"}
    data = told["acme"]["data"]
    assert {why["line"] for why in data["match"]["why"]} == {"who", "what"}
    assert "کراچی" not in json.dumps(data, ensure_ascii=False)
    (acme,) = (letter for subject, letter in letters.items() if "Acme signs" in subject)
    assert acme["To"] == "desk@example.org"

    rain = told["karachi-rain"]["data"]
    assert (rain["story"]["lang"], rain["story"]["dir"]) == ("ur", "rtl")
    found = {why["line"]: why["term"] for why in rain["match"]["why"]}
    assert found["where"] == "کراچی"
    assert "بارش" in found["what"]
    (letter,) = (letter for subject, letter in letters.items() if "کراچی میں بارش" in subject)
    assert 'dir="rtl"' in letter.get_body(("html",)).get_content()
    cricket_story = next(s for s in made.json("stories", "list", "--all", "--limit", "9999")
                         if s["story"]["title"] == "A draw in Lahore")  # fmt: skip
    assert cricket_story["rules"] == []
    assert cricket_story["story"]["article_count"] == 1

    site.put("/geo.xml", rss(report("geo.test", "rival", RIVAL)))
    again(made)
    update = checked(sink.hits.wait_for(3)[2])
    assert update["type"] == "story.updated"
    assert update["data"]["story"]["id"] == data["story"]["id"]
    assert {a["source"]["id"] for a in update["data"]["articles"]} >= {"dawn", "geo"}

    again(made)  # nothing new: nothing told
    assert len(sink.hits.all) == len(mail.mails.all) == 3


@pytest.fixture
def ready(
    tmp_path: Path, site: HttpSite, sink: WebhookSink, mail: SmtpSink, database_url: str
) -> Workspace:
    """Give a workspace after its baseline, with a matching item waiting in its feed."""
    site.put(
        "/dawn.xml", rss(item("c", host="dawn.test", title="A draw", body=OTHER, day=today()))
    )
    site.put("/geo.xml", rss(item("x", host="geo.test", title="Rain", body=URDU, day=today())))
    made = workspace(tmp_path, site, sink, mail, {}, database_url)
    assert invoke(made, "run", "--once").exit_code == 0
    site.put("/dawn.xml", rss(report()))
    assert invoke(made, "ingest").exit_code == 0
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_process_killed_anywhere_loses_nothing_and_tells_nothing_twice(
    ready: Workspace, sink: WebhookSink, mail: SmtpSink, name: str
) -> None:
    killed = ready.run("run", "--once", failpoint=f"{name}:kill:1")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    settled = {line["key"] for line in ready.json("deliveries", "list") if line["state"] == "sent"}
    pass_until_sent(ready, 3)
    one_pass(ready)
    hooks = Counter(hook_id(hit) for hit in sink.hits.all)
    letters = Counter(str(parsed(letter)["Message-ID"]) for letter in mail.mails.all)
    assert len(hooks) == len(letters) == 1
    # only between the peer's answer and our commit can a message go out again, under its id
    doubled = {name for name, times in (hooks + letters).items() if times > 1}
    assert not [name for name in doubled if name.strip("<").split("@")[0] in settled]
    if name not in ("out.presend", "out.acked", "out.settled"):
        assert not doubled
    stored = ready.json("deliveries", "list")
    assert sorted(line["state"] for line in stored) == ["sent"] * 3
    assert len(ready.mails()) == 1


def test_a_stop_while_running_is_clean(ready: Workspace, sink: WebhookSink) -> None:
    running = ready.start("run")
    try:
        checked(sink.hits.wait_for(1, 120)[0])
        running.send_signal(signal.SIGTERM)
        told, log = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 0, log
    said = [json.loads(line) for line in told.splitlines()]
    assert (said[-1]["event"], said[-1]["is_clean"], log) == ("stopped", True, "")
    assert len(sink.hits.all) == 1
