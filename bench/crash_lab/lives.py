"""Begin lives on a workspace and hear what becomes of them."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crash_lab.swaps import PATCH_FAILED
from crash_lab.zygote import News, Zygote

LOGS_KEPT = 200


@dataclass(slots=True, eq=False)
class Life:
    """Be one process of the product, seen from outside."""

    number: int
    label: str
    log: Path
    plan: str = ""
    begun_at: float = field(default_factory=time.monotonic)
    due_at: float = field(default=float("inf"))
    """When it is to be killed (monotonic)."""
    ready_for: float = 0.0
    """How long it may still live once it is ready."""
    is_ready: bool = False
    is_overdue: bool = False

    @property
    def words(self) -> list[str]:
        """Give what it has said, in lines."""
        return self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []

    def said(self, event: str) -> list[dict[str, Any]]:
        """Give the events of a name that it has logged."""
        marked = f'"event": "{event}"'
        lines = (line for line in self.words if marked in line and line.endswith("}"))
        return [json.loads(line) for line in lines]

    @property
    def settled(self) -> set[str]:
        """List the deliveries that it has said are sent: their commit has returned."""
        tried = self.said("delivery tried")
        return {event["delivery"] for event in tried if event["state"] == "sent"}


class Lives:
    """Hold the lives that are at work on one workspace."""

    def __init__(self, zygote: Zygote, folder: Path, *, url: str = "", bug: str = "") -> None:
        """`url` is PostgreSQL's, "" for the SQLite file of the workspace."""
        self._zygote, self._folder, self._url, self._bug = zygote, folder, url, bug
        self._count = 0
        self.at_work: dict[int, Life] = {}
        (folder / "logs").mkdir(parents=True, exist_ok=True)

    def begin(
        self,
        plan: str = "",
        *,
        environ: dict[str, str] | None = None,
        fittings: dict[str, Any] | None = None,
        command: list[str] | None = None,
        url: str = "",
    ) -> Life:
        """Begin a life; it runs `monitor run` unless a command is given."""
        self._count += 1
        log = self._folder / "logs" / f"{self._count % LOGS_KEPT}.log"
        log.unlink(missing_ok=True)
        label = f"life{self._count}"
        address = url or self._url
        given = {"MONITOR_DATABASE_URL": address} if address else {}
        number = self._zygote.spawn(
            {
                "folder": str(self._folder),
                "log": str(log),
                "label": label,
                "environ": {**given, **(environ or {})},
                "fittings": fittings or {},
                "command": command or ["run"],
                "bug": self._bug,
            }
        )
        life = self.at_work[number] = Life(number, label, log, plan)
        return life

    def news(self, within_seconds: float) -> list[tuple[Life, News]]:
        """Wait for news of lives; those that ended are no more at work.

        Raises SystemExit if a patch does not fit the product any more.
        """
        found: list[tuple[Life, News]] = []
        for news in self._zygote.news(within_seconds):
            life = self.at_work[news.number]
            life.is_ready = life.is_ready or news.is_ready
            if not news.is_ready:
                del self.at_work[news.number]
            if news.code == PATCH_FAILED:
                raise SystemExit("\n".join(life.words))
            found.append((life, news))
        return found

    def kill(self, life: Life) -> None:
        """Kill a life as `kill -9` does."""
        self._zygote.kill(life.number)

    def signal(self, life: Life, what: signal.Signals) -> None:
        """Send a life a signal."""
        self._zygote.signal(life.number, what)

    def kill_overdue(self, again_after_seconds: float) -> None:
        """Kill those whose time has come."""
        now = time.monotonic()
        for life in self.at_work.values():
            if life.due_at <= now:
                self.kill(life)
                life.is_overdue, life.due_at = True, now + again_after_seconds

    def kill_all(self) -> list[Life]:
        """Kill all and wait until they are dead."""
        for life in self.at_work.values():
            self.kill(life)
        dead: list[Life] = []
        while self.at_work:
            dead += [life for life, news in self.news(5) if not news.is_ready]
        return dead
