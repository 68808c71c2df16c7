"""Say what an answer's status means for the reader of a newsroom."""

from __future__ import annotations

from datetime import datetime

import aiohttp

from monitor.errors import FetchError
from monitor.fetch.headers import retry_after_of
from monitor.net.hosts import host_of

_MEANINGS = {
    401: "asks for a login (401)",
    402: "asks to be paid (402)",
    403: "forbids us to read this (403)",
    404: "has nothing at this address (404)",
    406: "has nothing in a form that we can read (406)",
    410: "says that this is gone for good (410)",
    429: "asks us to come less often (429)",
    451: "may not show this for legal reasons (451)",
}


def bad_status(response: aiohttp.ClientResponse, now: datetime) -> FetchError:
    """Give the error for an answer whose status is of no use; close the answer."""
    status, headers = response.status, response.headers
    host = host_of(response.url)
    if status in (403, 503) and headers.get("cf-mitigated", "").lower() == "challenge":
        reason = f"{host} is guarded by a Cloudflare check that only a browser can pass ({status})"
    elif status in _MEANINGS:
        reason = f"{host} {_MEANINGS[status]}"
    elif status >= 500:
        reason = f"{host} has trouble of its own at the moment ({status})"
    else:
        reason = f"{host} gives an answer that is of no use here ({status})"
    response.close()
    return FetchError(
        f"{reason}.",
        kind="status",
        status=status,
        retry_after_seconds=retry_after_of(headers, now),
    )
