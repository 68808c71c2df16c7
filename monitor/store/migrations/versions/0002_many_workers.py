"""Many workers: limits and roles that hold across processes; restore, move, retention.

A program of schema 0001 may go on working beside those of this one: what is new here has defaults.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

from monitor.errors import StoreError
from monitor.store import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_CLAIMABLE = ("feed", "page", "delivery")
_POINTING = ("alert", "quiet", "told")  # at articles, which retention removes
_CROWDED = ("feed", "page", "delivery", "article")
_CRASHED = sa.text("crashes > 0")
_CLAIMED = sa.text("claimed_until IS NOT NULL")
_PORTION = 1_000  # rows read and set at a time: a table of millions is never in memory


def upgrade() -> None:
    """Go forward."""
    _make_tables()
    _widen_workspace()
    _widen_roles_and_channels()
    _widen_work()
    _index_work()
    _know_hosts("feed", "id", "fetch_url")
    _know_hosts("page", "article_id", "url", state="pending")  # done and failed ones need none
    if op.get_bind().dialect.name == "postgresql":
        _tune_postgresql()


def downgrade() -> None:
    """Refuse: what 0002 keeps would be lost."""
    msg = "a database is not taken back to an older schema: restore a backup instead"
    raise StoreError(msg)


def _make_tables() -> None:
    op.create_table(
        "host",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("claimed_until", types.UtcDateTime(), nullable=False),
        sa.Column("paused_until", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_host")),
    )
    op.create_table(
        "forgotten",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("listed_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_forgotten")),
    )
    op.create_index(op.f("ix_forgotten_listed_at"), "forgotten", ["listed_at"])


def _widen_workspace() -> None:
    open_to = sa.Column("open_to", sa.Text(), nullable=False, server_default="0001")
    op.add_column("workspace", open_to)
    for name in ("paused_at", "backup_at", "restored_at"):
        op.add_column("workspace", sa.Column(name, types.UtcDateTime(), nullable=True))
    for name in ("paused_reason", "moved_to"):
        op.add_column("workspace", sa.Column(name, sa.Text(), nullable=True))


def _widen_roles_and_channels() -> None:
    op.add_column("role", _counter("crashes"))
    with op.batch_alter_table("role") as role:
        role.alter_column("claimed_until", existing_type=types.UtcDateTime(), nullable=True)
        role.alter_column("fence", existing_type=sa.Integer(), server_default="0")
    op.add_column("channel", sa.Column("claimed_until", types.UtcDateTime(), nullable=True))
    op.add_column("channel", _counter("fence"))
    op.add_column("channel", _counter("crashes"))


def _widen_work() -> None:
    for table in ("feed", "page"):
        op.add_column(table, sa.Column("host", sa.Text(), nullable=False, server_default=""))
    op.add_column("article", _counter("place_crashes"))
    op.add_column("article", sa.Column("judged_by", sa.Text(), nullable=True))


def _counter(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _index_work() -> None:
    for table in _CLAIMABLE:
        op.create_index(
            f"ix_{table}_suspect",
            table,
            ["claimed_until"],
            postgresql_where=_CRASHED,
            sqlite_where=_CRASHED,
        )
    op.drop_index("ix_delivery_due", "delivery")
    op.create_index("ix_delivery_due", "delivery", ["state", "channel", "due_at"])
    op.create_index("ix_delivery_sent", "delivery", ["channel", "sent_at"])
    op.create_index(
        "ix_delivery_claimed",
        "delivery",
        ["channel"],
        postgresql_where=_CLAIMED,
        sqlite_where=_CLAIMED,
    )
    for table in _POINTING:
        op.create_index(op.f(f"ix_{table}_article_id"), table, ["article_id"])


def _know_hosts(name: str, key: str, address: str, *, state: str | None = None) -> None:
    """Fill in the host of each address, as monitor.net.hosts.host_of gives it.

    With `state` only of rows in it. Keys are numbers above 0.
    """
    table = sa.table(name, *map(sa.column, (key, address, "host", "state")))
    number, connection, last = table.c[key], op.get_bind(), 0
    setting = sa.update(table).where(number == sa.bindparam("row"))
    setting = setting.values(host=sa.bindparam("host_name"))
    portion = sa.select(number, table.c[address]).order_by(number).limit(_PORTION)
    if state is not None:
        portion = portion.where(table.c.state == state)
    while rows := connection.execute(portion.where(number > last)).all():
        hosts = [{"row": row[0], "host_name": _host_of(row[1])} for row in rows]
        connection.execute(setting, hosts)
        last = rows[-1][0]


def _host_of(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host.lower().rstrip(".").removeprefix("www.")


def _tune_postgresql() -> None:
    """Leave room for updates in place, and let the queues be vacuumed early."""
    for table in _CROWDED:
        op.execute(
            f"ALTER TABLE {table} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, "
            "autovacuum_analyze_scale_factor = 0.02)"
        )
