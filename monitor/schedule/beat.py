"""Leave a sign of life, with what this process has in force and what fails in it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime

import structlog

from monitor import __version__
from monitor.clock import FollowingClock
from monitor.match.engine import Engine
from monitor.model.delivery import Channel
from monitor.model.keys import SourceKey, digest_of
from monitor.model.source import Source
from monitor.pipeline.ports import Ports
from monitor.pipeline.workers import TELLING
from monitor.store import beats, problems
from monitor.store.beats import Beat, Failure, Signs
from monitor.store.lease import lease_clock
from monitor.store.migrate import head
from monitor.store.roles import ASSIGNER

log = structlog.get_logger()

_OWN = ("secret", "path")
"""What of a channel is not compared: nothing is learned of secrets, and folders may differ."""


class Heart:
    """Beat for one process; one thread at a time may."""

    def __init__(self, ports: Ports, failures: Callable[[], Mapping[str, str]]) -> None:
        """`failures` says which lanes fail, and why."""
        self._ports = ports
        self._failures = failures
        self._parts = Parts(ports)
        self._started_at = ports.now()
        self._failing_since: dict[str, datetime] = {}
        self._schema = head()
        self._has_beaten = False
        self._differs: tuple[str, str] | None = None
        """This process's rules and the assigner's, while they differ."""

    def beat(self) -> None:
        """Leave a sign of life; raises StoreError."""
        ports, now = self._ports, self._ports.now()
        signs = self._signs(now)
        with ports.store.write() as tx:
            if not self._has_beaten:
                beats.succeed(tx, signs.host, signs.pid, now=now)
                problems.keep_only(tx, "lane", ())  # where programs of schema 0001 kept them
            if isinstance(ports.clock, FollowingClock):
                ports.clock.sync(lease_clock(tx, now))
            beats.leave(tx, ports.holder, signs, now=now, running_for=now - self._started_at)
            found, assigner = beats.listed(tx, now=now), beats.roles(tx).get(ASSIGNER)
        self._has_beaten = True
        self._compare(signs, next((one for one in found if one.holder == assigner), None))

    def _signs(self, now: datetime) -> Signs:
        failing = self._failures()
        self._failing_since = {lane: self._failing_since.get(lane, now) for lane in failing}
        engine = self._ports.current.engine
        return Signs(
            version=__version__,
            schema=self._schema,
            host=os.uname().nodename,
            pid=os.getpid(),
            rules=len(engine.rules),
            ruleset=engine.revision,
            parts=self._parts.read(),
            failures=tuple(
                Failure(lane=lane, reason=reason, since=self._failing_since[lane])
                for lane, reason in failing.items()
            ),
        )

    def _compare(self, signs: Signs, assigner: Beat | None) -> None:
        """Log, once a change, that this process has other rules than the one that alerts."""
        if assigner is None or not assigner.is_live or assigner.signs.version != signs.version:
            return
        theirs = assigner.signs.ruleset
        differs = None if theirs == signs.ruleset else (signs.ruleset, theirs)
        if differs is not None and differs != self._differs:
            log.warning(
                "other rules than the assigner's",
                ours=signs.ruleset,
                theirs=theirs,
                assigner=assigner.holder,
            )
        self._differs = differs


@dataclass(frozen=True, slots=True)
class _InForce:
    """Hold what is swapped as a whole when files change."""

    engine: Engine
    sources: Mapping[SourceKey, Source]
    templates: Mapping[str, str]

    def is_same_as(self, other: _InForce) -> bool:
        return (
            self.engine is other.engine
            and self.sources is other.sources
            and self.templates is other.templates
        )


class Parts:
    """Hash, by name, in what workers should agree beside what their rules mean.

    What was hashed is kept until files change: thousands of sources cost tens of milliseconds.
    """

    def __init__(self, ports: Ports) -> None:
        self._current = ports.current
        self._of_start = _settings(ports)
        self._in_force = self._taken()
        self._of_files = _files(self._in_force)

    def read(self) -> dict[str, str]:
        """Give the hashes."""
        taken = self._taken()
        if not taken.is_same_as(self._in_force):
            self._in_force, self._of_files = taken, _files(taken)
        return {**self._of_files, **self._of_start}

    def _taken(self) -> _InForce:
        current = self._current
        return _InForce(current.engine, current.sources, current.templates)


def _files(taken: _InForce) -> dict[str, str]:
    shown = (
        repr((one.rule.id, one.rule.title, one.rule.about, one.rule.labels, one.rule.tell))
        + one.rule.again.value
        for one in taken.engine.rules
    )
    sources = (repr(replace(source, headers=())) for source in taken.sources.values())
    templates = (f"{name}\0{text}" for name, text in taken.templates.items())
    return {
        TELLING: digest_of(*sorted(shown)),
        "sources": digest_of(*sorted(sources)),
        "templates": digest_of(*sorted(templates)),
    }


def _settings(ports: Ports) -> dict[str, str]:
    terms = ports.terms
    others = (item.name for item in fields(terms) if item.name != "channels")
    return {
        "channels": digest_of(*sorted(_channel(channel) for channel in terms.channels)),
        "smtp": digest_of(repr(ports.network.connections.smtp)),  # shows no secret
        **{name: digest_of(repr(getattr(terms, name))) for name in others},
    }


def _channel(channel: Channel) -> str:
    shown = {name: value for name, value in asdict(channel).items() if name not in _OWN}
    return json.dumps(shown, sort_keys=True, default=str)
