"""`monitor run`: the service, or one pass of it."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console

from monitor.app import Talk, run
from monitor.cli.options import FAILED, WorkspaceOption, exits, out, startable_settings_of, talk
from monitor.cli.speaker import Speaker
from monitor.clock import system_clock
from monitor.logs import configure_logs
from monitor.memory import share_heaps
from monitor.pipeline.summary import Summary
from monitor.settings import Settings

log = structlog.get_logger()


def run_command(
    workspace: WorkspaceOption = Path(),
    once: Annotated[bool, typer.Option("--once", help="One full pass, then a summary.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every event.")] = False,
) -> None:
    """Watch, group and tell until Ctrl-C, or once."""
    is_log_the_output = not once and not sys.stdout.isatty()
    configure_logs(sys.stdout if is_log_the_output else sys.stderr, is_verbose=verbose)
    with exits():
        settings = startable_settings_of(workspace)
        if once:
            _pass(settings)
        else:
            _serve(settings)


def _pass(settings: Settings) -> None:
    """Do one pass; its summary is the result."""
    speaker = Speaker(settings, out)
    _warn(settings, talk)
    started_at = system_clock()
    summary = _run(settings, Talk(on_stopped=speaker.stopped), is_once=True)
    speaker.pass_done(summary)
    if _has_failed(summary, started_at):
        raise typer.Exit(FAILED)


def _serve(settings: Settings) -> None:
    """Run until a stop; where no terminal is, the log alone speaks."""
    terminal = next((console for console in (talk, out) if console.file.isatty()), None)
    _warn(settings, terminal)
    if terminal is None:
        _run(settings, Talk())
        return
    speaker = Speaker(settings, terminal)
    _run(
        settings,
        Talk(on_ready=speaker.ready, on_polled=speaker.polled, on_stopped=speaker.stopped),
    )


def _warn(settings: Settings, console: Console | None) -> None:
    """Say what is unwise but works."""
    for warning in settings.warnings:
        if console is None:
            log.warning("configuration is unwise", warning=str(warning))
        else:
            console.print(str(warning), style="yellow", markup=False)


def _has_failed(summary: Summary, started_at: datetime) -> bool:
    """Tell whether something was not sent in this pass; what was given up before is history."""
    tried = summary.tally.get("deliveries_dead", 0) + summary.tally.get("deliveries_pending", 0)
    parked = (t for t in summary.troubles if t.kind == "delivery" and t.last_at >= started_at)
    return bool(tried) or any(parked)


def _run(settings: Settings, conversation: Talk, *, is_once: bool = False) -> Summary:
    share_heaps()
    work = run(settings, conversation, environ=os.environ, is_once=is_once)
    try:
        import uvloop  # half the CPU of the standard loop at many connections; not on Windows
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)
