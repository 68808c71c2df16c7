from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.text.clean import (
    _PLAIN_HTML,
    _strip_by_hand,
    _strip_plain,
    clean_line,
    clean_text,
    strip_markup,
)

calm = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

HOSTILE = "\x00\x07\x1b\x85\x9f\ud800\udfff\u2028\u2029\u202a\u202e\u2066\u2069\u200e\u200f\r\n\t "
texts = st.text(alphabet=st.sampled_from(HOSTILE + "aé\u0301\u200c\u200d👨💻…"), max_size=60)
KEPT = set(HOSTILE) - {" "}


@calm
@given(texts | st.text(max_size=60), st.none() | st.integers(1, 20))
def test_a_clean_line_is_one_line_within_its_limit_and_stays_as_it_is(
    text: str, limit: int | None
) -> None:
    line = clean_line(text, limit)
    assert clean_line(line, limit) == line
    assert not KEPT & set(line)
    assert "  " not in line
    assert limit is None or len(line) <= limit


@calm
@given(texts | st.text(max_size=60))
def test_a_clean_text_keeps_newlines_and_stays_as_it_is(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert not (KEPT - {"\n"}) & set(cleaned)
    assert "\n\n\n" not in cleaned
    assert cleaned == cleaned.strip()


def test_a_header_cannot_be_smuggled_into_a_title() -> None:
    assert clean_line("Hello\r\nBcc: x@example.org\x00") == "Hello Bcc: x@example.org"


def test_a_cut_falls_between_characters_as_readers_see_them() -> None:
    assert clean_line("ab👨\u200d💻cd", 5) == "ab…"
    assert clean_line("abe\u0301cd", 4) == "ab…"
    assert clean_line("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("<p>One</p><p>Two &amp; three</p>", "One\n\nTwo & three"),
        ("a<br>b", "a\nb"),
        ("a<b>b</b>c <i>d</i>", "abc d"),
        ("x<script>alert('<p>')</script>y<style>p{}</style>z", "xyz"),
        ("AT&amp;T &lt;tag&gt;", "AT&T <tag>"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<!-- no -->yes<!-- no -->!", "yes!"),
        ("plain", "plain"),
        ("", ""),
        ("<p>a\n b</p>", "a b"),
        ("\x00<p>a\ud800</p>", "a"),
    ],
)
def test_markup_becomes_plain_paragraphs(html: str, plain: str) -> None:
    assert strip_markup(html) == plain


@pytest.mark.parametrize(
    "html",
    ["<div>" * 100_000 + "x", "<b" * 100_000, "<" * 300_000, "<!--" * 50_000, "<script>" * 50_000,
     "<p>x" * 50_000, "&lt;" * 100_000, "<a href='" * 50_000, "</p>" * 100_000 + "x"],
)  # fmt: skip
def test_hostile_markup_ends(html: str) -> None:
    assert len(strip_markup(html)) <= len(html) * 2


@calm
@given(st.text(alphabet=st.sampled_from("<>/pbr!-&;a x\n\"'"), max_size=60))
def test_no_markup_crashes(html: str) -> None:
    plain = strip_markup(html)
    assert clean_text(plain) == plain


PIECES = [
    "<p>", "</p>", "<br>", "<BR/>", "</br>", "<b>", "</b>", '<a href="x  y">', "</a>", "<li>",
    "<h1>", "<hr/>", "<div\nclass='x'>", "<img alt='q' />", "a", "x > y", "  ", "\n", "\t",
    "&nbsp;", "&lt;p&gt;", "\u2028", "سلام",
]  # fmt: skip


@calm
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=14).map("".join))
def test_the_cheap_way_through_plain_markup_gives_what_the_long_way_gives(html: str) -> None:
    assert _PLAIN_HTML.fullmatch(html)
    assert _strip_plain(html) == _strip_by_hand(html)
