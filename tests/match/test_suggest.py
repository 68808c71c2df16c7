"""What an archive suggests for a rule."""

from __future__ import annotations

import pytest

from monitor.match.suggest import (
    MAX_NEIGHBOURS,
    distance,
    log_likelihood,
    neighbours,
    spellings,
)


def words_of(terms: list[str], vocabulary: dict[str, int]) -> list[tuple[str, str, int]]:
    return [(one.beside, one.word, one.articles) for one in spellings(terms, vocabulary)]


def test_spellings_of_a_name_come_with_their_counts() -> None:
    vocabulary = {"haq": 31, "huq": 2, "haque": 90, "hotel": 50, "hague": 7, "iraq": 9, "hawks": 4}
    assert words_of(["haque"], vocabulary) == [
        ("haque", "haq", 31),
        ("haque", "hague", 7),
        ("haque", "huq", 2),
    ]


def test_inflections_and_slips_are_found_and_short_words_left_alone() -> None:
    vocabulary = {"offices": 312, "ofice": 3, "officer": 20, "off": 900, "metas": 5, "mets": 2}
    found = words_of(["office", "met"], vocabulary)
    assert found == [
        ("office", "offices", 312),
        ("office", "officer", 20),
        ("office", "ofice", 3),
    ]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("office", "office", 0), ("office", "ofifce", 1), ("abcd", "abxy", 2), ("ab", "abcd", 2),
     ("kitten", "sitting", 3), ("abc", "xyz", 3)],
)  # fmt: skip
def test_the_distance_counts_letters(one: str, other: str, expected: int) -> None:
    assert distance(one, other, 3) == distance(other, one, 3) == expected
    assert distance(one, other, 1) == min(expected, 2)


def test_log_likelihood_is_dunnings() -> None:
    # 10 of 10 matching articles and 10 of 100 in all: 2 * (10 ln 10 + 90 ln (90 / 81))
    assert log_likelihood(10, 10, 10, 100) == pytest.approx(65.017, abs=0.001)
    assert log_likelihood(1, 10, 10, 100) == pytest.approx(0)


def test_neighbours_stand_there_more_often_than_elsewhere() -> None:
    matching = [frozenset({"meta", "islamabad", "said", "rain", "x7"})] * 5
    vocabulary = {"meta": 5, "islamabad": 8, "said": 900, "rain": 500, "x7": 5}
    found = neighbours(matching, vocabulary, articles=1_000, own=frozenset({"meta"}))
    assert [(one.word, one.together, one.articles) for one in found] == [("islamabad", 5, 8)]
    many = [frozenset(f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(40))] * 5
    assert len(neighbours(many, {}, articles=1_000, own=frozenset())) == MAX_NEIGHBOURS
