"""Give columns the types that this project's values need on both engines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Text, types
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

BigId = BigInteger().with_variant(Integer, "sqlite")
"""An integer key; SQLite numbers rows by itself only if the type is INTEGER."""

Json = JSON().with_variant(JSONB, "postgresql")

TermSet = Text().with_variant(TSVECTOR, "postgresql")
"""Words parted by spaces; PostgreSQL keeps them as a set, each as it is."""


class UtcDateTime(types.TypeDecorator[datetime]):
    """Store an aware moment; a naive one is refused, for nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware moment into UTC; SQLite keeps it without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"a naive moment cannot be stored: {value!r}"
            raise ValueError(msg)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Give the moment back, aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
