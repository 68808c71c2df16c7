"""The archive: a search finds what the matcher finds, whatever the index knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.articles import article
from services.assigner import Desk
from sqlalchemy import text

from monitor.match.ask import read_query
from monitor.match.engine import Engine
from monitor.match.evaluate import document, evaluate
from monitor.match.lists import TermLists
from monitor.match.narrow import condition_of
from monitor.match.tree import FIELDS, LoadedRule, Node
from monitor.model.article import Article
from monitor.model.keys import Revision, RuleId
from monitor.model.rule import Rule
from monitor.pipeline import archive
from monitor.pipeline.indexer import Indexer
from monitor.store import articles, fulltext
from monitor.store.engine import Store
from monitor.text import terms

LISTS = TermLists({"rules/lists/meta.yaml": "title: Meta\nterms: [Facebook, '\"set up\"']\n"})

WORDS = (
    "Meta", "meta", "Meta's", "#Meta", "@meta", "office", "offices", "opens", "e-mail", "email",
    "e mail", "U.S.", "US", "us", "AT&T", "l’équipe", "İstanbul'da", "Straße", "naïve",
    "1,000,000", "1000000", "مكتب", "کراچي", "東京", "ประเทศ", "Facebook", "set up", "not", "10²",
)  # fmt: skip
ASKED = (
    "Meta", "office", "open*", "off?ces", "*ice", "exact:Meta", "exact:US", "#meta", "@meta",
    "e-mail", '"set up"', "AT&T", "équipe", "istanbul", "strasse", "naive", "1000000", "مکتب",
    "کراچی", "東京", "$meta", "title:office", "lead:(Meta)", '"e mail"', "url:office", "10",
)  # fmt: skip

word = st.sampled_from(WORDS)
words = st.lists(word, max_size=5).map(" ".join)
written = st.fixed_dictionaries(
    {"title": words, "body": words, "author": words, "lang": st.sampled_from(["en", "tr", None])}
)
leaf = st.sampled_from(ASKED)
near = st.builds("({} NEAR/{} {})".format, leaf, st.integers(0, 3), leaf)
query = st.recursive(
    leaf | near,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda each: f"({' AND '.join(each)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: f"({' OR '.join(each)})"),
        st.builds("({} AND NOT {})".format, inner, inner),
    ),
    max_leaves=4,
)


def node_of(asked: str) -> Node | None:
    return read_query(asked, LISTS).node


def rule_of(node: Node) -> LoadedRule:
    facts = Rule(id=RuleId("r"), title="R", tell=(), revision=Revision("1"))
    return LoadedRule(rule=facts, query=node)


def keep(store: Store, found: Sequence[Article]) -> list[int]:
    with store.write() as tx:
        return list(articles.add(tx, found, is_baseline=False).values())


def found_in(store: Store, asked: str, **facts: Any) -> list[str]:
    node = node_of(asked)
    assert node is not None
    return [hit.article.url.rpartition("/")[2] for hit in archive.search(store, node, **facts)]


def matched_in(store: Store, node: Node) -> list[int]:
    """Match every stored article, with no index: the obvious way."""
    engine = Engine([rule_of(node)])
    with store.read() as tx:
        every = articles.read_many(tx, articles.ids_since(tx, None))
    return [number for number, one in reversed(every) if engine.match(one)]


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(written, min_size=1, max_size=6), st.lists(query, min_size=1, max_size=8), st.data()
)
def test_a_search_finds_what_the_matcher_finds(
    store: Store, texts: list[dict[str, Any]], asked: list[str], data: st.DataObject
) -> None:
    with store.write() as tx:
        tx.execute(text("DELETE FROM article"))
    numbers = keep(store, [article(f"a{at}", **facts) for at, facts in enumerate(texts)])
    with store.write() as tx:  # the index knows some of them
        fulltext.put_stored(tx, data.draw(st.lists(st.sampled_from(numbers), unique=True)))
    for node in filter(None, map(node_of, asked)):
        expected = matched_in(store, node)
        hits = list(archive.search(store, node))
        assert [hit.id for hit in hits] == expected
        for hit in hits:
            assert hit.spans == evaluate(node, document(hit.article)).spans
        assert [hit.id for hit in archive.matches(store, rule_of(node))] == expected


def test_every_field_that_a_query_may_name_is_in_the_index(store: Store) -> None:
    facts = {"title": "tword", "body": "bword", "author": "aword", "tags": ("gword",)}
    numbers = keep(store, [article("uword", **facts)])
    with store.write() as tx:
        fulltext.put_stored(tx, numbers)
        assert fulltext.unindexed(tx, is_placed=False) == []
    words = dict(zip(FIELDS, ("tword", "bword", "bword", "aword", "uword", "gword"), strict=True))
    for name, asked in words.items():
        assert found_in(store, f"{name}:{asked}") == ["uword"], name
    assert found_in(store, "zword") == []


def test_the_latest_come_first_and_those_of_a_span_alone(store: Store) -> None:
    day = article().first_seen_at
    old, late = day - timedelta(days=40), day - timedelta(days=3)
    keep(
        store,
        [
            article("a", body="office", published_at=old, first_seen_at=old),
            article("b", body="office", published_at=old),  # of a feed's first poll
            article("c", body="office", published_at=late),
            article("d", body="office"),
        ],
    )
    assert found_in(store, "office") == ["d", "c", "b", "a"]
    assert found_in(store, "office", since=day - timedelta(days=30)) == ["d", "c"]
    assert found_in(store, "*ffice", since=day + timedelta(days=1)) == []


def test_a_newer_version_is_found_by_all_it_says_and_by_its_new_date(store: Store) -> None:
    now = article().first_seen_at
    day = now - timedelta(days=60)
    old = article("a", title="Office", first_seen_at=day, published_at=day, lang="en")
    (number,) = keep(store, [old])
    newer = replace(
        old, title="Office again", published_at=now, tags=("zebra",), author="Zed Q", lang="fr"
    )
    with store.write() as tx:
        articles.revise(tx, number, newer, keeps_body=False)
    since = now - timedelta(days=30)
    for asked in ("again", "tag:zebra", "author:zed"):
        assert found_in(store, asked, since=since) == ["a"]
    with store.read() as tx:
        ((_, stored),) = articles.read_many(tx, [number])
    assert (stored.lang, stored.author, stored.tags) == ("fr", "Zed Q", ("zebra",))


def test_results_come_before_all_is_read(store: Store) -> None:
    keep(store, [article(f"a{at}", body="office") for at in range(3 * archive.FIRST_BATCH)])
    told: list[tuple[int, int]] = []
    node = node_of("office")
    assert node is not None
    hits = archive.search(store, node, progress=lambda done, total: told.append((done, total)))
    next(hits)
    assert told == [(1, 3 * archive.FIRST_BATCH)]


def test_a_newer_text_is_found_and_the_older_one_is_not(store: Store) -> None:
    desk = Desk(store)
    desk.receive([article("a", body="An old bureau.")])
    assert found_in(store, "bureau") == ["a"]
    desk.receive([article("a", body="A new office.")])
    assert found_in(store, "bureau") == []
    assert found_in(store, "office") == ["a"]
    with store.read() as tx:
        assert fulltext.unindexed(tx, is_placed=False) == []


def test_what_the_assigner_places_is_indexed_and_what_waits_is_found_all_the_same(
    store: Store,
) -> None:
    desk = Desk(store)
    desk.receive([article("a", body="office")])
    keep(store, [article("b", body="office")])
    with store.read() as tx:
        assert fulltext.unindexed(tx, is_placed=False) == [2]
        assert fulltext.unindexed(tx, is_placed=True) == []
    assert found_in(store, "office") == ["b", "a"]


def test_a_text_that_an_earlier_release_has_changed_is_found(store: Store) -> None:
    desk = Desk(store)
    desk.receive([article("a", body="An old bureau.")])
    with store.write() as tx:  # it knows nothing of the index
        tx.execute(text("UPDATE article SET body = 'A new office.', revision = revision + 1"))
    assert found_in(store, "office") == ["a"]
    indexer = Indexer(desk.ports)
    assert indexer.index_due() == 1
    assert indexer.index_due() == 0
    with store.read() as tx:
        assert fulltext.unindexed(tx, is_placed=False) == []
        node = node_of("bureau")
        assert node is not None
        assert fulltext.candidates(tx, condition_of(node)) == []
    assert found_in(store, "office") == ["a"]


def test_one_process_at_a_time_indexes_what_is_left(store: Store) -> None:
    desk, other = Desk(store), Desk(store, holder="other")
    desk.receive([article("a"), article("b")])
    with store.write() as tx:
        tx.execute(text("UPDATE article SET indexed_reading = 0"))
    assert Indexer(desk.ports).index_due() == 2
    with store.write() as tx:
        tx.execute(text("UPDATE article SET indexed_reading = 0"))
    assert Indexer(other.ports).index_due() == 0
    other.now += timedelta(minutes=2)
    if store.is_sqlite:  # a server has a clock of its own
        assert Indexer(other.ports).index_due() == 2


def test_an_article_that_goes_leaves_the_index(store: Store) -> None:
    Desk(store).receive([article("a", body="bureau"), article("b", body="office")])
    with store.write() as tx:
        tx.execute(text("DELETE FROM seat"))
        tx.execute(text("DELETE FROM article WHERE id = 1"))
        assert tx.execute(text("SELECT count(*) FROM article_terms")).scalar_one() == 1
        if store.is_sqlite:
            words = text("SELECT term FROM article_vocab WHERE term IN ('bureau', 'office')")
            assert tx.execute(words).scalars().all() == ["office"]
            tx.execute(text("INSERT INTO article_fts (article_fts) VALUES ('integrity-check')"))
    assert found_in(store, "bureau OR office") == ["b"]


def test_a_text_of_too_many_words_is_a_candidate_of_every_query(store: Store) -> None:
    usual, terms.MAX_TERMS_BYTES = terms.MAX_TERMS_BYTES, 100
    try:
        body = " ".join(f"word{number}" for number in range(50)) + " bureau"
        Desk(store).receive([article("a", body=body), article("b", body="office")])
    finally:
        terms.MAX_TERMS_BYTES = usual
    with store.read() as tx:
        node = node_of("office AND title:Title")
        assert node is not None
        assert fulltext.candidates(tx, condition_of(node)) == [2, 1]
    assert found_in(store, "bureau") == ["a"]
