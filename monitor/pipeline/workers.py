"""Say who works on this database, and which of them differs from the rest.

Workers are to be alike: the same program, rules, sources, templates and settings. What most of the
live ones have counts as right; where they are evenly split, what the assigner has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.store import beats
from monitor.store.beats import Beat, Failure
from monitor.store.engine import Tx
from monitor.store.problems import Trouble
from monitor.store.roles import ASSIGNER

TELLING = "telling"
"""The part of a worker's hashes that says whom its rules tell, and how they are shown."""

_FILES = ("sources", "templates")  # taken up while running; all else is read at the start

_SHOWN_HASH = 8
_RANDOM_LENGTH = len("-01234567")  # the end of a holder's name
_LANE_CURE = "it is tried again by itself; the log says more"


class Aspect(StrEnum):
    """Name in what workers may differ."""

    VERSION = "version"
    RULES = "rules"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """Say in what a worker differs from the rest, and what makes it like them."""

    aspect: Aspect
    reason: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Show a worker; `name` is short and tells it from the others, `ruleset` is a short hash."""

    name: str
    holder: str
    host: str
    version: str
    since: datetime
    last_beat: datetime
    silent_for: timedelta
    is_live: bool
    rules: int
    ruleset: str
    roles: tuple[str, ...]
    failures: tuple[Failure, ...]
    oddities: tuple[Oddity, ...]


def read_workers(tx: Tx, *, now: datetime) -> tuple[Worker, ...]:
    """Read who works on this database, in order of start, with those that fell silent."""
    found, roles = beats.listed(tx, now=now), beats.roles(tx)
    odd = oddities([one for one in found if one.is_live], roles.get(ASSIGNER))
    return tuple(
        Worker(
            name=_name(one, found),
            holder=one.holder,
            host=one.signs.host,
            version=one.signs.version,
            since=one.started_at,
            last_beat=one.at,
            silent_for=one.silent_for,
            is_live=one.is_live,
            rules=one.signs.rules,
            ruleset=one.signs.ruleset[:_SHOWN_HASH],
            roles=tuple(sorted(name for name, holder in roles.items() if holder == one.holder)),
            failures=one.signs.failures,
            oddities=odd.get(one.holder, ()),
        )
        for one in found
    )


def _name(beat: Beat, found: Sequence[Beat]) -> str:
    """Name a worker by its host and number, by all of its holder's name if that is not enough."""
    short = beat.holder[:-_RANDOM_LENGTH]
    is_enough = sum(one.holder.startswith(f"{short}-") for one in found) == 1
    return short if is_enough and beat.signs.host else beat.holder


def oddities(live: Sequence[Beat], assigner: str | None) -> dict[str, tuple[Oddity, ...]]:
    """Say by holder what is odd; `live` are in order of start, and each has some version.

    Rules and settings are compared within one version: another may hash them otherwise.
    """
    version = _usual({one.holder: one.signs.version for one in live}, assigner)
    odd: dict[str, tuple[Oddity, ...]] = {}
    for one in live:
        if one.signs.version != version:
            odd[one.holder] = (_other_version(one, version),)
    alike = [one for one in live if one.signs.version == version]
    ruleset = _usual({one.holder: one.signs.ruleset for one in alike}, assigner)
    differing = _differing_parts(alike, assigner)
    for one in alike:
        odd[one.holder] = (
            *_other_rules(one, ruleset, tells_otherwise=TELLING in differing[one.holder]),
            *_other_parts([name for name in differing[one.holder] if name != TELLING]),
        )
    return {holder: found for holder, found in odd.items() if found}


def _differing_parts(alike: Sequence[Beat], assigner: str | None) -> dict[str, list[str]]:
    """Name by holder the parts in which it differs."""
    differing: dict[str, list[str]] = {one.holder: [] for one in alike}
    for name in sorted({name for one in alike for name in one.signs.parts}):
        hashes = {one.holder: one.signs.parts.get(name, "") for one in alike}
        usual = _usual(hashes, assigner)
        for holder, part in hashes.items():
            if part != usual:
                differing[holder].append(name)
    return differing


def _usual(values: Mapping[str, str], assigner: str | None) -> str:
    """Give what most have, by holder in order of start; of a draw the assigner's, else the first.

    Nobody has "".
    """
    counted = Counter(values.values())
    most = max(counted.values(), default=0)
    leading = [value for value in values.values() if counted[value] == most]
    preferred = values.get(assigner or "")
    return preferred if preferred in leading else next(iter(leading), "")


def _other_version(beat: Beat, usual: str) -> Oddity:
    return Oddity(
        aspect=Aspect.VERSION,
        reason=f"runs version {beat.signs.version or 'unknown'}, the others {usual}",
        cure="finish the upgrade: let all workers run one version",
    )


def _other_rules(beat: Beat, usual: str, *, tells_otherwise: bool) -> tuple[Oddity, ...]:
    mine, theirs = beat.signs.ruleset[:_SHOWN_HASH], usual[:_SHOWN_HASH]
    if beat.signs.ruleset != usual:
        reason = f"has other rules in force ({mine}) than the others ({theirs})"
    elif tells_otherwise:
        reason = "has rules that find the same as the others', but tell or show it otherwise"
    else:
        return ()
    return (
        Oddity(
            aspect=Aspect.RULES,
            reason=reason,
            cure="give it the others' files in rules/: they come into force within two seconds; "
            "if the files are the same, its log names an error in them",
        ),
    )


def _other_parts(names: Sequence[str]) -> tuple[Oddity, ...]:
    if not names:
        return ()
    is_of_files = all(name in _FILES for name in names)
    cure = "they come into force within two seconds" if is_of_files else "then restart it"
    return (
        Oddity(
            aspect=Aspect.SETTINGS,
            reason=f"has other settings than the others: {', '.join(names)}",
            cure=f"give it the others' files and environment: {cure}",
        ),
    )


def troubles(workers: Sequence[Worker]) -> tuple[Trouble, ...]:
    """List what is wrong with workers: which lanes fail, who is silent, who differs."""
    live = [one for one in workers if one.is_live]
    found: list[Trouble] = []
    for one in workers:
        if not one.is_live:
            found.append(_silence(one))
            continue
        where = f" on {one.name}" if len(live) > 1 else ""
        found += [_failure(one, failure, where) for failure in one.failures]
        found += [_trouble(one, oddity.reason, oddity.cure) for oddity in one.oddities]
    return tuple(found)


def _failure(worker: Worker, failure: Failure, where: str) -> Trouble:
    return Trouble(
        kind="lane",
        subject=failure.lane + where,
        reason=failure.reason,
        cure=_LANE_CURE,
        first_at=failure.since,
        last_at=worker.last_beat,
        count=1,
    )


def _silence(worker: Worker) -> Trouble:
    reason = "no sign of life: it was killed, hangs, or cannot reach the database"
    cure = "look at its log and start it again; one that is gone for good is forgotten in a day"
    return _trouble(worker, reason, cure)


def _trouble(worker: Worker, reason: str, cure: str) -> Trouble:
    return Trouble(
        kind="worker",
        subject=worker.name,
        reason=reason,
        cure=cure,
        first_at=worker.last_beat,
        last_at=worker.last_beat,
        count=1,
    )


def counted(workers: Sequence[Worker]) -> Mapping[str, int]:
    """Count workers: `live`, `silent`, and the live ones that are odd, by aspect."""
    odd = Counter(oddity.aspect for one in workers for oddity in one.oddities)
    live = sum(one.is_live for one in workers)
    return {
        "live": live,
        "silent": len(workers) - live,
        **{f"odd_{aspect.value}": odd[aspect] for aspect in Aspect},
    }
