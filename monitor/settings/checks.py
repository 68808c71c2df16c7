"""Check and normalise single values: each gives the normal form, or None if it is none."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAILBOX = re.compile(r"(?P<name>[^<>]*)<(?P<in>[^<>\s]+)>|(?P<bare>[^<>\s]+)")
_LOCAL_PART = re.compile(r"[^\s\x00-\x20\x7f\"(),:;<>@\[\\\]]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LANG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")
_SOURCE_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_SOME_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)  # cronsim only needs somewhere to start


def cron_line(text: str) -> str | None:
    """Take a cron line of five fields that fires at some time."""
    line = " ".join(text.split())
    if len(line) > 200 or len(line.split(" ")) != 5:
        return None
    try:
        next(CronSim(line, _SOME_MOMENT))
    except (CronSimError, StopIteration):
        return None
    return line


_CRON_FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day", "1-31"),
    ("month", "1-12 or jan-dec"),
    ("weekday", "0-7 or sun-sat"),
)


def cron_fault(text: str) -> str:
    """Say which field of a line of five is wrong; "" if it is something else."""
    fields = text.split()
    if len(fields) != len(_CRON_FIELDS):
        return ""
    for place, (name, choice) in enumerate(_CRON_FIELDS):
        alone = ["*"] * len(fields)
        alone[place] = fields[place]
        if cron_line(" ".join(alone)) is None:
            return f"the {name} '{fields[place][:40]}' is none: write {choice}, or *"
    return "its fields are sound, but there is no such day"


def zone_name(text: str) -> str | None:
    """Take the name of an IANA time zone."""
    try:
        ZoneInfo(text)
    except (OSError, ValueError, LookupError):
        return None  # folders of the zone database ("America") raise OSError
    return text


def domain_name(text: str) -> str | None:
    """Fold a host name to lower-case ASCII (IDNA); a leading `www.` is dropped."""
    host = text.strip().lower().rstrip(".").removeprefix("www.")
    folded = _ascii_host(host)
    return folded if folded and "." in folded else None


def host_name(text: str) -> str | None:
    """Take a host to listen on or to connect to: a name or an IP address."""
    host = text.strip().removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return _ascii_host(host.lower())


def mailbox(text: str) -> str | None:
    """Take an email address with or without a name (`Desk <desk@example.org>`)."""
    found = _MAILBOX.fullmatch(text.strip())
    if len(text) > 500 or _CONTROL.search(text) or not found:
        return None
    local, at, domain = (found["in"] or found["bare"]).rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local) or ".." in local or local[0] == ".":
        return None
    return text.strip() if not local.endswith(".") and _ascii_host(domain.lower()) else None


def address_of(text: str) -> str:
    """Give the address alone, folded, to compare two mailboxes."""
    return text[text.rfind("<") + 1 :].rstrip("> ").casefold()


def web_url(text: str) -> str | None:
    """Take an http(s) URL with a host and without credentials."""
    parts = _split(text.strip())
    if parts is None or parts.username is not None or parts.password is not None:
        return None
    return text.strip()


def public_url(text: str) -> str | None:
    """Take the address under which others reach us, without a slash at its end."""
    url = web_url(text)
    if url is None or urlsplit(url).query or urlsplit(url).fragment:
        return None
    return url.rstrip("/")


def proxy_url(text: str) -> str | None:
    """Take an http(s) proxy; credentials are allowed."""
    return text.strip() if _split(text.strip()) else None


def feed_identity(url: str) -> str:
    """Fold a feed's URL to compare it with another: case of the host, default port, fragment."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"//{(parts.hostname or '').lower()}{port}{parts.path or '/'}{query}"


def webhook_secret(text: str) -> str | None:
    """Take a Standard Webhooks secret: `whsec_` and base64 of 24 to 64 bytes."""
    if not text.startswith("whsec_"):
        return None
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return text if 24 <= len(key) <= 64 else None


def network(text: str) -> str | None:
    """Take a network in CIDR form, or one address."""
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError:
        return None


def is_source_key(text: str) -> bool:
    """Tell whether a text can be the key of a source."""
    return _SOURCE_KEY.fullmatch(text) is not None


def country_code(text: str) -> str | None:
    """Take two letters (ISO 3166-1), upper-cased."""
    is_code = len(text) == 2 and text.isascii() and text.isalpha()
    return text.upper() if is_code else None


def lang_code(text: str) -> str | None:
    """Take a BCP 47 code, lower-cased."""
    return text.lower() if _LANG.fullmatch(text.lower()) else None


def header_name(text: str) -> str | None:
    """Take the name of an HTTP header."""
    return text if _HEADER.fullmatch(text) else None


def header_value(text: str) -> str | None:
    """Take the value of an HTTP header: visible ASCII on one line."""
    return text.strip() if text.isascii() and not _CONTROL.search(text) else None


def one_line(text: str) -> str | None:
    """Take a text of one line for people, at most 200 characters."""
    stripped = text.strip()
    return stripped if 0 < len(stripped) <= 200 and not _CONTROL.search(stripped) else None


def _split(url: str) -> SplitResult | None:
    if len(url) > 4_000 or _CONTROL.search(url) or any(char.isspace() for char in url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    is_web = parts.scheme in ("http", "https")
    return parts if is_web and host and host_name(host) else None


def _ascii_host(host: str) -> str | None:
    if not host or len(host) > 253:  # the codec is quadratic on longer ones
        return None
    try:
        folded = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    is_host = all(_LABEL.fullmatch(label) for label in folded.split("."))
    return folded if is_host and len(folded) <= 253 else None
