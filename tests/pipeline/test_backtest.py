"""A rule's past: what it would have told, decided as alerts are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from services.articles import article, source
from services.assigner import Desk

from monitor.match.ask import read_query
from monitor.match.engine import Engine
from monitor.match.lists import TermLists
from monitor.match.tree import LoadedRule
from monitor.model.alert import RAISES, Reason
from monitor.model.keys import Revision, RuleId
from monitor.model.rule import Again, Rule
from monitor.pipeline.backtest import Backtest, backtest
from monitor.store import alerts
from monitor.store.engine import Store

DAY = datetime(2026, 10, 30, 12, tzinfo=UTC)
NEWS = "Acme opens an office in Karachi with ninety engineers and a laboratory for batteries."


def rule_of(again: Again) -> LoadedRule:
    node = read_query("office", TermLists({})).node
    assert node is not None
    facts = Rule(id=RuleId("r"), title="R", tell=(), revision=Revision("1"), again=again)
    return LoadedRule(rule=facts, query=node)


def filled(store: Store, rule: LoadedRule | None = None) -> Desk:
    """Place a story of four articles, a copy and a known source among them, and another one."""
    desk = Desk(store)
    desk.ports.current.engine = Engine([rule] if rule else [])

    def one(name: str, hours: int, **facts: Any) -> Any:
        moment = DAY + timedelta(hours=hours)
        return article(name, published_at=moment, first_seen_at=moment, **facts)

    title = "Acme opens office in Karachi"
    desk.receive(
        [
            one("a", 0, title=title, body=NEWS),
            one("b", 1, title=title, body=NEWS, source=source("nation")),
            one("c", 2, title=title + " today", body=NEWS + " The minister spoke there."),
            one("d", 30, title="Rain in Quetta", body="The office of weather saw rain on roofs."),
            one("e", 31, title="No match", body="A bureau."),
        ]
    )
    return desk


def past_of(store: Store, rule: LoadedRule, since: datetime | None = None) -> Backtest:
    return backtest(
        store, rule, since=since, day_of=lambda moment: moment.date(), now=DAY + timedelta(days=3)
    )


def filled_from_wires(store: Store) -> Desk:
    """Place a story that two papers took from one agency, and two others of one house wrote."""
    desk = Desk(store)
    title = "Acme opens office in Karachi"
    papers = (
        ("dawn", "KARACHI (AFP) - ", "The minister spoke there.", None),
        ("geo", "KARACHI (AFP) - ", "Batteries are made in two halls.", None),
        ("nation", "", "The governor was there, too.", "house"),
        ("herald", "", "Music was played until late.", "house"),
    )
    desk.receive(
        [
            article(
                name,
                title=f"{title}, {name} says",
                body=f"{dateline}{NEWS} {own}",
                source=source(name, group=group),
                published_at=DAY + timedelta(hours=hours),
                first_seen_at=DAY + timedelta(hours=hours),
            )
            for hours, (name, dateline, own, group) in enumerate(papers)
        ]
    )
    return desk


def test_papers_that_print_one_agency_and_those_of_one_house_are_told_once(store: Store) -> None:
    filled_from_wires(store)
    past = past_of(store, rule_of(Again.DEVELOPMENT))
    assert len(past.stories) == 1
    assert past.reasons == {
        Reason.NEW_STORY: 1,
        Reason.DEVELOPMENT: 1,
        Reason.KNOWN_SOURCE: 2,
    }


@pytest.mark.parametrize("fill", [filled, filled_from_wires])
@pytest.mark.parametrize("again", list(Again))
def test_a_backtest_decides_as_alerts_were_decided(
    store: Store, again: Again, fill: Callable[[Store], Desk]
) -> None:
    rule = rule_of(again)
    desk = fill(store)
    desk.ports.current.engine = Engine([rule])
    past = past_of(store, rule)
    desk.now = DAY + timedelta(days=3)
    while desk.assigner.place_due():  # the rule looks back, and what it finds is decided for real
        pass
    with store.read() as tx:
        raised = {alert.article: alert.reason for alert in alerts.listed(tx, limit=100)}
    told = {key for story in past.stories.values() for key in story.raised}
    assert told == set(raised)
    assert past.notices == len(raised)
    reasons = {reason: n for reason, n in past.reasons.items() if reason in RAISES}
    assert reasons == {reason: list(raised.values()).count(reason) for reason in raised.values()}


def test_a_backtest_counts_days_stories_and_reasons(store: Store) -> None:
    filled(store)
    past = past_of(store, rule_of(Again.NEVER))
    assert (past.articles, past.waiting) == (4, 0)
    assert {day: (one.articles, one.notices) for day, one in past.days.items()} == {
        date(2026, 10, 30): (3, 1),
        date(2026, 10, 31): (1, 1),
    }
    assert past.reasons[Reason.NEW_STORY] == len(past.stories) == 2
    assert past.reasons[Reason.TOLD_ONCE] == 2
    first, _ = past.examples()
    assert (first.articles, len(first.sources)) == (3, 2)
    assert "office" in str(first.why[0])


def test_a_backtest_of_a_span_leaves_out_what_is_older(store: Store) -> None:
    filled(store)
    past = past_of(store, rule_of(Again.NEVER), since=DAY + timedelta(days=1))
    assert [day.isoformat() for day in past.days] == ["2026-10-31"]
