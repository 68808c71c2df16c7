"""Decide what a poll's end means for its feed: when to come back, what to remember."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from monitor.errors import FetchError, MonitorError
from monitor.fetch.feed import Fetched, Unchanged
from monitor.fetch.schedule import (
    Failure,
    Sightings,
    failure_of,
    judge_gone,
    judge_redirect,
    may_have_lost,
    next_interval,
    next_poll_at,
)
from monitor.model.article import ParsedFeed
from monitor.store import json
from monitor.store.feeds import ClaimedFeed, Polled


def after_answer(
    feed: ClaimedFeed,
    answer: Fetched | Unchanged,
    *,
    parsed: ParsedFeed | None,
    entries: int | None = None,
    new: int,
    now: datetime,
) -> Polled:
    """Settle a poll that was answered; `parsed` is None if the document is the one we know.

    `entries` counts the articles in it, each once; `new` those of them that are new.
    """
    interval = feed.interval
    if not feed.is_first_poll:
        interval = next_interval(feed.interval, new_entries=new, entries=entries)
    ttl = parsed.hints.ttl_seconds if parsed else None
    floor = max(answer.max_age_seconds or 0, ttl or 0)
    redirect = judge_redirect(_seen(feed, "redirect"), answer.permanent_url, now)
    changes = _validators(feed, answer) | _document(parsed)
    changes["sightings"] = _kept(redirect=redirect.seen)
    if redirect.adopt:
        changes["fetch_url"] = redirect.adopt
    return Polled(
        at=now,
        next_poll_at=next_poll_at(now, interval=interval, url=feed.url, floor_seconds=floor),
        interval=interval,
        new_articles=new,
        gap=_gap(feed, new, entries),
        changes=changes,
    )


def _gap(feed: ClaimedFeed, new: int, entries: int | None) -> str:
    if feed.is_first_poll or feed.last_ok_at is None or not may_have_lost(new, entries):
        return ""
    since = feed.last_ok_at.strftime("%Y-%m-%d %H:%M UTC")
    return f"possible gap: all {new} entries were new since the poll of {since}"


def _validators(feed: ClaimedFeed, answer: Fetched | Unchanged) -> dict[str, Any]:
    """Take over what came along, byte for byte, on a 304 as well (the "hash bug")."""
    if isinstance(answer, Fetched):
        return {
            "etag": answer.etag,
            "last_modified": answer.last_modified,
            "body_hash": answer.body_hash,
        }
    return {
        "etag": answer.etag or feed.etag,
        "last_modified": answer.last_modified or feed.last_modified,
    }


def _document(parsed: ParsedFeed | None) -> dict[str, Any]:
    if parsed is None:
        return {}
    return {"title": (parsed.title or "")[:200] or None, "notes": list(notes_on(parsed))}


def notes_on(parsed: ParsedFeed) -> Sequence[str]:
    """List what is odd about a document, for `status`."""
    notes = list(parsed.problems[:5])
    if parsed.entries_cut:
        notes.append(f"{parsed.entries_cut} entries beyond the limit were left out")
    return notes


def after_failure(feed: ClaimedFeed, error: MonitorError, *, now: datetime) -> Polled:
    """Settle a poll that failed: linear back-off, and an end after three 410s over a day."""
    failure = failure_of(error) if isinstance(error, FetchError) else Failure.UNUSABLE
    answered = isinstance(error, FetchError) and error.status is not None
    state, seen = "active", _seen(feed, "gone")
    if answered:
        verdict = judge_gone(seen, now, is_gone=failure is Failure.GONE)
        state, seen = ("gone" if verdict.is_stopped else "active"), verdict.seen
    failures = feed.failures + 1
    return Polled(
        at=now,
        next_poll_at=next_poll_at(
            now,
            interval=feed.interval,
            url=feed.url,
            failures=failures,
            failure=failure,
            retry_after_seconds=error.retry_after_seconds
            if isinstance(error, FetchError)
            else None,
        ),
        interval=feed.interval,
        error=str(error),
        error_kind=error.kind if isinstance(error, FetchError) else "document",
        failures=failures,
        state=state,
        changes={"sightings": _kept(redirect=_seen(feed, "redirect"), gone=seen)},
    )


def parked(feed: ClaimedFeed, now: datetime) -> Polled:
    """Settle a feed whose polls crash their process: it is asked no more until someone acts."""
    return Polled(
        at=now,
        next_poll_at=now,
        interval=feed.interval,
        error="polling it crashed five times, so it is polled no more",
        error_kind="crash",
        failures=feed.failures + 1,
        state="parked",
    )


def _seen(feed: ClaimedFeed, name: str) -> Sightings | None:
    stored = feed.sightings.get(name)
    return None if stored is None else json.load(Sightings, stored)


def _kept(**seen: Sightings | None) -> dict[str, Any]:
    return {name: json.dump(Sightings, one) for name, one in seen.items() if one is not None}
