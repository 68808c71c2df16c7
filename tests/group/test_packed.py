"""Promises of packed profiles and of the arrays that index them: as plain values would be."""

from __future__ import annotations

import gc
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.group import StoryIndex
from monitor.group.marks import Marks
from monitor.group.packed import pack, read_stored, stored
from monitor.group.profile import READING, Profile, Vector, read_article
from monitor.group.shelf import Shelf
from monitor.group.tally import Tally
from monitor.group.terms import Terms
from monitor.group.weights import default_model
from monitor.model.article import Article, Precision
from monitor.model.keys import ArticleKey, SourceKey, StoryId, digest_of
from monitor.model.story import Relation

Build = Callable[..., Article]
WORDS = st.text(st.characters(exclude_characters="\n\0"), min_size=1, max_size=8)
NUMBER = st.floats(-1e6, 1e7)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Give profiles of any content, with more terms than a byte can number now and then."""
    terms = draw(st.lists(WORDS, unique=True, max_size=30))
    if draw(st.booleans()):
        terms += [f"more {n}" for n in range(300)]
    some = st.lists(st.sampled_from(terms), unique=True) if terms else st.just([])
    text, head = (draw(some) for _ in range(2))
    names = draw(st.frozensets(WORDS, max_size=5))
    return Profile(
        key=ArticleKey(draw(WORDS)),
        source=SourceKey(draw(st.text(max_size=9))),
        url=draw(st.text(max_size=70)),
        text_hash=draw(st.text(max_size=9)),
        at=draw(NUMBER),
        slack=draw(NUMBER),
        seen_at=draw(NUMBER),
        words=draw(st.integers(0, 2**32 - 1)),
        has_title=draw(st.booleans()),
        title=frozenset([*draw(some), *terms[-300:]]),
        text=Vector(tuple(text), bytes(len(text))),
        head=Vector(tuple(head), bytes([255] * len(head))),
        names=names,
        skeletons=draw(st.frozensets(WORDS, max_size=3)),
        numbers=draw(st.frozensets(WORDS, max_size=3)),
        prints=draw(st.frozensets(st.integers(0, 2**32 - 1), max_size=50)),
        places=tuple((draw(WORDS), name) for name in sorted(names)),
    )


@settings(max_examples=60)
@given(one=profiles())
def test_what_is_held_and_what_is_stored_is_the_profile_itself(one: Profile) -> None:
    packed = pack(one, 7)
    shelf = Shelf({}, ())
    seat = shelf.put(packed, StoryId("sto_1"), Relation.FIRST)
    assert shelf.profile_at(seat) == one
    blob = stored(shelf.packed_at(seat), shelf.terms_at(seat))
    assert read_stored(blob, 7) == packed


def test_what_another_reading_stored_or_what_was_cut_off_is_not_read() -> None:
    one = Profile(
        key=ArticleKey("k"), source=SourceKey("s"), url="", text_hash="", at=1.0, slack=0.0,
        seen_at=1.0, words=2, has_title=True, title=frozenset({"ab"}), names=frozenset(),
        text=Vector(("ab", "cd"), b"\x08\x08"), head=Vector((), b""),
        skeletons=frozenset(), numbers=frozenset(), prints=frozenset({5}),
    )  # fmt: skip
    packed = pack(one, 7)
    blob = stored(packed.rest, packed.terms)
    assert read_stored(blob, 7) == packed
    assert read_stored(blob, 8) is None
    assert [read_stored(blob[:size], 7) for size in (0, 10, len(packed.rest))] == [None] * 3


def test_a_reading_that_changed_has_a_new_number(build: Build) -> None:
    """Count `READING` up, and put the digest that is shown here, if `read_article` changed."""
    background = default_model().background
    texts = [
        ("Mill fire in Oru kills 12", "Flames destroyed the old mill of Oru on Monday. " * 9),
        ("", "میٹا پاکستان میں دفتر کھولے گی، وزیر نے کہا"),
        ("Grève à la SNCF", "Meta 说 将 在 巴基斯坦 开设办事处。"),
    ]
    articles = [build(title, title, body) for title, body in texts]
    articles.append(replace(articles[0], published_precision=Precision.UNKNOWN))
    articles.append(replace(articles[0], canonical_url="https://m.paper.test/1/amp"))
    read = [read_article(article, background) for article in articles]
    packed = [pack(profile, 0) for profile in read]
    seen = digest_of(*(f"{one.rest.hex()} {one.terms}" for one in packed))
    assert (READING, seen) == (4, "8ff6f316264a14381b24833cd73f215a")


MARKS = st.lists(st.tuples(st.integers(0, 2**21), st.integers(0, 3)), max_size=40)


@settings(max_examples=60)
@given(
    first=MARKS, mark=st.integers(0, 2**21), few=st.lists(st.integers(0, 3), max_size=20),
    is_settled=st.booleans(),
)  # fmt: skip
def test_marks_find_what_a_sorted_list_would(
    first: list[tuple[int, int]], mark: int, few: list[int], is_settled: bool
) -> None:
    pairs = [*first, *((mark, group) for group in 4 * few)]
    ranks = [(float(seat * 7 % 5), str(seat)) for seat in range(len(pairs))]
    marks = Marks(ranks.__getitem__)
    for seat, (one, group) in enumerate(pairs):
        marks.add((one,), group, seat)
    if is_settled:
        marks.settle()
    marks.remove((*pairs[seat], seat) for seat in range(0, len(pairs), 3))
    for seat in range(0, len(pairs), 6):
        marks.add(pairs[seat][:1], pairs[seat][1], seat)
    held = [
        (group, ranks[seat], seat)
        for seat, (one, group) in enumerate(pairs)
        if one == mark and (seat % 3 or not seat % 6)
    ]
    held.sort()
    found = marks.find([mark]).get(mark)
    assert (found is None) is (not held)
    if found is not None:
        assert found.last(100) == [seat for *_, seat in held]
        groups = dict(reversed([(group, seat) for group, _, seat in held]))
        assert list(found.firsts()) == [groups[group] for group in sorted(groups)]


NUMBERS = st.lists(st.lists(st.integers(0, 20), unique=True, max_size=9), min_size=1, max_size=9)


@settings(max_examples=60)
@given(articles=NUMBERS)
def test_a_tally_counts_as_a_counter_would(articles: list[list[int]]) -> None:
    weighed = len(articles[0]) // 2  # the others are of the head alone
    tally = Tally(articles[0], bytes([3] * weighed))
    tally.weigh(array("I", articles[0][weighed:]), bytes([3] * (len(articles[0]) - weighed)))
    counts = Counter(articles[0])
    for numbers in articles[1:]:
        half = len(numbers) // 2
        assert set(tally.add(numbers, bytes([3] * half))) == set(numbers) - set(counts)
        counts.update(numbers)
        tally.weigh(array("I", numbers[half:]), bytes([3] * (len(numbers) - half)))
    words = [str(number) for number in range(21)]
    assert tally.centre(words) == {str(number): 3 * count for number, count in counts.items()}
    gone = articles[0]
    tally.weigh(array("I", gone), bytes([3] * len(gone)), sign=-1)
    counts.subtract(gone)
    assert set(tally.remove(gone)) == {number for number, count in counts.items() if not count}
    assert list(tally.numbers) == sorted(+counts)


@settings(max_examples=60)
@given(stories=st.lists(st.frozensets(WORDS, max_size=6), max_size=12), turn=st.integers(0, 12))
def test_terms_know_their_stories_and_are_forgotten_with_the_last(
    stories: list[frozenset[str]], turn: int
) -> None:
    terms = Terms()
    held: dict[int, array[int]] = {}
    numbers = range(len(stories))
    for story in (*numbers[turn:], *reversed(numbers[:turn])):  # in whatever order
        (held[story],) = terms.hold([sorted(stories[story])])
        terms.post(held[story], story)
    gone = frozenset(range(0, len(stories), 2))
    terms.unpost({number for story in gone for number in held[story]}, gone)
    for story in gone:
        terms.release(held[story])
    for word in frozenset().union(*stories):
        left = [story for story, own in enumerate(stories) if word in own and story not in gone]
        assert list(terms.stories_of(word)) == left
        assert terms.count_of(word) == len(left)
    size = len(terms.words)
    for story in held.keys() - gone:
        terms.unpost(held[story], {story})
        terms.release(held[story])
    terms.hold([frozenset().union(*stories)])
    assert len(terms.words) == size  # numbers are used again


@pytest.mark.parametrize("words", [2, 40])
def test_memory_is_given_back_with_the_stories(build: Build, words: int) -> None:
    terms = Terms()
    for round_ in range(50):
        (held,) = terms.hold([[f"word{round_} {n}" for n in range(words)]])
        terms.post(held, round_)
        terms.unpost(held, {round_})
        terms.release(held)
    assert len(terms.words) == words


def test_an_index_is_let_go_by_its_references_alone(build: Build) -> None:
    """It is built anew with every edit of the rules, and the collector may come late."""

    def held() -> int:
        return sum(isinstance(one, Shelf | Terms) for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before, index = held(), StoryIndex(common_terms=frozenset({"harbour", "brid*"}))
        for n in range(3):
            article = build(f"bridge-{n}", f"Harbour bridge {n} closes", "Ships wait. " * 40)
            index.place(article, now=article.first_seen_at)
        assert held() == before + 2
        del index
        assert held() == before
    finally:
        gc.enable()
