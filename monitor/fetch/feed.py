"""Fetch a feed, or learn that it has not changed."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from monitor.errors import FetchError
from monitor.fetch.follow import Arrival, following
from monitor.fetch.headers import (
    charset_of,
    content_type_of,
    max_age_of,
    validator_of,
)
from monitor.fetch.status import bad_status
from monitor.model.network import Limits
from monitor.net.bounded import read_bounded
from monitor.net.hosts import host_of

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, "
    "application/feed+json;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, "
    "*/*;q=0.1"
)
PACKED = "gzip, deflate, br"
_GOOD = frozenset({200, 203})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRequest:
    """Ask for a feed; `etag` and `last_modified` are byte for byte those of its last answer.

    `headers` are the source's own (logins, tokens): secrets, sent to the host of `url` only.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"FeedRequest({host_of(self.url)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Carry a feed's document as sent, unpacked.

    `content_type` is lower case, "" if not stated; `charset` the header's, None if not stated.
    `permanent_url` is set if every redirect on the way was permanent. `max_age_seconds` is in
    [0, one day]. `body_hash` is SHA-256 in hex.
    """

    url: str
    final_url: str
    status: int
    body: bytes
    content_type: str
    charset: str | None
    etag: str | None
    last_modified: str | None
    permanent_url: str | None
    max_age_seconds: int | None
    body_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """Say that a feed has not changed; validators that came along replace the stored ones."""

    etag: str | None
    last_modified: str | None
    max_age_seconds: int | None
    permanent_url: str | None


async def fetch_feed(
    session: aiohttp.ClientSession, request: FeedRequest, limits: Limits, *, now: datetime
) -> Fetched | Unchanged:
    """Fetch a feed within the limits; raise `FetchError` with a sentence for `status`.

    An answer that cannot be unpacked is asked for once more, unpacked, within the same deadline.
    """
    try:
        async with asyncio.timeout(limits.feed_total_seconds):
            try:
                return await _exchange(session, request, limits, now, packing=PACKED)
            except FetchError as error:
                if error.kind != "encoding":
                    raise
                return await _exchange(session, request, limits, now, packing="identity")
    except TimeoutError as error:
        raise FetchError(
            f"{host_of(request.url)} did not finish its answer within "
            f"{limits.feed_total_seconds:g} s.",
            kind="timeout",
        ) from error


async def _exchange(
    session: aiohttp.ClientSession,
    request: FeedRequest,
    limits: Limits,
    now: datetime,
    *,
    packing: str,
) -> Fetched | Unchanged:
    async with following(
        session,
        request.url,
        headers={"Accept": ACCEPT, "Accept-Encoding": packing, **_conditions(request)},
        secrets=dict(request.headers),
        max_redirects=limits.max_redirects,
    ) as arrival:
        if arrival.response.status == 304 and _conditions(request):
            return _unchanged(arrival, now)
        if arrival.response.status not in _GOOD:
            raise bad_status(arrival.response, now)
        body = await read_bounded(
            arrival.response,
            max_bytes=limits.feed_max_bytes,
            max_ratio=limits.max_inflate_ratio,
        )
        return _fetched(request, arrival, body, now)


def _conditions(request: FeedRequest) -> dict[str, str]:
    """Give the conditional headers: both, as stored, and never a date of our own."""
    stored = {"If-None-Match": request.etag, "If-Modified-Since": request.last_modified}
    return {name: value for name, value in stored.items() if value}


def _unchanged(arrival: Arrival, now: datetime) -> Unchanged:
    response = arrival.response
    return Unchanged(
        etag=validator_of(response, "ETag"),
        last_modified=validator_of(response, "Last-Modified"),
        max_age_seconds=max_age_of(response.headers, now),
        permanent_url=arrival.permanent_url,
    )


def _fetched(request: FeedRequest, arrival: Arrival, body: bytes, now: datetime) -> Fetched:
    response = arrival.response
    return Fetched(
        url=request.url,
        final_url=str(arrival.url),
        status=response.status,
        body=body,
        content_type=content_type_of(response),
        charset=charset_of(response),
        etag=validator_of(response, "ETag"),
        last_modified=validator_of(response, "Last-Modified"),
        permanent_url=arrival.permanent_url,
        max_age_seconds=max_age_of(response.headers, now),
        body_hash=hashlib.sha256(body).hexdigest(),
    )
