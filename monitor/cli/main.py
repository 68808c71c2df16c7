"""Put the commands together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from monitor import __version__
from monitor.cli import (
    arrange,
    backtest,
    channels,
    check,
    db,
    deliveries,
    diff,
    digest,
    explain,
    lint,
    place,
    preview,
    rules,
    run,
    search,
    sources,
    status,
    stories,
    suggest,
    why_not,
    workspace,
)
from monitor.settings import REVISION

app = typer.Typer(
    name="monitor",
    help="Watch the press by rules, group what is one story, and tell once, with the reason.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(is_wanted: bool) -> None:
    if is_wanted:
        revision = os.environ.get(REVISION)
        typer.echo(f"monitor {__version__}" + (f" ({revision})" if revision else ""))
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", "-w", help="The folder with monitor.yaml.")
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if workspace is not None:
        _set_for(context, "MONITOR_WORKSPACE", str(workspace))


def _set_for(context: typer.Context, name: str, value: str) -> None:
    """Set an environment variable, which every command reads, until this one has ended."""
    before = os.environ.get(name)
    os.environ[name] = value

    def restore() -> None:
        os.environ.pop(name)
        os.environ.update({name: before} if before is not None else {})

    context.call_on_close(restore)


app.command("run")(run.run_command)
app.command("init")(workspace.init_command)
app.command("check")(check.check_command)
app.command("status")(status.status_command)
app.command("ingest")(workspace.ingest_command)
app.command("explain", short_help="Say why a rule matches an article, or why not.")(
    explain.explain_command
)
app.command("why-not", short_help="Say all that kept a rule from matching an article.")(
    why_not.why_not_command
)
rules.app.command("lint")(lint.lint_command)
app.command("search", short_help="Find articles in the archive, in the language of rules.")(
    search.search_command
)
rules.app.command("preview", short_help="Show what a rule finds in all that is stored.")(
    preview.preview_command
)
rules.app.command("backtest", short_help="Show what a rule would have told in the past.")(
    backtest.backtest_command
)
rules.app.command("diff", short_help="Show the stories that other rules gain and lose.")(
    diff.diff_command
)
rules.app.command("suggest", short_help="Suggest words for a rule, as the archive has them.")(
    suggest.suggest_command
)
stories.app.command("merge", short_help="Make stories one.")(arrange.merge_command)
stories.app.command("split", short_help="Split articles off a story.")(arrange.split_command)
stories.app.command("place", short_help="Place articles that were given up.")(place.place_command)
app.add_typer(rules.app, name="rules")
app.add_typer(sources.app, name="sources")
app.add_typer(stories.app, name="stories")
app.add_typer(stories.alerts_app, name="alerts")
app.add_typer(digest.app, name="digest")
app.add_typer(channels.app, name="channels")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(db.app, name="db")


def main() -> None:
    """Run the command that was typed."""
    app()
