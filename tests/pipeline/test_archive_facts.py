"""What the lint asks of the archive is answered alike by both engines."""

from __future__ import annotations

from datetime import timedelta

from services.articles import MOMENT, article

from monitor.pipeline.archive_facts import LATE_FOR, ArchiveFacts
from monitor.store import articles, fulltext
from monitor.store.engine import Store
from monitor.text.terms import Term

TEXTS = ("Acme opens an office", "Acme opens offices", "Globex shuts two offices", "AT&T hires")


def test_terms_are_counted(store: Store) -> None:
    made = [article(f"a{at}", title=title, body="") for at, title in enumerate(TEXTS)]
    with store.write() as tx:
        kept = articles.add(tx, made, is_baseline=False)
        fulltext.put_stored(tx, list(kept.values()))
    with store.read() as tx:
        facts = ArchiveFacts(tx, (), now=MOMENT)
        assert facts.size == len(TEXTS)
        assert facts.count(Term("offices")) == 2
        assert facts.count(Term("offic", is_prefix=True)) == 3
        assert facts.count(Term("offices"), without=Term("acme")) == 1
        assert facts.count(Term("office"), without=Term("acme")) == 0
        assert [facts.holds(Term(word)) for word in ("att", "globex", "offic")] == [
            True, True, False,
        ]  # fmt: skip
        assert facts.holds(Term("offic", is_prefix=True))


def test_the_latest_articles_are_those_of_a_month(store: Store) -> None:
    ages = (LATE_FOR + timedelta(days=1), LATE_FOR, timedelta(0))
    moments = [MOMENT - age for age in ages]
    made = [article(f"a{n}", first_seen_at=at, published_at=at) for n, at in enumerate(moments)]
    with store.write() as tx:
        articles.add(tx, made, is_baseline=False)
    with store.read() as tx:
        latest = ArchiveFacts(tx, (), now=MOMENT).latest
        assert [one.first_seen_at for one in latest] == moments[1:]
