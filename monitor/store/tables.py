"""Draw the tables. Uniqueness is a constraint, never an `if`.

A row that work is done on carries a claim: `claimed_until` (the lease), `fence` (counts claims: a
result that comes with an older one is refused) and `crashes` (claims that never settled).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from monitor.store.types import BigId, Json, TermSet, UtcDateTime
from monitor.text.terms import READING


class Base(DeclarativeBase):
    """Be the root of all tables; names of constraints are stable, so that migrations find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: Json,
        list[Any]: Json,
        str: Text,
    }


class Claimable:
    """Add the columns of a claim."""

    claimed_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)


def _suspects(table: str) -> Index:
    """Index the rows whose claim crashed: each claim looks for them, and they are few."""
    crashed = text("crashes > 0")
    return Index(
        f"ix_{table}_suspect", "claimed_until", postgresql_where=crashed, sqlite_where=crashed
    )


UNINDEXED = f"indexed_revision <> revision OR indexed_reading <> {READING}"
"""Says of an article that the full-text index does not know its text as it is read now."""


class FeedRow(Claimable, Base):
    """Keep a polled address and what it last said."""

    __tablename__ = "feed"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    url: Mapped[str] = mapped_column(unique=True)
    host: Mapped[str] = mapped_column(default="")  # whose turn a poll needs
    source_key: Mapped[str]
    state: Mapped[str] = mapped_column(default="active")  # active | gone | removed | parked
    fetch_url: Mapped[str]  # differs from `url` once a permanent redirect has been stable
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_hash: Mapped[str | None]
    next_poll_at: Mapped[datetime]
    interval_seconds: Mapped[int]
    baseline_at: Mapped[datetime | None]
    title: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    last_error_kind: Mapped[str | None]
    last_error_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    last_new_at: Mapped[datetime | None]
    polls: Mapped[int] = mapped_column(default=0)
    sightings: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of redirects and of 410s
    notes: Mapped[list[Any]] = mapped_column(default=list)  # what is odd about the document
    __table_args__ = (Index("ix_feed_due", "state", "next_poll_at"), _suspects("feed"))


class ArticleRow(Base):
    """Keep an article. `feed_hash` is of what the feed stated, `text_hash` of what is judged."""

    __tablename__ = "article"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    feed: Mapped[str]
    origin: Mapped[str]
    source: Mapped[dict[str, Any]]
    source_key: Mapped[str]
    url: Mapped[str]
    canonical_url: Mapped[str]
    title: Mapped[str]
    has_real_title: Mapped[bool]
    body: Mapped[str]
    author: Mapped[str]
    tags: Mapped[list[Any]]
    lang: Mapped[str | None]
    published_at: Mapped[datetime]
    published_precision: Mapped[str]
    first_seen_at: Mapped[datetime]
    fetched_at: Mapped[datetime]
    text_state: Mapped[str]
    text_hash: Mapped[str]
    feed_hash: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1)
    is_baseline: Mapped[bool] = mapped_column(default=False)
    place_due: Mapped[bool] = mapped_column(default=True)  # the assigner has to look at it
    place_crashes: Mapped[int] = mapped_column(default=0)
    judged_by: Mapped[str | None]  # the revision of the whole rule set that matched it last
    indexed_revision: Mapped[int] = mapped_column(default=0, server_default="0")
    indexed_reading: Mapped[int] = mapped_column(default=0, server_default="0")
    __table_args__ = (
        Index(
            "ix_article_place_due",
            "id",
            postgresql_where=text("place_due"),
            sqlite_where=text("place_due"),
        ),
        Index(
            "ix_article_unindexed",
            "id",
            postgresql_where=text(UNINDEXED),
            sqlite_where=text(UNINDEXED),
        ),
        Index("ix_article_first_seen_at", "first_seen_at"),
        Index("ix_article_canonical_url", "canonical_url"),
    )


class TermsRow(Base):
    """Keep the terms of an article's text; the index over them is the engine's own (fulltext)."""

    __tablename__ = "article_terms"
    article_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("article.id", ondelete="CASCADE"), primary_key=True
    )
    terms: Mapped[str] = mapped_column(TermSet)


class AliasRow(Base):
    """Keep a further identity of an article in its feed (hash), so that it does not come twice."""

    __tablename__ = "article_alias"
    alias: Mapped[str] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("article.id", ondelete="CASCADE"), index=True
    )


class PageRow(Claimable, Base):
    """Be the job of fetching one article's page."""

    __tablename__ = "page"
    article_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("article.id", ondelete="CASCADE"), primary_key=True
    )
    url: Mapped[str]
    host: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="pending")  # pending | done | failed
    due_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    __table_args__ = (Index("ix_page_due", "state", "due_at"), _suspects("page"))


class MatchRow(Base):
    """Keep what a revision of a rule found in an article.

    `is_quiet` matches come from a baseline or a look-back: digests only.
    """

    __tablename__ = "match"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(BigId, ForeignKey("article.id", ondelete="CASCADE"))
    rule_id: Mapped[str]
    revision: Mapped[str]
    findings: Mapped[list[Any]]
    notes: Mapped[list[Any]]
    is_quiet: Mapped[bool]
    matched_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("article_id", "rule_id", "revision"),
        Index("ix_match_rule", "rule_id", "revision"),
    )


class StoryRow(Base):
    """Keep a story; `revision` counts changes of its articles.

    `continues` and `split_from` name other stories, which may be gone. `split_at` is when articles
    last left it or another for it, `arranged_at` when a person last merged or split it.
    """

    __tablename__ = "story"
    __table_args__ = (
        Index(
            "ix_story_split_at",
            "split_at",
            postgresql_where=text("split_at IS NOT NULL"),
            sqlite_where=text("split_at IS NOT NULL"),
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    lang: Mapped[str | None]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
    article_count: Mapped[int]
    source_count: Mapped[int]
    report_count: Mapped[int] = mapped_column(default=1, server_default="1")
    copy_count: Mapped[int] = mapped_column(default=0, server_default="0")
    revision: Mapped[int]
    lead: Mapped[str]
    created_at: Mapped[datetime]
    continues: Mapped[str | None]
    split_from: Mapped[str | None]
    split_at: Mapped[datetime | None]
    arranged_at: Mapped[datetime | None]


class RedirectRow(Base):
    """Say which story has the articles of one that was merged away, whose id was told."""

    __tablename__ = "redirect"
    id: Mapped[str] = mapped_column(primary_key=True)
    story_id: Mapped[str] = mapped_column(ForeignKey("story.id", ondelete="CASCADE"), index=True)
    merged_at: Mapped[datetime]
    is_by_hand: Mapped[bool]


class SeatRow(Base):
    """Seat an article in a story, once, with all that decided it.

    `wire` is the news agency that it is from, `is_taken`: another than the agency prints it.
    `read_revision` is the article's when grouping read it last, `revised_at` when that was a newer
    text than before.
    """

    __tablename__ = "seat"
    article_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("article.id", ondelete="CASCADE"), primary_key=True
    )
    story_id: Mapped[str] = mapped_column(ForeignKey("story.id"), index=True)
    relation: Mapped[str]
    wire: Mapped[str | None]
    is_taken: Mapped[bool] = mapped_column(default=False, server_default=false())
    read_revision: Mapped[int | None]
    revised_at: Mapped[datetime | None]
    placement: Mapped[dict[str, Any]]
    placed_at: Mapped[datetime]


class ProfileRow(Base):
    """Keep what grouping read of an article of an open story; `revision` is the article's."""

    __tablename__ = "profile"
    article_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("article.id", ondelete="CASCADE"), primary_key=True
    )
    revision: Mapped[int]
    profile: Mapped[bytes] = mapped_column(LargeBinary)


class AlertRow(Base):
    """Keep an alert: a rule and a story worth telling, by generation."""

    __tablename__ = "alert"
    key: Mapped[str] = mapped_column(primary_key=True)
    rule_id: Mapped[str]
    story_id: Mapped[str] = mapped_column(ForeignKey("story.id"))
    generation: Mapped[int]
    article_id: Mapped[int] = mapped_column(BigId, ForeignKey("article.id"), index=True)
    reason: Mapped[str]
    is_quiet: Mapped[bool]
    raised_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("rule_id", "story_id", "generation"),
        UniqueConstraint("rule_id", "article_id"),
        Index("ix_alert_story", "story_id"),
    )


class QuietRow(Base):
    """Keep why a match raised no alert, the last time it was judged."""

    __tablename__ = "quiet"
    rule_id: Mapped[str] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    story_id: Mapped[str]
    reason: Mapped[str]
    judged_at: Mapped[datetime]


class ToldRow(Base):
    """Remember that a channel was told of an article, under a rule, in a story.

    `in_digest` is False while only a `now` alert told it; `alert` is the first that did.
    """

    __tablename__ = "told"
    channel: Mapped[str] = mapped_column(primary_key=True)
    rule_id: Mapped[str] = mapped_column(primary_key=True)
    story_id: Mapped[str] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(BigId, primary_key=True, index=True)
    in_digest: Mapped[bool]
    alert: Mapped[str | None]
    told_at: Mapped[datetime]
    __table_args__ = (Index("ix_told_story", "channel", "story_id"),)


class DigestRow(Base):
    """Keep that a channel's slot was composed: the key that makes a second one impossible."""

    __tablename__ = "digest"
    channel: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    composed_at: Mapped[datetime]
    stories: Mapped[int]


class ChannelRow(Claimable, Base):
    """Keep what happened to a channel: its last slot, and whether it must wait or was stopped.

    Its claim is for composing a digest.
    """

    __tablename__ = "channel"
    name: Mapped[str] = mapped_column(primary_key=True)
    last_slot: Mapped[str | None]
    last_slot_end: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]


class DeliveryRow(Claimable, Base):
    """Be a message owed to one recipient: a row of the outbox.

    `content` is what it says, decided once; `body` its bytes, kept by the first claim.
    """

    __tablename__ = "delivery"
    key: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    recipient: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="pending")
    content: Mapped[dict[str, Any]]
    title: Mapped[str]  # one line for lists
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_type: Mapped[str | None]
    subject: Mapped[str | None]
    html: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    __table_args__ = (
        Index("ix_delivery_due", "state", "channel", "due_at"),
        Index("ix_delivery_sent", "channel", "sent_at"),
        Index(
            "ix_delivery_claimed",
            "channel",
            postgresql_where=text("claimed_until IS NOT NULL"),
            sqlite_where=text("claimed_until IS NOT NULL"),
        ),
        _suspects("delivery"),
        CheckConstraint("state in ('pending', 'sent', 'dead')", name="state"),
    )


class AttemptRow(Base):
    """Log one try to deliver."""

    __tablename__ = "attempt"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    delivery_key: Mapped[str] = mapped_column(
        ForeignKey("delivery.key", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    result: Mapped[str]
    code: Mapped[int | None]
    reason: Mapped[str]
    answer: Mapped[str]


class WorkspaceRow(Base):
    """Hold the one row that names this database's workspace, made at random with it.

    `open_to` is the oldest schema whose programs may still work here. While `paused_at` is set
    nothing is delivered. `restored_at` is when the backup of `backup_at` was put in place.
    """

    __tablename__ = "workspace"
    id: Mapped[str] = mapped_column(primary_key=True)
    open_to: Mapped[str]
    paused_at: Mapped[datetime | None]
    paused_reason: Mapped[str | None]
    backup_at: Mapped[datetime | None]
    restored_at: Mapped[datetime | None]
    moved_to: Mapped[str | None]


class RuleRow(Base):
    """Remember which revision of a rule has looked back over the archive."""

    __tablename__ = "rule"
    id: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[str]
    title: Mapped[str]
    loaded_at: Mapped[datetime]


class SeedRow(Base):
    """Remember a seed file's bytes by hash, so that an unchanged one costs nothing."""

    __tablename__ = "seed"
    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    read_at: Mapped[datetime]


class ProblemRow(Base):
    """Keep what is wrong now, one row a subject: set while it lasts, cleared when it is cured."""

    __tablename__ = "problem"
    kind: Mapped[str] = mapped_column(primary_key=True)  # feed | page | rule | seed | channel | …
    subject: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    cure: Mapped[str]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    count: Mapped[int]


class RoleRow(Claimable, Base):
    """Be a role that one process may have at a time."""

    __tablename__ = "role"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]


class HostRow(Base):
    """Say which process may ask a host now, and until when nobody may: the host asked for it."""

    __tablename__ = "host"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    claimed_until: Mapped[datetime]
    paused_until: Mapped[datetime | None]


class ForgottenRow(Base):
    """Keep an identity of an article that was removed: its feed must not bring it back."""

    __tablename__ = "forgotten"
    key: Mapped[str] = mapped_column(primary_key=True)
    listed_at: Mapped[datetime] = mapped_column(index=True)  # to a day


class BeatRow(Base):
    """Keep the last sign of life of a running process."""

    __tablename__ = "beat"
    holder: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    started_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
