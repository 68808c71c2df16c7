"""Promises of page names: one page has one name, however readers reach it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.articles import article, source

from monitor.group import StoryIndex
from monitor.group.address import page_of
from monitor.model.story import Relation
from monitor.normalise.urls import canonical_url

PAGE = "https://dawn.com/news/1"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.dawn.com/news/1",
        "http://dawn.com/news/1/",
        "https://m.dawn.com/news/1",
        "https://mobile.dawn.com/news/1",
        "https://amp.dawn.com/news/1",
        "https://www.dawn.com/news/1/amp",
        "https://www.dawn.com/news/1/amp/",
        "https://www.dawn.com/news/1/amp.html",
        "https://www.dawn.com/news/1.amp",
        "https://www.dawn.com/amp/news/1",
        "https://www.dawn.com/news/1?amp",
        "https://www.dawn.com/news/1?amp=1&utm_source=x",
        "https://www.dawn.com/news/1?outputType=amp",
        "https://www-dawn-com.cdn.ampproject.org/c/s/www.dawn.com/news/1",
        "https://www-dawn-com.cdn.ampproject.org/v/s/www.dawn.com/news/1?amp_js_v=0.1&usqp=mq3",
        "https://www-dawn-com.cdn.ampproject.org/c/s/www.dawn.com/news/1/amp",
        "https://www.google.com/amp/s/www.dawn.com/news/1.amp",
        "https://www.google.co.uk/amp/s/amp.dawn.com/news/1",
        "https://www.google.com/amp/s/www.dawn.com/news/1%3foutputType=amp",
    ],
)
def test_variants_of_a_page_have_one_name(url: str) -> None:
    assert page_of(canonical_url(url)) == PAGE


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://en.m.wikipedia.org/wiki/X", "https://en.wikipedia.org/wiki/X"),
        ("https://x.com/a/story.amp.html", "https://x.com/a/story.html"),
        ("https://x.com/news/ramp", "https://x.com/news/ramp"),
        ("https://x.com/champ/1", "https://x.com/champ/1"),
        ("https://x.com/amp", "https://x.com/amp"),
        ("https://m.com/a", "https://m.com/a"),
        ("https://www.amp.co.za/news", "https://amp.co.za/news"),
        ("https://m.bbc.co.uk/news/1", "https://bbc.co.uk/news/1"),
        ("https://x.com/wiki/AMP", "https://x.com/wiki/AMP"),
        ("https://x.com/a?amp_id=7", "https://x.com/a?amp_id=7"),
        ("https://x.com/news?p=1&amp=1&q=2", "https://x.com/news?p=1&q=2"),
        ("https://x.com/?p=1", "https://x.com?p=1"),
        ("https://x.com/?ramp=1", "https://x.com?ramp=1"),
        ("https://www.google.com/amp/s/", "https://google.com/s"),
        ("https://x.com/", ""),
        ("https://www.x.com", ""),
        ("", ""),
    ],
)
def test_what_is_no_variant_keeps_its_name_and_a_front_page_has_none(url: str, name: str) -> None:
    assert page_of(canonical_url(url)) == name


PARTS = st.sampled_from(
    [
        "/",
        "amp",
        "/amp",
        ".amp",
        ".html",
        "www.",
        "m.",
        "amp.",
        "?",
        "amp=1",
        "&",
        "#!",
        "1",
        "s/",
        "https://",
        "x.com",
        ".cdn.ampproject.org",
        "/c/s/",
        "/v/",
        "www.google.com/amp/s/",
        "[",
        ":",
    ]
)


@given(st.lists(PARTS, max_size=12).map("".join) | st.text(max_size=30))
def test_a_name_is_its_own_name_unless_it_holds_another_variant(text: str) -> None:
    url = canonical_url("https://" + text)
    names = [url]
    while (name := page_of(names[-1])) != names[-1]:
        assert len(name) < len(names[-1])  # each time something is taken off: it comes to an end
        names.append(name)


def test_an_amp_page_joins_the_page_it_is_a_variant_of() -> None:
    index = StoryIndex()
    first = article(
        "a", title="Meta plans an office", canonical_url="https://www.dawn.com/news/1",
        body="Meta plans an office in Islamabad, the minister said.",
    )  # fmt: skip
    variant = article(
        "b", title="Office of Meta planned in Islamabad", source=source("google"),
        canonical_url="https://www-dawn-com.cdn.ampproject.org/c/s/www.dawn.com/news/1/amp",
        body="It will open next year. Meta hires.",
    )  # fmt: skip
    opened = index.place(first, now=first.fetched_at)
    joined = index.place(variant, now=variant.fetched_at)
    assert (joined.story, joined.relation) == (opened.story, Relation.SAME)
