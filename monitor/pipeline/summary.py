"""Sum up where things stand, for the end of a pass and for `status`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from monitor.model.keys import ChannelName
from monitor.model.problem import Problem
from monitor.pipeline.ports import Ports
from monitor.pipeline.seeds import SeedReport
from monitor.store import articles, deliveries, feeds, problems, stories
from monitor.store.problems import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Say what stands in the database, and what this process did (`tally`).

    What is left out is not known: the database could not be asked.
    """

    seeds: SeedReport
    rules: int = 0
    articles: int = 0
    matches: int = 0
    stories: int = 0
    deliveries: Counter[str] = field(default_factory=Counter)
    feeds: int = 0
    feeds_failing: int = 0
    feed_errors: tuple[tuple[str, int], ...] = ()
    """Kinds of failure with their numbers, commonest first."""
    tally: dict[str, int] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    channels: tuple[ChannelName, ...] = ()

    @property
    def seed_problems(self) -> tuple[Problem, ...]:
        """List what was wrong with seed files read in this pass."""
        return self.seeds.problems


def summarise(ports: Ports, seeds: SeedReport) -> Summary:
    """Read where things stand."""
    with ports.store.read() as tx:
        counted = articles.counts(tx)
        states = feeds.list_states(tx)
        failing = [state for state in states if state.last_error]
        kinds = Counter(state.last_error_kind or "unknown" for state in failing)
        return Summary(
            rules=len(ports.current.engine.rules),
            articles=counted["articles"],
            matches=counted["matches"],
            stories=stories.count(tx),
            deliveries=Counter(deliveries.counts(tx)),
            feeds=len(states),
            feeds_failing=len(failing),
            feed_errors=tuple(kinds.most_common()),
            tally=dict(ports.tally.counts),
            seeds=seeds,
            troubles=problems.listed(tx),
            channels=tuple(channel.name for channel in ports.terms.channels),
        )
