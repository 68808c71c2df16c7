"""`monitor search`: find stored articles by a query, in the language of the rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.cells import cell_len
from rich.text import Text

from monitor.cli.options import (
    USAGE,
    JsonOption,
    WorkspaceOption,
    exits,
    fail,
    out,
    print_json_line,
    settings_of,
    store_of,
    talk,
)
from monitor.cli.progress import progress
from monitor.cli.stories import when
from monitor.cli.wording import counted
from monitor.clock import monotonic_seconds, system_clock
from monitor.match.ask import read_query
from monitor.match.evaluate import field_text
from monitor.match.lists import TermLists
from monitor.match.problems import QueryProblem
from monitor.match.tree import Node
from monitor.model.article import Article
from monitor.model.rule import Span
from monitor.pipeline.archive import Hit, search
from monitor.settings import Settings
from monitor.store.articles import count_all
from monitor.text.durations import DURATION_CURE, parse_duration
from monitor.text.marks import Range, merge, snippet
from monitor.workspace import read_rules

SNIPPET_CHARS = 200
_MARK = "bold yellow"
_PLAIN_MARK = "**"
"""Stands around what was found where no terminal shows a style."""

SinceOption = Annotated[
    str, typer.Option("--since", help="Only what was published within a span, such as 30d.")
]
LimitOption = Annotated[int, typer.Option(help="Show at most so many.", min=1)]


def search_command(
    query: Annotated[list[str], typer.Argument(help="Query text, as in a rule's match.")],
    workspace: WorkspaceOption = Path(),
    since: SinceOption = "",
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """Find articles in the archive, in the language of rules and with the same answers.

    The latest come first, as they are found; with --json each is a line of its own.
    """
    with exits():
        settings = settings_of(workspace)
        node = _node(settings, " ".join(query))
        began_at, first = monotonic_seconds(), since_moment(since)
        with store_of(settings) as store, progress("Searching") as told:
            with store.read() as tx:
                stored = count_all(tx)
            hits = search(store, node, since=first, progress=told)
            shown = _show(islice(hits, limit), as_json=as_json)
            is_cut = shown == limit and next(hits, None) is not None
        seconds = monotonic_seconds() - began_at
        talk.print(_end(shown, stored, seconds, is_cut=is_cut), markup=False)


def since_moment(text: str) -> datetime | None:
    """Read --since: the moment that lies so long ago; exits 2 if it is no span of time."""
    if not text:
        return None
    span = parse_duration(text)
    if span is None:
        fail(f"--since {text!r} is no span of time: {DURATION_CURE}", USAGE)
    return system_clock() - span


def _node(settings: Settings, text: str) -> Node:
    """Read the query; what is wrong is shown at its place, and an error exits 2."""
    text = text.encode("utf-8", "replace").decode("utf-8")  # bytes of a terminal that is not
    parsed = read_query(text, TermLists(read_rules(settings.workspace)[1].texts))
    for problem in parsed.problems:
        _show_problem(text, problem)
    return parsed.node if parsed.node is not None else fail("Nothing was searched.", USAGE)


def _show_problem(text: str, problem: QueryProblem) -> None:
    before = text[: problem.offset]
    line = text.split("\n")[before.count("\n")]
    column = cell_len(before.rpartition("\n")[2])
    style = "red" if problem.is_error else "yellow"
    cure = f"; {problem.cure}" if problem.cure else ""
    mark = "" if problem.is_error else "warning: "
    talk.print(f"{mark}{problem.what}{cure}", style=style, markup=False)
    talk.print(f"    {line}\n    {' ' * column}^", markup=False)


def _show(hits: Iterable[Hit], *, as_json: bool) -> int:
    shown = 0
    for hit in hits:
        shown += 1
        if as_json:
            print_json_line(_as_json(hit))
        else:
            _show_hit(hit)
    return shown


def _show_hit(hit: Hit) -> None:
    article = hit.article
    line = Text(f"{when(article).strip()}  ")
    line.append_text(marked(article.title, _ranges(hit.spans, "title")))
    line.stylize("bold")
    out.print(line)
    out.print(f"    {article.source.name}  {article.url or article.feed}", markup=False)
    for text, ranges in _extracts(article, hit.spans):
        out.print(Text("    ").append_text(marked(text, ranges)))
    out.print(f"    article {article.key[:10]}", style="dim", markup=False)


def marked(text: str, ranges: Iterable[Range]) -> Text:
    """Show what was found: in a style, or between signs where there are no styles."""
    shown, last = Text(), 0
    sign = "" if out.is_terminal else _PLAIN_MARK
    for start, end in ranges:
        shown.append(text[last:start])
        shown.append(f"{sign}{text[start:end]}{sign}", style=_MARK)
        last = end
    return shown.append(text[last:])


def _ranges(spans: Iterable[Span], field: str) -> list[Range]:
    return list(merge((span.start, span.end) for span in spans if span.field == field))


def _extracts(article: Article, spans: tuple[Span, ...]) -> list[tuple[str, tuple[Range, ...]]]:
    """Extract the body, and each other field in which something was found, but the title."""
    found = {span.field for span in spans}
    return [
        snippet(field_text(article, name), _ranges(spans, name), width=SNIPPET_CHARS)
        for name in ("body", "author", "url", "tag")
        if name in found or name == "body"
    ]


def _as_json(hit: Hit) -> dict[str, object]:
    article = hit.article
    text, marks = snippet(article.body, _ranges(hit.spans, "body"), width=SNIPPET_CHARS)
    return {
        "article": article.key,
        "title": article.title,
        "url": article.url,
        "source": article.source.key,
        "lang": article.lang,
        "published_at": article.published_at,
        "snippet": {"text": text, "marks": marks},
        "spans": hit.spans,
    }


def _end(shown: int, stored: int, seconds: float, *, is_cut: bool) -> str:
    found = f"The latest {shown}" if is_cut else counted(shown, "article")
    verb = "matches" if shown == 1 and not is_cut else "match"
    told = f"{found} of {stored:,} stored {verb}, found in {seconds:.1f} s."
    if is_cut:
        return f"{told} There are more: --limit {10 * shown}"
    if shown:
        return f"{told} To be told of what comes: monitor rules new NAME"
    return f"{told} Shorter words, or OR, find more"
