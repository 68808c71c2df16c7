"""Plant bugs: each takes away one thing that keeps messages from being lost or doubled.

They are patches of the process at hand, put in before the service starts. One that does not fit
the product any more ends its life with an error: a bug that was not planted proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crash_lab.swaps import PatchError, swap, wrap


def mark_before_send() -> None:
    """Mark a delivery as sent before it is."""
    from sqlalchemy import update

    from monitor.pipeline import dispatch
    from monitor.store.tables import DeliveryRow

    def hasty(prepare: Any) -> Any:
        async def ready(ports: Any, channel: Any, delivery: Any) -> Any:
            owed = await prepare(ports, channel, delivery)
            if owed is not None:
                await ports.in_thread(mark, ports, delivery)
            return owed

        return ready

    def mark(ports: Any, delivery: Any) -> None:
        sent = update(DeliveryRow).where(DeliveryRow.key == delivery.key)
        with ports.store.write() as tx:
            tx.execute(sent.values(state="sent", sent_at=ports.now()))

    wrap(dispatch, "_prepare", hasty, takes=("ports", "channel", "delivery"))


def two_transactions() -> None:
    """Commit a feed's validators apart from the articles that came with them."""
    from monitor.pipeline import ingest

    def apart(keep: Any) -> Any:
        def kept(ports: Any, found: Any, *, settle: Any, **facts: Any) -> Any:
            with ports.store.write() as tx:
                settle(tx, len(found))
            return keep(ports, found, settle=lambda _tx, _new: None, **facts)

        return kept

    takes = ("ports", "found", "is_baseline", "now", "settle")
    wrap(ingest, "keep_articles", apart, takes=takes)


UNIQUE = {
    "article": ("uq_article_key",),
    "match": ("uq_match_article_id_rule_id_revision",),
    "alert": ("pk_alert", "uq_alert_rule_id_story_id_generation", "uq_alert_rule_id_article_id"),
    "told": ("pk_told",),
    "digest": ("pk_digest",),
    "delivery": ("pk_delivery",),
}
"""The constraints that `no_unique` does without; the scene drops them from the database."""


def no_unique() -> None:
    """Insert without asking whether it is there: see `UNIQUE`."""
    from sqlalchemy.dialects import postgresql

    from monitor.store import upsert

    class Plain(postgresql.Insert):
        inherit_cache = True

        def on_conflict_do_nothing(self, *_args: Any, **_kwargs: Any) -> Any:
            return self

        def on_conflict_do_update(self, *_args: Any, **_kwargs: Any) -> Any:
            return self

    def careless(insert: Any) -> Any:
        def made(dialect: str, table: Any) -> Any:
            return Plain(table) if table.name in UNIQUE else insert(dialect, table)

        return made

    wrap(upsert, "_insert", careless, takes=("dialect", "table"))


def no_fence() -> None:
    """Settle whatever claim the row has now: the fence that is shown is the row's own."""
    from sqlalchemy import select

    from monitor.store import claims

    def trusting(settle_many: Any) -> Any:
        def settle(tx: Any, key: Any, settlements: Any, **counted: Any) -> Any:
            fence = select(key.class_.fence)
            current = [
                (row, tx.execute(fence.where(key == row)).scalar_one(), values)
                for row, _, values in settlements
            ]
            return settle_many(tx, key, current, **counted)

        return settle

    wrap(claims, "settle_many", trusting, takes=("tx", "key", "settlements"))


def no_immediate() -> None:
    """Begin a writing transaction on SQLite as if it only read."""
    from monitor.store import engine

    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    swap(engine, "_begin_sqlite", begin, takes=("connection",))


def normal_sync() -> None:
    """Let SQLite's commits return before they are on the disk."""
    from monitor.store.engine import Store

    def lazy(prepare: Any) -> Any:
        def prepared(self: Any, raw: Any, entry: Any) -> None:
            prepare(self, raw, entry)
            if raw.execute("PRAGMA synchronous").fetchone() != (2,):
                raise PatchError("the store does not use synchronous=FULL any more")
            raw.execute("PRAGMA synchronous=NORMAL")

        return prepared

    wrap(Store, "_prepare_sqlite", lazy, takes=("self", "raw", "_"))


def attempts_after_send() -> None:
    """Count a crash only once the send is over, which a crash never lets come."""
    from sqlalchemy import select, update

    from monitor.store import claims

    def forgetful(claim: Any) -> Any:
        def claimed(tx: Any, key: Any, **terms: Any) -> Any:
            rows = claim(tx, key, **terms)
            keys = [getattr(row, key.key) for row in rows]
            tx.execute(update(key.class_).where(key.in_(keys)).values(crashes=0))
            columns = select(*key.class_.__table__.columns)
            return [tx.execute(columns.where(key == one)).one() for one in keys]

        return claimed

    wrap(claims, "claim", forgetful, takes=("tx", "key"))


def late_send() -> None:
    """Send however little of the lease is left."""
    from monitor.pipeline import dispatch

    def never(_ports: Any, _delivery: Any) -> bool:
        return False

    swap(dispatch, "_is_late", never, takes=("ports", "delivery"))


BUGS: dict[str, Callable[[], None]] = {
    "mark-before-send": mark_before_send,
    "two-transactions": two_transactions,
    "no-unique": no_unique,
    "no-fence": no_fence,
    "no-immediate": no_immediate,
    "synchronous-normal": normal_sync,
    "attempts-after-send": attempts_after_send,
    "late-send": late_send,
}


def plant(name: str) -> None:
    """Plant a bug, none by ""; raises PatchError if the product has outgrown it."""
    if name:
        BUGS[name]()
