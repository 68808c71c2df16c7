"""Make SMTP envelope addresses of the addresses that people write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parseaddr

import idna  # yarl, which aiohttp needs, brings it

from monitor.model.keys import DeliveryKey
from monitor.model.network import ReturnPath

# What would end an address on the command line, or begin another command. Checked before parsing
# as well: parseaddr reads over line ends.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>\ud800-\udfff]")


_MAX_LOCAL = 64
"""Octets of a local part (RFC 5321, 4.5.3.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Say who gets the reports of failure and who receives, with domains in ASCII.

    `return_path` is "" for nobody. `needs_utf8` means that the server must know SMTPUTF8 (RFC
    6531).
    """

    return_path: str
    recipient: str
    needs_utf8: bool


def seal(
    sender: str, recipient: str, header: bytes, *, key: DeliveryKey, return_path: ReturnPath
) -> Envelope:
    """Address an envelope; raise ValueError with one clear clause if an address is unusable."""
    ours, theirs = _return_path(wire_address(sender), key, return_path), wire_address(recipient)
    needs_utf8 = not (ours.isascii() and theirs.isascii() and header.isascii())
    return Envelope(return_path=ours, recipient=theirs, needs_utf8=needs_utf8)


def _return_path(sender: str, key: DeliveryKey, kind: ReturnPath) -> str:
    """Write `monitor+dl-4f0c...@example.org`; nobody where no plus address can be made."""
    if kind is ReturnPath.SENDER:
        return sender
    local, _, domain = sender.rpartition("@")
    tagged = f"{local}+{key}"
    is_possible = len(tagged.encode()) <= _MAX_LOCAL and not local.endswith('"')
    return f"{tagged}@{domain}" if kind is ReturnPath.VERP and is_possible else ""


def wire_address(written: str) -> str:
    """Reduce `Name <local@domain>` to `local@domain`, an international domain to punycode."""
    address = parseaddr(written)[1] or written.strip()
    local, at, domain = address.rpartition("@")
    is_unsafe = _CONTROL.search(written) or _UNSAFE.search(address)
    if is_unsafe or not (local and at and domain) or len(address) > 320:
        raise ValueError(f"{written[:100]!r} is not an email address")
    if domain.isascii():
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError as error:
        raise ValueError(f"the domain of {written[:100]!r} is not a valid name") from error
