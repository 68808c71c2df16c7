"""Hold what a seed file states, before it is cleaned."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.model.article import Precision

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


class UnreadableError(Exception):
    """Say why a seed cannot be read, with its cure; `line` counts from 1, 0 is the whole file."""

    def __init__(self, reason: str, cure: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cure = cure
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Carry one article as its seed states it; `part` tells several of one file apart.

    `text` and `title` are HTML if `is_markup`, else plain. `published_at` is aware UTC.
    """

    text: str
    title: str = ""
    is_markup: bool = False
    published_at: datetime | None = None
    precision: Precision = Precision.UNKNOWN
    url: str = ""
    author: str = ""
    lang: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    part: str = ""


def text_of(data: bytes) -> str:
    """Decode a seed: UTF-8, or UTF-16 with its mark; raise UnreadableError if it is neither."""
    name = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16"
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            f"byte {error.start + 1} is not UTF-8", "save it as UTF-8 text", line
        ) from error
    if "\0" in text[:10_000]:
        raise UnreadableError("it is a binary file, not text", "save it as UTF-8 text")
    return text


def read_when(stated: object) -> tuple[datetime | None, Precision]:
    """Read a date as seeds write it: ISO 8601, RFC 5322, or a date alone; (None, UNKNOWN) if not.

    A moment without a zone is taken as UTC.
    """
    if isinstance(stated, datetime):
        return _utc(stated), Precision.SECOND
    if isinstance(stated, date):
        return datetime(stated.year, stated.month, stated.day, tzinfo=UTC), Precision.DAY
    text = stated.strip()[:100] if isinstance(stated, str) else ""
    try:
        if _DAY.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC), Precision.DAY
        if _DAY.match(text):
            return _utc(datetime.fromisoformat(text)), Precision.SECOND
        return (_utc(parsedate_to_datetime(text)), Precision.SECOND) if text else _NONE
    except (ValueError, TypeError, OverflowError, IndexError):
        return _NONE


_NONE: tuple[None, Precision] = (None, Precision.UNKNOWN)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC) if abs(moment.utcoffset() or timedelta()) else moment.replace(
        tzinfo=UTC
    )  # fmt: skip
