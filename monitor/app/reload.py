"""Put the workspace's files in force, at the start and whenever they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import structlog

from monitor.app.rules import workspace_rules
from monitor.errors import ConfigError
from monitor.fetch.schedule import START_INTERVAL
from monitor.match.memory import Memory
from monitor.model.problem import Problem, Severity
from monitor.normalise.source_book import SourceBook
from monitor.pipeline.orphans import cancel_rules
from monitor.pipeline.ports import Ports
from monitor.pipeline.rules import adopt
from monitor.pipeline.seeds import ingest_seeds
from monitor.pipeline.tally import RELOAD_SUCCESSFUL, RELOADED_AT
from monitor.settings import Settings, load_settings
from monitor.settings.load import CONFIG_FILE
from monitor.store import feeds, problems
from monitor.workspace import (
    fingerprint,
    read_seeds,
    read_templates,
    seeds_fingerprint,
    unreadable_templates,
)

log = structlog.get_logger()


@dataclass
class Workspace:
    """Watch the workspace's files and put what changed into force."""

    settings: Settings
    environ: Mapping[str, str]
    ports: Ports
    _files: tuple[tuple[str, int, int], ...] = ()
    _seeds: tuple[tuple[str, int, int], ...] = ()
    _is_forced: bool = field(default=False)
    _memory: Memory = field(default_factory=Memory)
    _coming: Settings | None = None
    """What monitor.yaml says since it changed: a restart would use it."""

    def start(self) -> None:
        """Put rules and sources in force and read the seeds."""
        found = fingerprint(self.settings.workspace)
        self._say_of_settings({})
        self._say_of_templates()
        self._sync_feeds()
        loaded = workspace_rules(self.settings, memory=self._memory)
        adopt(self.ports, loaded.rules, loaded.problems, is_start=True)
        self._mark_reload(loaded.problems)
        self._files = found
        self._read_seeds()

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
        problems_of_settings = self._reload_settings()
        self.ports.current.templates = read_templates(self.settings.workspace)
        self._say_of_templates()
        loaded = workspace_rules(self.settings, coming=self._coming, memory=self._memory)
        before = set(self.ports.current.rules)
        adopt(self.ports, loaded.rules, loaded.problems, is_start=False)
        cancel_rules(self.ports, before - set(self.ports.current.rules))
        self._mark_reload((*problems_of_settings, *loaded.problems))
        self.ports.wake("beat")  # the other workers are told what is in force here now
        self.ports.wake("place")

    def _mark_reload(self, found: Sequence[Problem]) -> None:
        """Note for metrics whether the files could be read, and when they last could."""
        is_good = not any(problem.severity is Severity.ERROR for problem in found)
        self.ports.tally.mark(RELOAD_SUCCESSFUL, is_good)
        if is_good:
            self.ports.tally.mark(RELOADED_AT, self.ports.now().timestamp())

    def _reload_settings(self) -> tuple[Problem, ...]:
        """Take over the sources; what else has changed, or cannot be read, `status` shows."""
        self._coming = None
        try:
            fresh = load_settings(self.settings.workspace, self.environ)
        except ConfigError as error:
            log.error("configuration not loaded", errors=[str(p) for p in error.problems[:5]])
            cure = "correct it: until then holds what was read before; see monitor check"
            self._say_of_settings({p.file: (str(p), cure) for p in reversed(error.problems)})
            return error.problems
        self.settings = replace(self.settings, sources=fresh.sources)
        current = self.ports.current
        current.sources = {source.key: source for source in self.settings.sources}
        current.book = SourceBook(self.settings.sources)
        self._sync_feeds()
        self._await_restart(fresh)
        return ()

    def _await_restart(self, fresh: Settings) -> None:
        """Say which settings the composition was made of and are others now."""
        changed = ", ".join(_changed(self.settings, fresh))
        if not changed:
            self._say_of_settings({})
            return
        self._coming = fresh
        log.warning("configuration changed: a restart will use it", changed=changed)
        reason = f"changed since the start: {changed}"
        self._say_of_settings({CONFIG_FILE: (reason, "restart to use it")})

    def _say_of_settings(self, wrong: Mapping[str, tuple[str, str]]) -> None:
        """Keep in `status` what is wrong with which file, and its cure; all else is cured."""
        now = self.ports.now()
        with self.ports.store.write() as tx:
            problems.keep_only(tx, "settings", wrong)
            for file, (reason, cure) in wrong.items():
                problems.report(tx, "settings", file, reason, cure=cure, now=now)

    def _say_of_templates(self) -> None:
        """Keep in `status` which templates cannot be read; of one that fails, sending says so."""
        now, unreadable = self.ports.now(), unreadable_templates(self.settings.workspace)
        cure = "mend the file; until then the built-in one is used"
        with self.ports.store.write() as tx:
            problems.keep_only(tx, "template file", unreadable)
            for file, reason in unreadable.items():
                problems.report(tx, "template file", file, reason, cure=cure, now=now)

    def _sync_feeds(self) -> None:
        wanted = [(s.key, url) for s in self.settings.sources for url in s.feeds]
        with self.ports.store.write() as tx:
            feeds.sync(tx, wanted, now=self.ports.now(), interval=START_INTERVAL)

    def _read_seeds(self) -> None:
        found = seeds_fingerprint(self.settings.workspace)
        ingest_seeds(self.ports, read_seeds(self.settings.workspace))
        self._seeds = found


def _changed(settings: Settings, fresh: Settings) -> list[str]:
    """Name the settings that differ."""
    names = (item.name for item in fields(Settings) if item.name not in {"sources", "warnings"})
    return [name for name in names if getattr(settings, name) != getattr(fresh, name)]
