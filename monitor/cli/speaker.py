"""Say how a run goes: what stands, what is polled, what is wrong, what to do next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console

from monitor.app import Address, open_store, workspace_rules
from monitor.cli.options import shown
from monitor.cli.troubles import gathered, unreached
from monitor.cli.wording import counted, span
from monitor.clock import system_clock
from monitor.model.delivery import ChannelKind
from monitor.model.keys import StoryId
from monitor.pipeline.compose import digest_rules, untold
from monitor.pipeline.summary import Summary
from monitor.settings import Settings
from monitor.store import feeds
from monitor.store.engine import Tx
from monitor.store.feeds import FeedState
from monitor.store.restored import ANSWERS


class Speaker:
    """Say what happens, where to look, how to stop, and what to do next."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._due: tuple[str, ...] = ()

    def ready(self, summary: Summary, address: Address) -> None:
        """Sum up the first pass over what needs no network."""
        now, states = system_clock(), self._states()
        self._due = tuple(s.url for s in _active(states) if s.next_poll_at <= now)
        self._say("Media Monitor is running.", style="bold")
        self._standing(summary, states, unsaid=self._due)
        self._look()
        if address.taken_port is not None:
            self._say(f"  port       {address.taken_port} is taken: using {address.port}")
        self._say(f"  health     {address}/healthz  {address}/metrics")
        self._say("  stop       Ctrl-C: nothing is lost, nothing is sent twice")
        self._next()
        if outlook := _outlook(_active(states), len(self._due), now):
            self._say(outlook, style="dim")

    def polled(self, summary: Summary) -> None:
        """Sum up the first round of polls."""
        polled = [state for state in self._states() if state.url in self._due]
        failed = [state for state in polled if state.last_error]
        if not polled:
            return
        if len(failed) == len(polled):
            self._say(unreached(polled), style="yellow")
            return
        told = (
            f"; {counted(waiting, 'story', 'stories')} to tell: monitor digest preview"
            if (waiting := self._untold())
            else ""
        )
        self._say(
            f"Feeds: {len(polled) - len(failed)} of {len(polled)} answered; "
            f"{counted(summary.articles, 'article')} stored, "
            f"{counted(summary.matches, 'match', 'matches')}{told}"
        )
        if failed:
            self._say(
                f"  {counted(len(failed), 'feed')} failed, with reasons and cures: monitor status"
            )

    def stopped(self, is_clean: bool) -> None:
        """Say how the stop went."""
        text = "Stopped. Everything is stored; start again at any time."
        if not is_clean:
            text = "Stopped. A send was cut after 8 s: it is tried again at the next start."
        self._say(text)

    def pass_done(self, summary: Summary) -> None:
        """Sum up a single pass."""
        self._say("One pass done.", style="bold")
        self._standing(summary, self._states())
        if summary.feeds:
            self._say(f"  feeds      {summary.feeds}, {summary.feeds_failing} failing")
        self._look()
        self._next()

    def _standing(
        self, summary: Summary, states: Sequence[FeedState], unsaid: Collection[str] = ()
    ) -> None:
        """Say how things stand; what is wrong with `unsaid` feeds is about to be looked at."""
        owed = summary.deliveries
        self._say(f"  rules      {summary.rules} in force")
        self._say(
            f"  articles   {summary.articles} stored, "
            f"{counted(summary.matches, 'match', 'matches')}, "
            f"{counted(summary.stories, 'story', 'stories')}"
        )
        sent_now = summary.tally.get("deliveries_sent", 0)
        self._say(
            f"  deliveries {sent_now} sent now, {owed['sent']} in all, {owed['pending']} waiting, "
            f"{owed['dead']} given up"
        )
        if summary.pause:
            self._say(f"  paused     nothing is delivered: {summary.pause.reason}", style="red")
            self._say(f"             say which: {ANSWERS}")
        said = [trouble for trouble in summary.troubles if trouble.subject not in unsaid]
        found = gathered(said, states)
        for wrong in found[:5]:
            cure = f" ({wrong.cure})" if wrong.cure else ""
            names = f" ({', '.join(wrong.names)})" if wrong.names else ""
            self._say(f"  problem    {wrong.text}{names}{cure}", style="yellow")
        if len(found) > 5:
            self._say(f"  problem    {len(found) - 5} more: monitor status")

    def _states(self) -> tuple[FeedState, ...]:
        """Read how the feeds do."""
        with self._reading() as tx:
            return feeds.list_states(tx)

    def _untold(self) -> int:
        """Count the stories that wait for a channel's next digest."""
        found: set[StoryId] = set()
        rules = [loaded.rule for loaded in workspace_rules(self._settings).rules]
        with self._reading() as tx:
            for channel in self._settings.channels:
                found.update(untold(tx, channel, digest_rules(rules, channel), 1_000))
        return len(found)

    @contextmanager
    def _reading(self) -> Iterator[Tx]:
        store = open_store(self._settings, is_read_only=True)
        try:
            with store.read() as tx:
                yield tx
        finally:
            store.close()

    def _look(self) -> None:
        for channel in self._settings.channels:
            if channel.kind is ChannelKind.FILE:
                self._say(f"  digests    {shown(Path(channel.path) / 'new')} (.eml)")
        page = self._settings.data_dir / "latest.html"
        if page.exists():
            self._say(f"  look at    {shown(page)} in a browser")

    def _next(self) -> None:
        self._say("  next       monitor rules new my-topic    write a rule of your own")
        self._say("             monitor status                what is watched, and what is wrong")

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style or None, markup=False)


def _active(states: Iterable[FeedState]) -> list[FeedState]:
    return [state for state in states if state.state == "active"]


def _outlook(active: Sequence[FeedState], due: int, now: datetime) -> str:
    """Say what is polled now, or when the next poll is; "" without feeds."""
    if not active:
        return ""
    if due:
        of_all = f" of {len(active)}" if due < len(active) else ""
        return f"Polling {due}{of_all} {'feed' if len(active) == 1 else 'feeds'} …"
    next_at = min(state.next_poll_at for state in active)
    return f"{counted(len(active), 'feed')}, next poll in {span(next_at - now)}"
