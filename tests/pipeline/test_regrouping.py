"""Promises of what the program merges and splits by itself: it is told once, and nothing waits."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from services.assigner import Desk
from services.corridor import opened
from services.in_process import asked, invoke
from services.pressroom import Press, report
from services.product import RULE
from services.regroupings import round_up, twins
from services.waiting import wait_for_lock
from sqlalchemy import delete, insert, select, update

from monitor.errors import LeaseLost, StoreError
from monitor.group import twins as twins_room
from monitor.group.parts import Parts
from monitor.model.article import Article
from monitor.model.keys import ArticleKey, ChannelName, RuleId, StoryId
from monitor.model.notice import Change
from monitor.pipeline import assigner as assigner_room
from monitor.pipeline.arrange import split_parts
from monitor.pipeline.assigner import Assigner
from monitor.pipeline.compose import compose_due
from monitor.pipeline.held import hold
from monitor.pipeline.place import REGROUP_PAUSE
from monitor.store import alerts, articles, beats, migrate, placing, retention, roles
from monitor.store import arrange as arranging
from monitor.store.beats import Signs
from monitor.store.claims import MAX_CRASHES
from monitor.store.engine import Store, Tx
from monitor.store.tables import ArticleRow, BeatRow, RedirectRow, SeatRow, StoryRow, ToldRow


@dataclass(frozen=True)
class Kind:
    """Be a way of regrouping: which reports show it, after how many others."""

    name: str
    reports: Callable[..., list[Article]]
    shown_after: int

    def count(self, *, is_done: bool) -> int:
        """Count the stories of the reports before it and after."""
        return 1 if is_done == (self.name == "merge") else 2


MERGE = Kind("merge", twins, 2)
SPLIT = Kind("split", round_up, 8)


@pytest.fixture(params=[MERGE, SPLIT], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Give either way of regrouping."""
    chosen: Kind = request.param
    return chosen


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program merge sooner than it does: these texts are made up."""
    monkeypatch.setattr(twins_room, "TWIN_SCORE", 0.5)


async def come(press: Press, kind: Kind, number: int) -> list[ArticleKey]:
    """Let the first reports come, each an hour after the one before."""
    keys = []
    for one in kind.reports(press.watch.now, number=number):
        press.watch.now = one.published_at
        add(press, one)
        assert press.place() in {1, 1 + len(keys)}
        keys.append(one.key)
    return keys


def add(press: Press, *found: Article) -> None:
    """Store articles that are to be placed."""
    with press.ports.store.write() as tx:
        articles.add(tx, found, is_baseline=False)


def day_of(press: Press, kind: Kind) -> date:
    """Give the day when it will show, if the first report comes now."""
    return (press.watch.now + timedelta(hours=kind.shown_after)).date()


def next_report(press: Press, kind: Kind) -> Article:
    """Give the report that shows it, an hour after those before."""
    began = press.watch.now - timedelta(hours=kind.shown_after - 1)
    one = kind.reports(began, number=kind.shown_after + 1)[-1]
    press.watch.now = one.published_at
    return one


def count(press: Press, keys: list[ArticleKey]) -> int:
    """Count the stories of these articles."""
    return len({press.story_of(key) for key in keys})


async def test_stories_that_turn_out_to_be_one_are_merged_and_told_as_one(press: Press) -> None:
    day = day_of(press, MERGE)
    keys = await come(press, MERGE, 7)
    older = press.story_of(keys[0])
    assert {press.story_of(key) for key in keys} == {older}
    first, second, third, *_ = press.notices
    newer = second.entry.story.id
    assert first.entry.story.id == older != newer
    assert (third.entry.story.id, third.entry.change) == (older, Change.UPDATE)
    assert third.entry.story.previous == (newer,)
    assert len(press.notices) == len(keys)
    said = invoke(press.made, "stories", "show", newer).stdout
    assert f"holds {newer}, merged {day} since later reports joined" in said
    assert asked(press.made, "stories", "show", older)["story"]["arranged_at"] is None
    press.assert_sound()


async def test_a_story_that_turns_out_to_be_two_is_split_and_nothing_told_twice(
    press: Press,
) -> None:
    day = day_of(press, SPLIT)
    keys = await come(press, SPLIT, 11)
    old, new = press.story_of(keys[0]), press.story_of(keys[1])
    assert old != new
    assert {press.story_of(key) for key in keys[0::2]} == {old}
    assert {press.story_of(key) for key in keys[1::2]} == {new}
    told = [notice.entry.story.id for notice in press.notices]
    assert told == [old] * 9 + [new, old]  # each article once, where it was by then
    assert f"was split from {old}, {day}" in invoke(press.made, "stories", "show", new).stdout
    said = invoke(press.made, "stories", "show", old).stdout
    assert f"was split {day}" in said
    assert "by hand" not in said
    assert asked(press.made, "stories", "show", new)["story"]["arranged_at"] is None
    past = asked(press.made, "stories", "replay", keys[7])
    assert past["changes"] == [
        "7 of the articles held then stand in a story that was merged or split since"
    ]
    assert asked(press.made, "stories", "replay", keys[10])["changes"] == []
    press.assert_sound()


@pytest.mark.parametrize("is_told", [True, False])
async def test_what_is_split_off_is_told_unless_a_digest_has_told_it(
    press: Press, is_told: bool
) -> None:
    """A rule that tells a story once finds two: what nobody heard of is news."""
    press.made.write("rules/acme.yaml", RULE % "mailbox: both" + "again: never\n")
    async with opened(press.made, press.watch) as ports:
        desk = Press(press.made, ports, press.watch)
        keys, last = await come(desk, SPLIT, SPLIT.shown_after), next_report(desk, SPLIT)
        if is_told:
            assert compose_due(desk.ports) == 1
        add(desk, last)
        desk.place()
        assert count(desk, keys) == 2
        assert len(desk.notices) == (1 if is_told else 2)
        desk.assert_sound()


@pytest.mark.parametrize(("minutes", "is_done"), [(5, False), (11, True)])
@pytest.mark.parametrize("earlier", ["merged", "split"])
async def test_the_program_regroups_once_in_ten_minutes(
    press: Press, kind: Kind, earlier: str, minutes: int, is_done: bool
) -> None:
    """Each time the index is built anew: no feed may ask for one after the other."""
    other, keys = press.receive("flood", "geo"), await come(press, kind, kind.shown_after)
    found, story = next_report(press, kind), press.story_of(other)
    at = press.watch.now - timedelta(minutes=minutes)
    with press.ports.store.write() as tx:
        if earlier == "merged":
            row = {"id": "sto_else", "story_id": story, "merged_at": at, "is_by_hand": False}
            tx.execute(insert(RedirectRow), row)
        else:
            tx.execute(update(StoryRow).where(StoryRow.id == story).values(split_at=at))
    add(press, found)
    press.place()
    assert count(press, [*keys, found.key]) == kind.count(is_done=is_done)


@pytest.mark.parametrize("is_restarted", [True, False])
async def test_a_regrouping_that_fails_leaves_its_article_unplaced(
    press: Press, kind: Kind, monkeypatch: pytest.MonkeyPatch, is_restarted: bool
) -> None:
    """Nothing of it is seen, so no digest tells it early; the next process does it, not this one.

    Else each report that joins would have the index built anew, and it would fail again.
    """
    keys = await come(press, kind, kind.shown_after)
    found, told = next_report(press, kind), len(press.notices)
    add(press, found)

    def fails(*_: object, **__: object) -> None:
        raise StoreError("no lock in time")

    with monkeypatch.context() as patch:
        patch.setattr(assigner_room, "merge_twins", fails)
        patch.setattr(assigner_room, "split_parts", fails)
        with pytest.raises(StoreError, match="no lock"):
            press.assigner.place_due()
    with press.ports.store.read() as tx:
        assert placing.has_unplaced(tx)
        assert len(tx.execute(select(SeatRow.story_id)).all()) == len(keys)
    if is_restarted:
        press.assigner = Assigner(press.ports)
    press.place()
    assert count(press, [*keys, found.key]) == kind.count(is_done=is_restarted)
    assert len(press.notices) == told + 1
    press.assert_sound()


async def test_an_article_that_shows_a_regrouping_has_not_crashed(
    press: Press, kind: Kind
) -> None:
    keys, found = await come(press, kind, kind.shown_after), next_report(press, kind)
    add(press, found)
    with press.ports.store.write() as tx:
        crashed = update(ArticleRow).where(ArticleRow.key == found.key)
        tx.execute(crashed.values(place_crashes=MAX_CRASHES - 1))
    press.assigner._careful_left = 5
    while press.assigner.place_due():
        pass
    assert count(press, [*keys, found.key]) == kind.count(is_done=True)


def digest_tells(tx: Tx, story: StoryId, number: int, now: datetime) -> None:
    """Note as a composer does what is told by the batch under way, too."""
    pairs = [(RuleId("acme"), number)]
    alerts.tell(tx, ChannelName("newsroom"), story, pairs, alert=None, now=now)


def keeper_removes(tx: Tx, _: StoryId, number: int, now: datetime) -> None:
    retention.remove_articles(tx, [number], now=now)


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
@pytest.mark.parametrize("do", [digest_tells, keeper_removes])
async def test_a_regrouping_and_who_relies_on_seats_do_not_wait_for_each_other(
    press: Press, kind: Kind, do: Callable[[Tx, StoryId, int, datetime], None]
) -> None:
    flood, keys = press.receive("flood", "geo"), await come(press, kind, kind.shown_after)
    found = next_report(press, kind)
    story, now, tables = StoryId(press.story_of(flood)), press.watch.now, press.ports.store
    with tables.write() as tx:
        number, _ = articles.find(tx, flood) or (0, None)
        placing.mark_for_placing(tx, [number])  # a newer text of it
        tx.execute(delete(ToldRow))  # as if it came with a first poll
        articles.add(tx, [report("flood", "dawn", now), found], is_baseline=False)
    with ThreadPoolExecutor(1) as assigner:
        with tables.write() as tx:
            arranging.keep_seats(tx)
            placed = assigner.submit(press.place)
            wait_for_lock(tables)
            do(tx, story, number, now)
        assert placed.result() >= 3
    assert count(press, [*keys, found.key]) == kind.count(is_done=True)
    press.assert_sound()


async def test_what_a_person_split_is_not_merged_again(press: Press) -> None:
    keys = await come(press, MERGE, 2)
    press.says("merge", *map(press.story_of, keys))
    press.says("split", press.story_of(keys[0]), keys[1])
    press.place()
    for one in twins(press.watch.now)[2:]:
        add(press, one)
        assert press.place() == 1
    assert press.story_of(keys[0]) != press.story_of(keys[1])
    press.assert_sound()


@pytest.mark.parametrize("is_by_hand", [True, False])
async def test_what_a_person_arranged_is_not_split(press: Press, is_by_hand: bool) -> None:
    keys, found = await come(press, SPLIT, SPLIT.shown_after), next_report(press, SPLIT)
    with press.ports.store.write() as tx:
        if is_by_hand:
            tx.execute(update(StoryRow).values(arranged_at=press.watch.now - timedelta(days=1)))
        articles.add(tx, [found], is_baseline=False)
    press.place()
    assert count(press, keys) == SPLIT.count(is_done=not is_by_hand)


@pytest.mark.parametrize("release", ["ours", "earlier", "earlier, silent"])
async def test_nothing_is_split_beside_an_earlier_release(press: Press, release: str) -> None:
    """It might give an alert a key that has left the story, or tell what a digest has told."""
    keys, found = await come(press, SPLIT, SPLIT.shown_after), next_report(press, SPLIT)
    now, running_for = press.watch.now, timedelta(hours=1)
    with press.ports.store.write() as tx:
        beats.leave(tx, "ours", Signs(schema=migrate.head()), now=now, running_for=running_for)
        if release != "ours":
            beats.leave(tx, "other", Signs(version="0.1.0"), now=now, running_for=running_for)
        if release == "earlier, silent":
            other = update(BeatRow).where(BeatRow.holder == "other")
            tx.execute(other.values(at=now - timedelta(hours=9)))
        articles.add(tx, [found], is_baseline=False)
    press.place()
    assert count(press, keys) == SPLIT.count(is_done=release == "ours")


async def test_a_story_whose_part_has_gone_is_not_split(press: Press) -> None:
    keys = await come(press, SPLIT, 4)
    story, now = StoryId(press.story_of(keys[0])), press.watch.now
    role = press.assigner._role
    assert role is not None
    for gone in ((), tuple(keys), (ArticleKey("removed"),)):
        with press.ports.store.write() as tx:
            assert split_parts(tx, role, Parts(story, gone), now=now) is None
    with press.ports.store.write() as tx:
        roles.take_away(tx, roles.ASSIGNER, now=now)
    with press.ports.store.write() as tx, pytest.raises(LeaseLost):
        split_parts(tx, role, Parts(story, tuple(keys[:1])), now=now)
    assert count(press, keys) == 1


async def test_the_pause_begins_when_the_index_is_there_again(
    press: Press, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a takeover of ten minutes would come after each article placed."""
    await come(press, kind, kind.shown_after)
    add(press, next_report(press, kind))

    def slowly(*given: Any) -> Any:
        press.watch.move(minutes=15)
        return hold(*given)

    monkeypatch.setattr(assigner_room, "hold", slowly)
    while press.assigner.place_due():
        pass
    ends_at = press.assigner._regrouping_from
    assert ends_at == press.watch.now + REGROUP_PAUSE
    press.assigner._index = None  # for another reason, such as new rules
    add(press, report("flood", "dawn", press.watch.now))
    assert press.place() == 1
    assert press.assigner._regrouping_from == ends_at


def test_regrouping_does_not_depend_on_batches_and_takeovers(
    sqlite_template: Path, tmp_path: Path, kind: Kind
) -> None:
    found = []
    for name in ("one by one", "at once", "taken over"):
        shutil.copy(sqlite_template, tmp_path / f"{name}.db")
        with closing(Store(f"sqlite:///{tmp_path / name}.db")) as tables:
            desk = Desk(tables)
            reports = kind.reports(desk.now)
            for part in [reports] if name == "at once" else [[one] for one in reports]:
                if name == "taken over":
                    desk.take_over()
                desk.receive(part)
            seats: list[Any] = desk.seats()
            assert len({story for story, *_ in seats}) == kind.count(is_done=True)
            found.append(seats)
    assert found[0] == found[1] == found[2]
