"""What a channel is told and when: each story once, none left out, and said to be what it is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from services.articles import article, match
from services.corridor import Watch, opened
from services.product import Workspace
from sqlalchemy import select

from monitor.clock import system_clock
from monitor.digest.compose import MAX_STORIES
from monitor.model.alert import Alert, Reason
from monitor.model.article import Article
from monitor.model.delivery import DeliveryKind
from monitor.model.keys import RuleId, StoryId, alert_key, story_id
from monitor.model.notice import Digest
from monitor.model.story import Placement, Relation
from monitor.pipeline.compose import compose_due
from monitor.pipeline.ports import Ports
from monitor.store import alerts, articles, json, stories
from monitor.store.engine import Tx
from monitor.store.tables import DeliveryRow

ACME = RuleId("acme")


@pytest.fixture
def watch() -> Watch:
    return Watch(system_clock())


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.configure()
    return workspace


def seat(tx: Tx, one: Article, story: StoryId, now: datetime) -> int:
    """Put an article that rule `acme` matches into a story, as its first or as a report."""
    relation = Relation.FIRST if story == story_id(one.key) else Relation.EVENT
    placement = Placement(
        article=one.key, story=story, relation=relation, score=1.0, threshold=0.5, model="m"
    )
    (number,) = articles.add(tx, [one], is_baseline=False).values()
    stories.seat(tx, number, one, placement, now=now)
    return number


def raise_alert(
    ports: Ports,
    tx: Tx,
    one: Article,
    *,
    story: StoryId | None = None,
    rule: RuleId = ACME,
    is_quiet: bool = False,
) -> Alert:
    """Store an article of a story, what the rule found in it, and the alert that it raises."""
    now = ports.now()
    story = story or story_id(one.key)
    number = seat(tx, one, story, now)
    found = match(rule, one.key, ports.current.rules[rule].revision)
    articles.add_matches(tx, number, [found], is_quiet=is_quiet, now=now)
    stories.refresh(tx, [story])
    generation = len(alerts.raised(tx, rule, story)) + 1
    alert = Alert(
        key=alert_key(rule, story, generation),
        rule_id=rule,
        story=story,
        generation=generation,
        article=one.key,
        reason=Reason.NEW_STORY if generation == 1 else Reason.DEVELOPMENT,
        raised_at=now,
        is_quiet=is_quiet,
    )
    alerts.add(tx, alert, number)
    return alert


def digests(ports: Ports) -> list[Digest]:
    """Give the digests that were owed, in order."""
    owed = select(DeliveryRow.content).where(DeliveryRow.kind == DeliveryKind.DIGEST.value)
    with ports.store.read() as tx:
        rows = tx.execute(owed.order_by(DeliveryRow.created_at, DeliveryRow.key))
        return [json.load(Digest, row.content) for row in rows]


async def test_stories_that_found_no_room_enter_the_next_digest(
    made: Workspace, watch: Watch
) -> None:
    number = MAX_STORIES + 3
    async with opened(made, watch) as ports:
        with ports.store.write() as tx:
            for name in range(number):
                raise_alert(ports, tx, article(str(name)))
        assert compose_due(ports) == 1
        watch.move(minutes=15)
        assert compose_due(ports) == 1
        first, second = digests(ports)
        assert (len(first.entries), len(second.entries)) == (MAX_STORIES, 3)
        assert len({one.story.id for one in (*first.entries, *second.entries)}) == number
        watch.move(minutes=15)
        assert compose_due(ports) == 0
