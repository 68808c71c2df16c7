"""Sum up where things stand, for the start of a run and the end of a pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from monitor.pipeline.ports import Ports
from monitor.store import articles, deliveries, feeds, problems, restored, stories
from monitor.store.problems import Trouble
from monitor.store.restored import Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Say what stands in the database, and what this process did (`tally`).

    What is left out is not known: the database could not be asked.
    """

    rules: int = 0
    articles: int = 0
    matches: int = 0
    stories: int = 0
    deliveries: Counter[str] = field(default_factory=Counter)
    feeds: int = 0
    feeds_failing: int = 0
    tally: dict[str, int] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    pause: Pause | None = None


def summarise(ports: Ports) -> Summary:
    """Read where things stand."""
    with ports.store.read() as tx:
        counted = articles.counts(tx)
        states = feeds.list_states(tx)
        return Summary(
            rules=len(ports.current.engine.rules),
            articles=counted["articles"],
            matches=counted["matches"],
            stories=stories.count(tx),
            deliveries=Counter(deliveries.counts(tx)),
            feeds=len(states),
            feeds_failing=sum(1 for state in states if state.last_error),
            tally=dict(ports.tally.counts),
            troubles=problems.listed(tx),
            pause=restored.pause(tx),
        )
