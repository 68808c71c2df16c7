"""Promises of T2: what a restart may not change."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from services.articles import article, rule, source
from services.assigner import Deadly, Desk, written
from services.waiting import wait_for_lock
from sqlalchemy import select, text, update

from monitor.clock import system_clock
from monitor.errors import LeaseLost
from monitor.match.engine import Engine
from monitor.match.matched import told
from monitor.match.query import parse_query
from monitor.match.tree import LoadedRule, Only
from monitor.model.network import Limits
from monitor.model.story import Relation, Wire
from monitor.pipeline import assigner
from monitor.pipeline.assigner import Assigner
from monitor.pipeline.failpoints import Failpoints
from monitor.pipeline.replay import Replay, replay
from monitor.pipeline.rules import look_back
from monitor.store import (
    alerts,
    articles,
    claims,
    placing,
    problems,
    roles,
    rule_matches,
    rules,
    seating,
    stories,
)
from monitor.store.claims import MAX_CRASHES
from monitor.store.engine import Store
from monitor.store.tables import ProfileRow, SeatRow

START = datetime(2026, 11, 1, tzinfo=UTC)
ARRIVALS = st.lists(
    st.tuples(
        st.integers(0, 11),  # which article: again is a newer text of it
        st.integers(0, 5),  # what it tells
        st.integers(0, 20 * 24),  # hours between its publication and its arrival
        st.integers(0, 6 * 24),  # hours since the arrival before
        st.booleans(),  # whether the date is a day alone
    ),
    min_size=4,
    max_size=14,
)


def loaded(name: str, word: str) -> LoadedRule:
    """Make a rule that looks for a word."""
    node = parse_query(word).node
    assert node is not None
    return LoadedRule(rule=rule(name), query=node, exclude=(), only=Only())


@settings(max_examples=8, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(arrivals=ARRIVALS)
def test_an_index_rebuilt_at_any_moment_decides_as_the_one_that_ran_on(
    sqlite_template: Path, arrivals: list[tuple[int, int, int, int, bool]]
) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        desks = []
        for name in ("running.db", "rebuilt.db"):
            shutil.copy(sqlite_template, folder / name)
            store = Store(f"sqlite:///{folder / name}")
            stack.callback(store.close)
            desks.append(Desk(store, START))
        running, rebuilt = desks
        for name, event, lag, gap, is_day in arrivals:
            for desk in desks:
                desk.now += timedelta(hours=gap, seconds=1)
            one = written(name, event, lag, running.now, is_day=is_day)
            rebuilt.take_over()
            running.receive([one])
            rebuilt.receive([one])
            assert running.seats() == rebuilt.seats()


def replayed(desk: Desk) -> list[Replay]:
    """Decide again on each article that was placed, in order of arrival."""
    with desk.store.read() as tx:
        numbers = tx.execute(select(SeatRow.article_id).order_by(SeatRow.article_id)).scalars()
        ids = list(numbers)
    found = [replay(desk.store, desk.ports.current.engine, number) for number in ids]
    return [one for one in found if one is not None]


@settings(max_examples=8, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(arrivals=ARRIVALS)
def test_every_decision_can_be_replayed_from_the_tables_unless_they_say_what_changed(
    sqlite_template: Path, arrivals: list[tuple[int, int, int, int, bool]]
) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copy(sqlite_template, folder / "monitor.db")
        store = Store(f"sqlite:///{folder / 'monitor.db'}")
        stack.callback(store.close)
        desk = Desk(store, START)
        for name, event, lag, gap, is_day in arrivals:
            desk.now += timedelta(hours=gap, seconds=1)
            desk.receive([written(name, event, lag, desk.now, is_day=is_day)])
        before = desk.seats()
        for one in replayed(desk):
            assert one.is_same or one.changes
        assert desk.seats() == before


def test_a_replay_names_what_changed(store: Store) -> None:
    desk = Desk(store, START)
    desk.receive([written(n, n, 0, desk.now, is_day=False) for n in range(6)])
    assert [(one.is_same, one.changes) for one in replayed(desk)] == [(True, ())] * 6
    assert [one.articles for one in replayed(desk)] == [0, 1, 2, 3, 4, 5]
    desk.now += timedelta(hours=1)
    desk.receive([written(0, 4, 0, desk.now, is_day=False)])
    newer = "1 of the articles held then has a newer text now"
    changes = [one.changes for one in replayed(desk)]
    assert changes == [("its text is newer than its place",), *[(newer,)] * 5]
    waiting = article("waiting")
    with store.write() as tx:
        (number,) = articles.add(tx, [waiting], is_baseline=False).values()
    assert replay(store, desk.ports.current.engine, number) is None


def test_a_batch_commits_when_its_time_is_up(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "monitor.db")
    store = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    desk = Desk(store, START)
    desk.assigner = Assigner(desk.ports, work_for=timedelta(0))
    with store.write() as tx:
        articles.add(tx, [article(name) for name in "abc"], is_baseline=False)
    assert [desk.assigner.place_due() for _ in range(4)] == [1, 1, 1, 0]
    assert len(desk.seats()) == 3
    store.close()


def test_an_article_that_kills_the_assigner_five_times_is_parked_alone(store: Store) -> None:
    desk = Desk(store, system_clock())
    poison = article("b").key
    desk.ports.current.engine = Deadly(poison)
    with store.write() as tx:
        ids = articles.add(tx, [article(name) for name in "abc"], is_baseline=False)
    assert desk.crash_until_nothing_is_due() == 1 + MAX_CRASHES  # once among others, then alone
    assert len(desk.seats()) == 2
    with store.read() as tx:
        (problem,) = problems.listed(tx)
        assert not placing.has_unplaced(tx)
    assert problem.subject == poison
    with store.write() as tx:  # a newer version is tried again
        articles.revise(tx, ids[poison], article("b", title="New"), keeps_body=False)
    desk.ports.current.engine = Engine([])
    desk.crash()
    assert desk.assigner.place_due() == 1
    assert len(desk.seats()) == 3


def test_after_a_crash_a_batch_is_placed_one_by_one_and_the_rest_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assigner, "BATCH", 2)
    desk = Desk(store, system_clock())
    assert desk.assigner.place_due() == 0  # it has the role now
    desk.crash()
    with store.write() as tx:
        articles.add(tx, [article(name) for name in "abcd"], is_baseline=False)
    assert [desk.assigner.place_due() for _ in range(4)] == [1, 1, 2, 0]


def test_what_other_rules_judged_is_judged_again_by_the_assigners(store: Store) -> None:
    desk = Desk(store, system_clock())
    here, elsewhere = Engine([loaded("acme", "Acme")]), Engine([loaded("rain", "rain")])
    desk.ports.current.engine = here
    assert desk.assigner.place_due() == 0  # the rules are in force now
    one = article("a", title="Acme opens in the rain", lang="en")
    with store.write() as tx:
        (number,) = articles.add(
            tx, [one], is_baseline=False, judged_by=elsewhere.revision
        ).values()
        found = told(elsewhere.match(one))
        rule_matches.add(tx, number, found, is_quiet=False, now=desk.now)
    assert [match.rule_id for match in found] == ["rain"]
    assert desk.assigner.place_due() == 1
    with store.read() as tx:
        assert [alert.rule_id for alert in alerts.listed(tx, limit=9)] == ["acme"]


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_text_that_comes_while_its_article_is_placed_is_placed_again(store: Store) -> None:
    with store.write() as tx:
        (number,) = articles.add(tx, [article("a")], is_baseline=False).values()
    newer = article("a", title="Newer")
    with ThreadPoolExecutor(1) as worker:
        with store.write() as tx:
            placing.lock_unplaced(tx, limit=9)

            def revise() -> None:
                with store.write() as other:
                    articles.revise(other, number, newer, keeps_body=False)

            revising = worker.submit(revise)
            wait_for_lock(store)
            placing.mark_placed(tx, [number])
        revising.result()
    with store.read() as tx:
        assert placing.has_unplaced(tx)


def test_only_one_process_is_the_assigner_and_another_takes_over(store: Store) -> None:
    one, two = Desk(store, system_clock(), holder="one"), Desk(store, system_clock(), holder="two")
    with store.write() as tx:
        articles.add(tx, [article("a")], is_baseline=False)
    assert (one.assigner.place_due(), two.assigner.place_due()) == (1, 0)
    with store.write() as tx:
        articles.add(tx, [article("b")], is_baseline=False)
    assert two.assigner.place_due() == 0
    with store.write() as tx:
        claims.expire_all(tx, now=one.now - timedelta(days=1))  # its lease has run out
    assert two.assigner.place_due() == 1
    assert one.assigner.place_due() == 0


def test_who_lost_the_role_does_not_say_that_rules_have_looked_back(store: Store) -> None:
    desk, rule = Desk(store, system_clock()), loaded("acme", "Acme")
    with store.write() as tx:
        lost = roles.take(tx, roles.ASSIGNER, "one", None, now=desk.now, lease=timedelta(0))
        assert roles.take(
            tx, roles.ASSIGNER, "two", None, now=desk.now, lease=timedelta(minutes=1)
        )
    assert lost is not None
    with pytest.raises(LeaseLost):
        look_back(desk.ports, Engine([rule]), keep_role=lambda: lost)
    with store.read() as tx:
        assert rules.revisions(tx) == {}


def filled(store: Store) -> Desk:
    """Have a desk that has placed articles in three stories."""
    desk = Desk(store, START)
    for name in range(9):
        desk.now += timedelta(hours=1)
        desk.receive([written(name, name % 3, 1, desk.now, is_day=False)])
    return desk


def profiles_of(store: Store) -> dict[int, tuple[int, bytes]]:
    query = select(ProfileRow.article_id, ProfileRow.revision, ProfileRow.profile)
    with store.read() as tx:
        return {number: (revision, profile) for number, revision, profile in tx.execute(query)}


def next_seat(desk: Desk) -> object:
    """Tell where the same article comes, and why, after taking over."""
    desk.take_over()
    desk.now += timedelta(hours=1)
    desk.receive([written(30, 1, 1, desk.now, is_day=False)])
    return desk.seats()[-1]


SPOILT = {
    "none is stored": "DELETE FROM profile",
    "all are cut off": "UPDATE profile SET profile = substr(profile, 1, 40)",
    "all have a wrong byte": "UPDATE profile SET profile = "
    "CAST(substr(profile, 1, 300) || x'ff' || substr(profile, 302) AS BLOB)",
    "all are of another reading": "UPDATE profile SET profile = substr(profile, 2)",
    "all are of an earlier text": "UPDATE profile SET revision = 0, profile = "
    "(SELECT profile FROM profile AS other ORDER BY article_id LIMIT 1)",
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_no_profile_tells_is_read_anew_and_kept(
    sqlite_template: Path, tmp_path: Path, spoilt: str
) -> None:
    found = []
    for name in ("whole", "spoilt"):
        shutil.copy(sqlite_template, tmp_path / f"{name}.db")
        with closing(Store(f"sqlite:///{tmp_path / name}.db")) as store:
            desk = filled(store)
            before = profiles_of(store)
            assert len(before) == 9
            if name == "spoilt":
                with store.write() as tx:
                    tx.execute(text(SPOILT[spoilt]))
            found.append(next_seat(desk))
            assert {n: p for n, p in profiles_of(store).items() if n in before} == before
    assert found[0] == found[1]


def test_profiles_are_kept_of_open_stories_alone(store: Store) -> None:
    desk = filled(store)
    assert len(profiles_of(store)) == 9
    desk.now += timedelta(days=20)
    desk.receive([written(20, 1, 1, desk.now, is_day=False)])
    assert len(profiles_of(store)) == 1
    with store.write() as tx:  # as where no process ran while stories closed
        tx.execute(text("UPDATE article SET first_seen_at = :at"), {"at": "2026-01-01 00:00:00"})
    desk.take_over()
    assert desk.assigner.place_due() == 0
    assert profiles_of(store) == {}


class Watched(Failpoints):
    """Count how often the role was taken or kept; at one of these times something happens."""

    def __init__(self, at: int = 0, then: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.kept = 0
        self._at, self._then = at, then

    def hit(self, name: str, subject: str = "") -> None:
        self.kept += name == "t2.claimed"
        if name == "t2.claimed" and self.kept == self._at:
            self._then()


def taking_over(desk: Desk, lease_seconds: float, watched: Watched) -> Assigner:
    """Begin with a new assigner whose leases are so long."""
    desk.take_over()
    terms = replace(desk.ports.terms, limits=Limits(lease_seconds=lease_seconds))
    return Assigner(replace(desk.ports, terms=terms, failpoints=watched))


def test_the_role_is_kept_while_taking_over_lasts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = filled(store)
    monkeypatch.setattr(assigner, "AT_ONCE", 2)
    quick, slow = Watched(), Watched()
    for lease_seconds, watched in ((60.0, quick), (0.0, slow)):
        assert taking_over(desk, lease_seconds, watched).place_due() == 0
    assert slow.kept - quick.kept == 5  # slices of two articles, nine in all


def test_who_loses_the_role_while_taking_over_stops_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = filled(store)
    other = Desk(store, desk.now, holder="other")
    monkeypatch.setattr(assigner, "AT_ONCE", 2)

    def rob() -> None:
        with store.write() as tx:
            claims.expire_all(tx, now=desk.now - timedelta(days=1))
        other.assigner.place_due()

    watched = Watched(4, rob)
    robbed = taking_over(desk, 0.0, watched)
    with store.write() as tx:
        articles.add(tx, [written(20, 1, 1, desk.now, is_day=False)], is_baseline=False)
    assert robbed.place_due() == 0
    assert watched.kept == 4
    assert len(desk.seats()) == 10  # by the other


OFFICE = (
    "Meta will open an office in Islamabad next year, the IT minister told reporters. "
    "Hundreds of engineers are to be hired in Pakistan, and rents may rise around the place. "
    "The company had asked for the licence in spring; talks about taxes took until autumn. "
)


def test_an_original_that_credits_nobody_is_from_the_agency_that_its_copy_credits(
    store: Store,
) -> None:
    desk = Desk(store)
    titles = {"dawn": "Meta to open its first office in Pakistan", "geo": "Meta office at last"}
    first, second = (
        article(name, title=title, body=OFFICE, source=source(name), published_at=desk.now)
        for name, title in titles.items()
    )
    desk.receive([first])
    desk.receive([replace(second, body=f"{OFFICE} — AFP")])
    afp = Wire("AFP", is_taken=True)
    with store.read() as tx:
        (story,) = stories.listed(tx, matched_only=False, limit=9)
        members = seating.members(tx, story.id)
    assert [(one.relation, one.wire) for one in members] == [
        (Relation.FIRST, afp),
        (Relation.COPY, afp),
    ]
    with store.write() as tx:
        number = articles.find_known(tx, [first])[first.key].id
        placing.mark_for_placing(tx, [number])  # judged again: nothing new was read
    assert desk.assigner.place_due() == 1
    with store.read() as tx:
        assert seating.members(tx, story.id) == members
    desk.receive([replace(first, body=f"{OFFICE} This is a newer text.")])
    with store.read() as tx:
        assert seating.members(tx, story.id)[0].wire == afp


def test_what_an_agency_publishes_itself_was_taken_by_who_had_it_before(store: Store) -> None:
    desk = Desk(store)
    paper, agency = (
        article(name, title=title, body=OFFICE, source=source(name, domains=(domain,)))
        for name, title, domain in (
            ("dawn", "Meta to open its first office in Pakistan", "dawn.com"),
            ("afp", "Meta office in Islamabad", "afp.com"),
        )
    )
    desk.receive([paper])
    desk.receive([agency])
    with store.read() as tx:
        (story,) = stories.listed(tx, matched_only=False, limit=9)
        members = seating.members(tx, story.id)
    assert [one.wire for one in members] == [
        Wire("AFP", is_taken=True),
        Wire("AFP", is_taken=False),
    ]
    assert story.lead == agency.key


def test_a_credit_that_comes_with_the_page_holds_for_the_original_too(store: Store) -> None:
    desk = Desk(store)
    first, second = (
        article(
            name, title=f"Meta to open an office, {name} says", body=OFFICE, source=source(name)
        )
        for name in ("dawn", "geo")
    )
    desk.receive([first, second])
    desk.receive([replace(second, body=f"{OFFICE}\n\nReuters")])
    with store.read() as tx:
        (story,) = stories.listed(tx, matched_only=False, limit=9)
        wires = [one.wire for one in seating.members(tx, story.id)]
    assert wires == [Wire("Reuters", is_taken=True)] * 2


def test_a_seat_of_an_earlier_release_is_not_called_revised_when_it_is_judged_again(
    store: Store,
) -> None:
    desk = Desk(store, START)
    desk.receive([written(n, n, 0, desk.now, is_day=False) for n in range(3)])
    with store.write() as tx:
        tx.execute(update(SeatRow).values(read_revision=None))
        placing.mark_for_placing(tx, [1, 2, 3])
    assert desk.assigner.place_due() == 3
    assert [(one.is_same, one.changes) for one in replayed(desk)] == [(True, ())] * 3


def test_papers_that_print_one_agency_are_one_voice_and_a_page_may_say_so_late(
    store: Store,
) -> None:
    told = "Meta will open an office in Islamabad next year, the IT minister told reporters. "
    desk = Desk(store)
    every = [
        article(
            name,
            title="Meta to open its first office in Pakistan",
            body=dateline + told + own,
            source=source(name),
            published_at=desk.now,
        )
        for name, dateline, own in (
            ("dawn", "ISLAMABAD (AFP) - ", "Hundreds of engineers are to be hired in Pakistan."),
            ("geo", "ISLAMABAD, Nov 1 (AFP) — ", "Meta confirmed the Islamabad office."),
            ("nation", "", "The Islamabad office of Meta follows talks in Pakistan."),
        )
    ]
    desk.receive(every)
    with store.read() as tx:
        (story,) = stories.listed(tx, matched_only=False, limit=9)
        members = seating.members(tx, story.id)
    afp = Wire("AFP", is_taken=True)
    assert [one.wire for one in members] == [afp, afp, None]
    assert (story.report_count, story.copy_count) == (2, 1)
    desk.receive([replace(every[2], body=every[2].body + " — AFP")])
    with store.read() as tx:
        (story,) = stories.listed(tx, matched_only=False, limit=9)
    assert (story.report_count, story.copy_count, story.source_count) == (1, 2, 3)
