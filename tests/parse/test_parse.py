"""What parsing promises, on small feeds of our own."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.model.article import ParsedFeed, Precision
from monitor.model.network import Limits
from monitor.parse import is_light, parse_carefully, parse_light
from monitor.parse.dates import read_date

FEEDS = Path(__file__).parents[1] / "data" / "feeds"
LIMITS = Limits()


def parse(body: bytes, charset: str | None = None, limits: Limits = LIMITS) -> ParsedFeed:
    return parse_carefully(
        body, content_type=None, charset=charset, url="https://example.org/page", limits=limits
    )


def light(body: bytes) -> ParsedFeed | None:
    return parse_light(body, content_type=None, charset=None, url="", limits=LIMITS)


def rss(items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'.encode()


def test_a_sound_feed_is_read_without_feedparser() -> None:
    read = light((FEEDS / "odd.xml").read_bytes())
    assert read is not None
    assert (read.title, read.lang, read.hints.ttl_seconds) == ("Odd", "en-PK", 1800)
    by_title = {entry.title: entry for entry in read.entries}
    first = by_title["Same guid, first"]
    assert first.published_at == datetime(2026, 9, 22, 5, tzinfo=UTC)
    assert first.author == "A. Writer"
    assert first.tags == ("News",)
    assert first.summary == "short"
    assert "One &amp; only" in (first.content or "")
    google = by_title["=?utf-8?q?encoded_word?="]
    assert (google.source_url, google.source_title) == ("https://www.dawn.com/feed", "Dawn")


def test_entries_stand_newest_first() -> None:
    dates = [e.published_at for e in parse((FEEDS / "odd.xml").read_bytes()).entries]
    known = [date for date in dates if date]
    assert known == sorted(known, reverse=True)


def test_rdf_in_urdu_is_read() -> None:
    read = light((FEEDS / "urdu.rdf").read_bytes())
    assert read is not None
    assert read.lang == "ur"
    assert read.entries[0].title == "میٹا کا پاکستان میں دفتر"
    assert read.entries[0].guid == "https://example.pk/1"


def test_a_broken_feed_loses_no_text_to_bare_ampersands() -> None:
    body = (FEEDS / "broken.xml").read_bytes()
    assert light(body) is None
    read = parse(body)
    assert read.entries[0].title == "AT&T buys Q&A \xa0 site"
    assert read.entries[0].link == "https://example.org/?a=1&b=2"
    assert len(read.entries) == 2
    assert read.problems


def test_html_instead_of_a_feed_is_an_error_that_names_its_feeds() -> None:
    page = b'<!doctype html><html><link rel="alternate" type="application/rss+xml" href="/feed">'
    with pytest.raises(
        ParseError, match=r"HTML page, not a feed; it names feeds: https://example.org/feed"
    ):
        parse(page)


@pytest.mark.parametrize("body", [b"", b"   ", b"%PDF-1.7", b"{}", b"<opml/>", b"hello", b"[1]"])
def test_what_is_no_feed_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(ParseError, match=r"\w"):
        parse(body)


def test_entity_declarations_are_refused() -> None:
    bomb = b'<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + rss(
        "<item><title>&b;</title></item>"
    )
    assert light(bomb) is None
    with pytest.raises(ParseError, match="entities"):
        parse(bomb)


def test_more_entries_than_the_limit_are_cut_to_the_newest_and_told() -> None:
    items = "".join(
        f"<item><guid>{n}</guid><pubDate>2026-01-{n:02}</pubDate></item>" for n in range(1, 8)
    )
    read = parse(rss(items), limits=Limits(max_entries=3))
    assert [entry.guid for entry in read.entries] == ["7", "6", "5"]
    assert read.entries_cut == 4
    assert "4 of 7" in read.problems[0]


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("Ünï".encode(), "iso-8859-1"),  # the server is wrong
        ("Ünï".encode("latin-1"), "iso-8859-1"),
        ("Ünï".encode("latin-1"), None),
    ],
)
def test_a_wrong_charset_does_not_garble_text(body: bytes, charset: str | None) -> None:
    item = rss("<item><guid>1</guid><title>@</title></item>").replace(b"@", body)
    assert parse(item, charset).entries[0].title == "Ünï"


def test_utf_16_is_read() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>' + rss("<item><guid>ü</guid></item>").decode()
    assert parse(text.encode("utf-16")).entries[0].guid == "ü"


def test_controls_in_a_document_do_not_break_it() -> None:
    body = rss("<item><guid>1</guid><title>a\x00b\x0bc&#1;d</title></item>")
    assert len(parse(body).entries) == 1


def test_json_feeds_are_read_and_plain_text_is_kept_as_text() -> None:
    body = (
        b'{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":7,"url":"/x",'
        b'"content_text":"a <b> c\\n\\nd","date_published":"2026-01-02T03:04:05Z"}]}'
    )
    read = light(body)
    assert read is not None
    assert read.entries[0].guid == "7"
    assert read.entries[0].content == "a &lt;b&gt; c<br><br>d"


def test_a_json_depth_bomb_is_refused() -> None:
    with pytest.raises(ParseError):
        parse(b'{"items":' + b"[" * 100_000)


def test_an_xml_depth_bomb_is_bounded() -> None:
    assert light(rss("<item><guid>1</guid>" + "<a>" * 5_000 + "</a>" * 5_000 + "</item>")) is None


def test_atom_with_xhtml_and_a_hub() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>A</title>
    <link rel="hub" href="https://hub.example/"/><entry><id>tag:1</id>
    <title type="html">Q&amp;amp;A</title><link href="/1"/><updated>2026-01-02T03:04:05Z</updated>
    <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x &amp; y</p></div>
    </content></entry></feed>"""
    read = light(body)
    assert read is not None
    assert read.hints.hub == "https://hub.example/"
    assert read.lang == "de"
    entry = read.entries[0]
    assert (entry.title, entry.content) == ("Q&amp;A", "<p>x &amp; y</p>")


def test_relative_links_under_xml_base_are_left_to_the_careful_path() -> None:
    body = rss('<item xml:base="https://b.example/x/"><guid>1</guid><link>y</link></item>')
    assert light(body) is None
    assert parse(body).entries[0].link == "https://b.example/x/y"


def test_original_links_of_feedburner_win() -> None:
    body = b"""<rss xmlns:f="http://rssnamespace.org/feedburner/ext/1.0"><channel><item>
    <link>http://feedproxy.google.com/~r/x</link><f:origLink>https://e.example/1</f:origLink>
    </item></channel></rss>"""
    assert parse(body).entries[0].link == "https://e.example/1"


@pytest.mark.parametrize(
    ("text", "moment", "precision"),
    [
        ("Thu, 01 Jan 2004 19:48:21 GMT", (2004, 1, 1, 19, 48, 21), Precision.SECOND),
        ("1 Jan 04 19:48 EST", (2004, 1, 2, 0, 48), Precision.SECOND),
        ("Thu, 01 Jan 2004 19:48:21 GMT-05:00", (2004, 1, 2, 0, 48, 21), Precision.SECOND),
        ("Sun, Jan 4 2004 10:00:00 MESZ", (2004, 1, 4, 8), Precision.SECOND),
        ("2003-12-31T10:14:55.123+05:30", (2003, 12, 31, 4, 44, 55), Precision.SECOND),
        ("2003-12-31 10:14", (2003, 12, 31, 10, 14), Precision.SECOND),
        ("2003-12-31", (2003, 12, 31), Precision.DAY),
        ("Sat, 7 Sep 2002", (2002, 9, 7), Precision.DAY),
    ],
)
def test_dates_are_read(text: str, moment: tuple[int, ...], precision: Precision) -> None:
    year, month, day, *clock = moment
    assert read_date(text) == (datetime(year, month, day, *clock, tzinfo=UTC), precision)


@pytest.mark.parametrize("text", ["", "soon", "2003-13-01", "32 Jan 2004", "x" * 200])
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text) is None


def test_a_light_document_is_a_small_one() -> None:
    assert is_light(b"x" * 512 * 1024)
    assert not is_light(b"x" * (512 * 1024 + 1))


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"<rss><channel><item>", b"<feed>", b"{", b"<?xml "]),
)
@example(tail=b"\xef\xbb\xbf", head=b"")
def test_arbitrary_bytes_raise_nothing_but_parse_errors(tail: bytes, head: bytes) -> None:
    with contextlib.suppress(ParseError):
        parse_carefully(head + tail, content_type=None, charset=None, url="", limits=LIMITS)
