"""Compose the digests that are due: each slot of each channel once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime

import structlog

from monitor.digest.compose import compose
from monitor.digest.windows import FIRST, LastSlot, Slot, due_slot
from monitor.errors import LeaseLost, StoreError
from monitor.model.delivery import Channel, DeliveryKind
from monitor.model.keys import RuleId, StoryId, delivery_key
from monitor.model.notice import Digest
from monitor.model.rule import Rule, Tell
from monitor.pipeline.candidates import Telling, gather, read_story
from monitor.pipeline.health import health_lines
from monitor.pipeline.orphans import tend_orphans
from monitor.pipeline.ports import Ports
from monitor.pipeline.restored import is_paused
from monitor.store import alerts, arrange, channels, deliveries, json, problems, rules
from monitor.store.channels import ClaimedChannel
from monitor.store.claims import MAX_CRASHES
from monitor.store.engine import Tx
from monitor.store.workspace import workspace_id

log = structlog.get_logger()

_CRASHED = "composing its digest crashed five times; its process died"
_CRASHED_CURE = "the next digest tells what this one would have told"

STORIES_PER_DIGEST = 600  # a digest holds 500; the rest is told by the next one


def compose_due(ports: Ports) -> int:
    """Compose what is due now for all channels; give the number of digests owed."""
    _forget_removed(ports)
    tend_orphans(ports)
    if is_paused(ports):  # slots stay open
        return 0
    now = ports.now()
    return sum(
        _compose_channel(ports, channel, now)
        for channel in ports.terms.channels
        if channel.schedule is not None
    )


def _forget_removed(ports: Ports) -> None:
    """Say no more what is wrong with channels that were taken out of monitor.yaml."""
    names = [channel.name for channel in ports.terms.channels]
    with ports.store.read() as tx:
        if not problems.has_others(tx, "channel", names):
            return
    with ports.store.write() as tx:
        problems.keep_only(tx, "channel", names)


def _compose_channel(ports: Ports, channel: Channel, now: datetime) -> bool:
    with ports.store.read() as tx:
        slot = _due(tx, ports, channel, now)
    if slot is None:
        return False
    with ports.store.write() as tx:
        claimed = channels.claim(tx, channel.name, now=now, lease=ports.terms.lease)
    if claimed is None:
        return False  # another process composes it
    try:
        return _compose_slot(ports, channel, claimed, slot, now)
    except LeaseLost:
        log.warning("composing outlived its lease", channel=channel.name)
        return False
    except StoreError:
        with suppress(StoreError, LeaseLost), ports.store.write() as tx:
            channels.release(tx, claimed)  # the database is to blame, not the digest
        raise


def _compose_slot(
    ports: Ports, channel: Channel, claimed: ClaimedChannel, slot: Slot, now: datetime
) -> bool:
    """Close a slot and owe its digest, all or nothing; True if there was something to tell."""
    with ports.store.write() as tx:
        arrange.keep_seats(tx)
        if _due(tx, ports, channel, now) != slot:  # another process closed it before our claim
            channels.release(tx, claimed)
            return False
        if claimed.crashes >= MAX_CRASHES:
            digest, tellings = _nothing()
            problems.report(tx, "digest", channel.name, _CRASHED, cure=_CRASHED_CURE, now=now)
        else:
            digest, tellings = draft(tx, ports, channel, slot, now)
            if digest is None and slot.key == FIRST:
                channels.release(tx, claimed)
                return False  # a first digest waits until there is something to tell
            problems.clear(tx, "digest", channel.name)
        stories = len(tellings)
        channels.keep_slot(tx, claimed, slot.key, slot.window, stories=stories, now=now)
        if digest is not None:
            _owe(tx, channel, slot, digest, tellings, now)
        ports.failpoints.hit("t2.precommit")
    ports.failpoints.hit("t2.committed")
    log.info("slot closed", channel=channel.name, slot=slot.key, stories=stories)
    return digest is not None


def _nothing() -> tuple[Digest | None, list[Telling]]:
    return None, []


def _due(tx: Tx, ports: Ports, channel: Channel, now: datetime) -> Slot | None:
    if channel.schedule is None or not _is_in_force(tx, ports):
        return None
    state = channels.read(tx, channel.name)
    last = None
    if state.last_slot is not None and state.last_slot_end is not None:
        last = LastSlot(slot=state.last_slot, ended_at=state.last_slot_end)
    slot = due_slot(channel.schedule, last=last, now=now)
    if slot is not None and slot.key == FIRST:
        told = digest_rules(ports.current.rules.values(), channel)
        # looked at every second until there is something: no write transaction for nothing
        return slot if untold(tx, channel, told, 1) else None
    is_told = slot is not None and channels.has_slot(tx, channel.name, slot.key)
    return None if is_told else slot


def _is_in_force(tx: Tx, ports: Ports) -> bool:
    """Tell whether our rules are the assigner's: by others, stories would seem not worth telling.

    While new ones still look back the digest waits for them.
    """
    ours = {str(rule.id): str(rule.revision) for rule in ports.current.rules.values()}
    return rules.revisions(tx) == ours


def digest_rules(rules: Iterable[Rule], channel: Channel) -> dict[RuleId, Rule]:
    """Give the rules whose alerts enter this channel's digests."""
    return {
        rule.id: rule
        for rule in rules
        if dict(rule.tell).get(channel.name) in {Tell.DIGEST, Tell.BOTH}
    }


def untold(
    tx: Tx, channel: Channel, rules: Mapping[RuleId, Rule], limit: int
) -> tuple[StoryId, ...]:
    """List the stories that these rules, in force, still have to tell the channel's digests."""
    revisions = {rule.id: rule.revision for rule in rules.values()}
    return alerts.untold_stories(tx, channel.name, revisions, limit=limit)


def draft(
    tx: Tx, ports: Ports, channel: Channel, slot: Slot, now: datetime
) -> tuple[Digest | None, list[Telling]]:
    """Compose a slot without owing it, and say what the channel is told by it."""
    told = digest_rules(ports.current.rules.values(), channel)
    found = untold(tx, channel, told, STORIES_PER_DIGEST)
    gathered = (gather(tx, channel, read_story(tx, story), told) for story in found)
    tellings = [telling for telling in gathered if telling is not None]
    digest = compose(
        [telling.candidate for telling in tellings],
        channel=channel.name,
        slot=slot,
        now=now,
        health=health_lines(tx),
    )
    held = {entry.story.id for entry in digest.entries} if digest else set()
    return digest, [telling for telling in tellings if telling.candidate.story.id in held]


def _owe(
    tx: Tx, channel: Channel, slot: Slot, digest: Digest, tellings: list[Telling], now: datetime
) -> None:
    content, workspace = json.dump(Digest, digest), workspace_id(tx)
    for recipient in channel.recipients:
        deliveries.add(
            tx,
            delivery_key(workspace, channel.name, recipient, f"digest {slot.key}"),
            channel=channel.name,
            recipient=recipient,
            kind=DeliveryKind.DIGEST,
            content=content,
            title=f"digest {slot.key}: {len(digest.entries)} stories",
            now=now,
        )
    for telling in tellings:
        story = telling.candidate.story.id
        alerts.tell(tx, channel.name, story, telling.told, alert=None, now=now)
