"""Expose counters of this process and gauges of the database in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor import __version__
from monitor.pipeline.ports import Ports
from monitor.store import articles, deliveries, feeds, problems, stories

_COUNTERS = {
    "articles_new": "Articles stored for the first time",
    "articles_revised": "Newer versions of stored articles",
    "articles_placed": "Articles that grouping has looked at",
    "matches": "Matches of rules in articles",
    "alerts_raised": "Alerts raised",
    "polls_failed": "Polls that failed",
    "feeds_parsed_in_child": "Documents parsed in a child process",
    "pages_fetched": "Pages fetched for their text",
    "pages_failed": "Tries to fetch a page that failed",
    "deliveries_sent": "Deliveries accepted by their receiver",
    "deliveries_pending": "Tries to deliver that failed and are made again",
    "deliveries_dead": "Deliveries given up",
}


def exposition(ports: Ports) -> bytes:
    """Give all metrics; reads the database once. Raises StoreError."""
    registry = CollectorRegistry()
    registry.register(_Everything(ports))
    return generate_latest(registry)


class _Everything(Collector):
    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def describe(self) -> list[Metric]:
        """Say nothing in advance: registering must not read the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give counters, then gauges."""
        yield _gauge("build_info", "1, labelled with the version", {(__version__,): 1}, "version")
        for name, text in _COUNTERS.items():
            counter = CounterMetricFamily(f"monitor_{name}", text)
            counter.add_metric([], self._ports.tally.counts.get(name, 0))
            yield counter
        yield from self._gauges()

    def _gauges(self) -> Iterator[Metric]:
        now = self._ports.now()
        with self._ports.store.read() as tx:
            counted = articles.counts(tx)
            by_state = deliveries.counts(tx)
            states = feeds.list_states(tx)
            oldest = deliveries.oldest_due(
                tx, now=now, channels=[c.name for c in self._ports.terms.channels]
            )
            due = feeds.count_due(tx, now=now)
            wrong = problems.listed(tx)
            yield _gauge("stories", "Stories stored", {(): stories.count(tx)})
        yield _gauge("articles", "Articles stored", {(): counted["articles"]})
        yield _gauge("articles_unplaced", "Waiting for grouping", {(): counted["unplaced"]})
        engine = self._ports.current.engine
        yield _gauge("rules", "Rules in force", {(): len(engine.rules)})
        always = "Rules that no required word lets us skip: judged on every article"
        yield _gauge("rules_always_judged", always, {(): engine.always_count})
        yield _gauge(
            "deliveries", "Deliveries by state", {(k,): v for k, v in by_state.items()}, "state"
        )
        lag = (now - oldest).total_seconds() if oldest else 0.0
        yield _gauge("delivery_lag_seconds", "Since when the oldest due delivery waits", {(): lag})
        yield _gauge("feeds", "Feeds of sources.yaml", {(): len(states)})
        failing = sum(1 for state in states if state.last_error)
        yield _gauge("feeds_failing", "Feeds whose last poll failed", {(): failing})
        yield _gauge("feeds_due", "Feeds that are due", {(): due})
        kinds: dict[tuple[str, ...], float] = {}
        for trouble in wrong:
            kinds[(trouble.kind,)] = kinds.get((trouble.kind,), 0) + 1
        yield _gauge("problems", "What is wrong now, by kind", kinds, "kind")


def _gauge(name: str, text: str, values: Mapping[tuple[str, ...], float], *labels: str) -> Metric:
    gauge = GaugeMetricFamily(f"monitor_{name}", text, labels=labels)
    for label_values, value in values.items():
        gauge.add_metric(list(label_values), value)
    return gauge
