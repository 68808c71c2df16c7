"""Promises of mails: no title breaks a header, both parts say the same, bytes never change."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render.values import article, digest, entry, notice, rule

from monitor.errors import RenderError
from monitor.model.article import Precision
from monitor.model.delivery import Message
from monitor.model.keys import DeliveryKey
from monitor.model.notice import AlertNotice, Change, Digest, SourceView
from monitor.model.story import Relation
from monitor.render.email import render_alert_mail, render_digest_mail
from monitor.render.fit import MAX_HTML_BYTES
from monitor.render.mail_policy import clean, quoted_printable, unstructured
from monitor.render.templates import Templates
from monitor.render.words import columns

SENDER = "Media Monitor <monitor@alerts.example.com>"
HOSTILE = (
    "=?utf-8?q?ok=0D=0ABcc:_evil=40x.test?=",
    "a\r\nBcc: e@x",
    "a\nBcc: e",
    "a\u2028Bcc: e",
    "a\x85Bcc:e",
    "a\x00b",
    "a\x0bBcc: e",
    "خبر " * 60,
    "=?utf-8?b?DQpCY2M6IGV2aWxAeC50ZXN0?=",
    "= ?=?utf-8?q?=0D=0AX:1?=",
    "\ud83d bad",
    "\u202egnp.exe",
)
DIGEST_HEADERS = [
    "auto-submitted",
    "content-type",
    "date",
    "from",
    "list-id",
    "list-unsubscribe",
    "message-id",
    "mime-version",
    "subject",
    "to",
    "x-auto-response-suppress",
]
titles = (
    st.text(max_size=120)
    | st.sampled_from(HOSTILE)
    | st.text("=?utf-8qb_:@\r\n\x00 ßش漢", max_size=90)
)


def digest_mail(
    content: Digest, templates: Templates, *, to: str = "desk@example.org", sender: str = SENDER
) -> Message:
    return render_digest_mail(
        content,
        to=to,
        sender=sender,
        message_id=DeliveryKey("dl-0a1b"),
        public_url=None,
        templates=templates,
    )


def alert_mail(content: AlertNotice, templates: Templates, key: str = "dl-0a1b") -> Message:
    return render_alert_mail(
        content,
        to="desk@example.org",
        sender=SENDER,
        message_id=DeliveryKey(key),
        public_url=None,
        templates=templates,
        zone="Asia/Karachi",
    )


def parsed(message: Message) -> EmailMessage:
    mail = message_from_bytes(message.body, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def part(message: Message, kind: str) -> str:
    found = parsed(message).get_body((kind,))
    assert found is not None
    content = found.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def assert_lines_are_lawful(message: Message) -> None:
    head, body = message.body.split(b"\r\n\r\n", 1)
    assert b"\n" not in message.body.replace(b"\r\n", b"")
    assert b"\r" not in message.body.replace(b"\r\n", b"")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert all(len(word) <= 75 for word in re.findall(rb"=\?[^\s]+\?=", head))


def assert_headers_are_ours(message: Message) -> None:
    head = message.body.split(b"\r\n\r\n", 1)[0]
    names = [
        line.split(b":")[0].lower().decode()
        for line in head.split(b"\r\n")
        if line[:1] not in b" \t"
    ]
    assert sorted(names) == DIGEST_HEADERS
    assert sorted(name.lower() for name in parsed(message).keys()) == DIGEST_HEADERS  # noqa: SIM118


def titled(title: str, source: str = "Dawn", name: str = "Flood watch") -> Digest:
    by = SourceView(id="x", name=source)
    return digest(entry(article(title, source=by), rules=(rule(name),)))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_hostile_string_makes_a_header(hostile: str, plain: Templates) -> None:
    for content in (titled(hostile), titled("x", source=hostile), titled("x", name=hostile)):
        message = digest_mail(content, plain)
        assert_headers_are_ours(message)
        assert_lines_are_lawful(message)
    names = [name.lower() for name in parsed(alert_mail(notice(rule=rule(hostile)), plain)).keys()]  # noqa: SIM118
    assert sorted(names) == DIGEST_HEADERS


@settings(max_examples=25, deadline=None)
@given(title=titles, source=titles, name=titles, sender=titles)
def test_no_title_source_or_rule_name_makes_a_header(
    title: str, source: str, name: str, sender: str
) -> None:
    shown = clean(sender).replace('"', "").replace("\\", "")
    message = digest_mail(
        titled(title, source, name), Templates(), sender=f'"{shown}" <monitor@alerts.example.com>'
    )
    assert_headers_are_ours(message)
    assert_lines_are_lawful(message)
    assert [one.addr_spec for one in parsed(message)["From"].addresses] == [
        "monitor@alerts.example.com"
    ]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Karachi", "کراچی", "新闻", "ß", "=?", "é,", "–", "a" * 70, "(x)", '"']),
        max_size=14,
    ).map(" ".join)
)
def test_mixed_script_subjects_come_back_with_every_space(subject: str) -> None:
    raw = f"Subject: {unstructured('Subject', subject)}\r\n\r\n".encode("ascii")
    back = message_from_bytes(raw, policy=policy.default)["Subject"]
    assert str(back) == clean(subject)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_quoted_printable_comes_back_and_keeps_its_lines_short(text: str) -> None:
    import quopri

    encoded = quoted_printable(text)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    lines = re.split(r"\r\n|\r|\n", text)
    back = quopri.decodestring(encoded).replace(b"\r\n", b"\n")
    assert back == "\n".join(lines).encode("utf-8", "replace")


def test_an_address_that_is_none_is_refused_with_its_name(plain: Templates) -> None:
    for bad in ("nobody", "a@b\r\nBcc: c@d", "a b@c", "<>@x"):
        with pytest.raises(RenderError, match="no mail address"):
            digest_mail(digest(), plain, sender=bad)


def test_domains_become_ascii_and_local_parts_stay(plain: Templates) -> None:
    message = digest_mail(digest(), plain, to="Ü <اردو@bücher.example>")
    head = message.body.split(b"\r\n\r\n", 1)[0].decode("utf-8")
    assert "<اردو@xn--bcher-kva.example>" in head


def test_a_file_channel_without_addresses_gets_a_mail_all_the_same(plain: Templates) -> None:
    mail = parsed(digest_mail(digest(), plain, to="mailbox", sender=""))
    assert mail["To"] == "mailbox@localhost"
    assert mail["Message-ID"] == "<dl-0a1b@localhost>"
    assert mail["List-Unsubscribe"] is None


def test_a_mail_says_when_from_whom_and_that_no_answer_is_wanted(plain: Templates) -> None:
    mail = parsed(digest_mail(digest(), plain))
    assert mail["Date"] == "Mon, 23 Nov 2026 03:00:00 +0000"
    assert mail["Message-ID"] == "<dl-0a1b@alerts.example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["List-Id"].endswith("<digest-desk.alerts.example.com>")
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [one.get_content_type() for one in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


def test_the_list_of_a_rule_stays_when_the_rule_is_renamed(plain: Templates) -> None:
    ids = {
        parsed(alert_mail(notice(rule=rule(name)), plain))["List-Id"].split("<")[1]
        for name in ("Flood watch", "سیلاب", "a\r\nb")
    }
    assert ids == {"rule-flood-watch.alerts.example.com>"}


def test_an_update_hangs_in_the_thread_of_the_first_under_the_same_subject(
    plain: Templates,
) -> None:
    opener = article("Karachi drains overflow", relation=Relation.FIRST)
    later = article("Seven dead in Karachi", relation=Relation.EVENT)
    first = alert_mail(notice(entry(opener)), plain, key="dl-1")
    told = replace(entry(later, opener, change=Change.UPDATE), rules=(rule(),))
    update = alert_mail(notice(told, root="dl-1", reason="development"), plain, key="dl-2")
    assert parsed(first)["References"] is None
    assert (
        parsed(update)["In-Reply-To"]
        == parsed(update)["References"]
        == parsed(first)["Message-ID"]
    )
    assert parsed(update)["Subject"] == parsed(first)["Subject"]
    assert parsed(update)["Subject"] == "Flood watch: Karachi drains overflow"


def test_digests_are_not_threaded_and_their_subject_counts(plain: Templates) -> None:
    content = digest(entry(), entry(article("B")), entry(article("C"), change=Change.UPDATE))
    mail = parsed(digest_mail(content, plain))
    assert mail["References"] is None
    assert mail["Subject"] == "Flood watch: 2 new, 1 update – Karachi drains overflow"


def test_an_update_in_a_digest_is_headed_by_what_is_new(templates: Templates) -> None:
    opener = article("Karachi drains overflow", is_new=False)
    later = article("Seven dead in Karachi", relation=Relation.EVENT)
    told = entry(later, opener, change=Change.UPDATE, title=opener.title)
    message = digest_mail(digest(told), templates)
    assert message.subject.endswith(" – Seven dead in Karachi")
    page = lxml.html.fromstring(part(message, "html"))
    links = [(link.text_content(), link.get("href")) for link in page.xpath("//a")]
    assert links[0] == (later.title, later.url)
    assert (opener.title, opener.url) in links


def test_a_story_says_how_many_reports_are_independent_and_who_took_what(
    templates: Templates,
) -> None:
    told = entry(article("Flood", wire="AFP"), article("Rain"))
    story = replace(told.story, article_count=42, source_count=40, report_count=4, copy_count=37)
    message = digest_mail(digest(replace(told, story=story)), templates)
    said = "42 articles from 40 sources: 4 independent reports, 37 copies"
    for kind in ("plain", "html"):
        text = part(message, kind)
        shown = text if kind == "plain" else lxml.html.fromstring(text).text_content()
        words = " ".join(shown.split())
        assert said in words
        assert words.count("from AFP") == 1


URL_LINE = re.compile(r"^\s*(https?://\S+)$", re.MULTILINE)


def long_digest(stories: int) -> Digest:
    reports = ("Rain & <flood> in Karachi", "کراچی میں سیلاب", "卡拉奇洪水" * 12)
    return digest(
        *(
            entry(*(article(f"{text} {number}", lang=None) for text in reports))
            for number in range(stories)
        ),
        health=("Dawn: no answer",) * 30,
    )


@pytest.mark.parametrize("stories", [1, 10, 500])
def test_every_size_fits_and_both_parts_hold_the_same_links_and_stories(
    stories: int, templates: Templates
) -> None:
    message = digest_mail(long_digest(stories), templates)
    assert not message.fallback_reason
    html, text = part(message, "html"), part(message, "plain")
    assert len(html.encode()) <= MAX_HTML_BYTES
    page = lxml.html.fromstring(html)
    links = {link for link in page.xpath("//a/@href") if link.startswith("http")}
    assert links == set(URL_LINE.findall(text))
    assert links
    shown = {number for number in range(stories) if f"in Karachi {number}<" in html}
    flat = " ".join(text.split())
    assert all(f"Rain & <flood> in Karachi {number}" in flat for number in shown)
    assert (f"and {stories - len(shown)} more stories" in text) == (len(shown) < stories)
    assert (f"and {stories - len(shown)} more stories" in html) == (len(shown) < stories)
    assert len(shown) >= min(stories, 40)


def test_one_story_of_overlong_everything_still_fits(templates: Templates) -> None:
    wide = [
        article(
            "&" * 900 + str(number),
            url="https://x.example/" + "&" * 1_900 + str(number),
            source=SourceView(id="s", name="'" * 900),
        )
        for number in range(25)
    ]
    content = digest(entry(*wide, rules=(rule('"' * 900),)), health=("<" * 5_000,) * 100)
    assert len(digest_mail(content, templates).html.encode()) <= MAX_HTML_BYTES


def test_text_lines_keep_to_78_columns_but_for_urls(templates: Templates) -> None:
    text = part(digest_mail(long_digest(3), templates), "plain")
    wide = [line for line in text.splitlines() if columns(line) > 78]
    assert all(URL_LINE.match(line) for line in wide)


def test_the_same_digest_gives_the_same_bytes(templates: Templates) -> None:
    content = long_digest(4)
    assert digest_mail(content, templates).body == digest_mail(content, templates).body


MARKUP = (
    "<script>alert(1)</script>",
    "a < b",
    "&lt;b&gt;",
    'say "x"',
    "{{7*7}} {% raw %}",
    "'\"><img src=x onerror=1>",
)


@pytest.mark.parametrize("title", MARKUP)
def test_markup_in_a_title_is_shown_as_it_was_written(title: str, templates: Templates) -> None:
    html = part(digest_mail(titled(title, title, title), templates), "html")
    page = lxml.html.fromstring(html)
    assert title in {node.text_content() for node in page.iter("bdi")}
    assert not page.xpath("//script | //img")


def test_only_web_links_are_linked(templates: Templates) -> None:
    bad = ("javascript:alert(1)", "data:text/html,x", "https://x.example/a b", "")
    seats = [article(f"t{number}", url=url, canonical_url="") for number, url in enumerate(bad)]
    html = part(digest_mail(digest(entry(*seats)), templates), "html")
    assert [
        link for link in lxml.html.fromstring(html).xpath("//a/@href") if "mailto" not in link
    ] == []
    assert "on file, no link" in html


def test_a_date_alone_is_the_same_date_in_every_zone(templates: Templates) -> None:
    dated = article(
        published_at=datetime(2022, 9, 28, tzinfo=UTC), published_precision=Precision.DAY
    )
    for zone in ("America/Los_Angeles", "Asia/Karachi", "Pacific/Kiritimati"):
        content = digest(entry(dated))
        content = replace(content, window=replace(content.window, zone=zone))
        text = part(digest_mail(content, templates), "plain")
        assert "28 Sep 2022" in text
        assert "27 Sep" not in text
        assert "29 Sep" not in text


def test_moments_are_the_readers(plain: Templates) -> None:
    text = part(digest_mail(digest(), plain), "plain")
    assert "22 Nov, 08:00 – 23 Nov 2026, 08:00 PKT" in text
    assert "Dawn · 23 Nov, 05:00" in text


def test_a_first_digest_names_no_window(templates: Templates) -> None:
    message = digest_mail(digest(slot="first"), templates)
    for kind in ("html", "plain"):
        assert "First digest, 23 Nov 2026, 08:00 PKT" in part(message, kind)
        assert "22 Nov" not in part(message, kind)


def test_right_to_left_is_marked_per_title(templates: Templates) -> None:
    urdu, english = article("کراچی میں Meta کا دفتر", lang="ur"), article("Office in کراچی")
    page = lxml.html.fromstring(part(digest_mail(digest(entry(urdu, english)), templates), "html"))
    ways = {node.text_content(): (node.get("dir"), node.get("lang")) for node in page.iter("bdi")}
    assert ways[urdu.title] == ("rtl", "ur")
    assert ways[english.title] == ("ltr", "en")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{% for %}", "digest.html.j2: line 1: "),
        ("ok\n{{ page.nothing }}", "digest.html.j2: line 2: "),
        ("\n\n{{ 1 / 0 }}", "digest.html.j2: line 3: division by zero"),
        ("{{ page.__class__.__mro__ }}", "digest.html.j2: line 1: "),
        ("{% include '/etc/passwd' %}", "no template named /etc/passwd"),
        ("{{ 'x' * 100000 }}", "passes 90,000 bytes"),
    ],
)
def test_a_broken_template_is_named_and_the_plain_one_tells_the_stories(
    source: str, reason: str
) -> None:
    message = digest_mail(digest(), Templates({"digest.html.j2": source}))
    assert reason in message.fallback_reason
    assert "Karachi drains overflow" in message.html
    assert message.html == digest_mail(digest(), Templates()).html
