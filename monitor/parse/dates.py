"""Read the dates that feeds write: RFC 822, ISO 8601 (W3CDTF), and how they get them wrong.

A zone that nobody knows counts as UTC, as in feedparser.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from monitor.model.article import Precision

Dated = tuple[datetime, Precision]
"""Be a moment in UTC and how exactly it is known."""

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ZONE_HOURS: dict[str, float] = {
    # feedparser's table (RFC 822 and what is seen beside it)
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "adt": -3, "ast": -4, "at": -4, "edt": -4, "est": -5,
    "et": -5, "cdt": -5, "cst": -6, "ct": -6, "mdt": -6, "mst": -7, "mt": -7, "pdt": -7,
    "pst": -8, "pt": -8, "a": -1, "n": 1, "m": -12, "y": 12, "met": 1, "mest": 2,
    # zones it takes for UTC, though their meaning in news feeds is plain
    "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "eet": 2,
    "eest": 3, "msk": 3, "pkt": 5, "ist": 5.5, "sgt": 8, "hkt": 8, "awst": 8, "jst": 9,
    "kst": 9, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "akst": -9, "akdt": -8, "hst": -10,
}  # fmt: skip

_RFC822 = re.compile(
    r"(?:[^\W\d_]{2,12}\.?,?\s*)?"  # day name
    r"(?:(?P<day>\d{1,2})[\s-]+(?P<month>[^\W\d_]{3,12})\.?|"
    r"(?P<month2>[^\W\d_]{3,12})\.?\s+(?P<day2>\d{1,2}),?)"
    r"[\s-]+(?P<year>\d{4}|\d{2})"
    r"(?:,?\s+(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.\d{1,9})?)?"
    r"\s*(?P<zone>.{0,40}))?",
    re.DOTALL,
)
_ISO = re.compile(
    r"(?P<year>\d{4})(?:-?(?P<month>\d{2})(?:-?(?P<day>\d{2}))?)?"
    r"(?:(?:[Tt]|\s+)(?P<hour>\d{1,2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,]\d{1,9})?)?)?"
    r"\s*(?P<zone>.{0,40}))?",
    re.DOTALL,
)
_OFFSET = re.compile(r"(?:gmt|utc)?\s*([+-])(\d{1,2}):?(\d{2})?")
_MAX_CHARS = 100


@lru_cache(maxsize=1024)
def read_date(text: str) -> Dated | None:
    """Read a date as an aware moment in UTC; a date alone is 00:00 UTC with day precision.

    Give None if it cannot be read.
    """
    stripped = text.strip()
    if not stripped or len(stripped) > _MAX_CHARS:
        return None
    match = _ISO.fullmatch(stripped) or _RFC822.fullmatch(stripped)
    if match is None:
        return None
    try:
        return _moment(match.groupdict())
    except (ValueError, OverflowError):
        return None


def _moment(parts: dict[str, str | None]) -> Dated | None:
    day = date(_year(parts["year"] or ""), _month(parts), int(_day(parts)))
    if parts["hour"] is None:
        return datetime(day.year, day.month, day.day, tzinfo=UTC), Precision.DAY
    second = min(int(parts["second"] or 0), 59)  # a leap second
    local = datetime(
        day.year, day.month, day.day, int(parts["hour"]), int(parts["minute"] or 0), second,
        tzinfo=_zone(parts["zone"] or ""),
    )  # fmt: skip
    return local.astimezone(UTC), Precision.SECOND


def _year(text: str) -> int:
    year = int(text)
    if len(text) > 2:
        return year
    return year + (2000 if year < 90 else 1900)


def _month(parts: dict[str, str | None]) -> int:
    name = parts["month"] or parts.get("month2") or "1"
    if name.isdigit():
        return int(name)
    return _MONTHS.get(name[:3].lower(), 0)  # 0 is refused by date()


def _day(parts: dict[str, str | None]) -> str:
    return parts["day"] or parts.get("day2") or "1"


def _zone(text: str) -> timezone:
    words = text.strip().lower().replace("etc/", "").split()
    if not words:
        return UTC
    offset = _OFFSET.fullmatch(words[0]) or _OFFSET.fullmatch("".join(words[:2]))
    if offset is None:
        return timezone(timedelta(hours=_ZONE_HOURS.get(words[0].strip("()"), 0)))
    sign, hours, minutes = offset.groups()
    span = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-span if sign == "-" else span)
