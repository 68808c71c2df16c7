"""`monitor status`: how things stand, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import typer

from monitor.app import channel_schedules
from monitor.cli.disk import full_disk
from monitor.cli.options import (
    FAILED,
    JsonOption,
    WorkspaceOption,
    as_warning,
    exits,
    out,
    print_json,
    store_of,
)
from monitor.cli.reading import reading_of, rules_of
from monitor.cli.rules import error_count, show_problems
from monitor.cli.troubles import gathered
from monitor.clock import system_clock
from monitor.errors import StoreError
from monitor.model.delivery import DeliveryState
from monitor.model.keys import ChannelName
from monitor.settings import Reading, Settings
from monitor.store import articles, channels, deliveries, feeds, problems, roles, stories
from monitor.store.engine import Tx
from monitor.store.feeds import FeedState
from monitor.store.problems import Trouble


def status_command(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """Show what is watched and owed, and what is wrong."""
    with exits():
        reading = reading_of(workspace)
        loaded = rules_of(reading)
        broken = reading.problems
        unset = tuple(map(as_warning, reading.unset))
        if not as_json:
            show_problems((*broken, *unset))
        facts, states = _read_facts(reading)
        facts["configuration"] = [str(problem) for problem in (*broken, *unset)]
        facts["rules"] = {
            "sound": len(loaded.rules),
            "problems": [str(problem) for problem in loaded.problems],
        }
        if as_json:
            print_json(facts)
        else:
            _show(facts, states)
        if broken or error_count(loaded.problems):
            raise typer.Exit(FAILED)


def _read_facts(reading: Reading) -> tuple[dict[str, object], Sequence[FeedState]]:
    if not reading.is_database_known:
        raise StoreError("the database is not known until its lines are mended")
    settings = reading.settings
    names = tuple(reading.channels or channel_schedules(settings))
    try:
        with store_of(settings) as store, store.read() as tx:
            states = feeds.list_states(tx)
            return _facts(tx, settings, names, states), states
    except StoreError as error:
        for disk in full_disk(settings.data_dir, system_clock()):
            raise StoreError(f"{disk.subject}: {disk.reason}; {disk.cure}") from error
        raise


def _facts(
    tx: Tx, settings: Settings, names: Sequence[ChannelName], states: Sequence[FeedState]
) -> dict[str, object]:
    now = system_clock()
    running = [beat for beat in roles.last_beats(tx) if (now - beat[1]).total_seconds() < 60]
    return {
        "running": [
            {"process": beat[0], "since": beat[2], "last_beat": beat[1]} for beat in running
        ],
        "articles": articles.counts(tx),
        "stories": stories.count(tx),
        "feeds": {
            "all": len(states),
            "failing": sum(1 for state in states if state.last_error),
            "never_polled": sum(1 for state in states if not state.polls),
            "stopped": sum(1 for state in states if state.state != "active"),
            "due": feeds.count_due(tx, now=now),
        },
        "notes": [
            *(f"{state.url}: {note}" for state in states for note in state.notes),
            *_waiting_for_nobody(tx, names),
        ],
        "deliveries": deliveries.counts(tx),
        "oldest_due": deliveries.oldest_due(tx, now=now, channels=names),
        "channels": [channels.read(tx, name) for name in names],
        "problems": (*full_disk(settings.data_dir, now), *problems.listed(tx)),
    }


def _waiting_for_nobody(tx: Tx, names: Collection[str]) -> list[str]:
    """Say what is owed through channels that were taken out of monitor.yaml."""
    owed = deliveries.listed(tx, state=DeliveryState.PENDING, limit=10_000)
    waiting = Counter(line.channel for line in owed if line.channel not in names)
    return [
        f"channel {name} is not in monitor.yaml: {number} deliveries wait until it is there again"
        for name, number in sorted(waiting.items())
    ]


def _show(facts: dict[str, object], states: Sequence[FeedState]) -> None:
    running = facts["running"]
    assert isinstance(running, list)
    state = "running" if running else "not running (start it: monitor run)"
    out.print(f"Media Monitor is {state}", style="bold", markup=False)
    for name in ("rules", "feeds", "articles", "deliveries"):
        values = facts[name]
        assert isinstance(values, dict)
        told = ", ".join(
            f"{value} {key.replace('_', ' ')}"
            for key, value in values.items()
            if not isinstance(value, list)
        )
        out.print(f"  {name:11}{told}", markup=False)
    out.print(f"  {'stories':11}{facts['stories']}", markup=False)
    if facts["oldest_due"]:
        out.print(f"  {'oldest due':11}{facts['oldest_due']:%Y-%m-%d %H:%M:%S} UTC", markup=False)
    _show_wrong(facts, states)


def _show_wrong(facts: dict[str, object], states: Sequence[FeedState]) -> None:
    rules, kept, wrong, notes = (
        facts["rules"],
        facts["channels"],
        facts["problems"],
        facts["notes"],
    )
    assert isinstance(rules, dict)
    assert isinstance(kept, list)
    assert isinstance(wrong, tuple)
    assert isinstance(notes, list)
    named = {trouble.reason for trouble in wrong}
    for problem in rules["problems"]:
        if problem in named:  # below, with what is in force instead
            continue
        out.print(f"  {problem}", style="red", markup=False)
    for channel in kept:
        if channel.disabled_at:
            text = f"  channel {channel.name} is stopped: {channel.disabled_reason}"
            out.print(text, style="red", markup=False)
    for one in gathered(wrong, states):
        if len(one.troubles) == 1:
            _show_trouble(one.troubles[0], one.cure)
            continue
        names = f" ({', '.join(one.names)})" if one.names else ""
        out.print(f"  {one.text}{names}; {one.cure}", style="yellow", markup=False)
    for note in notes:
        out.print(f"  note: {note}", style="dim", markup=False)
    if not (facts["configuration"] or rules["problems"] or wrong):
        out.print("  nothing is wrong", style="green")


def _show_trouble(trouble: Trouble, cure: str) -> None:
    times = f" ({trouble.count} times)" if trouble.count > 1 else ""
    out.print(f"  {trouble.kind} {trouble.subject}{times}", style="yellow", markup=False)
    out.print(f"      {trouble.reason}", markup=False)
    if cure:
        out.print(f"      cure: {cure}", markup=False)
