"""Promises of the alert room: each decision has a named reason, and nothing is told twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alert.decide import NOTHING_RAISED, History, decide
from monitor.model.alert import Alert, Quiet, Reason
from monitor.model.keys import (
    ArticleKey,
    ChannelName,
    Revision,
    RuleId,
    SourceKey,
    StoryId,
    alert_key,
)
from monitor.model.rule import Again, Rule, Tell
from monitor.model.story import COPIES, Member, Relation, Wire

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
STORY = StoryId("sto_1")
A, B = ArticleKey("a"), ArticleKey("b")


def rule(again: Again = Again.DEVELOPMENT) -> Rule:
    return Rule(
        id=RuleId("r"),
        title="R",
        tell=((ChannelName("mailbox"), Tell.DIGEST),),
        again=again,
        revision=Revision("1"),
    )


def member(
    article: str,
    source: str,
    relation: Relation = Relation.EVENT,
    *,
    wire: str | None = None,
    group: str | None = None,
) -> Member:
    return Member(
        article=ArticleKey(article),
        source=SourceKey(source),
        relation=relation,
        wire=Wire(wire, is_taken=True) if wire else None,
        group=group,
    )


def decided(
    *,
    again: Again = Again.DEVELOPMENT,
    relation: Relation = Relation.EVENT,
    wire: str | None = None,
    group: str | None = None,
    members: tuple[Member, ...] = (),
    history: History = NOTHING_RAISED,
    is_quiet: bool = False,
    is_too_old: bool = False,
) -> Alert | Quiet:
    return decide(
        rule(again),
        member("b", "geo", relation, wire=wire, group=group),
        story=STORY,
        members=members,
        history=history,
        is_quiet=is_quiet,
        is_too_old=is_too_old,
        now=NOW,
    )


RAISED = History(raised=1, articles=frozenset({A}))
DAWN = (member("a", "dawn", Relation.FIRST),)
GEO = (member("a", "geo", Relation.FIRST),)


def test_the_first_match_in_a_story_is_generation_one() -> None:
    alert = decided()
    assert alert == Alert(
        key=alert_key(RuleId("r"), STORY, 1),
        rule_id=RuleId("r"),
        story=STORY,
        generation=1,
        article=B,
        reason=Reason.NEW_STORY,
        raised_at=NOW,
    )


@pytest.mark.parametrize("relation", list(Relation))
def test_even_a_copy_is_the_first_match_of_its_story(relation: Relation) -> None:
    assert decided(relation=relation, members=GEO).reason is Reason.NEW_STORY


@pytest.mark.parametrize(
    ("again", "relation", "members", "reason"),
    [
        (Again.NEVER, Relation.EVENT, DAWN, Reason.TOLD_ONCE),
        (Again.NEVER, Relation.COPY, DAWN, Reason.TOLD_ONCE),
        (Again.DEVELOPMENT, Relation.EVENT, DAWN, Reason.DEVELOPMENT),
        (Again.DEVELOPMENT, Relation.EVENT, GEO, Reason.KNOWN_SOURCE),
        (Again.DEVELOPMENT, Relation.COPY, DAWN, Reason.COPY),
        (Again.DEVELOPMENT, Relation.SAME, DAWN, Reason.COPY),
        (Again.DEVELOPMENT, Relation.EXCERPT, DAWN, Reason.COPY),
        (Again.DEVELOPMENT, Relation.UPDATE, GEO, Reason.COPY),
        (Again.EVERY, Relation.EVENT, GEO, Reason.EVERY),
        (Again.EVERY, Relation.COPY, DAWN, Reason.EVERY),
    ],
)
def test_a_further_article_is_told_as_the_rule_asks(
    again: Again, relation: Relation, members: tuple[Member, ...], reason: Reason
) -> None:
    found = decided(again=again, relation=relation, members=members, history=RAISED)
    assert found.reason is reason


AFP = (member("a", "dawn", Relation.FIRST, wire="AFP"),)
HOUSE = (member("a", "dawn", Relation.FIRST, group="jang"),)


@pytest.mark.parametrize(
    ("members", "wire", "group", "reason"),
    [
        (AFP, "AFP", None, Reason.KNOWN_SOURCE),
        (AFP, "Reuters", None, Reason.DEVELOPMENT),
        (AFP, None, None, Reason.DEVELOPMENT),
        (DAWN, "AFP", None, Reason.DEVELOPMENT),
        (HOUSE, None, "jang", Reason.KNOWN_SOURCE),
        (HOUSE, None, "dunya", Reason.DEVELOPMENT),
        (HOUSE, "AFP", "jang", Reason.DEVELOPMENT),
        ((member("a", "geo", wire="AFP"),), "Reuters", None, Reason.KNOWN_SOURCE),
        ((member("a", "AFP"),), "AFP", None, Reason.DEVELOPMENT),
    ],
)
def test_papers_that_print_one_agency_and_papers_of_one_house_are_one_voice(
    members: tuple[Member, ...], wire: str | None, group: str | None, reason: Reason
) -> None:
    found = decided(wire=wire, group=group, members=members, history=RAISED)
    assert found.reason is reason


def test_its_own_seat_and_later_ones_do_not_make_a_source_known() -> None:
    members = (*DAWN, member("b", "geo"), member("c", "geo"))
    assert decided(members=members, history=RAISED).reason is Reason.DEVELOPMENT


@pytest.mark.parametrize("again", list(Again))
def test_the_same_article_never_raises_twice(again: Again) -> None:
    history = History(raised=1, articles=frozenset({B}))
    assert decided(again=again, members=DAWN, history=history).reason is Reason.ALREADY_RAISED


def test_what_is_too_old_raises_nothing_and_uses_no_generation() -> None:
    assert decided(is_too_old=True).reason is Reason.TOO_OLD


def test_a_baseline_alert_is_quiet() -> None:
    alert = decided(is_quiet=True)
    assert isinstance(alert, Alert)
    assert alert.is_quiet


articles = st.tuples(
    st.integers(0, 5).map(lambda number: ArticleKey(f"a{number}")),
    st.sampled_from([SourceKey("dawn"), SourceKey("geo"), SourceKey("ap")]),
    st.sampled_from(list(Relation)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(articles, max_size=12), st.sampled_from(list(Again)))
def test_generations_count_from_one_without_gaps_and_each_article_raises_once(
    stream: list[tuple[ArticleKey, SourceKey, Relation]], again: Again
) -> None:
    seats: list[Member] = []
    alerts: list[Alert] = []
    for article, source, relation in stream:
        if all(seat.article != article for seat in seats):
            seats.append(Member(article=article, source=source, relation=relation))
        found = decide(
            rule(again),
            Member(article=article, source=source, relation=relation),
            story=STORY,
            members=seats,
            history=History(
                raised=len(alerts), articles=frozenset(alert.article for alert in alerts)
            ),
            is_quiet=False,
            is_too_old=False,
            now=NOW,
        )
        if isinstance(found, Alert):
            alerts.append(found)
            assert found.reason is not Reason.DEVELOPMENT or relation not in COPIES
    assert [alert.generation for alert in alerts] == list(range(1, len(alerts) + 1))
    assert len({alert.article for alert in alerts}) == len(alerts)
    assert len({alert.key for alert in alerts}) == len(alerts)
    if stream:
        assert alerts
    if again is Again.NEVER:
        assert len(alerts) <= 1
