"""Keep what rules found in articles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from monitor.model.keys import ArticleKey, Revision, RuleId
from monitor.model.rule import Finding, Match
from monitor.store import json
from monitor.store.chunks import SOUGHT, sought
from monitor.store.engine import Tx
from monitor.store.tables import ArticleRow, MatchRow
from monitor.store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMatch:
    """Be a match as stored; quiet ones are for digests only."""

    match: Match
    is_quiet: bool


def add(
    tx: Tx, article_id: int, matches: Iterable[Match], *, is_quiet: bool, now: datetime
) -> None:
    """Store what rules found; a match of the same revision keeps its first `is_quiet`."""
    for match in matches:
        findings = json.dump(tuple[Finding, ...], match.findings)
        statement = insert(tx, MatchRow).values(
            article_id=article_id,
            rule_id=match.rule_id,
            revision=match.revision,
            findings=findings,
            notes=list(match.notes),
            is_quiet=is_quiet,
            matched_at=now,
        )
        again = {"findings": findings, "notes": list(match.notes)}
        keys = ["article_id", "rule_id", "revision"]
        tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=again))


def replace_all(
    tx: Tx, article_id: int, matches: Sequence[Match], *, is_quiet: bool, now: datetime
) -> None:
    """Store what rules find now; what they found in an older text and not in this one goes."""
    kept = [match.rule_id for match in matches]
    gone = delete(MatchRow).where(MatchRow.article_id == article_id)
    tx.execute(gone.where(MatchRow.rule_id.not_in(kept)))
    add(tx, article_id, matches, is_quiet=is_quiet, now=now)


def of_articles(tx: Tx, article_ids: Sequence[int]) -> Mapping[int, tuple[StoredMatch, ...]]:
    """Read the stored matches of articles, by number, in order of rule."""

    query = select(*MatchRow.__table__.columns, ArticleRow.key).join(ArticleRow)
    query = query.where(MatchRow.article_id.in_(SOUGHT)).order_by(MatchRow.rule_id, MatchRow.id)
    found: dict[int, list[StoredMatch]] = {}
    for row in sought(tx, query, article_ids):
        match = Match(
            rule_id=RuleId(row.rule_id),
            revision=Revision(row.revision),
            article=ArticleKey(row.key),
            findings=json.load(tuple[Finding, ...], row.findings),
            notes=tuple(row.notes),
        )
        found.setdefault(row.article_id, []).append(
            StoredMatch(match=match, is_quiet=row.is_quiet)
        )
    return {key: tuple(value) for key, value in found.items()}
