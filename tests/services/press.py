"""One feed that publishes and one webhook that is told: what a fault must neither lose nor double.

press = Press(Workspace(tmp_path, {"MONITOR_DATABASE_URL": url}), site, sink)
press.baseline()                              # what comes from now on is told at once
press.publish("a", "b")
... the fault ...
assert press.told() == {"a": 1, "b": 1}       # how often each was told, by its own id
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from email.utils import format_datetime

from services.http_site import HttpSite
from services.in_process import asked, invoke, told
from services.product import Workspace, item, rss
from services.webhook_sink import WebhookSink

from monitor.clock import system_clock


def title_of(name: str) -> str:
    """Give a headline that shares no word with another: else it would be the same story."""
    return told(f"title of {name}", start="").partition(" ")[2][:40].rsplit(" ", 1)[0].title()


@dataclass
class Press:
    """Be a workspace whose feed publishes stories that its rule finds."""

    made: Workspace
    site: HttpSite
    sink: WebhookSink
    extra: str = ""
    tell: str = "newsroom: now"
    names: list[str] = field(default_factory=list)

    def configure(self) -> None:
        """Write the workspace's files."""
        feeds = {"dawn": self.site.put("/dawn", self.document())}
        self.made.configure(feeds=feeds, webhook=self.sink.url, tell=self.tell, extra=self.extra)

    def baseline(self) -> None:
        """Let the feed have its first, silent poll."""
        self.configure()
        done = invoke(self.made, "run", "--once")
        assert done.exit_code == 0, done.stderr

    def publish(self, *names: str) -> None:
        """Put stories into the feed and make it due."""
        self.names += names
        self.site.put("/dawn", self.document())
        done = invoke(self.made, "ingest")
        assert done.exit_code == 0, done.stderr

    def document(self) -> str:
        """Write the feed as it stands now."""
        day = format_datetime(system_clock())
        return rss(
            *(
                item(name, host="dawn.test", title=title_of(name), body=told(name), day=day)
                for name in self.names
            )
        )

    @property
    def ids(self) -> dict[str, Counter[str]]:
        """Give the ids that each story was told under, and how often each came."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        names = {title_of(name): name for name in self.names}
        for hit in self.sink.hits.all:
            title = json.loads(hit.body)["data"]["story"]["title"]
            found[names[title]][hit.headers["webhook-id"]] += 1
        return dict(found)

    def told(self) -> dict[str, int]:
        """Count the different messages on each story: 1 is neither lost nor doubled."""
        return {name: len(ids) for name, ids in sorted(self.ids.items())}

    @property
    def once(self) -> dict[str, int]:
        """Give what `told` must be in the end."""
        return dict.fromkeys(sorted(self.names), 1)

    @property
    def repeated(self) -> int:
        """Count the messages that came again under their id."""
        return sum(times - 1 for ids in self.ids.values() for times in ids.values())

    def settle(self, within_seconds: float = 60.0) -> None:
        """Do passes until all is told and nothing is owed."""
        end = time.monotonic() + within_seconds
        while time.monotonic() < end:
            invoke(self.made, "run", "--once")
            if (
                self.told() == self.once
                and asked(self.made, "status")["deliveries"]["pending"] == 0
            ):
                return
        raise AssertionError(invoke(self.made, "status").stdout)
