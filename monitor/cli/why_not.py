"""`monitor why-not`: only what kept a rule from matching an article."""

from __future__ import annotations

from pathlib import Path

from monitor.cli.explain import notes_on
from monitor.cli.given import ArticleArgument, Given, find
from monitor.cli.options import JsonOption, WorkspaceOption, exits, out, print_json, settings_of
from monitor.cli.rules import RuleArgument, pick, sound_rules
from monitor.match.explain import Explanation, explain


def why_not_command(
    rule: RuleArgument,
    article: ArticleArgument,
    workspace: WorkspaceOption = Path(),
    to_json: JsonOption = False,
) -> None:
    """Say everything that kept a rule from matching an article: each line, exclusion and filter.

    A URL that is not stored is fetched and judged. The whole tree: monitor explain.
    """
    with exits():
        settings = settings_of(workspace)
        loaded = pick(sound_rules(settings), rule)
        found = [(explain(loaded, given.article), given) for given in find(settings, article)]
        if to_json:
            objects = [_object(explanation) for explanation, _ in found]
            print_json(objects[0] if len(objects) == 1 else objects)
            return
        for explanation, given in found:
            _show(explanation, given, rule)


def _object(explanation: Explanation) -> dict[str, object]:
    return {
        "rule": explanation.rule,
        "article": explanation.article,
        "title": explanation.title,
        "matched": explanation.matched,
        "reasons": explanation.reasons,
        "notes": explanation.notes,
    }


def _show(explanation: Explanation, given: Given, rule: str) -> None:
    verdict = "matches" if explanation.matched else "does not match"
    out.print(f"{rule} {verdict} {explanation.title!r}", style="bold", markup=False)
    for reason in explanation.reasons:
        out.print(f"  - {reason}", style="red", markup=False)
    if explanation.matched:
        out.print(f"  nothing kept it; what it found: monitor explain {rule} ...", markup=False)
    for note in (*explanation.notes, *notes_on(given, rule)):
        out.print(f"  {note}", markup=False)
