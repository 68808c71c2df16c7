"""What is old goes, a little at a time, and nothing that went comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from services.articles import MOMENT, article
from services.assigner import Desk
from sqlalchemy import func, select, text, update

from monitor.model.article import Article, Origin
from monitor.model.retention import Retention as Kept
from monitor.pipeline.keep import keep_articles
from monitor.pipeline.retention import Retention
from monitor.store import check, restored, retention, roles
from monitor.store.engine import Store
from monitor.store.tables import (
    AliasRow,
    ArticleRow,
    AttemptRow,
    DeliveryRow,
    FeedRow,
    ForgottenRow,
    SeatRow,
    StoryRow,
)

DAY = timedelta(days=1)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store, now=MOMENT)


def seen(name: str, desk: Desk, *, age: timedelta = timedelta(0), **facts: Any) -> Article:
    """Make an article that is seen now, published so long ago, with a text of its own."""
    words = " ".join(f"{name}w{n}" for n in range(40))  # w: no word of another article
    facts.setdefault("aliases", (f"alias-{name}",))
    return article(
        name, title=f"News {name}", body=words, first_seen_at=desk.now,
        published_at=desk.now - age, **facts,
    )  # fmt: skip


def poll(desk: Desk, *found: Article) -> int:
    """Do what a poll does with what a feed lists, and place it; count what was new."""
    kept = keep_articles(
        desk.ports, found, is_baseline=False, now=desk.now, settle=lambda _tx, _new: None
    )
    while desk.assigner.place_due():
        pass
    return kept.new


def tidy(desk: Desk) -> int:
    """Remove all that is old, as the first look of a process does; count the rows."""
    keeper, removed = Retention(desk.ports), 0
    while number := keeper.remove_due():
        removed += number
    return removed


def count(desk: Desk, table: type[Any]) -> int:
    with desk.store.read() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_story_goes_as_a_whole_once_all_of_it_is_old(desk: Desk) -> None:
    poll(desk, seen("a", desk))
    desk.now += 360 * DAY
    assert tidy(desk) == 0
    desk.now += 6 * DAY
    assert tidy(desk) == 1
    for table in (ArticleRow, StoryRow, SeatRow, AliasRow):
        assert count(desk, table) == 0
    assert count(desk, ForgottenRow) == 2  # its key and its alias


def test_one_young_article_keeps_its_story(desk: Desk) -> None:
    poll(desk, seen("a", desk))
    desk.now += 300 * DAY
    poll(desk, seen("b", desk))
    with desk.store.write() as tx:  # as grouping would have, had the story stayed open
        story = tx.execute(select(StoryRow.id).order_by(StoryRow.first_at)).scalars().first()
        tx.execute(update(SeatRow).values(story_id=story))
        tx.execute(text("DELETE FROM story WHERE id <> :story"), {"story": story})
    desk.now += 100 * DAY
    assert tidy(desk) == 0
    desk.now += 266 * DAY
    assert tidy(desk) == 2


def test_a_seed_stays_and_so_does_its_story(desk: Desk) -> None:
    poll(desk, seen("a", desk, origin=Origin.SEED))
    desk.now += 4_000 * DAY
    assert tidy(desk) == 0


def test_what_a_feed_still_lists_does_not_come_back(desk: Desk) -> None:
    old = [seen(f"old{n}", desk, age=3_650 * DAY) for n in range(5)]
    assert poll(desk, *old) == 5
    desk.now += 366 * DAY
    assert tidy(desk) == 5
    for _ in range(4):  # each poll notes that they are listed
        desk.now += 200 * DAY
        assert poll(desk, *old) == 0
        tidy(desk)
        assert count(desk, ForgottenRow) == 10
    by_alias = seen("other", desk, aliases=("alias-old1",))
    assert poll(desk, by_alias) == 0


def test_a_forgotten_identity_goes_a_year_after_it_was_listed_last(desk: Desk) -> None:
    poll(desk, seen("a", desk))
    desk.now += 366 * DAY
    tidy(desk)
    desk.now += 364 * DAY
    tidy(desk)
    assert count(desk, ForgottenRow) == 2
    desk.now += 2 * DAY
    tidy(desk)
    assert count(desk, ForgottenRow) == 0


def test_before_an_identity_is_dropped_feeds_are_read_whole(desk: Desk) -> None:
    poll(desk, seen("a", desk))
    feed = {
        "url": "u", "fetch_url": "u", "source_key": "s", "next_poll_at": desk.now,
        "interval_seconds": 900, "etag": "e", "last_modified": "m", "body_hash": "h",
        "sightings": {}, "notes": [],
    }  # fmt: skip
    with desk.store.write() as tx:
        tx.execute(FeedRow.__table__.insert(), feed)
    desk.now += 366 * DAY
    tidy(desk)
    assert body_hash(desk) == "h"
    desk.now += 340 * DAY
    tidy(desk)
    assert body_hash(desk) is None


def body_hash(desk: Desk) -> str | None:
    with desk.store.read() as tx:
        found: str | None = tx.execute(select(FeedRow.body_hash)).scalar_one()
        return found


def test_it_is_noted_once_a_day_that_something_is_listed(desk: Desk) -> None:
    old = seen("a", desk)
    poll(desk, old)
    desk.now += 366 * DAY
    tidy(desk)
    first = desk.now
    desk.now += timedelta(hours=20)
    poll(desk, old)
    assert listed_at(desk) == first
    desk.now += timedelta(hours=5)
    poll(desk, old)
    assert listed_at(desk) == desk.now


def listed_at(desk: Desk) -> Any:
    with desk.store.read() as tx:
        return tx.execute(select(func.min(ForgottenRow.listed_at))).scalar_one()


def owed(desk: Desk, key: str, state: str) -> None:
    with desk.store.write() as tx:
        tx.execute(
            DeliveryRow.__table__.insert(),
            {
                "key": key, "channel": "c", "recipient": "r", "kind": "alert", "state": state,
                "content": {}, "title": "t", "body": b"b", "due_at": desk.now,
                "created_at": desk.now, "sent_at": desk.now if state == "sent" else None,
            },
        )  # fmt: skip
        tx.execute(
            AttemptRow.__table__.insert(),
            {
                "delivery_key": key, "number": 1, "started_at": desk.now, "ended_at": desk.now,
                "result": "sent", "reason": "r", "answer": "",
            },
        )  # fmt: skip


def test_what_is_pending_is_never_touched(desk: Desk) -> None:
    for state in ("pending", "sent", "dead"):
        owed(desk, f"dl-{state}", state)
    desk.now += 91 * DAY
    assert tidy(desk) == 2  # tries of what is settled
    desk.now += 300 * DAY
    assert tidy(desk) == 2
    with desk.store.read() as tx:
        assert tx.execute(select(DeliveryRow.key)).scalars().all() == ["dl-pending"]
        assert tx.execute(select(AttemptRow.delivery_key)).scalars().all() == ["dl-pending"]


def test_nothing_goes_while_a_restore_waits_for_its_answer(desk: Desk) -> None:
    poll(desk, seen("a", desk))
    desk.now += 366 * DAY
    with desk.store.write() as tx:
        restored.note_restore(tx, now=desk.now)
    keeper = Retention(desk.ports)
    assert keeper.remove_due() == 0
    assert count(desk, ArticleRow) == 1
    with desk.store.write() as tx:
        restored.end_pause(tx, is_told=False)
    desk.now += timedelta(hours=1)
    assert keeper.remove_due() == 1


def test_it_goes_in_small_batches_and_on_from_where_it_was_cut(desk: Desk) -> None:
    poll(desk, *(seen(f"a{n}", desk) for n in range(60)))
    desk.now += 366 * DAY
    first = Retention(desk.ports)
    assert first.remove_due() == retention.ARTICLES
    assert count(desk, ArticleRow) == 60 - retention.ARTICLES
    with desk.store.write() as tx:
        roles.give_up(tx, desk.ports.holder)  # a stop
    assert tidy(desk) == 60 - retention.ARTICLES


def test_one_process_at_a_time_removes(desk: Desk, store: Store) -> None:
    poll(desk, *(seen(f"a{n}", desk) for n in range(60)))
    desk.now += 366 * DAY
    assert Retention(desk.ports).remove_due() == retention.ARTICLES
    other = Retention(replace(desk.ports, holder="other"))
    assert other.remove_due() == 0
    assert count(desk, ArticleRow) == 60 - retention.ARTICLES


def test_after_a_day_it_looks_again(desk: Desk) -> None:
    keeper = Retention(desk.ports)
    assert keeper.remove_due() == 0
    poll(desk, seen("a", desk))
    with desk.store.write() as tx:
        tx.execute(update(ArticleRow).values(first_seen_at=desk.now - 400 * DAY))
    desk.now += timedelta(hours=23)
    assert keeper.remove_due() == 0
    desk.now += timedelta(hours=2)
    assert keeper.remove_due() == 1


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_two_years_of_news_keep_the_rows_bounded(desk: Desk) -> None:
    """Three articles every other day, beside old ones that the feed lists for ever."""
    desk.ports = replace(
        desk.ports, terms=replace(desk.ports.terms, retention=Kept(articles=60 * DAY))
    )
    desk.take_over()
    keeper = Retention(desk.ports)
    archive = [seen(f"old{n}", desk, age=3_650 * DAY) for n in range(10)]
    assert poll(desk, *archive) == 10
    sizes = []
    for day in range(0, 730, 2):
        desk.now += 2 * DAY
        fresh = [seen(f"d{day}n{n}", desk) for n in range(3)]
        assert poll(desk, *archive, *fresh) == 3
        while keeper.remove_due():
            pass
        sizes.append(count(desk, ArticleRow))
    assert max(sizes) <= 3 * 32 + 10
    assert sizes[-1] <= 3 * 32
    # keys are remembered for a year after their feed listed them last
    assert count(desk, ForgottenRow) <= 2 * (3 * 185 + 10)
    with desk.store.read() as tx:
        assert check.check(tx, now=desk.now).faults == ()
