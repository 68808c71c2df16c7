"""Numbers are given in one order and committed in another: what comes late is not passed over."""

from __future__ import annotations

from contextlib import ExitStack

from services.articles import article
from services.assigner import Desk

from monitor.store import articles, migrate
from monitor.store.engine import Store


def test_an_article_that_commits_after_a_later_one_is_placed_all_the_same(pg_url: str) -> None:
    store = Store(pg_url.replace("postgresql://", "postgresql+psycopg://"))
    migrate.upgrade(store)
    desk = Desk(store)
    with ExitStack() as slow:
        tx = slow.enter_context(store.write())
        (first,) = articles.add(tx, [article("first")], is_baseline=False).values()
        with store.write() as other:
            (second,) = articles.add(other, [article("second")], is_baseline=False).values()
        assert first < second
        while desk.assigner.place_due():
            pass
        assert len(desk.seats()) == 1
    while desk.assigner.place_due():
        pass
    assert len(desk.seats()) == 2
    store.close()
