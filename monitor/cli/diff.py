"""`monitor rules diff`: which stories another set of rules gains and loses."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from monitor.app import rules_of_folder
from monitor.cli.options import (
    USAGE,
    JsonOption,
    WorkspaceOption,
    exits,
    fail,
    out,
    print_json,
    settings_of,
    store_of,
    talk,
)
from monitor.cli.progress import progress
from monitor.cli.search import since_moment
from monitor.cli.wording import counted
from monitor.match.tree import LoadedRule
from monitor.pipeline.rule_diff import Found, RuleDiff, compare
from monitor.settings import Settings


def diff_command(
    before: Annotated[str, typer.Argument(help="A folder of rules, or a git revision.")],
    after: Annotated[str, typer.Argument(help="Another one.")] = "rules",
    workspace: WorkspaceOption = Path(),
    since: Annotated[str, typer.Option("--since", help="How far to look back.")] = "30d",
    as_json: JsonOption = False,
) -> None:
    """Show which stories rules would gain and lose; those of the same meaning are left out.

    What names a folder, in the workspace or here, is one; all else is a revision of the
    workspace's git.
    """
    with exits():
        settings = settings_of(workspace)
        first = since_moment(since)
        old, new = _rules(settings, before), _rules(settings, after)
        with store_of(settings) as store, progress("Judging") as told:
            found = compare(store, old, new, since=first, progress=told)
        if as_json:
            print_json(found)
            return
        for one in found:
            _show(one)
        if not found:
            talk.print("All rules mean the same in both.")


def _rules(settings: Settings, name: str) -> tuple[LoadedRule, ...]:
    for folder in (settings.workspace / name, Path(name)):
        if folder.is_dir():
            return _loaded(settings, folder, name)
    with tempfile.TemporaryDirectory() as unpacked:
        _unpack(settings.workspace, name, Path(unpacked))
        return _loaded(settings, Path(unpacked, "rules"), name)


def _loaded(settings: Settings, folder: Path, name: str) -> tuple[LoadedRule, ...]:
    """Load a folder's rules, or those in its `rules/`; exits 2 with their errors."""
    inner = folder / "rules"
    loaded = rules_of_folder((inner if inner.is_dir() else folder).resolve(), settings)
    for error in loaded.errors:
        talk.print(f"{name}: {error}", style="red", markup=False)
    if loaded.errors:
        raise typer.Exit(USAGE)
    if not loaded.rules:
        fail(f"{name!r} holds no rule; a git branch of that name: refs/heads/{name}", USAGE)
    return loaded.rules


def _unpack(workspace: Path, revision: str, target: Path) -> None:
    """Take the rules of a revision out of the workspace's git; exits 2 if there are none."""
    command = ["git", "-C", str(workspace), "archive", "--format=tar", revision, "rules"]
    if revision.startswith("-"):
        fail(f"{revision!r} is no folder and no git revision", USAGE)
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        fail(f"there is no folder {revision!r}, and no git to ask for a revision", USAGE)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        fail(f"{revision!r} is no folder, and git says: {said[-1] if said else 'nothing'}", USAGE)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        plain = [member for member in archive if member.isreg() or member.isdir()]
        archive.extractall(target, members=plain, filter="data")


def _show(one: RuleDiff) -> None:
    kept = counted(one.kept, "story", "stories")
    sums = f"{len(one.gained):,} gained, {len(one.lost):,} lost, {kept} in both"
    out.print(f"{one.rule}: {sums}", style="bold", markup=False)
    for sign, style, stories in (("+", "green", one.gained), ("-", "red", one.lost)):
        for story in stories:
            out.print(f"  {sign} {_line(story)}", style=style, markup=False)


def _line(story: Found) -> str:
    return f"{story.published_at.date()}  {story.title}  ({counted(story.articles, 'article')})"
