"""`monitor sources`: who is watched, and how their feeds do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from monitor.cli.adopt import free_key, sources_with
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
    talk,
)
from monitor.cli.wording import counted
from monitor.errors import ConfigError, StoreError
from monitor.model.keys import SourceKey
from monitor.model.source import Source
from monitor.normalise.opml import read_opml, write_opml
from monitor.normalise.source_book import SourceBook, is_go_between, registered_domain
from monitor.normalise.urls import host_of
from monitor.settings import Settings, append_feed, append_source, checks, read_settings
from monitor.store import feeds
from monitor.store.feeds import FeedState

app = typer.Typer(help="Show, add, import and export sources.", no_args_is_help=True)


@app.command("list")
def list_sources(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """List sources and how each of their feeds does."""
    with exits():
        settings = settings_of(workspace)
        states = _states(settings)
        if as_json:
            print_json([_line(source, states) for source in settings.sources])
            return
        table = Table("source", "name", "country", "lang", "tier", "verified", "feeds", box=None)
        for source in settings.sources:
            health = ", ".join(_health(states.get(url)) for url in source.feeds) or "none"
            table.add_row(
                source.key,
                source.name,
                source.country or "?",
                source.lang or "?",
                str(source.tier or "?"),
                "yes" if source.is_verified else "no",
                health,
            )
        out.print(table)
        talk.print("Reasons and cures of what fails: monitor status")


def _states(settings: Settings) -> dict[str, FeedState]:
    try:
        with store_of(settings) as store, store.read() as tx:
            return {state.url: state for state in feeds.list_states(tx)}
    except StoreError:
        return {}  # nothing was polled yet


def _health(state: FeedState | None) -> str:
    if state is None or not state.polls:
        return "not polled yet"
    if state.state != "active":
        return state.state
    return f"failing ({state.last_error_kind})" if state.last_error else "ok"


def _line(source: Source, states: dict[str, FeedState]) -> dict[str, object]:
    return {
        "key": source.key,
        "name": source.name,
        "domains": source.domains,
        "country": source.country,
        "lang": source.lang,
        "tier": source.tier,
        "group": source.group,
        "verified": source.is_verified,
        "feeds": [{"url": url, "state": states.get(url)} for url in source.feeds],
    }


@app.command("add")
def add(  # noqa: PLR0917 - typer makes an option of each
    url: Annotated[str, typer.Argument(help="The address of a feed.")],
    key: Annotated[str, typer.Option(help="Its key; default: from the address.")] = "",
    name: Annotated[str, typer.Option(help="Its name; default: the domain.")] = "",
    country: Annotated[str, typer.Option(help="ISO code, such as PK.")] = "",
    lang: Annotated[str, typer.Option(help="Language code, such as ur.")] = "",
    tier: Annotated[int, typer.Option(help="1 is best; 0: not said.", min=0)] = 0,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Add a feed to sources.yaml. Its comments and layout stay."""
    with exits():
        settings = settings_of(workspace)
        host = host_of(url)
        if not host or not url.startswith(("http://", "https://")):
            fail(f"{url!r} is no address of a feed: it begins with http:// or https://", USAGE)
        _refuse_known(settings, url)
        owner = None if is_go_between(host) else SourceBook(settings.sources).by_domain(host)
        if owner and not key:
            if name or country or lang or tier:
                cure = "give --key for a source of its own, or leave the facts out"
                fail(f"{host} belongs to source {owner.key}, whose facts stay; {cure}", USAGE)
            _write(settings, lambda text: append_feed(text, owner.key, url))
            out.print(f"Added the feed to {owner.key} in sources.yaml", markup=False)
        else:
            if key and not checks.is_source_key(key):
                fail(f"--key {key!r} cannot be a key: use a-z, 0-9, _, . and -", USAGE)
            domain = _domain(host, is_shared=owner is not None)
            source = Source(
                key=SourceKey(key or free_key(domain or registered_domain(host), _keys(settings))),
                name=name or domain or host,
                domains=(domain,) if domain else (),
                country=_country(country),
                lang=_lang(lang),
                tier=tier or None,
                feeds=(url,),
            )
            _write(settings, lambda text: append_source(text, source))
            out.print(f"Added {source.key} to sources.yaml", markup=False)
        talk.print("A running monitor polls it within two seconds; its first poll is a baseline.")


def _domain(host: str, *, is_shared: bool) -> str:
    """Give what a source of a host owns: "" behind a go-between, the host alone beside another."""
    if is_go_between(host):
        return ""
    return host.removeprefix("www.") if is_shared else registered_domain(host)


def _country(text: str) -> str | None:
    if text and checks.country_code(text) is None:
        fail(f"--country {text!r} is no country code: write two letters, such as PK", USAGE)
    return checks.country_code(text) if text else None


def _lang(text: str) -> str | None:
    if text and checks.lang_code(text) is None:
        fail(f"--lang {text!r} is no language code: write one such as en or ur", USAGE)
    return checks.lang_code(text) if text else None


def _keys(settings: Settings) -> set[SourceKey]:
    return {source.key for source in settings.sources}


def _refuse_known(settings: Settings, url: str) -> None:
    for source in settings.sources:
        if url in source.feeds:
            fail(f"{url} is a feed of {source.key} already", USAGE)


def _write(settings: Settings, change: Callable[[str], str]) -> None:
    """Change sources.yaml, and put the old text back if the new one would not load."""
    path = settings.workspace / "sources.yaml"
    before = path.read_text("utf-8") if path.exists() else "sources:\n"
    path.write_text(change(before), "utf-8")
    if problems := read_settings(settings.workspace, os.environ).problems:
        path.write_text(before, "utf-8")
        raise ConfigError(problems)


@app.command("import")
def import_opml(
    file: Annotated[Path, typer.Argument(help="An OPML file of another reader.")],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Add the feeds of an OPML file. Those there already are left."""
    with exits():
        settings = settings_of(workspace)
        try:
            outlines, problems = read_opml(file.read_bytes())
        except OSError as error:
            fail(f"{file} cannot be read: {error.strerror}", USAGE)
        for problem in problems:
            talk.print(str(replace(problem, file=str(file))), style="yellow", markup=False)
        if problems and not outlines:
            raise typer.Exit(USAGE)
        known = {url for source in settings.sources for url in source.feeds}
        fresh = [outline for outline in outlines if outline.url not in known]
        added = sources_with(fresh, settings.sources)
        _write(settings, lambda text: _with_all(text, added, settings))
        there = len(outlines) - len(fresh)
        out.print(f"{counted(len(fresh), 'feed')} added, {there} there already")


def _with_all(text: str, changed: Iterable[Source], settings: Settings) -> str:
    """Write sources that are new, and the feeds that are new to others."""
    there = {source.key: source for source in settings.sources}
    for source in changed:
        if source.key not in there:
            text = append_source(text, source)
            continue
        for url in source.feeds[len(there[source.key].feeds) :]:
            text = append_feed(text, source.key, url)
    return text


@app.command("export")
def export_opml(workspace: WorkspaceOption = Path()) -> None:
    """Print all feeds as OPML 2.0."""
    with exits():
        sys.stdout.write(write_opml(settings_of(workspace).sources))
