"""Make databases of earlier schemas, with the rows that a workspace at work has, and read them.

make_at(store, "0001")        # the tables as they were, filled
rows_of(store)                # what stands in them, to compare before and after
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import MetaData, Table, insert, select

from monitor.store import migrate
from monitor.store.engine import Store, Tx

MOMENT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)

Rows = dict[str, list[dict[str, Any]]]


def revisions() -> list[str]:
    """List all schemas that were ever released, oldest first."""
    found = [script.revision for script in migrate._scripts().walk_revisions()]
    return list(reversed(found))


def upgrade_at_once(address: str, number: int = 3) -> list[str]:
    """Upgrade by several stores in threads; give the revisions that each came to."""
    stores = [Store(address) for _ in range(number)]
    with ThreadPoolExecutor(number) as threads:
        found = list(threads.map(migrate.upgrade, stores))
    for one in stores:
        one.close()
    return found


def make_at(store: Store, revision: str) -> None:
    """Bring an empty database to a schema and fill its tables."""
    with store.write() as tx:
        migrate.command.upgrade(migrate._config(tx), revision)
        tables = _tables(tx)
        for name in _ORDER:
            for row in _rows(name, is_sqlite=store.is_sqlite):
                tx.execute(insert(tables[name]).values(**row))


def rows_of(store: Store) -> Rows:
    """Read all rows of all tables, by the columns that the database has."""
    with store.read() as tx:
        return {
            name: sorted((dict(row) for row in tx.execute(select(table)).mappings()), key=repr)
            for name, table in _tables(tx).items()
            if name != "alembic_version"
        }


def is_kept(before: Rows, after: Rows) -> bool:
    """Tell whether every value that stood there before stands there still."""
    return all(
        sorted(({c: row[c] for c in rows[0]} for row in after[name]), key=repr) == rows
        for name, rows in before.items()
        if rows
    )


def _tables(tx: Tx) -> dict[str, Table]:
    known = MetaData()
    known.reflect(tx)
    return dict(known.tables)


_ORDER = (
    "feed", "article", "article_alias", "page", "match", "story", "seat", "alert", "quiet", "told",
    "digest", "channel", "delivery", "attempt", "rule", "seed", "problem", "role", "beat",
)  # fmt: skip


def _rows(name: str, *, is_sqlite: bool) -> list[dict[str, Any]]:
    def at(hours: int) -> datetime:
        moment = MOMENT + timedelta(hours=hours)
        return moment.replace(tzinfo=None) if is_sqlite else moment

    made: dict[str, list[dict[str, Any]]] = {
        "feed": [
            {
                "id": n,
                "url": f"https://www.Paper{n}.test:8443/feed",
                "source_key": f"paper{n}",
                "state": "active",
                "fetch_url": url,
                "etag": '"a"',
                "next_poll_at": at(n),
                "interval_seconds": 900,
                "failures": n,
                "polls": 7,
                "sightings": {"redirect": None},
                "notes": ["3 entries were left out"],
                "claimed_until": at(1) if n == 1 else None,
                "fence": 3,
                "crashes": n - 1,
            }
            for n, url in ((1, "https://www.Paper1.test:8443/feed"), (2, "not a url [::1"))
        ],
        "article": [
            {
                "id": n,
                "key": f"key{n}",
                "feed": "https://paper1.test/feed",
                "origin": "feed",
                "source": {"key": "paper1", "name": "Paper", "tier": 1},
                "source_key": "paper1",
                "url": f"https://paper1.test/{n}",
                "canonical_url": f"https://paper1.test/{n}",
                "title": "کراچی میں دفتر",
                "has_real_title": True,
                "body": "Acme will open an office. " * 40,
                "author": "",
                "tags": ["a"],
                "lang": "ur",
                "published_at": at(-n),
                "published_precision": "second",
                "first_seen_at": at(0),
                "fetched_at": at(0),
                "text_state": "full",
                "text_hash": "h",
                "feed_hash": "h",
                "revision": 1,
                "is_baseline": n == 1,
                "place_due": n == 3,
            }
            for n in (1, 2, 3)
        ],
        "article_alias": [{"alias": "alias1", "article_id": 1}],
        "page": [
            {
                "article_id": 3,
                "url": "https://paper1.test/3",
                "state": "pending",
                "due_at": at(0),
                "failures": 0,
                "fence": 0,
                "crashes": 0,
            }
        ],
        "match": [
            {
                "id": n,
                "article_id": n,
                "rule_id": "acme",
                "revision": "r1",
                "findings": [{"line": "who"}],
                "notes": [],
                "is_quiet": False,
                "matched_at": at(0),
            }
            for n in (1, 2)
        ],
        "story": [
            {
                "id": "sto_1",
                "title": "Office",
                "first_at": at(-2),
                "last_at": at(-1),
                "article_count": 2,
                "source_count": 1,
                "revision": 2,
                "lead": "key1",
                "created_at": at(0),
            }
        ],
        "seat": [
            {
                "article_id": n,
                "story_id": "sto_1",
                "relation": "first" if n == 1 else "same_event",
                "placement": {"score": 0.25},
                "placed_at": at(0),
            }
            for n in (1, 2)
        ],
        "alert": [
            {
                "key": "alert1",
                "rule_id": "acme",
                "story_id": "sto_1",
                "generation": 1,
                "article_id": 1,
                "reason": "new_story",
                "is_quiet": False,
                "raised_at": at(0),
            }
        ],
        "quiet": [
            {
                "rule_id": "acme",
                "article_id": 2,
                "story_id": "sto_1",
                "reason": "known_source",
                "judged_at": at(0),
            }
        ],
        "told": [
            {
                "channel": "newsroom",
                "rule_id": "acme",
                "story_id": "sto_1",
                "article_id": 1,
                "in_digest": False,
                "alert": "alert1",
                "told_at": at(0),
            }
        ],
        "digest": [
            {
                "channel": "mailbox",
                "slot": "2026-11-23T06:00",
                "window_start": at(-24),
                "window_end": at(0),
                "composed_at": at(0),
                "stories": 1,
            }
        ],
        "channel": [
            {"name": "mailbox", "last_slot": "2026-11-23T06:00", "last_slot_end": at(0)},
            {"name": "newsroom", "paused_until": at(2)},
        ],
        "delivery": [
            {
                "key": f"dl-{n}",
                "channel": "newsroom",
                "recipient": "newsroom",
                "kind": "alert",
                "state": state,
                "content": {"alert": "alert1"},
                "title": "NEW: Office",
                "body": None if n == 1 else b'{"type":"story.matched","odd":"\x00\xff"}',
                "attempts": n,
                "due_at": at(n),
                "created_at": at(0),
                "sent_at": at(1) if state == "sent" else None,
                "fence": 1,
                "crashes": 0,
            }
            for n, state in ((1, "pending"), (2, "sent"), (3, "dead"))
        ],
        "attempt": [
            {
                "id": n,
                "delivery_key": f"dl-{n}",
                "number": 1,
                "started_at": at(0),
                "ended_at": at(0),
                "result": "sent" if n == 2 else "dead",
                "code": 200,
                "reason": "Accepted.",
                "answer": "ok",
            }
            for n in (2, 3)
        ],
        "rule": [{"id": "acme", "revision": "r1", "title": "Acme", "loaded_at": at(0)}],
        "seed": [{"name": "a.txt", "sha256": "0" * 64, "read_at": at(0)}],
        "problem": [
            {
                "kind": "feed",
                "subject": "https://www.Paper2.test:8443/feed",
                "reason": "it did not answer",
                "cure": "it is tried again",
                "first_at": at(0),
                "last_at": at(0),
                "count": 2,
            }
        ],
        "role": [{"name": "assigner", "holder": "h", "claimed_until": at(0), "fence": 4}],
        "beat": [{"holder": "h", "at": at(0), "started_at": at(0), "facts": {"rules": 1}}],
    }
    return made[name]
