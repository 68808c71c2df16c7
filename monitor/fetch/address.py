"""Read URLs as they were written, and take logins out of them."""

from __future__ import annotations

import base64
import re

from yarl import URL

from monitor.errors import FetchError

_MAX_URL_CHARS = 8_000
_IS_EXACT = re.compile(r"[!#-;=?-\[\]_a-z~]*", re.ASCII)  # nothing that would need quoting


def read_url(text: str) -> URL:
    """Read an absolute http(s) URL; raise FetchError(kind="protocol") if it is none.

    What is already quoted stays byte for byte: some servers sign their addresses. Otherwise it is
    quoted, and a host in other scripts becomes punycode.
    """
    text = text.strip()
    if len(text) > _MAX_URL_CHARS:
        raise FetchError("The address is too long to be asked.", kind="protocol")
    try:
        url = URL(text)
        if _IS_EXACT.fullmatch(text):
            url = URL(text, encoded=True).with_host(url.host) if url.host else url
        port = url.port
    except ValueError as error:
        raise FetchError("The address is not a valid URL.", kind="protocol") from error
    if url.scheme not in ("http", "https") or not url.host or not port:
        raise FetchError(
            "Only addresses that begin with http:// or https:// can be asked.", kind="protocol"
        )
    return url.with_fragment(None)


def without_login(url: URL) -> tuple[URL, dict[str, str]]:
    """Take "user:password@" out of a URL and give the header that says the same."""
    if url.user is None and url.password is None:
        return url, {}
    pair = f"{url.user or ''}:{url.password or ''}".encode()
    header = "Basic " + base64.b64encode(pair).decode("ascii")
    return url.with_user(None), {"Authorization": header}


def may_keep_secrets(old: URL, new: URL) -> bool:
    """Tell whether headers meant for `old` may go to `new`.

    They may within one host and port, and from http to https of one host on the usual ports.
    """
    if old.host != new.host:
        return False
    if (old.scheme, old.port) == (new.scheme, new.port):
        return True
    return (old.scheme, old.port, new.scheme, new.port) == ("http", 80, "https", 443)
