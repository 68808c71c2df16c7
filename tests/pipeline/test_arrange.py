"""Promises of merging and splitting by hand: it stands, nothing is told twice, ids lead on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from services.assigner import Desk, written
from services.corridor import opened
from services.in_process import asked, invoke, told
from services.pressroom import Press, report
from services.product import RULE
from services.waiting import wait_for_lock
from sqlalchemy import insert, select, update

from monitor.errors import WorkError
from monitor.match.matched import told as matches_of
from monitor.model.keys import ArticleKey, StoryId
from monitor.model.notice import Change
from monitor.pipeline import arrange
from monitor.pipeline.assigner import Assigner
from monitor.pipeline.compose import compose_due
from monitor.store import arrange as arranging
from monitor.store import (
    articles,
    check,
    placing,
    profiles,
    retention,
    roles,
    rule_matches,
    seating,
    stories,
)
from monitor.store.engine import Store
from monitor.store.tables import (
    AlertRow,
    RedirectRow,
    StoryRow,
    ToldRow,
)


async def test_what_a_person_merged_takes_what_comes_and_its_ids_lead_on(press: Press) -> None:
    one, two = press.receive("flood", "geo"), press.receive("fire", "dawn")
    older, newer = press.story_of(one), press.story_of(two)
    assert older != newer
    press.says("merge", newer[:14], older)
    day = press.watch.now.date()
    assert press.story_of(two) == older
    assert press.story_of(press.receive("fire", "jang")) == older  # by the same assigner
    press.assigner = Assigner(press.ports)
    assert press.story_of(press.receive("fire", "bol")) == older
    shown = invoke(press.made, "stories", "show", newer)
    assert f"{newer} was merged into {older}" in shown.stderr
    assert f"holds {newer}, merged {day} by hand" in shown.stdout
    story = asked(press.made, "stories", "show", newer)["story"]
    assert (story["id"], story["article_count"]) == (older, 4)
    assert [merged["id"] for merged in story["previous"]] == [newer]
    assert f"that was in {newer}" in invoke(press.made, "stories", "explain", older).stdout
    press.assert_sound()


async def test_what_was_told_of_merged_stories_is_not_told_again(press: Press) -> None:
    one, two = press.receive("flood", "geo"), press.receive("fire", "dawn")
    assert compose_due(press.ports) == 1
    three = press.receive("storm", "geo")  # no digest has told it yet
    older, gone = press.story_of(one), press.story_of(three)
    before = len(press.notices)
    press.says("merge", older, press.story_of(two), gone)
    assert press.place() == 0
    assert len(press.notices) == before == 3
    press.watch.move(minutes=15)
    assert compose_due(press.ports) == 1
    (entry,) = press.digests[-1].entries
    assert (entry.change, entry.story.id) == (Change.UPDATE, older)
    assert {view.id for view in entry.articles if view.is_new} == {three}
    press.watch.move(minutes=15)
    assert compose_due(press.ports) == 0
    press.receive("fire", "jang")
    update = press.notices[-1]
    assert (len(press.notices), update.entry.change) == (4, Change.UPDATE)
    assert gone in update.entry.story.previous
    assert update.root != ""
    with press.ports.store.read() as tx:
        raised = tx.execute(select(AlertRow.generation).where(AlertRow.story_id == older))
        assert sorted(raised.scalars()) == [1, 2, 3, 4]
    press.assert_sound()


@asynccontextmanager
async def telling_developments(press: Press, tell: str) -> AsyncIterator[Press]:
    """Open a newsroom anew whose rule tells no copies."""
    press.made.write("rules/acme.yaml", RULE % tell)
    async with opened(press.made, press.watch) as ports:
        yield Press(press.made, ports, press.watch)


async def test_a_split_tells_what_was_not_told_for_it_counted_as_one_story(press: Press) -> None:
    async with telling_developments(press, "newsroom: now, mailbox: digest") as desk:
        one, two = desk.receive("flood", "geo"), desk.receive("flood", "dawn")  # a copy: quiet
        story = desk.story_of(one)
        assert (desk.story_of(two), len(desk.notices)) == (story, 1)
        desk.says("split", story, two)
        assert desk.place() == 2
        new = desk.story_of(two)
        assert (desk.story_of(one), new != story) == (story, True)
        first, second = desk.notices
        assert (first.entry.story.id, second.entry.story.id) == (story, new)
        assert second.entry.change is Change.NEW
        assert asked(press.made, "stories", "show", new)["story"]["split_from"] == story
        assert [row["relation"] for row in shown(desk, new)] == ["first"]
        desk.assert_sound()


async def test_a_split_tells_nobody_at_once_what_a_digest_has_told(press: Press) -> None:
    async with telling_developments(press, "mailbox: both") as desk:
        one, two = desk.receive("flood", "geo"), desk.receive("flood", "dawn")
        assert compose_due(desk.ports) == 1
        desk.says("split", desk.story_of(one), two)
        assert desk.place() == 2
        assert len(desk.notices) == 1
        desk.watch.move(minutes=15)
        assert compose_due(desk.ports) == 0


async def test_what_was_told_in_one_story_is_not_told_again_when_it_is_split_off(
    press: Press,
) -> None:
    one, two = press.receive("flood", "geo"), press.receive("flood", "dawn")
    assert compose_due(press.ports) == 1
    assert len(press.notices) == 2
    press.says("split", press.story_of(one), one)
    assert press.place() == 2
    assert press.story_of(one) != press.story_of(two)
    assert len(press.notices) == 2
    press.watch.move(minutes=15)
    assert compose_due(press.ports) == 0
    press.assert_sound()


async def test_each_of_two_articles_that_match_at_once_is_told(press: Press) -> None:
    """The first one's notice tells of both, but each alert is owed with its own id."""
    for by in ("geo", "dawn"):
        press.receive("flood", by, body=told("flood", "Nothing opens.") + by)
    assert press.notices == []
    engine, now = press.ports.current.engine, press.watch.now
    with press.ports.store.write() as tx:
        for by in ("geo", "dawn"):
            newer = report("flood", by, now)
            number = articles.find_known(tx, [newer])[newer.key].id
            articles.revise(tx, number, newer, keeps_body=False, judged_by=engine.revision)
            found = matches_of(engine.match(newer))
            rule_matches.add(tx, number, found, is_quiet=False, now=now)
    press.place()
    assert len({notice.alert for notice in press.notices}) == 2


async def test_a_split_leaves_parked_articles_where_they_are(press: Press) -> None:
    one, two = press.receive("flood", "geo"), press.receive("flood", "dawn")
    with press.ports.store.write() as tx:
        number = articles.find(tx, one)[0]  # type: ignore[index]
        suspect = placing.Suspect(id=number, key=one, crashes=5)
        placing.park(tx, suspect, "it crashed", cure="see", now=press.watch.now)
    press.says("split", press.story_of(two), two)
    with press.ports.store.read() as tx:
        assert [parked.key for parked in placing.parked(tx)] == [one]


async def test_what_was_noted_under_both_stories_is_no_hindrance_to_a_merge(
    press: Press,
) -> None:
    """A release that knows no splits may note what it told under the story an article left."""
    one, two = press.receive("flood", "geo"), press.receive("fire", "dawn")
    older, newer = press.story_of(one), press.story_of(two)
    with press.ports.store.write() as tx:
        (row,) = tx.execute(select(*ToldRow.__table__.columns).where(ToldRow.story_id == older))
        tx.execute(insert(ToldRow), {**row._mapping, "story_id": newer})
    press.says("merge", newer, older)
    press.assert_sound()


async def test_a_merge_is_undone_by_a_split(press: Press) -> None:
    one, two = press.receive("flood", "geo"), press.receive("fire", "dawn")
    three = press.receive("fire", "jang")
    older, newer = press.story_of(one), press.story_of(two)
    press.says("merge", older, newer)
    press.says("split", older, two, three)
    assert (press.story_of(one), press.story_of(three)) == (older, newer)
    assert asked(press.made, "stories", "show", newer)["story"]["previous"] == []
    press.place()
    press.receive("fire", "bol")
    press.assert_sound()


async def test_an_alert_that_left_its_story_keeps_its_key_for_itself(press: Press) -> None:
    page = "https://geo.test/flood"
    one, two = press.receive("flood", "geo", canonical_url=page), press.receive("flood", "dawn")
    press.says("split", press.story_of(one), two)
    press.place()
    three = press.receive("more", "bol", canonical_url=page)  # the same article
    assert press.story_of(three) == press.story_of(one)
    assert len({notice.alert for notice in press.notices}) == 3
    press.assert_sound()


async def test_the_article_that_opened_a_story_leaves_it_under_another_id(press: Press) -> None:
    one, two = press.receive("flood", "geo"), press.receive("flood", "dawn")
    story = press.story_of(one)
    press.says("split", story, one)
    new = press.story_of(one)
    assert (press.story_of(two), new != story) == (story, True)
    assert [row["relation"] for row in shown(press, story)] == ["first"]
    press.says("merge", story, new)
    assert press.story_of(one) == story
    press.assert_sound()


async def test_what_continues_a_story_too_old_to_take_it_says_so_everywhere(press: Press) -> None:
    first = press.receive("flood", "geo")
    for by in ("dawn", "jang", "bol"):
        press.watch.move(days=6)
        last = press.receive("flood", by)
    old, new = press.story_of(first), press.story_of(last)
    assert old != new
    notice = press.notices[-1]
    assert (notice.entry.story.id, notice.entry.story.continues) == (new, old)
    assert notice.entry.notes[0].startswith("continues an earlier story, last reported 20")
    said = f"continues {old}, too old to take its articles"
    assert said in invoke(press.made, "stories", "show", new).stdout
    assert f"continues {old}, which began 18 days away: too old to join" in (
        invoke(press.made, "stories", "explain", new).stdout
    )
    other = press.receive("fire", "geo")
    with press.ports.store.write() as tx:  # as if an older one took the old one in
        arranging.merge(
            tx, StoryId(press.story_of(other)), StoryId(old), is_by_hand=False, now=press.watch.now
        )
    shown_now = asked(press.made, "stories", "show", new)["story"]
    assert shown_now["continues"] == press.story_of(other)
    press.assert_sound()


def shown(press: Press, story: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(press.made, "stories", "show", story)["articles"]
    return found


async def test_what_makes_no_sense_is_refused_and_changes_nothing(press: Press) -> None:
    one, two = press.receive("flood", "geo"), press.receive("fire", "dawn")
    story, other = press.story_of(one), press.story_of(two)
    refused: dict[tuple[str, ...], tuple[int, str]] = {
        ("merge", story): (2, "name two stories or more"),
        ("merge", story, "sto_none"): (1, "there is no story 'sto_none'"),
        ("merge", story, story[:15]): (1, "these are one story already"),
        ("split", story, one): (1, "these are all articles of"),
        ("split", story, two): (1, f"{two} is not in {story}"),
        ("split", story, "nothing"): (1, "there is no article 'nothing'"),
    }
    for words, (code, said) in refused.items():
        done = invoke(press.made, "stories", *words)
        assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert (press.story_of(one), press.story_of(two)) == (story, other)
    assert asked(press.made, "stories", "show", story)["story"]["arranged_at"] is None


async def test_a_story_that_retention_removes_takes_its_old_ids_along(press: Press) -> None:
    one, two = press.receive("flood", "geo"), press.receive("fire", "dawn")
    press.says("merge", press.story_of(one), press.story_of(two))
    with press.ports.store.write() as tx:
        later = press.watch.now + timedelta(days=90)
        retention.remove_articles(tx, retention.old_articles(tx, before=later), now=later)
    with press.ports.store.read() as tx:
        assert tx.execute(select(RedirectRow.id)).all() == []
        assert stories.count(tx) == 0


async def test_closed_stories_are_merged_and_open_again(press: Press) -> None:
    one = press.receive("flood", "geo")
    press.watch.move(days=20)
    two = press.receive("fire", "dawn")
    with press.ports.store.read() as tx:
        since = press.watch.now - timedelta(days=14)
        assert len(profiles.open_seats(tx, since)) == 1
    press.says("merge", press.story_of(one), press.story_of(two))
    press.receive("storm", "dawn")
    with press.ports.store.read() as tx:
        assert len(profiles.open_seats(tx, since)) == 3
    press.assert_sound()


def test_who_takes_a_role_away_hides_no_crash(store: Store, now: datetime) -> None:
    lease = timedelta(0)  # it has run out
    with store.write() as tx:
        roles.take_away(tx, roles.ASSIGNER, now=now)  # nobody ever had it
        assert roles.take(tx, roles.ASSIGNER, "one", None, now=now, lease=lease)
        roles.take_away(tx, roles.ASSIGNER, now=now)
        after = roles.take(tx, roles.ASSIGNER, "two", None, now=now, lease=timedelta(minutes=1))
        assert after is not None
        assert after.is_after_crash
        roles.take_away(tx, roles.ASSIGNER, now=now)
        last = roles.take(tx, roles.ASSIGNER, "three", None, now=now, lease=lease)
    assert last is not None
    assert not last.is_after_crash


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_stories_are_arranged_when_no_digest_or_batch_is_under_way(
    store: Store, now: datetime
) -> None:
    def stop() -> None:
        with store.write() as tx:
            arrange.stop_placing(tx, now=now)

    with store.write() as tx:
        role = roles.take(tx, roles.ASSIGNER, "one", None, now=now, lease=timedelta(minutes=1))
    assert role is not None
    with ThreadPoolExecutor(1) as person:
        for hold in (lambda tx: roles.require(tx, role), arranging.keep_seats):
            with store.write() as tx:
                hold(tx)
                stopping = person.submit(stop)
                wait_for_lock(store)
                assert not stopping.done()
            stopping.result()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), st.integers(0, 9), st.integers(0, 9)),
        st.tuples(st.just("split"), st.integers(0, 9), st.integers(0, 3)),
        st.tuples(st.just("receive"), st.integers(0, 11), st.integers(0, 5)),
    ),
    min_size=8,
    max_size=16,
)


def arranged(desk: Desk, step: tuple[str, int, int]) -> None:
    """Do a step by numbers, as far as it can be done."""
    what, one, other = step
    if what == "receive":
        desk.receive([written(one, other, one, desk.now, is_day=False)])
        return
    with desk.store.write() as tx:
        found = sorted(stories.listed(tx, matched_only=False, limit=99), key=lambda s: s.id)
        named = [found[n % len(found)] for n in (one, other)] if found else []
        with suppress(WorkError):
            if what == "merge" and named:
                arrange.stop_placing(tx, now=desk.now)
                arrange.merge(tx, named, now=desk.now)
            elif named:
                moved = [row.article.key for row in seating.seated(tx, named[0].id)][other:][:2]
                arrange.stop_placing(tx, now=desk.now)
                arrange.split(tx, named[0], moved or [ArticleKey("none")], now=desk.now)


@settings(max_examples=5, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(steps=STEPS)
def test_an_index_rebuilt_at_any_moment_goes_by_what_persons_arranged(
    sqlite_template: Path, steps: list[tuple[str, int, int]]
) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        desks = []
        for name in ("running.db", "rebuilt.db"):
            shutil.copy(sqlite_template, folder / name)
            store = Store(f"sqlite:///{folder / name}")
            stack.callback(store.close)
            desks.append(Desk(store))
        running, rebuilt = desks
        for step in steps:
            rebuilt.take_over()
            for desk in desks:
                desk.now += timedelta(hours=7)
                arranged(desk, step)
            assert running.seats() == rebuilt.seats()
        with running.store.read() as tx:
            assert check.check(tx, now=running.now).faults == ()


async def test_a_decision_is_replayed_until_a_person_changed_what_it_rests_on(
    press: Press,
) -> None:
    one, two = press.receive("flood", "geo"), press.receive("fire", "dawn")
    third = press.receive("fire", "jang")
    assert press.story_of(two) == press.story_of(third)
    for key in (one, two, third):
        past = asked(press.made, "stories", "replay", key)
        assert (past["article"], past["is_same"], past["changes"]) == (key, True, [])
    assert past["articles"] == 2
    shown = press.says("replay", third).stdout
    assert "again, among 2 articles of 2 stories: the same" in shown
    press.says("split", press.story_of(third), two)
    past = asked(press.made, "stories", "replay", third)
    assert past["changes"] == [
        "1 of the articles held then stands in a story that was merged or split since"
    ]
    assert invoke(press.made, "stories", "replay", "nosuch").exit_code == 1


async def test_a_story_that_took_in_a_split_one_was_split(press: Press) -> None:
    """So what was told in another story is still looked for there."""
    one, two = press.receive("flood", "geo"), press.receive("fire", "dawn")
    at = press.watch.now
    with press.ports.store.write() as tx:
        gone = update(StoryRow).where(StoryRow.id == press.story_of(two))
        tx.execute(gone.values(split_at=at))
        ids = [StoryId(press.story_of(key)) for key in (one, two)]
        arranging.merge(tx, ids[0], ids[1], is_by_hand=False, now=at)
    with press.ports.store.read() as tx:
        assert tx.execute(select(StoryRow.split_at)).scalar_one() == at


async def test_who_reports_independently_is_told_and_shown(press: Press) -> None:
    first = press.receive("fire", "geo", author="AFP")
    press.receive("fire", "dawn")  # the same long text: a copy
    assert compose_due(press.ports) == 1
    (entry,) = press.digests[-1].entries
    assert (entry.story.report_count, entry.story.copy_count) == (1, 1)
    assert {view.id: view.wire for view in entry.articles}[first] == "AFP"
    shown = press.says("show", press.story_of(first)).stdout
    assert "2 articles from 2 sources: 1 independent report, 1 copy" in shown
    assert "Geo, from AFP" in shown
    assert "Dawn, from" not in shown


async def test_what_was_merged_before_a_decision_is_no_change_to_it(press: Press) -> None:
    one, two = press.receive("flood", "geo"), press.receive("fire", "dawn")
    press.says("merge", press.story_of(one), press.story_of(two))
    third = press.receive("storm", "jang")
    past = asked(press.made, "stories", "replay", third)
    assert (past["is_same"], past["changes"], past["articles"]) == (True, [], 2)
