"""`monitor status`: how things stand, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import typer

from monitor.cli.disk import full_disk
from monitor.cli.options import (
    FAILED,
    JsonOption,
    WorkspaceOption,
    as_warning,
    exits,
    fail,
    out,
    print_json,
    store_of,
)
from monitor.cli.reading import reading_of, rules_of
from monitor.cli.rules import error_count, show_problems
from monitor.cli.standing import ChannelLine, Standing, read_standing
from monitor.cli.troubles import gathered
from monitor.cli.wording import counted, moment, span
from monitor.clock import system_clock
from monitor.errors import StoreError
from monitor.match.load import LoadedRules
from monitor.model.problem import Problem, Severity
from monitor.pipeline.workers import Worker
from monitor.settings import Reading
from monitor.store.problems import Trouble
from monitor.store.restored import ANSWERS, Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesStanding:
    """Say how many rules are in force: of a running monitor maybe those from before an error."""

    in_force: int
    sound: int
    is_set_before: bool
    files_with_errors: int
    problems: tuple[str, ...]


def status_command(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """Show what is watched and owed, and what is wrong."""
    with exits():
        reading = reading_of(workspace)
        loaded = rules_of(reading)
        found = (*reading.problems, *map(as_warning, reading.unset))
        if not as_json:
            show_problems(found)
        try:
            standing = _read(reading)
        except StoreError as error:
            if not as_json:
                raise
            fail("\n".join((*map(str, found), str(error))))
        rules = _rules(loaded, standing)
        if as_json:
            print_json(_as_json(standing, rules, found))
        else:
            _show(standing, rules, reading.settings.zone)
            if not (found or rules.problems or standing.problems or standing.pause):
                out.print("  nothing is wrong", style="green")
        if reading.problems or error_count(loaded.problems):
            raise typer.Exit(FAILED)


def _read(reading: Reading) -> Standing:
    if not reading.is_database_known:
        raise StoreError("the database is not known until its lines are mended")
    try:
        with store_of(reading.settings) as store, store.read() as tx:
            return read_standing(tx, reading, system_clock())
    except StoreError as error:
        for disk in full_disk(reading.settings.data_dir, system_clock()):
            raise StoreError(f"{disk.subject}: {disk.reason}; {disk.cure}") from error
        raise


def _rules(loaded: LoadedRules, standing: Standing) -> RulesStanding:
    errors = [p for p in loaded.problems if p.severity is Severity.ERROR]
    sound = len(loaded.rules)
    return RulesStanding(
        in_force=_in_force(standing.running, sound),
        sound=sound,
        is_set_before=bool(errors and standing.running),
        files_with_errors=len({problem.file for problem in errors}),
        problems=tuple(str(problem) for problem in loaded.problems),
    )


def _in_force(running: Sequence[Worker], sound: int) -> int:
    """Count the rules in force: those of the worker that raises the alerts, if one has to."""
    first = min(running, key=lambda worker: not worker.roles, default=None)
    return first.rules if first else sound


def _as_json(
    standing: Standing, rules: RulesStanding, found: Iterable[Problem]
) -> dict[str, object]:
    facts = {f.name: getattr(standing, f.name) for f in fields(Standing) if f.name != "states"}
    return facts | {"rules": rules, "configuration": [str(problem) for problem in found]}


def _show(standing: Standing, rules: RulesStanding, zone: str) -> None:
    state = "running" if standing.running else "not running (start it: monitor run)"
    out.print(f"Media Monitor is {state}", style="bold", markup=False)
    for worker in standing.workers:
        _line("worker", _worker_line(worker, zone), _worker_style(worker))
    _line("rules", _rules_line(rules))
    sources, polled, owed = standing.sources, standing.feeds, standing.deliveries
    _line("sources", _counts(str(sources["all"]), sources, "in_trouble"))
    some = ("failing", "stopped", "never_polled", "due")
    _line("feeds", _counts(str(polled["all"]), polled, *some))
    read = standing.articles
    matches = counted(read["matches"], "match", "matches")
    _line("articles", _counts(f"{read['articles']}, {matches}", read, "unplaced"))
    _line("stories", str(standing.stories))
    given_up = f", {owed['dead']} given up" if owed["dead"] else ""
    _line("deliveries", f"{owed['sent']} sent, {owed['pending']} waiting{given_up}")
    if standing.oldest_due:
        _line("oldest due", moment(standing.oldest_due, zone))
    for channel in standing.channels:
        _line("channel", _channel_line(channel, zone), "red" if channel.trouble else "")
    if standing.pause:
        _line("paused", _pause_line(standing.pause, zone), "red")
    _show_wrong(standing, rules)


def _pause_line(pause: Pause, zone: str) -> str:
    of = f" (of {moment(pause.backup_at, zone)})" if pause.backup_at else ""
    since = moment(pause.at, zone)
    return f"nothing is delivered since {since}: {pause.reason}{of}. Say which: {ANSWERS}"


def _line(name: str, text: str, style: str = "") -> None:
    out.print(f"  {name:11}{text}", style=style or None, markup=False)


def _counts(first: str, counts: dict[str, int], *names: str) -> str:
    """Put what is not nothing behind the number of all."""
    return ", ".join(
        (first, *(f"{counts[name]} {name.replace('_', ' ')}" for name in names if counts[name]))
    )


def _worker_line(worker: Worker, zone: str) -> str:
    version = f" {worker.version}" if worker.version else ""
    beat = f"last beat {span(worker.silent_for)} ago"
    parts = [f"{worker.name}:{version} since {moment(worker.since, zone)}"]
    parts += [beat if worker.is_live else f"SILENT, {beat}"]
    parts += [f"{counted(worker.rules, 'rule')} ({worker.ruleset or 'unknown'})", *worker.roles]
    parts += [f"other {oddity.aspect} than the rest" for oddity in worker.oddities]
    return "; ".join(parts)


def _worker_style(worker: Worker) -> str:
    if not worker.is_live:
        return "red"
    return "yellow" if worker.oddities else ""


def _rules_line(rules: RulesStanding) -> str:
    before = " (the set before)" if rules.is_set_before else ""
    number = rules.files_with_errors
    errors = f"; {counted(number, 'file')} {'has' if number == 1 else 'have'} errors"
    return f"{rules.in_force} in force{before}{errors if number else ''}"


def _channel_line(channel: ChannelLine, zone: str) -> str:
    parts = [f"{channel.name} ({channel.kind})" if channel.kind else channel.name]
    if channel.next_digest_at:
        parts.append(f"next digest {moment(channel.next_digest_at, zone)}")
    sent = channel.last_sent_at
    parts.append(f"last sent {moment(sent, zone)}" if sent else "nothing sent yet")
    parts += [f"{channel.waiting} waiting"] if channel.waiting else []
    parts += [channel.trouble] if channel.trouble else []
    return "; ".join(parts)


def _show_wrong(standing: Standing, rules: RulesStanding) -> None:
    named = {trouble.reason for trouble in standing.problems}
    for problem in rules.problems:
        if problem not in named:  # else it stands below, with what is in force instead
            out.print(f"  {problem}", style="red", markup=False)
    for one in gathered(standing.problems, standing.states):
        if len(one.troubles) == 1:
            _show_trouble(one.troubles[0], one.cure)
            continue
        names = f" ({', '.join(one.names)})" if one.names else ""
        out.print(f"  {one.text}{names} ({one.cure})", style="yellow", markup=False)
    for note in standing.notes:
        out.print(f"  note: {note}", style="dim", markup=False)


def _show_trouble(trouble: Trouble, cure: str) -> None:
    times = f" ({trouble.count} times)" if trouble.count > 1 else ""
    out.print(f"  {trouble.kind} {trouble.subject}{times}", style="yellow", markup=False)
    out.print(f"      {trouble.reason}", markup=False)
    if cure:
        out.print(f"      cure: {cure}", markup=False)
