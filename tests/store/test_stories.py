"""Stories and alerts: seats exist once, facts follow from the articles, telling is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from services.articles import article, match, source
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from monitor.errors import WorkError
from monitor.model.alert import Alert, Reason
from monitor.model.article import Article
from monitor.model.keys import (
    AlertKey,
    ChannelName,
    Revision,
    RuleId,
    StoryId,
    alert_key,
    story_id,
)
from monitor.model.story import COPIES, REPEATS, Member, Placement, Relation, Wire
from monitor.store import alerts, articles, profiles, rule_matches, seating, stories, story_facts
from monitor.store.engine import Store, Tx

MAILBOX = ChannelName("mailbox")


def placement(one: Article, story: StoryId, relation: Relation) -> Placement:
    return Placement(
        article=one.key, story=story, relation=relation, score=0.9, threshold=0.5, model="m1"
    )


def seat(
    tx: Tx,
    one: Article,
    story: StoryId,
    relation: Relation,
    now: datetime,
    wire: str | None = None,
) -> int:
    (number,) = articles.add(tx, [one], is_baseline=False).values()
    credited = Wire(wire, is_taken=not one.source.is_syndicator) if wire else None
    seating.seat(tx, number, one, placement(one, story, relation), wire=credited, now=now)
    return number


def alert(one: Article, story: StoryId, now: datetime, generation: int = 1) -> Alert:
    rule = RuleId("r")
    return Alert(
        key=alert_key(rule, story, generation),
        rule_id=rule,
        story=story,
        generation=generation,
        article=one.key,
        reason=Reason.NEW_STORY,
        raised_at=now,
    )


def test_a_storys_facts_follow_from_its_articles(store: Store, now: datetime) -> None:
    early = now - timedelta(days=2)
    untitled = article("a", title="First sentence", has_real_title=False, published_at=early)
    titled = article("b", title="The Real Title", source=source("geo", tier=2))
    best = article("c", title="The Best Source", source=source("dawn", tier=1))
    story = story_id(untitled.key)
    with store.write() as tx:
        seat(tx, untitled, story, Relation.FIRST, now)
        seat(tx, titled, story, Relation.EVENT, now)
        seat(tx, best, story, Relation.EVENT, now)
        story_facts.refresh(tx, [story])
        found = stories.read(tx, story)
        assert seating.members(tx, story)[0].relation is Relation.FIRST
    assert found is not None
    assert (found.title, found.lead) == ("The Best Source", best.key)
    assert (found.article_count, found.source_count, found.revision) == (3, 2, 2)
    assert (found.first_at, found.last_at) == (early, now)


def counted(members: Sequence[Member]) -> tuple[int, int]:
    """Count independent reports and copies, as a reader would."""
    own = [member for member in members if member.relation not in COPIES]
    wires = [member.wire.agency for member in own if member.wire]
    repeats = [member for member in members if member.relation in REPEATS]
    copies = len(repeats) + len(wires) - len(set(wires))
    return len({member.voice for member in own}), copies


FURTHER = st.tuples(
    st.sampled_from([r for r in Relation if r is not Relation.FIRST]),
    st.sampled_from([None, None, "AFP", "Reuters"]),
    st.sampled_from(["dawn", "geo", "jang", "AFP", "wire:AFP"]),
    st.sampled_from([None, None, "jang", "AFP"]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(further=[(Relation.EVENT, "AFP", "geo", None), (Relation.EVENT, None, "wire:AFP", None)])
@given(further=st.lists(FURTHER, max_size=12))
def test_a_story_counts_its_independent_reports_and_its_copies(
    store: Store, now: datetime, further: list[tuple[Relation, str | None, str, str | None]]
) -> None:
    class Undone(Exception): ...

    with suppress(Undone), store.write() as tx:
        first = article("first", source=source("dawn"))
        story = story_id(first.key)
        seat(tx, first, story, Relation.FIRST, now)
        for n, (relation, wire, name, group) in enumerate(further):
            one = article(str(n), source=source(name, group=group))
            seat(tx, one, story, relation, now, wire)
        story_facts.refresh(tx, [story])
        found = stories.read(tx, story)
        assert found is not None
        assert (found.report_count, found.copy_count) == counted(seating.members(tx, story))
        raise Undone


def test_four_reports_and_thirty_seven_copies(store: Store, now: datetime) -> None:
    first = article("a", source=source("afp", is_syndicator=True))
    story = story_id(first.key)
    with store.write() as tx:
        seat(tx, first, story, Relation.FIRST, now, "AFP")
        for n in range(20):
            one = article(f"told{n}", source=source(f"paper{n}"))
            seat(tx, one, story, Relation.EVENT, now, "AFP")
        for n in range(17):
            one = article(f"copy{n}", source=source(f"site{n}"))
            seat(tx, one, story, Relation.COPY, now)
        seat(tx, article("b", source=source("dawn", group="dawn")), story, Relation.EVENT, now)
        seat(tx, article("c", source=source("herald", group="dawn")), story, Relation.EVENT, now)
        seat(tx, article("d", source=source("geo")), story, Relation.EVENT, now)
        seat(tx, article("e", source=source("geo")), story, Relation.EVENT, now, "Reuters")
        story_facts.refresh(tx, [story])
        found = stories.read(tx, story)
    assert found is not None
    assert (found.report_count, found.copy_count, found.article_count) == (4, 37, 42)


def test_an_own_report_leads_before_one_from_a_wire_that_came_first(
    store: Store, now: datetime
) -> None:
    wired = article("a", published_at=now - timedelta(hours=2))
    own = article("b", source=source("geo"), published_at=now)
    story = story_id(wired.key)
    with store.write() as tx:
        seat(tx, wired, story, Relation.FIRST, now, "AFP")
        seat(tx, own, story, Relation.EVENT, now)
        story_facts.refresh(tx, [story])
        assert (found := stories.read(tx, story)) is not None
        assert found.lead == own.key
        agency = article(
            "c", source=source("afp", is_syndicator=True), published_at=now - timedelta(hours=3)
        )
        seat(tx, agency, story, Relation.EVENT, now, "AFP")
        story_facts.refresh(tx, [story])
        assert (found := stories.read(tx, story)) is not None
        assert found.lead == agency.key


def test_an_article_has_one_seat(store: Store, now: datetime) -> None:
    one = article("a")
    story = story_id(one.key)
    with store.write() as tx:
        number = seat(tx, one, story, Relation.FIRST, now)
    again = placement(one, story, Relation.EVENT)
    with pytest.raises(IntegrityError), store.write() as tx:
        seating.seat(tx, number, one, again, now=now)


def test_a_generation_is_raised_once(store: Store, now: datetime) -> None:
    one, other = article("a"), article("b")
    story = story_id(one.key)
    with store.write() as tx:
        number = seat(tx, one, story, Relation.FIRST, now)
        second = seat(tx, other, story, Relation.EVENT, now)
        alerts.add(tx, alert(one, story, now), number)
        assert alerts.raised(tx, RuleId("r"), story) == (alert(one, story, now),)
        assert alerts.keys_of(tx, story) == (alert(one, story, now).key,)
        assert alerts.has_raised(tx, RuleId("r"), number)
        assert not alerts.has_raised(tx, RuleId("r"), second)
    with pytest.raises(IntegrityError), store.write() as tx:
        alerts.add(tx, alert(other, story, now), second)


def test_an_article_raises_once_for_a_rule_in_whatever_story(store: Store, now: datetime) -> None:
    one, other = article("a"), article("b")
    with store.write() as tx:
        number = seat(tx, one, story_id(one.key), Relation.FIRST, now)
        seat(tx, other, story_id(other.key), Relation.FIRST, now)
        alerts.add(tx, alert(one, story_id(one.key), now), number)
    with pytest.raises(IntegrityError), store.write() as tx:
        alerts.add(tx, alert(one, story_id(other.key), now), number)


def test_what_a_channel_was_told_of_a_story_is_found_by_an_index(store: Store) -> None:
    with store.read() as tx:
        indexes = {
            found["name"]: found["column_names"] for found in inspect(tx).get_indexes("told")
        }
    assert indexes["ix_told_story"] == ["channel", "story_id"]


def test_what_a_digest_told_is_told_and_what_came_after_is_not(
    store: Store, now: datetime
) -> None:
    one, other, rules = article("a"), article("b"), {RuleId("r"): Revision("1")}
    story = story_id(one.key)
    with store.write() as tx:
        number = seat(tx, one, story, Relation.FIRST, now)
        found = [match("r", one.key, "1")]
        rule_matches.add(tx, number, found, is_quiet=False, now=now)
        alerts.add(tx, alert(one, story, now), number)
        assert alerts.untold_stories(tx, MAILBOX, rules, limit=9) == (story,)
        assert alerts.untold_stories(tx, MAILBOX, {RuleId("other"): Revision("1")}, limit=9) == ()
        assert alerts.untold_stories(tx, MAILBOX, {RuleId("r"): Revision("2")}, limit=9) == ()
        alerts.tell(tx, MAILBOX, story, [(RuleId("r"), number)], alert=AlertKey("k"), now=now)
        assert alerts.untold_stories(tx, MAILBOX, rules, limit=9) == (story,)
        alerts.tell(tx, MAILBOX, story, [(RuleId("r"), number)], alert=None, now=now)
        assert alerts.untold_stories(tx, MAILBOX, rules, limit=9) == ()
        assert alerts.untold_stories(tx, ChannelName("desk"), rules, limit=9) == (story,)
        later = seat(tx, other, story, Relation.EVENT, now)
        alerts.add(tx, alert(other, story, now, generation=2), later)
        assert alerts.untold_stories(tx, MAILBOX, rules, limit=9) == (story,)
        (told,) = alerts.told(tx, MAILBOX, story)
    assert told.in_digest


def test_a_rule_first_matched_a_story_when_it_first_found_itself(
    store: Store, now: datetime
) -> None:
    one, other = article("a"), article("b")
    story, rule = story_id(one.key), RuleId("r")
    with store.write() as tx:
        assert alerts.first_matched_at(tx, rule, story) is None
        for each, relation, at in (
            (one, Relation.FIRST, now + timedelta(hours=1)),
            (other, Relation.EVENT, now),
        ):
            number = seat(tx, each, story, relation, now)
            rule_matches.add(tx, number, [match(rule, each.key)], is_quiet=False, now=at)
        assert alerts.first_matched_at(tx, rule, story) == now
        assert alerts.first_matched_at(tx, RuleId("other"), story) is None


def test_a_now_alert_never_takes_back_what_a_digest_told(store: Store, now: datetime) -> None:
    one = article("a")
    story = story_id(one.key)
    with store.write() as tx:
        number = seat(tx, one, story, Relation.FIRST, now)
        for by in (None, AlertKey("k")):
            pairs = [(RuleId("r"), number)]
            alerts.tell(tx, MAILBOX, story, pairs, alert=by, now=now)
        (told,) = alerts.told(tx, MAILBOX, story)
    assert told.in_digest


def test_lists_show_the_stories_that_rules_matched(store: Store, now: datetime) -> None:
    one, other = article("a"), article("b")
    with store.write() as tx:
        number = seat(tx, one, story_id(one.key), Relation.FIRST, now)
        seat(tx, other, story_id(other.key), Relation.FIRST, now)
        rule_matches.add(tx, number, [match("r", one.key)], is_quiet=False, now=now)
        matched = stories.listed(tx, matched_only=True, limit=9)
        assert [story.id for story in matched] == [story_id(one.key)]
        assert len(stories.listed(tx, matched_only=False, limit=9)) == 2
        assert stories.rules_of(tx, [story_id(one.key)]) == {story_id(one.key): ("r",)}
        assert stories.find(tx, story_id(one.key)[:12]) == matched[0]
        assert stories.find(tx, story_id(one.key)) == matched[0]
        with pytest.raises(WorkError, match="several stories begin with 'sto_'"):
            stories.find(tx, "sto_")


def test_the_index_is_rebuilt_from_open_stories_in_order_of_placement(
    store: Store, now: datetime
) -> None:
    old = now - timedelta(days=30)
    closed, first, second = (
        article("old", published_at=old, first_seen_at=old),
        article("a"),
        article("b"),
    )
    with store.write() as tx:
        seat(tx, closed, story_id(closed.key), Relation.FIRST, old)
        seat(tx, first, story_id(first.key), Relation.FIRST, now)
        seat(tx, second, story_id(first.key), Relation.EVENT, now)
        found = profiles.open_seats(tx, now - timedelta(days=14))
        keys = dict(articles.read_many(tx, [seat.article_id for seat in found]))
    assert [(keys[one.article_id].key, one.relation) for one in found] == [
        (first.key, Relation.FIRST),
        (second.key, Relation.EVENT),
    ]
