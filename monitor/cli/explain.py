"""`monitor explain`: why a rule matches an article, or why not."""

from __future__ import annotations

from pathlib import Path

from monitor.cli.given import ArticleArgument, Given, find
from monitor.cli.options import JsonOption, WorkspaceOption, exits, out, print_json, settings_of
from monitor.cli.rules import RuleArgument, pick, sound_rules
from monitor.match.explain import Explanation, as_json, as_lines, explain
from monitor.model.alert import Reason
from monitor.net.hosts import host_of

WHY_QUIET = {
    Reason.TOLD_ONCE: "its story was told, and the rule says `again: never`",
    Reason.COPY: "it repeats an article that its story has",
    Reason.KNOWN_SOURCE: "its source, its house or its news agency is in the story already",
    Reason.ALREADY_RAISED: "it raised one before",
    Reason.TOO_OLD: "it was older than the look-back (`backfill`) when it came",
}
"""What is said of an article that matched and raised no alert."""


def explain_command(
    rule: RuleArgument,
    article: ArticleArgument,
    workspace: WorkspaceOption = Path(),
    to_json: JsonOption = False,
) -> None:
    """Say what a rule finds in an article line by line, and what kept it from matching.

    A URL that is not stored is fetched and judged.
    """
    with exits():
        settings = settings_of(workspace)
        loaded = pick(sound_rules(settings), rule)
        found = [(explain(loaded, given.article), given) for given in find(settings, article)]
        if to_json:
            objects = [as_json(explanation) for explanation, _ in found]
            print_json(objects[0] if len(objects) == 1 else objects)
            return
        for explanation, given in found:
            _show(explanation, given, rule)


def _show(explanation: Explanation, given: Given, rule: str) -> None:
    heading, *lines = as_lines(explanation)
    out.print(heading, style="bold", markup=False)
    for line in lines:
        out.print(line, style=_STYLES.get(line.strip()[:2]), markup=False)
    for note in notes_on(given, rule):
        out.print(f"  {note}", markup=False)


_STYLES = {"+ ": "green", "- ": "red"}


def notes_on(given: Given, rule: str) -> list[str]:
    """Say what else concerns a judged article: its silence, or that nothing covers it."""
    notes = []
    if rule in given.quiet:
        notes.append(f"no further alert: {WHY_QUIET.get(given.quiet[rule], given.quiet[rule])}")
    if given.is_fetched:
        notes.append(f"not stored: {_coverage(given)}")
    return notes


def _coverage(given: Given) -> str:
    source, host = given.article.source, host_of(given.article.url)
    if source.is_listed:
        return f"{source.key} covers {host}, but no feed of it has listed this address"
    return f"no source covers {host}; if it has a feed: monitor sources add ADDRESS"
