"""Put rules in force, and let new and edited ones look back over the archive."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from monitor.match.engine import Engine
from monitor.match.matched import told
from monitor.match.tree import LoadedRule
from monitor.model.problem import Problem, Severity
from monitor.pipeline.ports import Ports
from monitor.store import articles, placing, problems, roles, rule_matches, rules
from monitor.store.roles import Role

log = structlog.get_logger()

_BATCH = 200
_MANY_RULES = 1_000  # read anew by one edit: of a list that they all use, or of all files


def adopt(
    ports: Ports, loaded: Sequence[LoadedRule], found: Sequence[Problem], *, is_start: bool
) -> None:
    """Put a set of rules in force, unless a file has an error: then the set before stays.

    At the start there is none before: the rules of files without errors come into force.
    """
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    _report(ports, errors, is_start=is_start)
    if errors:
        log.error("rules not loaded", errors=[str(error) for error in errors[:5]])
        if not is_start:
            return
    bad = {problem.file for problem in errors}
    good = [rule for rule in loaded if rule.rule.file not in bad]
    before = frozenset(map(id, ports.current.engine.rules))
    ports.current.engine = Engine(good)
    if is_start or sum(id(one) not in before for one in good) >= _MANY_RULES:
        _let_stay()
    log.info("rules loaded", rules=len(good), revision=ports.current.engine.revision[:8])


def _let_stay() -> None:
    """Spare the collector what is there now: modules and rules, which stay.

    Else it would look at thousands of new rules five times before it knows that they stay, and
    all threads stand still meanwhile. What is frozen goes by its references alone, and never if it
    refers to itself: so a small edit freezes nothing.
    """
    gc.collect()
    gc.freeze()


def _report(ports: Ports, errors: Sequence[Problem], *, is_start: bool) -> None:
    now = ports.now()
    stays = "this file's rules are out of force" if is_start else "the rules before stay in force"
    with ports.store.write() as tx:
        by_file: dict[str, str] = {}
        for error in errors:
            by_file.setdefault(error.file, str(error))
        problems.keep_only(tx, "rules", by_file)
        for file, reason in by_file.items():
            problems.report(
                tx, "rules", file, reason, cure=f"{stays}; see monitor rules check", now=now
            )


def look_back(ports: Ports, engine: Engine, *, keep_role: Callable[[], Role]) -> None:
    """Put rules in force: those whose meaning is new judge the last `backfill`, and the seeds.

    New is also what comes back into force: what arrived meanwhile was not judged by it. What is
    found enters the next digest, never `now`. Each batch commits on its own, and `keep_role` is
    called before it; a rule counts as done at the end, so a crash looks back again, and keys keep
    a match from being stored twice. What is stored meanwhile by other rules, the assigner judges
    again. Raises LeaseLost: who is not the assigner any more does not say which rules are done.
    """
    now, loaded, role = ports.now(), engine.rules, keep_role()
    with ports.store.write() as tx:
        roles.require(tx, role)
        rules.forget_others(tx, [one.rule.id for one in loaded])
        known = rules.revisions(tx)
    fresh = [one for one in loaded if known.get(one.rule.id) != one.rule.revision]
    matches = 0
    if fresh:
        new = Engine(fresh)
        for batch in _batches(ports, now):
            role = keep_role()
            matches += _judge(ports, new, batch, now)
        with ports.store.write() as tx:
            roles.require(tx, role)
            for one in fresh:
                rules.keep(tx, one.rule, now=now)
    log.info("rules in force", rules=len(loaded), looked_back=len(fresh), matches=matches)


def _batches(ports: Ports, now: datetime) -> Sequence[Sequence[int]]:
    with ports.store.read() as tx:
        ids = articles.ids_since(tx, now - ports.terms.backfill)
    return [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]


def _judge(ports: Ports, engine: Engine, ids: Sequence[int], now: datetime) -> int:
    with ports.store.read() as tx:
        batch = articles.read_many(tx, ids)
    found = {key: told(engine.match(article)) for key, article in batch}
    hits = {key: matches for key, matches in found.items() if matches}
    with ports.store.write() as tx:
        for key, matches in hits.items():
            rule_matches.add(tx, key, matches, is_quiet=True, now=now)
        placing.mark_for_placing(tx, list(hits))
    return sum(map(len, hits.values()))
