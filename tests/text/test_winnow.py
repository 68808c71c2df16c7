"""Promises of fingerprints."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.text.winnow import GRAM, GUARANTEE, WINDOW, fingerprints

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"]), max_size=40)


@settings(max_examples=150, deadline=None)
@given(
    before=WORDS,
    after=WORDS,
    other=WORDS,
    shared=st.lists(st.text("xyz", min_size=1), min_size=GUARANTEE, max_size=20),
)
def test_a_shared_run_of_the_guaranteed_length_is_always_found(
    before: list[str], after: list[str], other: list[str], shared: list[str]
) -> None:
    one, two = fingerprints(before + shared + after), fingerprints(other + shared)
    assert one & two


@settings(max_examples=150, deadline=None)
@given(words=st.lists(st.text("abc", min_size=1, max_size=3), max_size=30))
def test_fingerprints_are_the_smallest_hash_of_every_window(words: list[str]) -> None:
    from zlib import crc32

    hashes = [crc32(" ".join(words[i : i + GRAM]).encode()) for i in range(len(words) - GRAM + 1)]
    windows = [hashes[i : i + WINDOW] for i in range(len(hashes) - WINDOW + 1)]
    if not windows and hashes:
        windows = [hashes]
    assert fingerprints(words) == {min(window) for window in windows}


def test_texts_without_a_shared_run_share_nothing() -> None:
    one = [f"a{i}" for i in range(300)]
    assert not fingerprints(one) & fingerprints(one[::-1])


def test_a_text_shorter_than_a_run_has_no_fingerprint() -> None:
    assert fingerprints(["one", "two", "three", "four"]) == frozenset()
