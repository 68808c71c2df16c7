"""What a channel is told and when: each story once, none left out, and said to be what it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from email import message_from_bytes
from json import loads
from pathlib import Path
from typing import Any

import pytest
from services.articles import article, match, source
from services.corridor import Watch, opened
from services.in_process import told
from services.product import RULE, Workspace
from services.smtp_sink import SmtpSink
from sqlalchemy import event, select, update

from monitor.clock import system_clock
from monitor.digest.compose import MAX_STORIES
from monitor.model.alert import Alert, Reason
from monitor.model.article import Article
from monitor.model.delivery import DeliveryKind
from monitor.model.keys import (
    ChannelName,
    DeliveryKey,
    Revision,
    RuleId,
    StoryId,
    alert_key,
    story_id,
)
from monitor.model.notice import AlertNotice, Change, Digest
from monitor.model.story import Placement, Relation
from monitor.pipeline import dispatch
from monitor.pipeline.assigner import Assigner
from monitor.pipeline.candidates import alert_delivery
from monitor.pipeline.compose import compose_due
from monitor.pipeline.notify import owe_notices
from monitor.pipeline.ports import Ports
from monitor.render.page_view import Plan, alert_page
from monitor.render.webhook import render_webhook
from monitor.render.webhook_parts import moment
from monitor.store import (
    alerts,
    articles,
    channels,
    deliveries,
    json,
    placing,
    rule_matches,
    rules,
    seating,
    stories,
    story_facts,
)
from monitor.store.claims import MAX_CRASHES
from monitor.store.engine import Tx
from monitor.store.tables import DeliveryRow
from monitor.store.workspace import workspace_id

MINUTE = timedelta(minutes=1)
DESK = ChannelName("desk")
ACME, GLOBEX = RuleId("acme"), RuleId("globex")


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
    seating.seat(tx, number, one, placement, now=now)
    return number


def raise_alert(
    ports: Ports,
    tx: Tx,
    one: Article,
    *,
    story: StoryId | None = None,
    rule: RuleId = ACME,
    is_quiet: bool = False,
    revision: Revision | None = None,
) -> Alert:
    """Store an article of a story, what the rule found in it, and the alert that it raises."""
    now = ports.now()
    story = story or story_id(one.key)
    number = seat(tx, one, story, now)
    found = match(rule, one.key, revision or ports.current.rules[rule].revision)
    rule_matches.add(tx, number, [found], is_quiet=is_quiet, now=now)
    story_facts.refresh(tx, [story])
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


def notices(ports: Ports, channel: str = "desk") -> list[AlertNotice]:
    """Give the alerts that a channel was owed, in order."""
    owed = select(DeliveryRow.content).where(DeliveryRow.kind == DeliveryKind.ALERT.value)
    with ports.store.read() as tx:
        rows = tx.execute(owed.where(DeliveryRow.channel == channel).order_by("created_at"))
        return [json.load(AlertNotice, row.content) for row in rows]


def tell(ports: Ports, name: str, **facts: Any) -> Alert:
    """Raise an alert by an article of that name and owe what is told at once."""
    with ports.store.write() as tx:
        alert = raise_alert(ports, tx, article(name, source=source(name)), **facts)
        owe_notices(tx, ports, [(ports.current.rules[alert.rule_id], alert)], ports.now())
    return alert


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


@pytest.fixture
def prompt(made: Workspace) -> Workspace:
    """Give a workspace whose two rules tell two channels at once and the mailbox later."""
    rules = "newsroom: now, desk: now, mailbox: both"
    made.configure(webhook="http://127.0.0.1:9/", smtp_port=9, tell=rules)
    made.write("rules/globex.yaml", RULE % rules)
    return made


async def test_a_story_is_new_to_a_channel_until_it_was_told_of_it(
    prompt: Workspace, watch: Watch
) -> None:
    async with opened(prompt, watch) as ports:
        start = watch.now
        story = tell(ports, "a", is_quiet=True).story
        for name, rule in (("b", ACME), ("c", GLOBEX), ("d", ACME)):
            watch.move(minutes=1)
            tell(ports, name, story=story, rule=rule)
        found = notices(ports)
        assert [one.entry.change for one in found] == [Change.NEW, Change.UPDATE, Change.UPDATE]
        kinds = [json_of(one)["type"] for one in found]
        assert kinds == ["story.matched", "story.updated", "story.updated"]
        leads = [lead(one) for one in found]
        assert leads[0] == "A new story matches this rule."
        assert leads[1] == "A story that you were told of matches this rule too."
        assert leads[2].startswith("A further source reports")
        first = key_of(ports, found[0])
        assert [one.root for one in found] == ["", first, first]
        matched = [json_of(one)["data"]["match"]["first_matched_at"] for one in found]
        assert matched == [moment(at) for at in (start, start + 2 * MINUTE, start)]


async def test_what_a_digest_told_comes_at_once_as_an_update(
    made: Workspace, watch: Watch
) -> None:
    made.configure(tell="mailbox: digest")
    made.write("rules/globex.yaml", RULE % "mailbox: now")
    async with opened(made, watch) as ports:
        story = tell(ports, "a").story
        assert compose_due(ports) == 1
        tell(ports, "b", story=story, rule=GLOBEX)
        (update,) = notices(ports, "mailbox")
        assert (update.entry.change, update.root) == (Change.UPDATE, "")


def json_of(notice: AlertNotice) -> dict[str, Any]:
    message = render_webhook(notice, delivery=DeliveryKey("dl-1"), public_url=None)
    body: dict[str, Any] = loads(message.body)
    return body


def lead(notice: AlertNotice) -> str:
    plan = Plan(stories=1, full=1, articles=9)
    return alert_page(notice, plan, zone="UTC", contact="", home="").lead


def key_of(ports: Ports, notice: AlertNotice) -> str:
    title = f"{notice.entry.change}: {notice.entry.story.title}"
    found = select(DeliveryRow.key).where(DeliveryRow.channel == notice.channel)
    with ports.store.read() as tx:
        (row,) = tx.execute(found.where(DeliveryRow.title == title))
    return str(row.key)


async def test_two_workspaces_never_send_under_the_same_id(tmp_path: Path, watch: Watch) -> None:
    keys: set[str] = set()
    for name in ("one", "other"):
        made = Workspace(tmp_path / name)
        made.configure(tell="mailbox: both")
        for _ in range(2):  # the second time its database is there already
            async with opened(made, watch) as ports:
                if not digests(ports):
                    tell(ports, "a")
                    compose_due(ports)
                with ports.store.read() as tx:
                    keys |= {line.key for line in deliveries.listed(tx)}
                    keys.add(workspace_id(tx))
    assert len(keys) == 2 * 3


def give_up(ports: Ports, title: str) -> None:
    """Give up the alerts that are owed under this title."""
    dead = update(DeliveryRow).where(DeliveryRow.title == title).values(state="dead")
    with ports.store.write() as tx:
        assert tx.execute(dead).rowcount


async def test_what_was_told_at_once_is_listed_once_as_already_sent(
    prompt: Workspace, watch: Watch
) -> None:
    async with opened(prompt, watch) as ports:
        tell(ports, "a")
        assert compose_due(ports) == 1
        watch.move(minutes=15)
        assert compose_due(ports) == 0
        (digest,) = digests(ports)
        assert [one.change for one in digest.entries] == [Change.SENT]


async def test_what_was_given_up_was_never_sent(prompt: Workspace, watch: Watch) -> None:
    async with opened(prompt, watch) as ports:
        story = tell(ports, "a").story
        give_up(ports, "new: Title a")
        watch.move(minutes=1)
        tell(ports, "b", story=story)
        found = notices(ports)
        assert [(one.entry.change, one.root) for one in found] == [(Change.NEW, "")] * 2
        give_up(ports, "new: Title a")  # the second too: the first article leads the story
        compose_due(ports)
        (digest,) = digests(ports)
        assert [one.change for one in digest.entries] == [Change.NEW]


async def test_what_arrived_at_one_recipient_was_sent(made: Workspace, watch: Watch) -> None:
    made.configure(smtp_port=9, tell="desk: both")
    config = (made.folder / "monitor.yaml").read_text()
    both = "[desk@example.org, ann@example.org], digest: {cron: '*/15 * * * *'}"
    made.write("monitor.yaml", config.replace("[desk@example.org]", both))
    async with opened(made, watch) as ports:
        alert = tell(ports, "a")
        with ports.store.write() as tx:
            key = alert_delivery(workspace_id(tx), DESK, "ann@example.org", alert.key)
            dead = update(DeliveryRow).where(DeliveryRow.key == key).values(state="dead")
            assert tx.execute(dead).rowcount == 1
        compose_due(ports)
        assert [one.change for one in digests(ports)[0].entries] == [Change.SENT]


async def test_an_update_hangs_on_the_mail_that_was_delivered_first(
    made: Workspace, watch: Watch
) -> None:
    with SmtpSink() as mail:
        made.configure(smtp_port=mail.port, tell="desk: now")
        async with opened(made, watch) as ports:
            story = tell(ports, "a").story
            await send_all(ports)
            watch.move(minutes=1)
            tell(ports, "b", story=story)
            await send_all(ports)
    first, second = (message_from_bytes(one.body) for one in mail.mails.all)
    assert first["Message-ID"]
    assert (first["In-Reply-To"], first["References"]) == (None, None)
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert first["Subject"] == second["Subject"]


async def send_all(ports: Ports) -> None:
    for claimed in await dispatch.claim_deliveries(ports, 20):
        await dispatch.send(ports, claimed)


async def test_a_slot_that_another_closed_before_our_claim_is_let_go_of(
    made: Workspace, watch: Watch
) -> None:
    composed: list[int] = []
    async with opened(made, watch) as ours, opened(made, watch) as theirs:
        tell(ours, "a")
        assert compose_due(theirs) == 1
        watch.move(minutes=15)
        tell(ours, "b")

        def between(*facts: Any) -> None:
            if "BEGIN IMMEDIATE" in facts and not composed:
                composed.append(compose_due(theirs))

        event.listen(ours.store.engine, "before_cursor_execute", between)
        assert compose_due(ours) == 0
        assert composed == [1]
        with ours.store.write() as tx:
            claimed = channels.claim(tx, ChannelName("mailbox"), now=watch.now, lease=MINUTE)
        assert claimed is not None
        assert claimed.crashes == 0


async def test_a_clock_that_was_ahead_for_a_while_costs_no_digest(
    made: Workspace, watch: Watch
) -> None:
    async with opened(made, watch) as ports:
        tell(ports, "a")
        assert compose_due(ports) == 1
        for days in (0, 30, -30):
            watch.move(days=days, minutes=15 * (days == 0))
            tell(ports, f"b{days}")
            compose_due(ports)
        for _ in range(MAX_CRASHES + 1):
            watch.move(minutes=1.1)
            compose_due(ports)
        watch.move(minutes=15)
        compose_due(ports)
        titles = [one.story.title for digest in digests(ports) for one in digest.entries]
        assert sorted(titles) == ["Title a", "Title b-30", "Title b0", "Title b30"]


async def test_a_first_digest_waits_until_there_is_something_to_tell(
    made: Workspace, watch: Watch
) -> None:
    async with opened(made, watch) as ports:
        assert compose_due(ports) == 0
        watch.move(hours=1)
        with ports.store.write() as tx:
            raise_alert(ports, tx, article("old"), revision=Revision("of yesterday"))
        assert compose_due(ports) == 0  # its rule has changed: there is nothing to tell
        with ports.store.read() as tx:
            assert channels.read(tx, ChannelName("mailbox")).last_slot is None
        watch.move(hours=1)
        tell(ports, "a")
        assert compose_due(ports) == 1
        (digest,) = digests(ports)
        assert digest.slot == "first"
        assert [one.story.title for one in digest.entries] == ["Title a"]


async def test_an_article_raises_once_in_whatever_story_it_sits(
    made: Workspace, watch: Watch
) -> None:
    one, other = (article(name, title=name * 9, body=told(name)) for name in "ab")
    async with opened(made, watch) as ports:
        with ports.store.write() as tx:
            (number,) = articles.add(tx, [one], is_baseline=False).values()
            found = match(ACME, one.key, ports.current.rules[ACME].revision)
            rule_matches.add(tx, number, [found], is_quiet=False, now=watch.now)
            elsewhere = story_id(other.key)
            placing.mark_placed(tx, [seat(tx, other, elsewhere, watch.now)])
            alert = Alert(
                key=alert_key(ACME, elsewhere, 1),
                rule_id=ACME,
                story=elsewhere,
                generation=1,
                article=one.key,
                reason=Reason.NEW_STORY,
                raised_at=watch.now,
            )
            alerts.add(tx, alert, number)
            rules.keep(tx, ports.current.rules[ACME], now=watch.now)  # it has looked back
        assert Assigner(ports).place_due() == 1
        with ports.store.read() as tx:
            assert alerts.listed(tx, limit=9) == (alert,)
            assert len(stories.listed(tx, matched_only=False, limit=9)) == 2
