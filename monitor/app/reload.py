"""Put the workspace's files in force, at the start and whenever they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from monitor.app.rules import workspace_rules
from monitor.errors import ConfigError
from monitor.fetch.schedule import START_INTERVAL
from monitor.normalise.source_book import SourceBook
from monitor.pipeline.ports import Ports
from monitor.pipeline.rules import Adopted, adopt
from monitor.pipeline.seeds import SeedReport, ingest_seeds
from monitor.settings import Settings, load_settings
from monitor.store import feeds
from monitor.workspace import (
    fingerprint,
    read_seeds,
    read_templates,
    seeds_fingerprint,
)

log = structlog.get_logger()


@dataclass
class Workspace:
    """Watch the workspace's files and put what changed into force."""

    settings: Settings
    environ: Mapping[str, str]
    ports: Ports
    forget_index: Callable[[], None] = lambda: None
    _files: tuple[tuple[str, int, int], ...] = ()
    _seeds: tuple[tuple[str, int, int], ...] = ()
    _is_forced: bool = field(default=False)

    def start(self) -> tuple[Adopted, SeedReport]:
        """Put rules and sources in force and read the seeds."""
        found = fingerprint(self.settings.workspace)
        self._sync_feeds()
        loaded = workspace_rules(self.settings)
        adopted = adopt(self.ports, loaded.rules, loaded.problems, is_start=True)
        self._files = found
        return adopted, self._read_seeds()

    def force(self) -> None:
        """Read everything again at the next look (SIGHUP)."""
        self._is_forced = True

    def look(self) -> int:
        """Reload what changed since the last look; always 0: there is nothing to repeat.

        Raises StoreError if the database refuses: then the next look tries again.
        """
        found = fingerprint(self.settings.workspace)
        if found != self._files or self._is_forced:
            self._reload()
            self._files, self._is_forced = found, False  # only now: what failed is tried again
        if seeds_fingerprint(self.settings.workspace) != self._seeds:
            self._read_seeds()
            self.ports.wake("place")
        return 0

    def _reload(self) -> None:
        self._reload_sources()
        self.ports.current.templates = read_templates(self.settings.workspace)
        loaded = workspace_rules(self.settings)
        adopt(self.ports, loaded.rules, loaded.problems, is_start=False)
        self.forget_index()
        self.ports.wake("place")

    def _reload_sources(self) -> None:
        try:
            fresh = load_settings(self.settings.workspace, self.environ)
        except ConfigError as error:
            log.error("configuration not loaded", errors=[str(p) for p in error.problems[:5]])
            return
        self.settings = _with_sources(self.settings, fresh)
        current = self.ports.current
        current.sources = {source.key: source for source in self.settings.sources}
        current.book = SourceBook(self.settings.sources)
        self._sync_feeds()

    def _sync_feeds(self) -> None:
        wanted = [(s.key, url) for s in self.settings.sources for url in s.feeds]
        with self.ports.store.write() as tx:
            feeds.sync(tx, wanted, now=self.ports.now(), interval=START_INTERVAL)

    def _read_seeds(self) -> SeedReport:
        found = seeds_fingerprint(self.settings.workspace)
        report = ingest_seeds(self.ports, read_seeds(self.settings.workspace))
        self._seeds = found
        return report


def _with_sources(settings: Settings, fresh: Settings) -> Settings:
    """Take over sources; what the composition was made of needs a restart."""
    return replace(settings, sources=fresh.sources)
