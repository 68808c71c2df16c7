"""Name the host that an address belongs to."""

from __future__ import annotations

from yarl import URL


def host_of(url: str | URL) -> str:
    """Give a URL's host in lower case without a final dot or "www.", for gates and reasons."""
    try:
        host = (URL(url) if isinstance(url, str) else url).host or ""
    except ValueError:
        return ""
    return host.lower().rstrip(".").removeprefix("www.")
