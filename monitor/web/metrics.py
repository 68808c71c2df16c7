"""Say in Prometheus' text format what this process did, what waits, and who works on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from monitor import __version__
from monitor.model.delivery import Result
from monitor.pipeline.ports import Ports
from monitor.pipeline.tally import (
    BOUNDS_SECONDS,
    RELOAD_SUCCESSFUL,
    RELOADED_AT,
    Durations,
)
from monitor.store.roles import ASSIGNER, KEEPER
from monitor.web.figures import Queues, Totals, free_bytes

Labelled = Mapping[tuple[str, ...], float]
"""Numbers by the values of a metric's labels."""

_COUNTERS = {
    "articles_new": "Articles stored for the first time",
    "articles_revised": "Newer versions of stored articles",
    "articles_placed": "Articles that grouping has looked at",
    "matches": "Matches of rules in articles",
    "alerts_raised": "Alerts raised",
    "feeds_parsed_in_child": "Documents parsed in a child process",
    "feed_gaps": "Polls that found nothing but new entries: some may have come and gone before",
    "pages_fetched": "Pages fetched for their text",
    "pages_failed": "Tries to fetch a page that failed",
    "deliveries_sent": "Deliveries accepted by their receiver",
    "deliveries_pending": "Tries to deliver that failed and are made again",
    "deliveries_dead": "Deliveries given up",
    "articles_removed": "Articles removed for their age",
    "database_errors": "Errors that the database answered with, or that cut a connection",
}

_LABELLED = {
    "polls": ("Polls of feeds, by how they ended", ("result",)),
    "delivery_attempts": ("Tries to deliver, by how they ended", ("channel", "result")),
    "delivery_unknown": (
        "Tries to deliver whose end is not known: the receiver may see the same id again",
        ("channel",),
    ),
}

_POLL_RESULTS = ("read", "unchanged", "failed", "put_off")

_TIMED = {
    "poll": "How long a poll of a feed took, its host's turn included",
    "placement": "How long a batch of articles took to be placed",
    "delivery": "How long a try to deliver took",
}

_MARKS = {
    RELOAD_SUCCESSFUL: "Whether the workspace's files could be read when they last changed",
    RELOADED_AT: "When the workspace's files were last read without an error",
}

_WORKERS = {
    "odd_rules": "Live workers whose rules differ from those of the others",
    "odd_settings": "Live workers whose settings, sources or templates differ",
    "odd_version": "Live workers that run another version than the others",
}


def exposition(
    ports: Ports, lanes: Mapping[str, str], queues: Queues | None, totals: Totals | None
) -> bytes:
    """Give all metrics; what the database did not answer is left out.

    `lanes` are those that fail or hang.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    families = (
        *_of_process(ports, lanes),
        _gauge("database_up", "Whether the database answers in time", queues is not None),
        *(_of_queues(queues) if queues else ()),
        *(_of_totals(totals) if totals else ()),
        *(_of_deliveries(queues, totals) if queues and totals else ()),
    )
    registry.register(_Given(families))
    return generate_latest(registry)


class _Given(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def describe(self) -> list[Metric]:
        """Say nothing in advance: the families are given."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Give the families."""
        return self._families


def _of_process(ports: Ports, lanes: Mapping[str, str]) -> Iterator[Metric]:
    """Give what this process did, and what it has in force."""
    tally, engine = ports.tally, ports.current.engine
    database = "sqlite" if ports.store.is_sqlite else "postgresql"
    text = "1, labelled with the version and the kind of database"
    yield _labelled("build_info", text, ("version", "database"), {(__version__, database): 1})
    for name, text in _COUNTERS.items():
        yield _counter(name, text, (), {(): tally.counts.get(name, 0)})
    yield _counter(
        "child_deaths",
        "Child processes that died of their job",
        (),
        {(): ports.network.children.deaths},
    )
    for name, (text, labels) in _LABELLED.items():
        yield _counter(name, text, labels, _none_yet(name, ports) | tally.labelled(name))
    for name, text in _TIMED.items():
        yield _histogram(f"{name}_duration_seconds", text, tally.durations.get(name, Durations()))
    for name, text in _MARKS.items():
        yield _gauge(name, text, tally.marks.get(name, 0))
    yield _gauge("rules", "Rules in force", len(engine.rules))
    always = "Rules that no required word lets us skip: judged on every article"
    yield _gauge("rules_always_judged", always, engine.always_count)
    text = "1 for each lane whose work fails or hangs"
    yield _gauges("lane_failing", text, "lane", dict.fromkeys(lanes, 1))
    if (free := free_bytes(ports)) is not None:
        yield _gauge("data_free_bytes", "Room on the disk of the data folder", free)


def _none_yet(name: str, ports: Ports) -> dict[tuple[str, ...], int]:
    """Give what is shown before it has happened: a rate needs a first value."""
    channels = [str(channel.name) for channel in ports.terms.channels]
    if name == "polls":
        return {(result,): 0 for result in _POLL_RESULTS}
    if name == "delivery_attempts":
        return {(channel, result.value): 0 for channel in channels for result in Result}
    return {(channel,): 0 for channel in channels}


def _of_queues(queues: Queues) -> Iterator[Metric]:
    """Give what waits, and who works."""
    yield _gauge("articles_unplaced", "Articles that wait for grouping", queues.unplaced)
    text = "Age of the oldest article that waits for grouping"
    yield _gauge("articles_unplaced_oldest_seconds", text, queues.unplaced_seconds)
    yield _gauge("pages_due", "Pages of articles that are to be fetched now", queues.pages_due)
    yield _gauge("feeds_due", "Feeds that are to be polled now", queues.feeds_due)
    text = "Feeds that should have been polled ten minutes ago"
    yield _gauge("feeds_overdue", text, queues.feeds_overdue)
    text = "Since when the oldest due delivery waits, on channels that are not stopped or paused"
    yield _gauge("delivery_lag_seconds", text, queues.due_seconds)
    text = "1 for each channel that was stopped at its receiver's wish"
    stopped = dict.fromkeys(queues.stopped_channels, 1)
    yield _gauges("channel_stopped", text, "channel", stopped)
    text = "Digests that should have been composed ten minutes ago"
    yield _gauge("digests_late", text, queues.late_digests)
    text = "Whether nothing is delivered until somebody answers: a backup was restored"
    yield _gauge("delivery_paused", text, queues.is_delivery_paused)
    text = "Whether this process has the role now"
    held = {role: role in queues.roles for role in (ASSIGNER, KEEPER)}
    yield _gauges("role_held", text, "role", held)
    states = {state: queues.workers[state] for state in ("live", "silent")}
    text = "Processes that work on this database, by whether they give signs of life"
    yield _gauges("workers", text, "state", states)
    for name, text in _WORKERS.items():
        yield _gauge(f"workers_{name}", text, queues.workers[name])
    yield _gauges("problems", "What is wrong now, by kind", "kind", queues.problems)


def _of_totals(totals: Totals) -> Iterator[Metric]:
    """Give what whole tables hold."""
    yield _gauge("articles", "Articles stored", totals.articles)
    yield _gauge("stories", "Stories stored", totals.stories)
    by_state = {"active": 0} | dict(totals.feeds)
    yield _gauges("feeds", "Feeds of sources.yaml, by state", "state", by_state)
    yield _gauge("feeds_failing", "Feeds whose last poll failed", totals.feeds_failing)
    yield _gauge("database_size_bytes", "Size of the database", totals.size_bytes)
    if totals.wal_bytes is not None:
        yield _gauge("database_wal_bytes", "Size of SQLite's write-ahead log", totals.wal_bytes)


def _of_deliveries(queues: Queues, totals: Totals) -> Iterator[Metric]:
    text = "Deliveries, by channel and state"
    by_state = {**totals.sent, **queues.deliveries}
    yield _labelled("deliveries", text, ("channel", "state"), by_state)


def _gauge(name: str, text: str, value: float) -> Metric:
    return _labelled(name, text, (), {(): value})


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    return _labelled(name, text, (label,), {(value,): number for value, number in values.items()})


def _labelled(name: str, text: str, labels: Sequence[str], values: Labelled) -> Metric:
    return _filled(GaugeMetricFamily(f"monitor_{name}", text, labels=labels), values)


def _counter(name: str, text: str, labels: Sequence[str], values: Labelled) -> Metric:
    return _filled(CounterMetricFamily(f"monitor_{name}", text, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Labelled) -> Metric:
    for label_values, value in sorted(values.items()):
        family.add_metric(list(label_values), value)
    return family


def _histogram(name: str, text: str, kept: Durations) -> Metric:
    within = list(accumulate(kept.within))
    bounds = (*map(str, BOUNDS_SECONDS), "+Inf")
    family = HistogramMetricFamily(f"monitor_{name}", text)
    family.add_metric([], list(zip(bounds, within, strict=True)), kept.total_seconds)
    return family
