"""`monitor rules backtest`: what a rule would have told in the past."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.explain import WHY_QUIET
from monitor.cli.options import (
    JsonOption,
    WorkspaceOption,
    exits,
    out,
    print_json,
    settings_of,
    store_of,
    talk,
)
from monitor.cli.progress import progress
from monitor.cli.rules import RuleArgument, pick, sound_rules
from monitor.cli.search import since_moment
from monitor.cli.wording import counted
from monitor.clock import system_clock
from monitor.model.alert import RAISES, Reason
from monitor.model.rule import Rule, Tell
from monitor.pipeline.backtest import Backtest, Told, backtest

MAX_BAR = 40
_WHY = {
    Reason.NEW_STORY: "the first of its story",
    Reason.DEVELOPMENT: "a further source",
    Reason.EVERY: "the rule says `again: every`",
    **WHY_QUIET,
}


def backtest_command(
    name: RuleArgument,
    workspace: WorkspaceOption = Path(),
    since: Annotated[str, typer.Option("--since", help="How far to look back.")] = "30d",
    as_json: JsonOption = False,
) -> None:
    """Show what a rule would have told, had it been in force. Sends nothing.

    It is decided as alerts are, over what is stored and its stories; days are of publication.
    """
    with exits():
        settings = settings_of(workspace)
        rule = pick(sound_rules(settings), name)
        zone, first = ZoneInfo(settings.zone), since_moment(since)

        def day_of(moment: datetime) -> date:
            return moment.astimezone(zone).date()

        with store_of(settings) as store, progress("Judging") as told:
            past = backtest(
                store, rule, since=first, day_of=day_of, now=system_clock(), progress=told
            )
        if as_json:
            print_json(_as_json(rule.rule, since, past))
            return
        _show(rule.rule, since, past)


def _show(rule: Rule, since: str, past: Backtest) -> None:
    found = counted(past.articles, "article")
    where = counted(len(past.stories), "story", "stories")
    out.print(f"{rule.id}, the last {since}: {found} in {where}", style="bold", markup=False)
    for reason, count in past.reasons.most_common():
        verb = "told" if reason in RAISES else "quiet"
        out.print(f"  {count:5}  {verb}: {_WHY.get(reason, reason)}", markup=False)
    for mode in Tell:
        channels = [channel for channel, how in rule.tell if how is mode]
        if channels and past.notices:
            out.print(f"  {', '.join(channels)}: {_notices(mode, past)}", markup=False)
    most = max((day.articles for day in past.days.values()), default=1)
    for day, counts in sorted(past.days.items()):
        bar = "#" * max(1, counts.articles * MAX_BAR // most)
        told = f"{counts.articles:4} matched, {counts.notices:4} told"
        out.print(f"  {day}  {told}  {bar}", markup=False)
    for story in past.examples():
        _show_example(story)
    waiting = f" {past.waiting} wait for their story yet." if past.waiting else ""
    talk.print(f"Nothing was sent.{waiting} {_next(rule, past)}", markup=False)


def _notices(mode: Tell, past: Backtest) -> str:
    at_once = counted(past.notices, "notice") + " at once"
    in_digests = f"{counted(len(past.stories), 'story', 'stories')} in digests"
    return {Tell.NOW: at_once, Tell.DIGEST: in_digests}.get(mode, f"{at_once}, {in_digests}")


def _show_example(story: Told) -> None:
    out.print(f"{story.first_at.date()}  {story.title}", style="bold", markup=False)
    sources = counted(len(story.sources), "source")
    out.print(f"    {counted(story.articles, 'article')} from {sources}", markup=False)
    out.print(f"    {'; '.join(map(str, story.why))}", markup=False)


def _next(rule: Rule, past: Backtest) -> str:
    if past.articles:
        return f"Each article: monitor rules preview {rule.id}"
    return f"What the archive has: monitor rules suggest {rule.id}"


def _as_json(rule: Rule, since: str, past: Backtest) -> dict[str, object]:
    return {
        "rule": rule.id,
        "revision": rule.revision,
        "since": since,
        "articles": past.articles,
        "stories": len(past.stories),
        "notices": past.notices,
        "waiting": past.waiting,
        "reasons": dict(past.reasons),
        "days": [
            {"day": str(day), "articles": counts.articles, "notices": counts.notices}
            for day, counts in sorted(past.days.items())
        ],
        "examples": [
            {
                "story": story.id,
                "title": story.title,
                "url": story.url,
                "first_at": story.first_at,
                "articles": story.articles,
                "sources": sorted(story.sources),
                "raised": story.raised,
                "why": [str(finding) for finding in story.why],
            }
            for story in past.examples()
        ],
    }
