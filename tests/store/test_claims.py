"""Claims: one holder at a time, by lease and fence, on both engines."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from services.articles import article

from monitor.clock import system_clock
from monitor.errors import LeaseLost
from monitor.model.keys import SourceKey
from monitor.store import articles, claims, feeds, pages, roles
from monitor.store.claims import MAX_CRASHES
from monitor.store.engine import Store
from monitor.store.feeds import ClaimedFeed, Polled
from monitor.store.roles import Role
from monitor.store.tables import FeedRow

LEASE = timedelta(seconds=60)
HOUR = timedelta(hours=1)


@pytest.fixture
def moment() -> datetime:
    """Leases are judged by the database's clock on PostgreSQL, so these tests use the real one."""
    return system_clock()


def add_feeds(store: Store, count: int, now: datetime) -> None:
    wanted = [(SourceKey("s"), f"https://example.org/{n}") for n in range(count)]
    with store.write() as tx:
        feeds.sync(tx, wanted, now=now, interval=HOUR)


def claim(
    store: Store, now: datetime, limit: int = 10, lease: timedelta = LEASE
) -> tuple[ClaimedFeed, ...]:
    with store.write() as tx:
        return feeds.claim_due(tx, holder="me", now=now, lease=lease, limit=limit)


def polled(now: datetime) -> Polled:
    return Polled(at=now, next_poll_at=now + HOUR, interval=HOUR)


def test_a_claimed_row_is_claimed_by_nobody_else(store: Store, moment: datetime) -> None:
    add_feeds(store, 3, moment)
    first, second = claim(store, moment, limit=2), claim(store, moment)
    assert len(first) == 2
    assert len(second) == 1
    assert not {feed.url for feed in first} & {feed.url for feed in second}
    assert claim(store, moment) == ()


def test_a_dead_workers_lease_runs_out_and_counts_as_a_crash(
    store: Store, moment: datetime
) -> None:
    add_feeds(store, 1, moment)
    for crashes in range(MAX_CRASHES + 1):
        (feed,) = claim(store, moment, lease=timedelta(microseconds=1))
        assert feed.crashes == crashes
        moment += timedelta(seconds=1)


def test_a_settled_claim_forgets_earlier_crashes(store: Store, moment: datetime) -> None:
    add_feeds(store, 1, moment)
    claim(store, moment, lease=timedelta(microseconds=1))
    moment += timedelta(seconds=1)
    (feed,) = claim(store, moment)
    assert feed.crashes == 1
    with store.write() as tx:
        feeds.settle(tx, feed, polled(moment - HOUR))
    (again,) = claim(store, moment)
    assert again.crashes == 0


def test_what_is_let_go_of_keeps_its_earlier_crashes(store: Store, moment: datetime) -> None:
    add_feeds(store, 1, moment)
    claim(store, moment, lease=timedelta(microseconds=1))
    moment += timedelta(seconds=1)
    (feed,) = claim(store, moment)
    assert feed.crashes == 1
    with store.write() as tx:
        feeds.release(tx, feed)
    (again,) = claim(store, moment)
    assert again.crashes == 1


def test_a_late_result_is_refused_and_nothing_of_it_written(
    store: Store, moment: datetime
) -> None:
    add_feeds(store, 1, moment)
    (late,) = claim(store, moment, lease=timedelta(microseconds=1))
    moment += timedelta(seconds=1)
    (holder,) = claim(store, moment)
    with pytest.raises(LeaseLost), store.write() as tx:
        feeds.settle(tx, late, Polled(at=moment, next_poll_at=moment, interval=HOUR, error="x"))
    with store.write() as tx:
        feeds.settle(tx, holder, polled(moment))
    with store.read() as tx:
        (state,) = feeds.list_states(tx)
    assert state.last_error is None
    assert state.polls == 1


def test_only_the_holder_renews_a_lease(store: Store, moment: datetime) -> None:
    add_feeds(store, 1, moment)
    (late,) = claim(store, moment, lease=timedelta(microseconds=1))
    moment += timedelta(seconds=1)
    (holder,) = claim(store, moment)
    with pytest.raises(LeaseLost), store.write() as tx:
        claims.renew(tx, FeedRow.id, late.id, late.fence, now=moment, lease=LEASE)
    with store.write() as tx:
        claims.renew(tx, FeedRow.id, late.id, holder.fence, now=moment, lease=LEASE)
        feeds.settle(tx, holder, polled(moment))
    with pytest.raises(LeaseLost), store.write() as tx:
        claims.renew(tx, FeedRow.id, late.id, holder.fence, now=moment, lease=LEASE)


def test_a_page_is_asked_for_once(store: Store, moment: datetime) -> None:
    with store.write() as tx:
        ids = list(articles.add(tx, [article("a"), article("b")], is_baseline=False).values())
        pages.add(tx, {ids[0]: "https://example.org/a"}, now=moment)
        (page,) = pages.claim_due(tx, holder="me", now=moment, lease=LEASE, limit=9)
        pages.settle_done(tx, page)
        pages.add(tx, dict.fromkeys(ids, "https://example.org/b"), now=moment)
        left = pages.claim_due(tx, holder="me", now=moment, lease=LEASE, limit=9)
    assert [page.article_id for page in left] == ids[1:]


def test_a_result_settles_once(store: Store, moment: datetime) -> None:
    add_feeds(store, 1, moment)
    (feed,) = claim(store, moment)
    with store.write() as tx:
        feeds.settle(tx, feed, polled(moment))
    with pytest.raises(LeaseLost), store.write() as tx:
        feeds.settle(tx, feed, polled(moment))


def test_workers_side_by_side_claim_each_row_once(store: Store, moment: datetime) -> None:
    add_feeds(store, 60, moment)
    claimed: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        while found := claim(store, moment, limit=3):
            with lock:
                claimed.extend(feed.url for feed in found)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(claimed) == 60
    assert len(set(claimed)) == 60


def test_after_crashes_the_innocent_are_forgiven_and_the_guilty_is_parked(
    store: Store, moment: datetime
) -> None:
    add_feeds(store, 8, moment)
    guilty, found = "https://example.org/3", {}
    for _ in range(200):
        claimed = claim(store, moment, limit=5)
        assert sum(feed.crashes > 0 for feed in claimed) <= 1
        moment += timedelta(seconds=1)
        in_flight = {feed.url: feed for feed in claimed}
        if guilty in in_flight and in_flight[guilty].crashes >= MAX_CRASHES:
            break
        if guilty in in_flight:  # the process dies, and all it had claimed is left
            with store.write() as tx:
                claims.expire_all(tx, now=moment - timedelta(days=1))
            moment += LEASE
            continue
        for feed in claimed:
            found[feed.url] = max(feed.crashes, found.get(feed.url, 0))
            with store.write() as tx:
                feeds.settle(tx, feed, polled(moment - HOUR))
    else:
        pytest.fail("the guilty feed was never parked")
    assert len(found) == 7
    assert max(found.values()) <= 2


def test_of_the_suspects_one_at_a_time_is_in_flight_and_others_go_on(
    store: Store, moment: datetime
) -> None:
    add_feeds(store, 3, moment)
    claim(store, moment, lease=timedelta(microseconds=1))
    moment += timedelta(seconds=1)
    with store.write() as tx:
        wanted = [(SourceKey("s"), f"https://example.org/{n}") for n in range(5)]
        feeds.sync(tx, wanted, now=moment, interval=HOUR)
    first = claim(store, moment)
    assert sorted(feed.crashes for feed in first) == [0, 0, 1]
    assert claim(store, moment) == ()
    (suspect,) = (feed for feed in first if feed.crashes)
    with store.write() as tx:
        feeds.settle(tx, suspect, polled(moment))
    (second,) = claim(store, moment)
    assert second.crashes == 1


def test_a_parked_feed_is_polled_again_when_somebody_asks(store: Store, moment: datetime) -> None:
    add_feeds(store, 1, moment)
    (feed,) = claim(store, moment)
    with store.write() as tx:
        feeds.settle(tx, feed, replace(polled(moment), state="parked", error="crashes"))
    assert claim(store, moment + HOUR) == ()
    with store.write() as tx:
        assert feeds.make_due(tx, now=moment) == 1
    (again,) = claim(store, moment)
    assert again.crashes == 0


def test_workers_that_start_side_by_side_add_each_feed_once(
    store: Store, moment: datetime
) -> None:
    together = threading.Barrier(4)
    added: list[int] = []

    def start() -> None:
        wanted = [(SourceKey("s"), f"https://example.org/{n}") for n in range(40)]
        together.wait()
        with store.write() as tx:
            added.append(feeds.sync(tx, wanted, now=moment, interval=HOUR))

    workers = [threading.Thread(target=start) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(added) == 4  # none of them failed
    with store.read() as tx:
        assert len(feeds.list_states(tx)) == 40


def test_a_role_has_one_holder_until_its_lease_runs_out(store: Store, moment: datetime) -> None:
    def take(
        holder: str, held: Role | None, now: datetime, lease: timedelta = LEASE
    ) -> Role | None:
        with store.write() as tx:
            return roles.take(tx, "assigner", holder, held, now=now, lease=lease)

    one = take("one", None, moment)
    assert one is not None
    assert not one.is_after_crash
    assert take("two", None, moment) is None
    assert take("one", one, moment, lease=timedelta(microseconds=1)) == one
    two = take("two", None, moment + timedelta(seconds=1))
    assert two is not None
    assert two.is_after_crash
    assert take("one", one, moment) is None
    with pytest.raises(LeaseLost), store.write() as tx:
        roles.require(tx, one)
    with store.write() as tx:
        roles.require(tx, two)


def test_a_role_taken_without_an_answer_is_taken_again_at_once(
    store: Store, moment: datetime
) -> None:
    with store.write() as tx:
        unheard = roles.take(tx, "assigner", "one", None, now=moment, lease=LEASE)
    with store.write() as tx:
        assert roles.take(tx, "assigner", "two", None, now=moment, lease=LEASE) is None
        again = roles.take(tx, "assigner", "one", None, now=moment, lease=LEASE)
    assert unheard is not None
    assert again is not None
    assert not again.is_after_crash
    with pytest.raises(LeaseLost), store.write() as tx:
        roles.require(tx, unheard)


def test_a_role_given_up_is_free_at_once(store: Store, moment: datetime) -> None:
    with store.write() as tx:
        roles.take(tx, "assigner", "one", None, now=moment, lease=LEASE)
        assert not roles.is_open(tx, "assigner", "two", now=moment)
        roles.give_up(tx, "one")
        assert roles.is_open(tx, "assigner", "two", now=moment)
        taken = roles.take(tx, "assigner", "two", None, now=moment, lease=LEASE)
    assert taken is not None
    assert not taken.is_after_crash


def test_a_restart_polls_nothing_early(store: Store) -> None:
    start = datetime(2026, 11, 23, tzinfo=UTC)
    wanted = [(SourceKey("s"), "https://example.org/0")]
    add_feeds(store, 1, start)
    (feed,) = claim(store, start)
    with store.write() as tx:
        feeds.settle(tx, feed, polled(start))
        feeds.sync(tx, wanted, now=start + timedelta(minutes=1), interval=HOUR)
    with store.read() as tx:
        assert feeds.count_due(tx, now=start + timedelta(minutes=59)) == 0
        assert feeds.count_due(tx, now=start + HOUR) == 1


def test_one_who_is_alone_ends_the_leases_of_the_dead_and_counts_their_crashes(
    store: Store, moment: datetime
) -> None:
    add_feeds(store, 1, moment)
    (dead,) = claim(store, moment)
    with store.write() as tx:
        claims.expire_all(tx, now=moment)
    (again,) = claim(store, moment + timedelta(seconds=1))
    assert (again.crashes, again.fence) == (1, dead.fence + 1)
