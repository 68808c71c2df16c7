"""`monitor rules preview`: what a rule finds in all that is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import (
    JsonOption,
    WorkspaceOption,
    exits,
    has_database,
    out,
    print_json,
    settings_of,
    store_of,
    talk,
)
from monitor.cli.progress import progress
from monitor.cli.rules import RuleArgument, pick, seed_articles, sound_rules
from monitor.cli.wording import counted
from monitor.match.engine import judge
from monitor.match.matched import Matched
from monitor.match.tree import LoadedRule
from monitor.model.article import Article
from monitor.pipeline import archive
from monitor.settings import Settings
from monitor.store import articles
from monitor.store.engine import Store

Hits = Iterator[tuple[Article, Matched]]


def preview_command(
    name: RuleArgument,
    workspace: WorkspaceOption = Path(),
    limit: Annotated[int, typer.Option(help="Show at most so many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what a rule finds in all that is stored. Sends nothing.

    The latest come first, as they are found; then seed files that no run has read yet.
    """
    with exits(), ExitStack() as stack:
        settings = settings_of(workspace)
        rule = pick(sound_rules(settings), name)
        store = stack.enter_context(store_of(settings)) if has_database(settings) else None
        fresh = _unread(settings, store)
        told = stack.enter_context(progress("Judging"))
        hits = _hits(store, rule, fresh, told)
        lines = []
        for article, match in islice(hits, limit):
            lines.append(hit_line(article, match))
            if not as_json:
                show_hit(article, match)
        if as_json:
            print_json(lines)
            return
        found = len(lines) + sum(1 for _ in hits)
        talk.print(_end(name, _stored(store) + len(fresh), found, limit), markup=False)


def _end(name: str, judged: int, hits: int, limit: int) -> str:
    more = f" ({limit} shown; --limit N for more)" if hits > limit else ""
    text = f"{name} matches {hits} of {counted(judged, 'article')}{more}."
    if hits:
        return f"{text} Why exactly: monitor explain {name} ARTICLE"
    return f"{text} Why not: monitor explain {name} ARTICLE (an id, a URL, or a seeds/ path)"


def _hits(
    store: Store | None, rule: LoadedRule, fresh: Sequence[Article], told: archive.Progress
) -> Hits:
    if store is not None:
        for hit in archive.matches(store, rule, progress=told):
            yield hit.article, hit.match
    for article in fresh:
        if match := judge(rule, article):
            yield article, match


def _unread(settings: Settings, store: Store | None) -> list[Article]:
    """Read the articles of seed files that are not stored."""
    found = [article for each in seed_articles(settings).values() for article in each]
    if store is None:
        return found
    with store.read() as tx:
        known = articles.find_known(tx, found)
    return [article for article in found if article.key not in known]


def _stored(store: Store | None) -> int:
    if store is None:
        return 0
    with store.read() as tx:
        return articles.count_all(tx)


def hit_line(article: Article, match: Matched) -> dict[str, object]:
    """Say in JSON what a rule found."""
    return {
        "article": article.key,
        "title": article.title,
        "url": article.url,
        "published_at": article.published_at,
        "why": [str(finding) for finding in match.findings],
        "notes": match.notes,
    }


def show_hit(article: Article, match: Matched) -> None:
    """Print what a rule found."""
    day = article.published_at.date().isoformat()
    out.print(f"{day}  {article.title}", style="bold", markup=False)
    out.print(f"    {article.source.name}  {article.url or article.feed}", markup=False)
    out.print(f"    {'; '.join(map(str, match.findings))}", markup=False)
    for note in match.notes:
        out.print(f"    note: {note}", markup=False)
    out.print(f"    article {article.key[:10]}", style="dim", markup=False)
