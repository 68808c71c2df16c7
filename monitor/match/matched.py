"""Be a rule that matches an article, with what it found where that is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.match.evaluate import Document
from monitor.match.findings import findings
from monitor.match.only import judge_only
from monitor.match.tree import UNFILTERED, LoadedRule
from monitor.model.keys import ArticleKey, Revision, RuleId
from monitor.model.rule import Finding, Match


class Matched:
    """Be a rule that matches an article.

    To say what it found there takes much longer than to know that it matches, and is done when it
    is first asked for; the article stays in memory as long as this does. For one thread. `notes`
    are sentences that every explanation shows.
    """

    __slots__ = ("_document", "_findings", "_loaded", "notes")

    def __init__(self, loaded: LoadedRule, document: Document, notes: tuple[str, ...]) -> None:
        self._loaded = loaded
        self._document = document
        self._findings: tuple[Finding, ...] | None = None
        self.notes = notes

    @property
    def rule_id(self) -> RuleId:
        """Name the rule."""
        return self._loaded.rule.id

    @property
    def revision(self) -> Revision:
        """Give the revision of the rule."""
        return self._loaded.rule.revision

    @property
    def article(self) -> ArticleKey:
        """Name the article."""
        return self._document.article.key

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Say what the rule found; found out once."""
        if self._findings is None:
            self._findings = findings(self._loaded.query, self._document)
        return self._findings

    def told(self) -> Match:
        """Give the match with what was found: a value to store."""
        return Match(
            rule_id=self.rule_id,
            revision=self.revision,
            article=self.article,
            findings=self.findings,
            notes=self.notes,
        )


def told(matching: Iterable[Matched]) -> tuple[Match, ...]:
    """Give matches with what was found, as they are stored."""
    return tuple(one.told() for one in matching)


def matched(loaded: LoadedRule, document: Document, *, with_only: bool) -> Matched | None:
    """Give a rule whose query holds as a match; None if its `only` holds it back."""
    if loaded.only is UNFILTERED or not with_only:
        return Matched(loaded, document, ())
    results = judge_only(loaded.only, document)
    if not all(result.passed for result in results):
        return None
    notes = dict.fromkeys(result.note for result in results if result.note)
    return Matched(loaded, document, tuple(notes))
