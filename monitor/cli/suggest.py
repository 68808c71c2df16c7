"""`monitor rules suggest`: spellings and neighbours of a rule's words, as the archive has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

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
from monitor.cli.wording import counted
from monitor.match.engine import query_terms
from monitor.match.suggest import Suggestion, neighbours, spellings
from monitor.match.tree import LoadedRule
from monitor.pipeline import archive
from monitor.store import articles, fulltext
from monitor.store.engine import Store
from monitor.text.terms import terms_of

MIN_ARTICLES = 2
"""A word of one article is a slip of the pen more often than a spelling."""


def suggest_command(
    name: RuleArgument, workspace: WorkspaceOption = Path(), as_json: JsonOption = False
) -> None:
    """Suggest words for a rule: other spellings of its own, and words that stand beside them.

    Each comes with the number of stored articles that hold it.
    """
    with exits():
        settings = settings_of(workspace)
        rule = pick(sound_rules(settings), name)
        with store_of(settings) as store, progress("Judging") as told:
            alike, beside = _found(store, rule, told)
        if as_json:
            print_json({"rule": name, "spellings": _plain(alike), "neighbours": _plain(beside)})
            return
        _show_spellings(alike)
        _show_neighbours(beside)
        talk.print(_end(name, alike, beside), markup=False)


def _found(
    store: Store, rule: LoadedRule, told: archive.Progress
) -> tuple[list[Suggestion], list[Suggestion]]:
    own = query_terms(rule)
    with store.read() as tx:
        vocabulary = fulltext.vocabulary(tx, at_least=MIN_ARTICLES)
        stored = articles.count_all(tx)
    matching = (
        terms_of((hit.article.title, hit.article.body))
        for hit in archive.matches(store, rule, progress=told)
    )
    return (
        spellings(own, vocabulary),
        neighbours(matching, vocabulary, articles=stored, own=own),
    )


def _plain(found: Sequence[Suggestion]) -> list[dict[str, object]]:
    return [asdict(one) for one in found]


def _show_spellings(found: Sequence[Suggestion]) -> None:
    for term, group in groupby(found, key=lambda one: one.beside):
        alike = list(group)
        told = ", ".join(f"{one.word} {one.articles:,}" for one in alike)
        out.print(f"{term}: {told}", markup=False)
        out.print(f"    ({' OR '.join([term, *(one.word for one in alike)])})", markup=False)


def _show_neighbours(found: Sequence[Suggestion]) -> None:
    if found:
        out.print("beside what the rule finds, more often than elsewhere:")
    for one in found:
        where = f"{one.together:,} of {counted(one.articles, 'article')} with it"
        out.print(f"    {one.word}  ({where})", markup=False)


def _end(name: str, alike: Sequence[Suggestion], beside: Sequence[Suggestion]) -> str:
    if alike or beside:
        return f"Paste what is meant into the rule, then: monitor rules preview {name}"
    return "The archive has no other spelling of its words, and no word that stands beside them."
