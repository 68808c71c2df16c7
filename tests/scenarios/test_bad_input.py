"""What bad input gets: one clear reason in `status`, and nothing else is disturbed or lost."""

from __future__ import annotations

import json
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from lxml import html
from services.http_server import BOMB, ENDLESS, RESET
from services.http_site import HttpSite
from services.in_process import asked, invoke, look_again, told
from services.product import SECRET, Workspace, item, rss
from services.smtp_sink import SmtpSink
from services.webhook_sink import WebhookSink
from standardwebhooks import Webhook

from monitor.clock import system_clock


def report(name: str, title: str = "Acme to open an office", **more: str) -> str:
    facts = {"host": f"{name}.test", "body": told(name), "day": format_datetime(system_clock())}
    return item(name, title=title, **{**facts, **more})


def reasons(workspace: Workspace) -> dict[str, str]:
    """Give what `status --json` says is wrong, by the last part of its subject."""
    found = asked(workspace, "status")["problems"]
    assert len({trouble["subject"] for trouble in found}) == len(found)
    return {trouble["subject"].rsplit("/", 1)[-1]: trouble["reason"] for trouble in found}


def letter_in(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=policy.default)


# Feeds

BAD = {
    "rubbish": "this is no XML and no JSON Feed (2560 bytes) (served as application/rss+xml)",
    "page": "this is an HTML page, not a feed; it names feeds: http://site.test/real.xml",
    "empty": "the document is empty",
    "json": "this is JSON, but no JSON Feed: it has no list of items",
    "entity": "it declares XML entities, which can be an attack; they are refused",
    "endless": "127.0.0.1 sends more than 2 MB; reading was stopped there.",
    "bomb": "The answer of 127.0.0.1 unpacks to more than 200 times its size; it looks like an "
    "attack.",
    "packed": "The answer says it is packed with gzip but is not.",
    "reset": "127.0.0.1 broke the connection off amid its answer.",
    "down": "127.0.0.1 has trouble of its own at the moment (503).",
    "circle": "127.0.0.1 redirects in a circle.",
    "missing": "127.0.0.1 has nothing at this address (404).",
}


def serve_bad_feeds(site: HttpSite) -> None:
    link = "<link rel=alternate type=application/rss+xml href=http://site.test/real.xml>"
    entity = "<!DOCTYPE rss [<!ENTITY a 'Acme'><!ENTITY b '&a;&a;&a;&a;'>]>"
    site.put("/rubbish", bytes(range(256)) * 10)
    site.put("/page", f"<!doctype html><html><head>{link}</head></html>", content_type="text/html")
    site.put("/empty", "")
    site.put("/json", '{"a": 1}')
    site.put("/entity", entity + rss(report("entity", title="&b; opens an office")))
    site.put("/packed", b"\x1f\x8b junk", headers=(("Content-Encoding", "gzip"),))
    site.put("/down", "", status=503)
    site.redirect("/circle", "/circle")
    for path, answer in (("/endless", ENDLESS), ("/bomb", BOMB), ("/reset", RESET)):
        site.answer(path, *[answer] * 5)


def test_each_bad_feed_is_named_with_its_reason_and_the_good_one_is_told(
    tmp_path: Path, site: HttpSite
) -> None:
    serve_bad_feeds(site)
    site.put("/good", rss(report("good", title="Acme opens in Karachi")))
    made = Workspace(tmp_path)
    feeds = {name: f"{site.base}/{name}" for name in ("good", *BAD)}
    made.configure(feeds=feeds, extra="limits: {feed_max_bytes: 2000000}")
    assert invoke(made, "run", "--once").exit_code == 0

    (stored,) = asked(made, "stories", "list")
    assert stored["rules"] == ["acme"]
    (path,) = made.mails()
    assert "Acme opens in Karachi" in path.read_text()
    assert reasons(made) == BAD

    text = invoke(made, "status").stdout
    for name, reason in BAD.items():
        assert f"feed {site.base}/{name}\n      {reason}\n      cure: " in text
        assert text.count(reason) == 1
    facts = asked(made, "status")["feeds"]
    assert (facts["all"], facts["failing"], facts["never_polled"]) == (len(feeds), len(BAD), 0)


def test_a_feed_that_is_mended_is_no_more_named(tmp_path: Path, site: HttpSite) -> None:
    site.put("/dawn", "", status=503)
    made = Workspace(tmp_path)
    made.configure(feeds={"dawn": f"{site.base}/dawn"})
    invoke(made, "run", "--once")
    assert list(reasons(made)) == ["dawn"]
    site.put("/dawn", rss(report("dawn")))
    look_again(made)
    assert reasons(made) == {}
    assert asked(made, "status")["articles"]["articles"] == 1


def test_a_feed_that_breaks_off_gives_what_it_had_and_a_note(
    tmp_path: Path, site: HttpSite
) -> None:
    whole = rss(report("one"), report("two"))
    site.put("/dawn", whole[: whole.index("</item>") + 30])
    made = Workspace(tmp_path)
    made.configure(feeds={"dawn": f"{site.base}/dawn"})
    invoke(made, "run", "--once")
    facts = asked(made, "status")
    assert facts["articles"]["matches"] == 1
    assert facts["problems"] == []
    (note,) = facts["notes"]
    assert note.startswith(f"{site.base}/dawn: ")
    assert "malformed, read as far as it goes: line 2, column" in note
    assert "note: " + note in invoke(made, "status").stdout


def test_guids_that_repeat_or_are_missing_lose_no_article_and_double_none(
    tmp_path: Path, site: HttpSite
) -> None:
    same = [report("x", title=f"News {n}").replace("x.test/x", f"x.test/{n}") for n in range(3)]
    bare = [report(f"b{n}").replace(f"<guid>b{n}</guid>", "") for n in range(2)]
    nothing = [f"<item><title>Only a title {n}</title></item>" for n in range(2)]
    site.put("/dawn", rss(*same, *bare, *nothing))
    made = Workspace(tmp_path)
    made.configure(feeds={"dawn": f"{site.base}/dawn"})
    invoke(made, "run", "--once")
    assert asked(made, "status")["articles"]["articles"] == 7
    site.put("/dawn", rss(*nothing, *bare, *same[1:]))
    look_again(made)
    assert asked(made, "status")["articles"]["articles"] == 7
    assert reasons(made) == {}


def test_an_entry_that_stands_twice_and_then_once_stays_one_article(
    tmp_path: Path, site: HttpSite
) -> None:
    twice, bare = report("t"), report("b").replace("<guid>b</guid>", "")
    site.put("/dawn", rss(twice, bare, twice, bare))
    made = Workspace(tmp_path)
    made.configure(feeds={"dawn": f"{site.base}/dawn"})
    invoke(made, "run", "--once")
    assert asked(made, "status")["articles"]["articles"] == 2
    site.put("/dawn", rss(twice, bare))
    look_again(made)
    assert asked(made, "status")["articles"]["articles"] == 2


@pytest.mark.parametrize(
    "day", ["Thu, 01 Jan 2099 00:00:00 GMT", "2099-01-01", "Thu, 01 Jan 9999 00:00:00 +0000", "x"]
)
def test_a_date_in_2099_is_not_believed(
    tmp_path: Path, site: HttpSite, sink: WebhookSink, day: str
) -> None:
    site.put("/dawn", rss(report("old", title="An old one")))
    made = Workspace(tmp_path)
    feeds = {"dawn": f"{site.base}/dawn"}
    made.configure(feeds=feeds, webhook=sink.url, tell="newsroom: now")
    invoke(made, "run", "--once")
    site.put("/dawn", rss(report("late", title="Acme opens late", day=day)))
    look_again(made)
    end = system_clock().isoformat().replace("+00:00", "Z")
    (data,) = (json.loads(hit.body)["data"] for hit in sink.hits.all)
    (late,) = data["articles"]
    assert late["title"] == "Acme opens late"
    assert late["published_at"] <= end
    assert '"2099-' not in json.dumps(data)  # ids may hold these digits
    assert '"9999-' not in json.dumps(data)


# Words

RULE_TITLE = "An office of Acme in Karachi"

HOSTILE = {  # the start of a title as it stands in the feed, and as it is told
    "plain": ("Acme opens", "Acme opens"),
    "crlf": ("A&#13;&#10;Bcc: ann@one.test&#13;&#10;&#13;&#10;B", "A Bcc: ann@one.test B"),
    "lines": ("C\r\nCc: bob@two.example", "C Cc: bob@two.example"),
    "separators": ("D\u2028Reply-To: eva@three\u2029X: y", "D Reply-To: eva@three X: y"),
    "encoded": ("=?utf-8?q?E=0D=0ABcc:_dan@four.org?=", "=?utf-8?q?E=0D=0ABcc:_dan@four.org?="),
    "tag": ("<![CDATA[<script>alert(1)</script>F]]>", "F"),
    "escaped": ("&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt; G",
                "<script>alert(1)</script> G"),
    "attribute": ("H&amp;quot; onclick=&amp;quot;go()", 'H" onclick="go()'),
    "turned": ("I \u202eleft\u2066 right", "I left right"),
}  # fmt: skip
SUBTLE = {  # what no sound XML can hold: from a JSON Feed
    "nul": ("J\x00K", "J K"),
    "surrogate": ("L \ud800M", "L M"),
    "halves": ("N \udc00\ud83dO", "N O"),
}


def topic(name: str) -> str:
    """Give words that end one title only: like titles would be reports on one event."""
    return " ".join(told(name).split()[5:10])


TOLD = {f"{start} {topic(name)}" for name, (_, start) in (HOSTILE | SUBTLE).items()}


def json_feed(**titles: tuple[str, str]) -> str:
    items = [
        {"id": name, "url": f"https://{name}.test/{name}", "title": f"{title} {topic(name)}",
         "content_text": told(name)}
        for name, (title, _) in titles.items()
    ]  # fmt: skip
    stated = {"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": items}
    return json.dumps(stated)  # escapes what is not ASCII, lone surrogates too


@pytest.fixture
def hostile(tmp_path: Path, site: HttpSite, sink: WebhookSink, mail: SmtpSink) -> Workspace:
    """Give a workspace that was told all hostile titles, by mail, webhook and file."""
    feeds = {"xml": site.put("/xml", rss()), "json": site.put("/json", json_feed())}
    made = Workspace(tmp_path)
    tell = "newsroom: now, desk: now, mailbox: digest"
    made.configure(feeds=feeds, webhook=sink.url, smtp_port=mail.port, tell=tell)
    invoke(made, "run", "--once")
    titles = {name: f"{start} {topic(name)}" for name, (start, _) in HOSTILE.items()}
    site.put("/xml", rss(*(report(name, title=title) for name, title in titles.items())))
    site.put("/json", json_feed(**SUBTLE), content_type="application/feed+json")
    assert look_again(made).exit_code == 0
    return made


def test_hostile_titles_reach_mail_webhook_and_file_without_harm(
    hostile: Workspace, sink: WebhookSink, mail: SmtpSink
) -> None:
    wrong = [one for one in asked(hostile, "status")["problems"] if one["kind"] != "gap"]
    assert wrong == []
    bodies = [Webhook(SECRET).verify(hit.body, dict(hit.headers)) for hit in sink.hits.all]
    titles = [body["data"]["articles"][0]["title"] for body in bodies]
    assert sorted(titles) == sorted(TOLD)
    assert all(title.isprintable() for title in titles)

    letters = [message_from_bytes(one.body, policy=policy.default) for one in mail.mails.all]
    assert len(letters) == len(TOLD)
    assert {one.recipients for one in mail.mails.all} == {("desk@example.org",)}
    for letter in letters:
        check_harmless(letter)
        assert letter["To"] == "desk@example.org"
    (path,) = hostile.mails()
    check_harmless(letter_in(path))
    page = (hostile.folder / "data" / "latest.html").read_text()
    check_page(page)
    shown = " ".join(html.fromstring(page).text_content().split())
    assert all(title in shown for title in TOLD)


def test_no_title_adds_a_header(hostile: Workspace, mail: SmtpSink) -> None:
    letters = [message_from_bytes(one.body, policy=policy.default) for one in mail.mails.all]
    headers = [Counter(name.lower() for name in letter) for letter in letters]
    assert headers == [headers[0]] * len(TOLD)
    assert not {"bcc", "cc", "reply-to", "x"} & set(headers[0])
    subjects = {str(letter["Subject"]).removeprefix(f"{RULE_TITLE}: ") for letter in letters}
    # a space defuses what a reader's program would decode
    assert subjects == {title.replace("=?", "= ?") for title in TOLD}


def check_harmless(letter: EmailMessage) -> None:
    assert letter["Bcc"] is None
    assert len(letter["To"].addresses) == 1
    assert not letter.defects
    body = letter.get_body(("html",))
    assert body is not None
    check_page(body.get_content())


def check_page(page: str) -> None:
    tree = html.fromstring(page)
    assert tree.xpath("//script | //*[@onclick]") == []
    assert "\x00" not in page
    assert "\u202e" not in page


# Files of the workspace

BAD_RULES = {
    "typo": ("match: Acme NEER/3 office", "2:13: unknown operator 'NEER/3'; did you mean NEAR/3?"),
    "key": ("macth: Acme", "2:1: unknown key 'macth'; did you mean 'match'?"),
    "channel": (
        "match: Acme\ntell: {mailbx: digest}",
        "3:8: unknown channel 'mailbx'; did you mean 'mailbox'?",
    ),
}


def with_seed(folder: Path, **feeds: str) -> Workspace:
    """Give a workspace whose one good seed its one good rule finds."""
    made = Workspace(folder)
    made.configure(feeds=feeds)
    made.write("seeds/good.txt", f"date 2026-11-20 {told('good')}")
    return made


def test_rules_with_an_error_are_named_with_place_and_cure_and_the_others_work(
    tmp_path: Path,
) -> None:
    made = with_seed(tmp_path)
    for name, (text, _) in BAD_RULES.items():
        made.write(f"rules/{name}.yaml", f"title: T\n{text}\n")
    assert invoke(made, "run", "--once").exit_code == 0
    (story,) = asked(made, "stories", "list")
    assert story["rules"] == ["acme"]
    assert len(made.mails()) == 1

    shown, checked = invoke(made, "status"), invoke(made, "check")
    assert (shown.exit_code, checked.exit_code) == (1, 2)
    found = reasons(made)
    for name, (_, reason) in BAD_RULES.items():
        assert found[f"{name}.yaml"].startswith(f"rules/{name}.yaml:{reason}")
        assert shown.stdout.count(f"rules/{name}.yaml:{reason}") == 1
        assert checked.output.count(f"rules/{name}.yaml:{reason}") == 1
    assert shown.stdout.count("cure: this file's rules are out of force") == len(BAD_RULES)


def test_a_default_channel_that_does_not_exist_is_named_before_anything_runs(
    tmp_path: Path,
) -> None:
    made = with_seed(tmp_path)
    config = (tmp_path / "monitor.yaml").read_text().replace("tell: {mailbox", "tell: {mailbx")
    made.write("monitor.yaml", config)
    for words, code in ((("check",), 2), (("run", "--once"), 2), (("status",), 1)):
        done = invoke(made, *words)
        assert done.exit_code == code
        assert (
            "monitor.yaml:3:19: unknown channel 'mailbx'; did you mean 'mailbox'?" in done.output
        )
    assert not (tmp_path / "data").exists()


SEEDS = {
    "bytes.txt": (b"date 2026-11-20 K\xf6ln", "line 1: byte 18 is not UTF-8"),
    "rubbish.txt": (bytes(range(128, 256)) * 9, "line 1: byte 1 is not UTF-8"),
    "empty.txt": (b" \n", "it holds no text"),
    "broken.json": (b"{", "line 1: it is broken JSON (Expecting property name enclosed"),
    "list.jsonl": (b'{"text": "One."}\n{"text"\n{\n', "line 2: it is broken JSON"),
    "office.docx": (b"PK\x03\x04", "no seed format has this ending"),
}


def test_an_unreadable_seed_is_named_with_its_reason_and_the_others_are_read(
    tmp_path: Path,
) -> None:
    made = with_seed(tmp_path)
    for name, (data, _) in SEEDS.items():
        (tmp_path / "seeds" / name).write_bytes(data)
    (tmp_path / "seeds" / "folder.txt").mkdir()
    (tmp_path / "seeds" / "nowhere.txt").symlink_to("gone")
    assert invoke(made, "run", "--once").exit_code == 0
    (story,) = asked(made, "stories", "list")
    assert story["rules"] == ["acme"]
    expected = {name: reason for name, (_, reason) in SEEDS.items()}
    expected["folder.txt"] = "it is a folder"
    expected["nowhere.txt"] = "the file cannot be read: No such file or directory"
    found = reasons(made)
    assert set(found) == set(expected)
    text = invoke(made, "status").stdout
    for name, reason in expected.items():
        assert found[name].startswith(reason)
        assert f"  seed seeds/{name}\n      {found[name]}\n" in text


def test_a_bad_seed_that_is_taken_away_is_no_more_named_until_it_comes_back(
    tmp_path: Path,
) -> None:
    made = with_seed(tmp_path)
    bad = made.write("seeds/bad.json", "{")
    invoke(made, "run", "--once")
    assert list(reasons(made)) == ["bad.json"]
    bad.unlink()
    invoke(made, "run", "--once")
    assert reasons(made) == {}
    bad.write_text("{")
    invoke(made, "run", "--once")
    assert list(reasons(made)) == ["bad.json"]
    assert asked(made, "status")["articles"]["articles"] == 1
