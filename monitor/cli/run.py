"""`monitor run`: the service, or one pass of it."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from monitor.app import Talk, run
from monitor.cli.options import FAILED, WorkspaceOption, exits, strict_settings_of, talk
from monitor.cli.speaker import Speaker
from monitor.clock import system_clock
from monitor.logs import configure_logs
from monitor.pipeline.summary import Summary
from monitor.settings import Settings


def run_command(
    workspace: WorkspaceOption = Path(),
    once: Annotated[bool, typer.Option("--once", help="One full pass, then a summary.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every event.")] = False,
) -> None:
    """Watch, group and tell until Ctrl-C, or once."""
    configure_logs(is_verbose=verbose)
    with exits():
        settings = strict_settings_of(workspace)
        for warning in settings.warnings:
            talk.print(str(warning), style="yellow", markup=False)
        speaker = Speaker(settings)
        conversation = Talk(
            on_ready=speaker.ready, on_polled=speaker.polled, on_stopped=speaker.stopped
        )
        started_at = system_clock()
        summary = _run(settings, conversation, is_once=once)
        if once:
            speaker.pass_done(summary)
            if _has_failed(summary, started_at):
                raise typer.Exit(FAILED)


def _has_failed(summary: Summary, started_at: datetime) -> bool:
    """Tell whether something was not sent in this pass; what was given up before is history."""
    tried = summary.tally.get("deliveries_dead", 0) + summary.tally.get("deliveries_pending", 0)
    parked = (t for t in summary.troubles if t.kind == "delivery" and t.last_at >= started_at)
    return bool(tried) or any(parked)


def _run(settings: Settings, conversation: Talk, *, is_once: bool) -> Summary:
    work = run(settings, conversation, environ=os.environ, is_once=is_once)
    try:
        import uvloop  # half the CPU of the standard loop at many connections; not on Windows
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)
