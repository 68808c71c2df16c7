"""Find the article that a command is asked about: stored, in a file, on stdin, or on the web."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from monitor.app.page import fetch_article
from monitor.cli.options import FAILED, USAGE, fail, has_database, store_of, talk
from monitor.clock import system_clock
from monitor.errors import MonitorError, StoreError
from monitor.model.alert import Reason
from monitor.model.article import Article
from monitor.normalise.seed import read_seed
from monitor.settings import Settings
from monitor.store import alerts, articles

ArticleArgument = Annotated[
    str,
    typer.Argument(
        help="A stored article's id, URL or seeds/ path; any other URL; a file; or - for stdin."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Be an article to judge; `quiet` says why it raised no alert, by rule, if it is stored.

    `is_fetched` is set if it was read from the web just now: nothing of ours has it.
    """

    article: Article
    quiet: dict[str, Reason] = field(default_factory=dict)
    is_fetched: bool = False


def find(settings: Settings, name: str) -> list[Given]:
    """Find an article by what the user calls it; several if a file holds several.

    Ends the command if there is none: exit 2, or 1 if its page cannot be had.
    """
    is_seed = name.startswith("seeds/")
    in_file = _read_file(settings, name) if is_seed else ()
    is_file = bool(in_file) or name == "-" or Path(name).is_file()
    names = [str(article.key) for article in in_file] or [name]
    stored = _stored(settings, names, is_vital=not is_file)
    if in_file:
        return [stored.get(article.key, Given(article=article)) for article in in_file]
    if stored:
        return list(stored.values())
    if name.startswith(("http://", "https://")):
        return [_fetched(settings, name)]
    in_file = () if is_seed else _read_file(settings, name)
    if not in_file:
        fail(
            f"there is no article {name!r}: give an id (monitor rules preview shows them), a "
            "URL, a path under seeds/, a file, or - for stdin",
            USAGE,
        )
    return [Given(article=article) for article in in_file]


def _fetched(settings: Settings, url: str) -> Given:
    talk.print(f"{url} is not stored; fetching it ...", style="dim", markup=False)
    try:
        article = asyncio.run(fetch_article(settings, url, now=system_clock()))
    except StoreError:
        raise
    except MonitorError as error:
        fail(f"{url} cannot be judged: {error}", FAILED)
    return Given(article=article, is_fetched=True)


def _stored(settings: Settings, names: Sequence[str], *, is_vital: bool) -> dict[str, Given]:
    """Look in the database; raises StoreError if it refuses and nothing else can help."""
    found: dict[str, Given] = {}
    if not has_database(settings):
        return found
    try:
        with store_of(settings) as store, store.read() as tx:
            for name in names:
                if hit := articles.find(tx, name):
                    reasons = {
                        str(rule): why for rule, why in alerts.why_quiet(tx, hit[0]).items()
                    }
                    found[name] = Given(article=hit[1], quiet=reasons)
    except StoreError as error:
        if is_vital:
            raise
        talk.print(f"judged without the archive: {error}", style="yellow", markup=False)
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
