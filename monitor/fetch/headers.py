"""Read what answers say in their headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

DAY_SECONDS = 86_400
_MAX_VALIDATOR_CHARS = 1_024
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|[,\s])no-(?:cache|store)\b", re.IGNORECASE)


def content_type_of(response: aiohttp.ClientResponse) -> str:
    """Give the media type in lower case, "" if none is stated."""
    return response.headers.get("Content-Type", "").split(";", 1)[0].strip().lower()[:100]


def charset_of(response: aiohttp.ClientResponse) -> str | None:
    """Give the charset that the header states, in lower case; it need not exist."""
    match = _CHARSET.search(response.headers.get("Content-Type", "")[:500])
    return match[1].lower() if match else None


def validator_of(response: aiohttp.ClientResponse, name: str) -> str | None:
    """Give ETag or Last-Modified byte for byte; None if it could not be sent back so."""
    value = response.headers.get(name)
    if not value or len(value) > _MAX_VALIDATOR_CHARS:
        return None
    # bytes that are no UTF-8 come as lone surrogates, which can be neither stored nor sent
    return value if value.isprintable() else None


def max_age_of(headers: Mapping[str, str], now: datetime) -> int | None:
    """Give the seconds for which the answer asks to be kept, in [0, one day]; None if it does not.

    Cache-Control's max-age less Age, else Expires less Date.
    """
    control = headers.get("Cache-Control", "")[:500]
    if _NO_CACHE.search(control):
        return None
    match = _MAX_AGE.search(control)
    if match:
        age = headers.get("Age", "").strip()
        seconds = int(match[1]) - (int(age) if _is_count(age) else 0)
        return min(max(seconds, 0), DAY_SECONDS)
    expires = _moment(headers.get("Expires", ""))
    if expires is None:
        return None
    start = _moment(headers.get("Date", "")) or now
    return int(min(max((expires - start).total_seconds(), 0), DAY_SECONDS))


def retry_after_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Give Retry-After in seconds from now, as asked (not clamped, not below 0)."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)  # of very many digits: infinity
    moment = _moment(value)
    return None if moment is None else max((moment - now).total_seconds(), 0.0)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text[:100])
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
