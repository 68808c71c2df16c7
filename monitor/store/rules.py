"""Remember which rules are known, and which seed files were read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from monitor.model.rule import Rule
from monitor.store.engine import Tx
from monitor.store.tables import RuleRow, SeedRow
from monitor.store.upsert import insert


def revisions(tx: Tx) -> dict[str, str]:
    """Give the revision of each rule that has looked back."""
    return {row.id: row.revision for row in tx.execute(select(RuleRow.id, RuleRow.revision))}


def keep(tx: Tx, rule: Rule, *, now: datetime) -> None:
    """Remember that this revision of a rule has looked back."""
    values = {"revision": rule.revision, "title": rule.title, "loaded_at": now}
    statement = insert(tx, RuleRow).values(id=rule.id, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def forget_others(tx: Tx, in_force: Collection[str]) -> None:
    """Forget the rules that are out of force: if one comes back, it looks back again."""
    gone = [rule for rule in revisions(tx) if rule not in in_force]
    if gone:
        tx.execute(delete(RuleRow).where(RuleRow.id.in_(gone)))


def seed_hashes(tx: Tx) -> dict[str, str]:
    """Give the hash of each seed file as it was read last."""
    return {row.name: row.sha256 for row in tx.execute(select(SeedRow.name, SeedRow.sha256))}


def keep_seed(tx: Tx, name: str, sha256: str, *, now: datetime) -> None:
    """Remember a seed file's bytes by their hash."""
    values = {"sha256": sha256, "read_at": now}
    statement = insert(tx, SeedRow).values(name=name, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
