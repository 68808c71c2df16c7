"""What normalising promises: clean articles, stable keys, right publishers, seeds and OPML."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model.article import Article, Entry, ParsedFeed, Precision, TextState
from monitor.model.keys import SourceKey
from monitor.model.network import Limits
from monitor.model.source import Source
from monitor.normalise import SourceBook, canonical_url, normalise_feed, read_seed
from monitor.normalise.opml import read_opml, write_opml
from monitor.normalise.source_book import registered_domain
from monitor.normalise.wording import plain

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LIMITS = Limits()
DAWN = Source(key=SourceKey("dawn"), name="Dawn", domains=("dawn.com",), country="PK", lang="en",
              group="press", feeds=("https://www.dawn.com/feeds/home?a=1&b=2",))  # fmt: skip
GOOGLE = Source(key=SourceKey("google"), name="Google News", domains=("news.google.com",))
BOOK = SourceBook([DAWN, GOOGLE])
FEED = "https://www.dawn.com/feeds/home"


def articles(
    *entries: Entry, source: Source = DAWN, home: str | None = None
) -> tuple[Article, ...]:
    return normalise_feed(
        ParsedFeed(entries=entries, home_url=home), feed_url=FEED, source=source, sources=BOOK,
        now=NOW, limits=LIMITS,
    )  # fmt: skip


def one(source: Source = DAWN, **fields: object) -> Article:
    return articles(Entry(**fields), source=source)[0]  # type: ignore[arg-type]


def test_markup_and_traps_leave_a_title() -> None:
    made = one(title="<b>Hi</b>\r\nBcc: x@y.z \x00\ud800<script>alert(1)</script>\u202e &amp; co")
    assert made.title == "Hi Bcc: x@y.z & co"


def test_a_publishers_name_leaves_the_titles_end_only_if_it_is_the_publishers() -> None:
    assert one(title="Floods recede - Dawn").title == "Floods recede"
    assert one(title="Floods recede | dawn.com").title == "Floods recede"
    assert one(title="Floods recede - Reuters").title == "Floods recede - Reuters"
    assert one(title="US - China talks - Dawn").title == "US - China talks"
    assert one(title="From dusk - Dawn - again").title == "From dusk - Dawn - again"


def test_without_a_title_the_first_sentence_stands_in() -> None:
    made = one(guid="1", summary="<p>Dr. Haq met Meta. He left.</p>")
    assert (made.title, made.has_real_title) == ("Dr. Haq met Meta", False)


def test_the_longer_of_content_and_summary_is_the_body_with_its_paragraphs() -> None:
    made = one(title="t", summary="short", content="<p>One</p><p>Two is longer</p>")
    assert made.body == "One\n\nTwo is longer"


def test_text_state_tells_whether_the_page_is_needed() -> None:
    assert one(title="t", content="word " * 400).text_state is TextState.FULL
    assert one(title="t", link="/a").text_state is TextState.PENDING
    assert one(title="t", summary="x").text_state is TextState.STUB


def test_dates_out_of_range_are_clamped() -> None:
    assert one(title="t").published_precision is Precision.UNKNOWN
    ancient = one(title="t", published_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert (ancient.published_at, ancient.published_precision) == (NOW, Precision.UNKNOWN)
    assert one(title="t", published_at=datetime(2099, 1, 1, tzinfo=UTC)).published_at == NOW
    day = one(title="t", published_at=NOW.replace(hour=0) + timedelta(days=1),
              published_precision=Precision.DAY)  # fmt: skip
    assert (day.published_at, day.published_precision) == (NOW.replace(hour=0), Precision.DAY)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "mailto:a@b.c", ""])
def test_a_link_that_cannot_be_followed_is_dropped_and_the_text_kept(link: str) -> None:
    made = one(title="t", link=link, summary="text")
    assert (made.url, made.canonical_url, made.body) == ("", "", "text")


def test_relative_links_resolve_against_the_site_that_the_feed_names() -> None:
    entry = Entry(title="t", link="/a")
    assert articles(entry)[0].url == "https://www.dawn.com/a"
    assert articles(entry, home="https://other.example/")[0].url == "https://other.example/a"


def test_two_entries_with_one_guid_are_both_kept() -> None:
    first, second = articles(
        Entry(guid="1", title="a", link="/a"), Entry(guid="1", title="b", link="/b")
    )
    assert first.key != second.key
    assert not set(first.aliases) & set(second.aliases)


def test_an_entry_that_stands_twice_is_one_article() -> None:
    assert len(articles(*2 * [Entry(guid="1", title="a", link="/a")])) == 1


def test_a_guid_that_is_the_home_page_for_all_loses_nothing() -> None:
    made = articles(*(Entry(guid="https://d.example/", title=f"t{n}") for n in range(5)))
    assert len({article.key for article in made}) == 5


def test_an_entry_with_a_new_guid_or_a_moved_host_shares_an_alias() -> None:
    known = one(guid="http://dawn.com/news/1#0", link="/news/1", title="t")
    assert set(known.aliases) & set(one(guid="random-7", link="/news/1?utm_source=x").aliases)
    assert set(known.aliases) & set(one(guid="https://www.dawn.com/news/1#3", title="t").aliases)


def test_keys_do_not_change_with_what_else_the_feed_holds() -> None:
    entry = Entry(guid="7", title="t", link="/a")
    assert articles(entry)[0].key == articles(Entry(guid="8", title="u"), entry)[1].key


def test_language_is_the_primary_subtag() -> None:
    assert one(title="t", lang="UR-pk").lang == "ur"
    assert one(title="t").lang == "en"


def test_an_aggregators_entry_belongs_to_its_publisher() -> None:
    link = "https://news.google.com/rss/articles/CBMi"
    listed = one(GOOGLE, title="t - Dawn", link=link, source_url="https://www.dawn.com")
    assert (listed.source, listed.title, listed.text_state) == (DAWN, "t", TextState.STUB)
    other = one(GOOGLE, title="t - The Sun", link=link, source_url="https://www.sun.co.uk/x",
                source_title="The Sun")  # fmt: skip
    assert (other.source.key, other.source.name) == ("sun.co.uk", "The Sun")
    assert not other.source.is_listed
    assert other.title == "t"
    assert one(GOOGLE, title="t", link=link).source is GOOGLE


def test_the_longest_domain_decides() -> None:
    images = Source(key=SourceKey("images"), name="Images", domains=("images.dawn.com",))
    book = SourceBook([DAWN, images])
    assert book.by_domain("a.images.dawn.com") is images
    assert book.by_domain("www.dawn.com") is DAWN
    assert book.by_domain("notdawn.com") is None


@pytest.mark.parametrize(
    ("host", "domain"),
    [("www.dawn.com", "dawn.com"), ("a.b.com.pk", "b.com.pk"), ("x.ghost.io", "x.ghost.io"),
     ("10.0.0.1", "10.0.0.1"), ("localhost", "localhost")],
)  # fmt: skip
def test_registered_domains(host: str, domain: str) -> None:
    assert registered_domain(host) == domain


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.ORG:80", "https://example.org/"),
        ("https://e.org/a?utm_source=x&b=2&fbclid=1&a=1#frag", "https://e.org/a?b=2&a=1"),
        ("https://e.org/#!/x", "https://e.org/#!/x"),
        ("http://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://user:pw@e.org:8443/%c3%bc", "https://e.org:8443/%C3%BC"),
        ("ftp://e.org/", ""),
        ("https://[::1/", ""),
        ("https://e.org:99999/", ""),
    ],
)
def test_addresses_have_one_form(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=80), st.text(max_size=60).map("http://e.org/".__add__)))
def test_the_canonical_form_is_its_own_canonical_form(url: str) -> None:
    assert canonical_url(canonical_url(url)) == canonical_url(url)


def _is_clean(text: str, newlines: str = "") -> bool:
    controls = (char for char in text if unicodedata.category(char) in {"Cc", "Cs"})
    bidi = set(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
    return all(char in newlines for char in controls) and not bidi & set(text)


_WORDS = st.one_of(st.none(), st.text(st.characters(), max_size=60))


@settings(max_examples=80, deadline=None)
@given(
    st.builds(
        Entry, guid=_WORDS, link=_WORDS, title=_WORDS, summary=_WORDS, content=_WORDS,
        author=_WORDS, tags=st.lists(st.text(max_size=9), max_size=3).map(tuple), lang=_WORDS,
        published_at=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
        source_url=_WORDS, source_title=_WORDS,
    )
)  # fmt: skip
def test_an_article_is_clean_whatever_the_entry_holds(entry: Entry) -> None:
    for made in articles(entry):
        lines = (made.title, made.author, made.url, made.canonical_url, made.source.name)
        assert all(map(_is_clean, (*lines, *made.tags)))
        assert _is_clean(made.body, "\n")
        assert "\n\n\n" not in made.body
        assert made.published_at <= NOW
        assert made.published_at.tzinfo is not None
        assert made.key == articles(entry)[0].key


# --- seeds

SHARED_STYLE_SEED = (
    b" date 2022-09-29 According to reports, Meta was invited.\n\n"
    b"Meta Officials Invited To Open Facebook Office in Pakistan\n\nMeta has 40 million users.\n"
)


def test_a_heading_anywhere_becomes_the_title_and_leaves_the_body() -> None:
    made = read_seed("002.txt", SHARED_STYLE_SEED, now=NOW).articles[0]
    assert made.title == "Meta Officials Invited To Open Facebook Office in Pakistan"
    assert made.body == "According to reports, Meta was invited.\n\nMeta has 40 million users."
    assert made.published_at == datetime(2022, 9, 29, tzinfo=UTC)
    assert made.published_precision is Precision.DAY
    assert (made.feed, made.source.key, made.has_real_title) == ("seed:002.txt", "seeds", True)


def test_without_a_heading_the_first_sentence_without_its_credit_is_the_title() -> None:
    seed = "date 2022-09-28 Minister Haque speaking to Meta in Romania. — Twitter\n\nMore text.\n"
    made = read_seed("000.txt", seed.encode(), now=NOW).articles[0]
    assert made.title == "Minister Haque speaking to Meta in Romania"
    assert not made.has_real_title


def test_changed_bytes_are_a_revision_of_the_same_seed() -> None:
    first = read_seed("a.txt", b"date 2022-01-01 One text here.", now=NOW).articles[0]
    again = read_seed("a.txt", b"date 2022-01-01 Other text here.", now=NOW).articles[0]
    assert first.key == again.key
    assert first.text_hash != again.text_hash


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.md", b"---\ntitle: Head\ndate: 2026-01-02\n---\nSome **bold** text"),
        ("a.html", (b"<title>x</title><meta name='date' content='2026-01-02'>"
                   b"<h1>Head</h1><p>Some bold text</p><script>x</script>")),
        ("a.json", b'{"title":"Head","date":"2026-01-02","text":"Some bold text"}'),
        ("a.jsonl", b'{"title":"Head","date":"2026-01-02","text":"Some bold text"}\n'),
        ("a.eml", (b"Subject: =?utf-8?q?Head?=\nDate: Fri, 02 Jan 2026 00:00:00 +0000\n\n"
                  b"Some bold text")),
    ],
)  # fmt: skip
def test_every_format_is_read(name: str, data: bytes) -> None:
    reading = read_seed(name, data, now=NOW)
    made = reading.articles[0]
    assert (made.title, made.body) == ("Head", "Some bold text")
    assert made.published_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert not reading.problems


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.txt", b""), ("a.txt", b"\xff\xfe\xff"), ("a.txt", b"\0\1"), ("a.pdf", b"%PDF"),
     ("a.json", b"{"), ("a.json", b"[" * 200_000), ("a.md", b"---\n: : :\n---\nx"),
     ("a.html", b""), ("a.eml", b"")],
)  # fmt: skip
def test_an_unreadable_seed_is_named_with_reason_and_cure(name: str, data: bytes) -> None:
    problem = read_seed(name, data, now=NOW).problems[0]
    assert problem.file == name
    assert problem.what
    assert problem.cure


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([".txt", ".md", ".html", ".json", ".jsonl", ".eml"]), st.binary(max_size=90)
)
def test_no_seed_raises(ending: str, data: bytes) -> None:
    reading = read_seed("a" + ending, data, now=NOW)
    assert reading.articles or reading.problems


# --- OPML


def test_opml_goes_round() -> None:
    feeds, problems = read_opml(write_opml([DAWN]).encode())
    assert not problems
    assert [(f.title, f.url, f.category) for f in feeds] == [("Dawn", DAWN.feeds[0], "press")]


def test_hostile_opml_is_refused_or_bounded() -> None:
    feeds, problems = read_opml(b'<!DOCTYPE opml [<!ENTITY a "b">]><opml/>')
    assert not feeds
    assert "entities" in problems[0].what
    assert read_opml(b"")[1]
    assert read_opml(b"<html/>")[1]
    assert read_opml(b"<opml>" + b"<outline>" * 5_000)[0] == ()


def test_the_shared_seeds_get_their_titles() -> None:
    folder = Path(__file__).parents[3] / "shared" / "seeds"
    if not folder.is_dir():
        pytest.skip("the shared seeds are absent")
    name = "002_731ff99ee9420260.txt"
    made = read_seed(name, (folder / name).read_bytes(), now=NOW).articles[0]
    assert made.title == "Meta Officials Invited To Open Facebook Office in Pakistan"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (
            "<p>Rain fell.</p><p>The post <a>Rain</a> appeared first on <a>Geo</a>.</p>",
            "Rain fell.",
        ),
        ("Rain fell. [...] The post Rain first appeared on Geo.", "Rain fell. [...]"),
        ("The post office appeared first on Main Street.\nIt burnt.", None),
        ("The post is vacant.", None),
    ],
)
def test_the_line_that_wordpress_adds_is_left_out(markup: str, text: str | None) -> None:
    assert plain(markup, 10_000) == (markup if text is None else text)
