"""`monitor explain`: why a rule matches an article, or why not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

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
)
from monitor.cli.rules import RuleArgument, pick, sound_rules
from monitor.clock import system_clock
from monitor.errors import StoreError
from monitor.match.explain import as_json as explanation_json
from monitor.match.explain import as_lines, explain
from monitor.model.alert import Reason
from monitor.model.article import Article
from monitor.normalise.seed import read_seed
from monitor.settings import Settings
from monitor.store import alerts, articles

WHY_QUIET = {
    Reason.TOLD_ONCE: "its story was told, and the rule says `again: never`",
    Reason.COPY: "it repeats an article that its story has",
    Reason.KNOWN_SOURCE: "its source is in the story already",
    Reason.ALREADY_RAISED: "it raised one before",
    Reason.TOO_OLD: "it was older than the look-back (`backfill`) when it came",
}
"""What is said of an article that matched and raised no alert."""


def explain_command(
    rule: RuleArgument,
    article: Annotated[
        str,
        typer.Argument(help="A stored article's id, URL or seeds/ path; a file; or - for stdin."),
    ],
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Say what a rule finds in an article line by line, and what kept it from matching."""
    with exits():
        settings = settings_of(workspace)
        loaded = pick(sound_rules(settings), rule)
        found, told = _find(settings, article)
        explanation = explain(loaded, found)
        if as_json:
            print_json(explanation_json(explanation))
            return
        for line in as_lines(explanation):
            style = "bold" if line == as_lines(explanation)[0] else None
            out.print(line, style=style, markup=False)
        if told.get(rule):
            out.print(f"  no further alert: {told[rule]}", markup=False)


def _find(settings: Settings, name: str) -> tuple[Article, dict[str, str]]:
    """Find an article in the database, else in a file; with why its matches raised no alert."""
    try:
        with store_of(settings) as store, store.read() as tx:
            found = articles.find(tx, name)
            if found is not None:
                reasons = alerts.why_quiet(tx, found[0])
                return found[1], {
                    str(rule): WHY_QUIET.get(why, why.value) for rule, why in reasons.items()
                }
    except StoreError:
        pass  # no database yet: files can be judged all the same
    return _read_file(settings, name), {}


def _read_file(settings: Settings, name: str) -> Article:
    if name == "-":
        return _first("stdin.txt", sys.stdin.buffer.read(), name)
    for path in (Path(name), settings.workspace / name):
        if path.is_file():
            return _first(path.name, path.read_bytes(), name)
    return fail(
        f"there is no article {name!r}: give an id (monitor rules preview shows them), a stored "
        "URL, a path under seeds/, a file, or - for stdin",
        USAGE,
    )


def _first(file: str, data: bytes, name: str) -> Article:
    reading = read_seed(file, data, now=system_clock())
    if not reading.articles:
        reasons = "; ".join(str(problem) for problem in reading.problems)
        fail(f"{name} holds no article: {reasons or 'it is empty'}", USAGE)
    return reading.articles[0]
