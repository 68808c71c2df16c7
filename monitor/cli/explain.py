"""`monitor explain`: why a rule matches an article, or why not."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
from monitor.match.explain import Explanation, as_lines, explain
from monitor.match.explain import as_json as explanation_json
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
        found = [
            (explain(loaded, one), told.get(rule, "")) for one, told in _find(settings, article)
        ]
        if as_json:
            objects = [explanation_json(explanation) for explanation, _ in found]
            print_json(objects[0] if len(objects) == 1 else objects)
            return
        for explanation, told in found:
            _show(explanation, told)


def _show(explanation: Explanation, told: str) -> None:
    heading, *lines = as_lines(explanation)
    out.print(heading, style="bold", markup=False)
    for line in lines:
        out.print(line, markup=False)
    if told:
        out.print(f"  no further alert: {told}", markup=False)


def _find(settings: Settings, name: str) -> list[tuple[Article, dict[str, str]]]:
    """Find an article in the database, or those of a file; with why each raised no alert."""
    is_seed = name.startswith("seeds/")
    in_file = _read_file(settings, name) if is_seed else ()
    stored = _stored(settings, [article.key for article in in_file] or [name])
    if in_file:
        return [stored.get(article.key, (article, {})) for article in in_file]
    if stored:
        return list(stored.values())
    in_file = () if is_seed else _read_file(settings, name)
    if not in_file:
        fail(
            f"there is no article {name!r}: give an id (monitor rules preview shows them), a "
            "stored URL, a path under seeds/, a file, or - for stdin",
            USAGE,
        )
    return [(article, {}) for article in in_file]


def _stored(settings: Settings, names: Sequence[str]) -> dict[str, tuple[Article, dict[str, str]]]:
    found = {}
    try:
        with store_of(settings) as store, store.read() as tx:
            for name in names:
                if hit := articles.find(tx, name):
                    reasons = alerts.why_quiet(tx, hit[0])
                    told = {str(rule): WHY_QUIET.get(why, why) for rule, why in reasons.items()}
                    found[name] = hit[1], told
    except StoreError:
        pass  # no database yet: files can be judged all the same
    return found


def _read_file(settings: Settings, name: str) -> tuple[Article, ...]:
    """Read all articles of a file or of stdin; () if there is no such file."""
    if name == "-":
        return _read("stdin.txt", sys.stdin.buffer.read(), name)
    for path in (Path(name), settings.workspace / name):
        if path.is_file():
            return _read(path.name, path.read_bytes(), name)
    return ()


def _read(file: str, data: bytes, name: str) -> tuple[Article, ...]:
    reading = read_seed(file, data, now=system_clock())
    if not reading.articles:
        reasons = "; ".join(str(problem) for problem in reading.problems)
        fail(f"{name} holds no article: {reasons or 'it is empty'}", USAGE)
    return reading.articles
