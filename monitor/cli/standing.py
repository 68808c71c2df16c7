"""Read how things stand, for `monitor status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.cli.disk import full_disk
from monitor.cli.wording import counted, moment
from monitor.digest.windows import next_slot_at
from monitor.model.delivery import Channel, DeliveryState
from monitor.model.keys import ChannelName
from monitor.pipeline.workers import Worker, read_workers, troubles
from monitor.settings import Reading
from monitor.store import (
    articles,
    channels,
    deliveries,
    feeds,
    problems,
    restored,
    retention,
    stories,
)
from monitor.store.channels import ChannelState
from monitor.store.engine import Tx
from monitor.store.feeds import FeedState
from monitor.store.problems import Trouble
from monitor.store.restored import Pause
from monitor.store.retention import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """Say how a channel does; `kind` is "" for one whose settings have a defect."""

    name: ChannelName
    kind: str
    next_digest_at: datetime | None
    last_sent_at: datetime | None
    waiting: int
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Be how things stand; `states` are all feeds."""

    workers: tuple[Worker, ...]
    articles: dict[str, int]
    stories: int
    sources: dict[str, int]
    feeds: dict[str, int]
    states: tuple[FeedState, ...]
    deliveries: dict[str, int]
    oldest_due: datetime | None
    channels: tuple[ChannelLine, ...]
    problems: tuple[Trouble, ...]
    notes: tuple[str, ...]
    pause: Pause | None
    """Why nothing is delivered, if it is so on purpose."""
    kept: Kept
    """How far back the database reaches."""

    @property
    def running(self) -> tuple[Worker, ...]:
        """List the workers that give signs of life."""
        return tuple(worker for worker in self.workers if worker.is_live)


def read_standing(tx: Tx, reading: Reading, now: datetime) -> Standing:
    """Read how things stand."""
    names = _names(reading)
    states = feeds.list_states(tx)
    waiting = _waiting(tx)
    workers = read_workers(tx, now=now)
    wrong = (
        *full_disk(reading.settings.data_dir, now),
        *troubles(workers),
        *problems.listed(tx),
    )
    return Standing(
        workers=workers,
        articles=articles.counts(tx),
        stories=stories.count(tx),
        sources=_sources(reading, states),
        feeds={
            "all": len(states),
            "failing": sum(1 for state in states if state.last_error),
            "never_polled": sum(1 for state in states if not state.polls),
            "stopped": sum(1 for state in states if state.state != "active"),
            "due": feeds.count_due(tx, now=now),
        },
        states=states,
        deliveries=deliveries.counts(tx),
        oldest_due=deliveries.oldest_due(tx, now=now, channels=names),
        channels=_channels(tx, reading, wrong, waiting, now),
        problems=wrong,
        notes=(
            *(f"{state.url}: {note}" for state in states for note in state.notes),
            *(_waiting_for_nobody(waiting, names) if reading.channels is not None else ()),
        ),
        pause=restored.pause(tx),
        kept=retention.kept(tx),
    )


def _names(reading: Reading) -> tuple[ChannelName, ...]:
    return tuple(reading.channels or ())


def _sources(reading: Reading, states: Sequence[FeedState]) -> dict[str, int]:
    wrong = {s.source_key for s in states if s.last_error or s.state != "active"}
    there = {source.key for source in reading.settings.sources}
    return {"all": len(there), "in_trouble": len(wrong & there)}


def _waiting(tx: Tx) -> Counter[str]:
    owed = deliveries.listed(tx, state=DeliveryState.PENDING, limit=10_000)
    return Counter(line.channel for line in owed)


def _waiting_for_nobody(waiting: Counter[str], names: Collection[str]) -> list[str]:
    """Say what is owed through channels that were taken out of monitor.yaml."""
    return [
        f"channel {name} is not in monitor.yaml: {counted(number, 'delivery', 'deliveries')} "
        f"{'waits' if number == 1 else 'wait'} for it"
        for name, number in sorted(waiting.items())
        if name not in names
    ]


def _channels(
    tx: Tx,
    reading: Reading,
    wrong: Sequence[Trouble],
    waiting: Counter[str],
    now: datetime,
) -> tuple[ChannelLine, ...]:
    sound = {channel.name: channel for channel in reading.settings.channels}
    sent = channels.last_sent(tx)
    failing = {trouble.subject for trouble in wrong if trouble.kind == "channel"}
    lines = []
    for name in _names(reading):
        channel = sound.get(name)
        trouble = _trouble(channels.read(tx, name), channel, reading.settings.zone, now)
        if not trouble and name in failing:
            trouble = "failing, see below"
        lines.append(
            ChannelLine(
                name=name,
                kind=channel.kind.value if channel else "",
                next_digest_at=_next_digest(channel, now),
                last_sent_at=sent.get(name),
                waiting=waiting[name],
                trouble=trouble,
            )
        )
    return tuple(lines)


def _next_digest(channel: Channel | None, now: datetime) -> datetime | None:
    schedule = channel.schedule if channel else None
    return next_slot_at(schedule, now) if schedule else None


def _trouble(kept: ChannelState, channel: Channel | None, zone: str, now: datetime) -> str:
    if channel is None:
        return "its settings have an error"
    if kept.disabled_at:
        return f"stopped: {kept.disabled_reason} To go on: monitor channels enable {kept.name}"
    if kept.paused_until and kept.paused_until > now:
        return f"its receiver asked it to wait until {moment(kept.paused_until, zone)}"
    return ""
