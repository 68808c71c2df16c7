from __future__ import annotations

import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.text.marks import merge, snippet

calm = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

spans = st.lists(st.tuples(st.integers(-5, 400), st.integers(-5, 400)), max_size=10)


def test_overlapping_and_touching_spans_merge() -> None:
    assert merge([(5, 9), (0, 3), (3, 4), (8, 12), (20, 20)]) == ((0, 4), (5, 12))


def test_the_extract_holds_most_marks_and_ends_at_words() -> None:
    text = "far one. " + "filler " * 60 + "Meta opens office in Pakistan. " + "more " * 60
    at = text.index("Meta")
    found = [(0, 3), (at, at + 4), (at + 11, at + 17)]
    shown, marks = snippet(text, found, width=60)
    assert [shown[start:end] for start, end in marks] == ["Meta", "office"]
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert all(word in text.split() for word in shown.strip("… ").split())


def test_a_short_text_is_shown_whole() -> None:
    assert snippet("a\nbc", [(2, 4)]) == ("a bc", ((2, 4),))


@calm
@given(st.text(alphabet="ab \n", max_size=400), spans, st.integers(10, 80))
def test_marks_stay_disjoint_inside_and_on_the_same_characters(
    text: str, found: list[tuple[int, int]], width: int
) -> None:
    shown, marks = snippet(text, found, width=width)
    assert len(shown) <= width + 4
    assert all(0 <= start < end <= len(shown) for start, end in marks)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(marks))
    flat = "".join(" " if char.isspace() else char for char in text)
    body = shown.removeprefix("… ").removesuffix(" …")
    assert body in flat
