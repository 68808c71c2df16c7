"""`monitor run`: the service, or one pass of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from monitor.app import Talk, run
from monitor.cli.options import FAILED, WorkspaceOption, exits, settings_of, shown, talk
from monitor.logs import configure_logs
from monitor.model.delivery import ChannelKind
from monitor.pipeline.health import sentence
from monitor.pipeline.summary import Summary
from monitor.settings import Settings


def run_command(
    workspace: WorkspaceOption = Path(),
    once: Annotated[bool, typer.Option("--once", help="One full pass, then a summary.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every event.")] = False,
) -> None:
    """Ingest, match, group and deliver until stopped (Ctrl-C), or once."""
    configure_logs(is_verbose=verbose)
    with exits():
        settings = settings_of(workspace)
        for warning in settings.warnings:
            talk.print(str(warning), style="yellow", markup=False)
        speaker = Speaker(settings)
        conversation = Talk(
            on_ready=speaker.ready, on_polled=speaker.polled, on_stopped=speaker.stopped
        )
        summary = _run(settings, conversation, is_once=once)
        if once:
            speaker.pass_done(summary)
            if summary.deliveries["dead"] or summary.tally.get("deliveries_pending"):
                raise typer.Exit(FAILED)


def _run(settings: Settings, conversation: Talk, *, is_once: bool) -> Summary:
    work = run(settings, conversation, environ=os.environ, is_once=is_once)
    try:
        import uvloop  # half the CPU of the standard loop at many connections; not on Windows
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


class Speaker:
    """Say on stderr what happens, where to look, how to stop, and what to do next."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._said_polled = 0

    def ready(self, summary: Summary, address: str) -> None:
        """Sum up the first pass over what needs no network."""
        self._say("Media Monitor is running.", style="bold")
        self._standing(summary)
        self._look()
        self._say(f"  health     {address}/healthz  {address}/metrics")
        self._say("  stop       Ctrl-C: nothing is lost, nothing is sent twice")
        self._next()
        if summary.feeds:
            self._say(f"Polling {summary.feeds} feeds …", style="dim")

    def polled(self, summary: Summary) -> None:
        """Sum up the first round of polls."""
        if not summary.feeds:
            return
        failing = summary.feeds_failing
        if failing == summary.feeds:
            kinds = ", ".join(kind for kind, _ in summary.feed_errors[:2])
            self._say(
                f"None of the {summary.feeds} feeds could be reached ({kinds}): is there a "
                "network? The seeds are done all the same, and the feeds are tried again.",
                style="yellow",
            )
            return
        self._say(
            f"Feeds: {summary.feeds - failing} of {summary.feeds} answered; {summary.articles} "
            f"articles stored, {summary.matches} match: monitor digest preview"
        )
        if failing:
            self._say(f"  {failing} feeds failed, with reasons and cures: monitor status")

    def stopped(self, is_clean: bool) -> None:
        """Say how the stop went."""
        text = "Stopped. Everything is stored; start again at any time."
        if not is_clean:
            text = "Stopped. A send was cut after 8 s: it is tried again at the next start."
        self._say(text)

    def pass_done(self, summary: Summary) -> None:
        """Sum up a single pass."""
        self._say("One pass done.", style="bold")
        self._standing(summary)
        if summary.feeds:
            self._say(f"  feeds      {summary.feeds}, {summary.feeds_failing} failing")
        self._look()
        self._next()

    def _standing(self, summary: Summary) -> None:
        owed = summary.deliveries
        self._say(f"  rules      {summary.rules} in force")
        self._say(
            f"  articles   {summary.articles} stored, {summary.matches} matches, "
            f"{summary.stories} stories"
        )
        sent_now = summary.tally.get("deliveries_sent", 0)
        self._say(
            f"  deliveries {sent_now} sent now, {owed['sent']} in all, {owed['pending']} waiting, "
            f"{owed['dead']} given up"
        )
        for trouble in summary.troubles[:5]:
            cure = f" ({trouble.cure})" if trouble.cure else ""
            self._say(f"  problem    {sentence(trouble)}{cure}", style="yellow")
        if len(summary.troubles) > 5:
            self._say(f"  problem    {len(summary.troubles) - 5} more: monitor status")

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
        talk.print(text, style=style or None, markup=False)
