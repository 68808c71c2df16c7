"""Whose an article is where sources share a domain."""

from __future__ import annotations

from monitor.model.keys import SourceKey
from monitor.model.source import Source
from monitor.normalise import SourceBook


def made(key: str, *domains: str) -> Source:
    return Source(key=SourceKey(key), name=key, domains=domains)


BBC, URDU = made("bbc", "bbc.co.uk", "bbc.com"), made("bbcurdu", "bbc.com")
PAPER, IMAGES = made("dawn", "dawn.com"), made("images", "images.dawn.com")
OTHER = made("other", "other.example")
BOOK = SourceBook([BBC, URDU, PAPER, IMAGES, OTHER])


def owner(feed_source: Source, link: str) -> Source:
    return BOOK.for_entry(feed_source, link, None, None)


def test_an_article_of_a_shared_domain_is_its_feeds_own_or_the_first_ones() -> None:
    assert owner(URDU, "https://www.bbc.com/urdu/1") is URDU
    assert owner(BBC, "https://www.bbc.com/news/1") is BBC
    assert owner(OTHER, "https://www.bbc.com/urdu/1") is BBC


def test_the_longest_domain_wins_over_the_feeds_own() -> None:
    assert owner(PAPER, "https://images.dawn.com/1") is IMAGES
    assert owner(IMAGES, "https://www.dawn.com/1") is PAPER
