"""`monitor stories` and `monitor alerts`: what was grouped, why, and what was told."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from monitor.cli.arrange import find_story, show_story
from monitor.cli.options import (
    FAILED,
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
from monitor.cli.rules import sound_rules
from monitor.cli.wording import counted, local
from monitor.group.explain import explain_placement
from monitor.match.engine import Engine
from monitor.model.article import Article, Precision
from monitor.model.story import Story
from monitor.pipeline.replay import Replay, replay
from monitor.store import alerts, articles, seating, stories
from monitor.store.engine import Tx
from monitor.store.seating import SeatedArticle

app = typer.Typer(help="Show stories and why their articles are together.", no_args_is_help=True)
alerts_app = typer.Typer(help="Show the alerts that were raised.", no_args_is_help=True)

StoryArgument = Annotated[str, typer.Argument(help="A story's id, or the start of it.")]
LimitOption = Annotated[int, typer.Option(help="Show at most so many.", min=1)]


@app.command("list")
def list_stories(
    workspace: WorkspaceOption = Path(),
    every: Annotated[bool, typer.Option("--all", help="Also those no rule matched.")] = False,
    limit: LimitOption = 30,
    as_json: JsonOption = False,
) -> None:
    """List stories that some rule matched, latest first."""
    with exits(), store_of(settings_of(workspace)) as store, store.read() as tx:
        found = stories.listed(tx, matched_only=not every, limit=limit)
        rules = stories.rules_of(tx, [story.id for story in found])
        if as_json:
            lines = [{"story": story, "rules": rules.get(story.id, ())} for story in found]
            print_json(lines)
            return
        table = Table(
            "story", "last", "articles", "sources", "independent", "title", "rules", box=None
        )
        for story in found:
            table.add_row(
                story.id[:12],
                story.last_at.date().isoformat(),
                str(story.article_count),
                str(story.source_count),
                str(story.report_count),
                story.title,
                ", ".join(rules.get(story.id, ())),
            )
        out.print(table)
        talk.print("Next: monitor stories show STORY, monitor stories explain STORY")


@app.command("show")
def show(
    story: StoryArgument, workspace: WorkspaceOption = Path(), as_json: JsonOption = False
) -> None:
    """Show a story's articles."""
    with exits(), store_of(settings_of(workspace)) as store, store.read() as tx:
        found = _found(tx, story)
        seated = seating.seated(tx, found.id)
        if as_json:
            print_json({"story": found, "articles": [_line(row) for row in seated]})
            return
        show_story(found)
        for row in seated:
            rules = ", ".join(sorted({match.rule_id for match in row.matches}))
            out.print(
                f"  {when(row.article)}  {row.relation.value:8} {row.article.title}", markup=False
            )
            place = row.article.url or row.article.feed
            suffix = f"  matched by {rules}" if rules else ""
            who = row.article.source.name
            if row.wire:
                who += f", from {row.wire}"
            line = f"{row.article.key[:10]}  {who}  {place}{suffix}"
            out.print(f"      {line}", markup=False)


@app.command("explain")
def explain(
    story: StoryArgument, workspace: WorkspaceOption = Path(), as_json: JsonOption = False
) -> None:
    """Say why each article is in this story, or nearly in another."""
    with exits(), store_of(settings_of(workspace)) as store, store.read() as tx:
        found = _found(tx, story)
        seated = seating.seated(tx, found.id)
        if as_json:
            print_json({"story": found, "placements": [row.placement for row in seated]})
            return
        show_story(found)
        for row in seated:
            out.print(f"  {row.article.title}", style="bold", markup=False)
            for line in explain_placement(row.placement):
                out.print(f"      {line}", markup=False)
            if row.placement.story != found.id:
                out.print(f"      that was in {row.placement.story}", markup=False)


@app.command("replay", short_help="Decide again where an article belongs.")
def replay_article(
    article: Annotated[str, typer.Argument(help="An article's key or its start, URL or file.")],
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Decide again where an article belongs, among the stories that were open at the time.

    Changes nothing. The same decision comes out unless something it rests on has changed.
    """
    with exits():
        settings = settings_of(workspace)
        engine = Engine(sound_rules(settings))
        with store_of(settings) as store:
            with store.read() as tx:
                found = articles.find(tx, article)
            if found is None:
                fail(f"there is no article {article!r}; see: monitor search WORDS", FAILED)
            with progress("Reading") as told:
                past = replay(store, engine, found[0], progress=told)
            if past is None:
                fail("it waits for its story; see: monitor status", FAILED)
        if as_json:
            article_facts = {"article": past.article.key, "title": past.article.title}
            rest = {f.name: getattr(past, f.name) for f in fields(past) if f.name != "article"}
            print_json(article_facts | rest)
            return
        _show_replay(past)


def _show_replay(past: Replay) -> None:
    out.print(past.article.title, style="bold", markup=False)
    out.print(f"  placed {past.placed_at:%Y-%m-%d %H:%M} UTC:", markup=False)
    for line in explain_placement(past.placed):
        out.print(f"      {line}", markup=False)
    among = f"{counted(past.articles, 'article')} of {counted(past.stories, 'story', 'stories')}"
    verdict = "the same" if past.is_same else "another"
    out.print(f"  again, among {among}: {verdict}", markup=False)
    if not past.is_same:
        for line in explain_placement(past.again):
            out.print(f"      {line}", markup=False)
    for change in past.changes:
        out.print(f"  changed: {change}", markup=False)
    if not past.is_same:
        talk.print("Not recorded: the watch rules of then, and articles removed by retention.")


def _found(tx: Tx, name: str) -> Story:
    """Find a story, and say so if its id was another's that was merged into it."""
    found = find_story(tx, name)
    if not found.id.startswith((name, f"sto_{name}")):
        talk.print(f"{name} was merged into {found.id}", markup=False)
    return found


def when(article: Article) -> str:
    """Show when an article was published: a date alone stays one."""
    moment = article.published_at
    if article.published_precision is Precision.SECOND:
        return moment.strftime("%Y-%m-%d %H:%M")
    return moment.strftime("%Y-%m-%d      ")


def _line(row: SeatedArticle) -> dict[str, object]:
    return {
        "article": row.article.key,
        "title": row.article.title,
        "url": row.article.url,
        "source": row.article.source.key,
        "published_at": row.article.published_at,
        "precision": row.article.published_precision.value,
        "relation": row.relation.value,
        "wire": row.wire,
        "score": row.placement.score,
        "rules": sorted({match.rule_id for match in row.matches}),
    }


@alerts_app.command("list")
def list_alerts(
    workspace: WorkspaceOption = Path(), limit: LimitOption = 30, as_json: JsonOption = False
) -> None:
    """List alerts with their reasons, latest first."""
    with exits(), store_of(settings := settings_of(workspace)) as store, store.read() as tx:
        found = alerts.listed(tx, limit=limit)
        if as_json:
            print_json(found)
            return
        table = Table(
            f"raised ({settings.zone})", "rule", "story", "no.", "reason", "told", box=None
        )
        for alert in found:
            table.add_row(
                local(alert.raised_at, settings.zone),
                alert.rule_id,
                alert.story[:12],
                str(alert.generation),
                alert.reason.value.replace("_", " "),
                "in digests only" if alert.is_quiet else "as the rule says",
            )
        out.print(table)
