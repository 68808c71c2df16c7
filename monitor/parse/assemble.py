"""Put read entries together: newest first, within the limit, with what was odd about them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.model.article import Entry, ParsedFeed
from monitor.model.network import Limits
from monitor.model.source import FeedHints

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_MAX_TTL_SECONDS = 24 * 3600  # a feed that asks for more is asked once a day all the same


def assemble(
    entries: Sequence[Entry],
    *,
    title: str | None,
    home_url: str | None,
    lang: str | None,
    hints: FeedHints,
    limits: Limits,
    problems: Sequence[str] = (),
) -> ParsedFeed:
    """Order entries newest first, an undated one with its neighbour above, and cut the oldest."""
    ordered = _newest_first(entries)
    cut = max(0, len(ordered) - limits.max_entries)
    told = [*problems]
    if cut:
        told.append(f"{cut} of {len(ordered)} entries left out: more than {limits.max_entries}")
    return ParsedFeed(
        title=title or None,
        home_url=home_url or None,
        lang=lang or None,
        entries=tuple(ordered[: limits.max_entries]),
        entries_cut=cut,
        problems=tuple(told),
        hints=hints,
    )


def _newest_first(entries: Sequence[Entry]) -> list[Entry]:
    dates = [entry.published_at for entry in entries]
    above = max((date for date in dates if date), default=_EARLIEST)
    keys: list[datetime] = []
    for date in dates:
        above = date or above
        keys.append(above)
    order = sorted(range(len(keys)), key=keys.__getitem__, reverse=True)  # stable
    return [entries[place] for place in order]


def ttl_seconds(minutes: str | None) -> int | None:
    """Read RSS's `<ttl>`, in minutes, as seconds in [0, a day]; None if it is no number."""
    try:
        asked = float(minutes or "")
    except ValueError:
        return None
    return None if math.isnan(asked) else int(min(max(asked, 0) * 60, _MAX_TTL_SECONDS))
