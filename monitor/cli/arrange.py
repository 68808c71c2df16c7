"""`monitor stories merge|split`: correct what was grouped; the program leaves it so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import (
    FAILED,
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
from monitor.cli.wording import counted, independent
from monitor.clock import system_clock
from monitor.model.keys import ArticleKey
from monitor.model.story import Story
from monitor.pipeline import arrange
from monitor.store import articles, stories
from monitor.store.engine import Tx

_RUNNING = "A running monitor goes by it within a second; what is new is told as the rules say."


def merge_command(
    names: Annotated[
        list[str],
        typer.Argument(metavar="STORY STORY...", help="Their ids, or the starts of them."),
    ],
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Make stories one: the oldest takes the articles of the others, whose ids lead to it.

    What a channel was told of one of them counts as told, and nothing is told again. The program
    neither splits nor merges by itself what a person has arranged.
    """
    if len(names) < 2:
        fail("name two stories or more; see: monitor stories list", USAGE)
    with exits(), store_of(settings_of(workspace), is_writing=True) as store:
        now = system_clock()
        with store.write() as tx:
            arrange.stop_placing(tx, now=now)
            found = [find_story(tx, name) for name in names]
            story, gone = arrange.merge(tx, found, now=now)
        if as_json:
            print_json({"story": story, "merged": gone})
            return
        out.print(f"{', '.join(gone)} {'is' if len(gone) == 1 else 'are'} part of:")
        show_story(story)
        talk.print(f"{_RUNNING} To undo: monitor stories split {story.id} ARTICLE...")


def split_command(
    name: Annotated[str, typer.Argument(metavar="STORY", help="Its id, or the start of it.")],
    names: Annotated[
        list[str], typer.Argument(metavar="ARTICLE...", help="Ids or URLs of articles in it.")
    ],
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Split articles off a story: together they are a story of their own.

    What a channel was told of an article counts as told. What it was not told of, because both
    counted as one story, is told now as the rules say.
    """
    with exits(), store_of(settings_of(workspace), is_writing=True) as store:
        now = system_clock()
        with store.write() as tx:
            arrange.stop_placing(tx, now=now)
            found = find_story(tx, name)
            story, new = arrange.split(tx, found, _keys(tx, names), now=now)
        if as_json:
            print_json({"story": story, "split_off": new})
            return
        show_story(story)
        show_story(new)
        talk.print(f"{_RUNNING} To undo: monitor stories merge {story.id} {new.id}")


def find_story(tx: Tx, name: str) -> Story:
    """Find a story by what was typed; ends the command if there is none."""
    found = stories.find(tx, name)
    if found is None:
        fail(f"there is no story {name!r}; see: monitor stories list", FAILED)
    return found


def show_story(story: Story) -> None:
    """Show a story in short: what it is, and what became of it."""
    out.print(f"{story.id}  {story.title}", style="bold", markup=False)
    count = counted(story.article_count, "article")
    line = f"  {count} from {counted(story.source_count, 'source')}"
    if story.copy_count:
        line += f": {independent(story.report_count, story.copy_count)}"
    out.print(line, markup=False)
    for merged in story.previous:
        how = "by hand" if merged.is_by_hand else "since later reports joined them"
        out.print(f"  holds {merged.id}, merged {merged.at.date()} {how}", markup=False)
    if story.split_from is not None:
        when = f", {story.split_at.date()}" if story.split_at else ""
        out.print(f"  was split from {story.split_from}{when}", markup=False)
    elif story.split_at is not None:
        out.print(f"  was split {story.split_at.date()}", markup=False)
    if story.continues is not None:
        out.print(f"  continues {story.continues}, too old to take its articles", markup=False)
    if story.arranged_at is not None:
        out.print(f"  arranged by hand {story.arranged_at.date()}: left so", markup=False)


def _keys(tx: Tx, names: Sequence[str]) -> list[ArticleKey]:
    found = []
    for name in names:
        hit = articles.find(tx, name)
        if hit is None:
            fail(f"there is no article {name!r}; see: monitor stories show STORY --json", FAILED)
        found.append(hit[1].key)
    return found
