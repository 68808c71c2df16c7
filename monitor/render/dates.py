"""Write moments as a reader in a zone expects them; a date alone is the same date everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.model.article import Precision
from monitor.model.notice import Window

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def zone_of(name: str) -> tzinfo:
    """Give the zone of that IANA name; UTC if there is none, for a message must leave anyway."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def zone_name(at: datetime, zone: tzinfo) -> str:
    """Name the zone as its readers do at that moment: "PKT", "CET", "UTC+05:30"."""
    local = at.astimezone(zone)
    name = local.tzname() or ""
    if name.isalpha():
        return name
    sign = local.strftime("%z")
    return f"UTC{sign[:3]}:{sign[3:5]}"


def day(at: datetime, *, year: int | None = None) -> str:
    """Write a date as "23 Nov 2026", without the year if it is `year`."""
    text = f"{at.day} {_MONTHS[at.month - 1]}"
    return text if at.year == year else f"{text} {at.year}"


def moment(at: datetime, zone: tzinfo, *, year: int | None = None) -> str:
    """Write a moment in a zone as "23 Nov 2026, 08:00"."""
    local = at.astimezone(zone)
    return f"{day(local, year=year)}, {local:%H:%M}"


def published(
    at: datetime, precision: Precision, fetched_at: datetime, zone: tzinfo, *, year: int
) -> str:
    """Write when an article was published, as exactly as that is known."""
    if precision is Precision.DAY:
        return day(at.astimezone(UTC), year=year)  # kept as 00:00 UTC of its date
    if precision is Precision.UNKNOWN:
        return f"undated, seen {moment(fetched_at, zone, year=year)}"
    return moment(at, zone, year=year)


def window_text(window: Window) -> str:
    """Write a window as "22 Nov, 08:00 – 23 Nov 2026, 08:00 PKT"."""
    zone = zone_of(window.zone)
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    return (
        f"{moment(start, zone, year=end.year)} – {moment(end, zone)} {zone_name(window.end, zone)}"
    )
