"""What a process says of itself, and what it logs when it differs from the assigner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from services import fleet
from services.corridor import opened
from services.product import SECRET, Workspace
from structlog.testing import capture_logs

from monitor import __version__
from monitor.match.engine import Engine
from monitor.model.delivery import Channel
from monitor.model.network import Smtp
from monitor.pipeline.ports import Ports
from monitor.schedule.beat import Heart, Parts
from monitor.store import beats, migrate, problems, roles
from monitor.store.beats import Beat


@pytest.fixture
async def ports(tmp_path: Path) -> AsyncIterator[Ports]:
    made = Workspace(tmp_path)
    made.configure(webhook="http://127.0.0.1:1/hook", feeds={"dawn": "http://127.0.0.1:1/dawn"})
    async with opened(made) as ports:
        yield ports


def own(ports: Ports) -> Beat:
    with ports.store.read() as tx:
        (beat,) = (b for b in beats.listed(tx, now=ports.now()) if b.holder == ports.holder)
        return beat


async def test_a_beat_says_what_is_in_force_and_since_when_a_lane_fails(ports: Ports) -> None:
    failing = {"sends": "the disk is full"}
    heart = Heart(ports, lambda: failing)
    with ports.store.write() as tx:
        problems.report(tx, "lane", "sends", "as schema 0001 kept it", now=ports.now())
    heart.beat()
    first = own(ports)
    assert (first.signs.version, first.signs.rules) == (__version__, 1)
    assert first.signs.ruleset == ports.current.engine.revision
    assert first.signs.schema == migrate.head()
    heart.beat()
    again = own(ports)
    assert again.at > first.at
    assert again.signs.failures == first.signs.failures
    failing.clear()
    heart.beat()
    assert own(ports).signs.failures == ()
    with ports.store.read() as tx:
        assert problems.listed(tx) == ()


async def test_other_rules_than_the_assigners_are_logged_once_a_change(ports: Ports) -> None:
    heart = Heart(ports, dict)
    heart.beat()
    theirs = own(ports).signs.ruleset

    def assigner_has(ruleset: str) -> list[str]:
        with ports.store.write() as tx:
            fleet.beat(tx, "other", version=__version__, ruleset=ruleset)
        with capture_logs() as logged:
            heart.beat()
            heart.beat()
        return [entry["theirs"] for entry in logged if entry["log_level"] == "warning"]

    with ports.store.write() as tx:
        a_minute = timedelta(minutes=1)
        roles.take(tx, roles.ASSIGNER, "other", None, now=ports.now(), lease=a_minute)
    assert assigner_has(theirs) == []
    assert assigner_has("x") == ["x"]
    assert assigner_has("y") == ["y"]
    assert assigner_has(theirs) == []
    assert assigner_has("y") == ["y"]


def edited(channel: Channel) -> Channel:
    return replace(channel, url="http://127.0.0.1:2/hook") if channel.url else channel


def hidden(channel: Channel) -> Channel:
    return replace(channel, secret=channel.secret and SECRET[::-1], path="elsewhere")


async def test_parts_tell_what_differs_and_learn_nothing_of_secrets(ports: Ports) -> None:
    usual = Parts(ports).read()

    def differing(other: Ports) -> set[str]:
        return {name for name, part in Parts(other).read().items() if part != usual[name]}

    terms, network = ports.terms, ports.network
    channels = tuple(map(edited, terms.channels))
    assert differing(replace(ports, terms=replace(terms, channels=channels))) == {"channels"}
    channels = tuple(map(hidden, terms.channels))
    assert differing(replace(ports, terms=replace(terms, channels=channels))) == set()
    limits = replace(terms.limits, lease_seconds=5.0)
    assert differing(replace(ports, terms=replace(terms, limits=limits))) == {"limits"}
    smtp = Smtp(host="mail.example.org", port=25, password="secret")
    mailing = replace(network, connections=replace(network.connections, smtp=smtp))
    assert differing(replace(ports, network=mailing)) == {"smtp"}


async def test_parts_follow_the_files_in_force(ports: Ports) -> None:
    parts = Parts(ports)
    usual = parts.read()
    (loaded,) = ports.current.engine.rules
    ports.current.engine = Engine((replace(loaded, rule=replace(loaded.rule, tell=())),))
    assert parts.read() == {**usual, "telling": parts.read()["telling"]} != usual
    ports.current.engine = Engine((loaded,))
    ports.current.templates = {"digest.txt.j2": "Hello"}
    assert parts.read() == {**usual, "templates": parts.read()["templates"]} != usual
    secret = {key: replace(s, headers=(("a", "b"),)) for key, s in ports.current.sources.items()}
    ports.current.templates, ports.current.sources = {}, secret
    assert parts.read() == usual
