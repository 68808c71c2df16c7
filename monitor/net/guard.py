"""Refuse connections to anything that is not public, at the moment of connecting.

The check sits where the socket is made, so it sees the address that is really dialled: answers
of name servers (a second answer may differ from the first), literal addresses, and each hop of a
redirect. A resolver alone would not do: aiohttp asks none for a literal address.
"""

from __future__ import annotations

import errno
import socket
import ssl
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver

from monitor.errors import ConfigError
from monitor.model.network import NetworkPolicy
from monitor.model.problem import Problem
from monitor.net.addresses import (
    Network,
    literal_address,
    parse_network,
    unwrapped,
    why_not_public,
)
from monitor.net.resolver import DaemonResolver

WEB_PORTS = frozenset({80, 443, 8080, 8443})
CONNECTIONS = 200  # in flight in all; more only queue
DNS_CACHE_SECONDS = 300


class AddressRefusedError(OSError):
    """Say that the guard refused an address; an OSError, so that the next address is tried."""

    def __init__(self, ip: str, reason: str) -> None:
        super().__init__(errno.EACCES, reason)
        self.ip = ip
        self.reason = reason


class AddressGuard:
    """Decide which addresses may be dialled.

    Public ones on web ports, and those of `policy.allow_private` on any port. Raises
    `ConfigError` if a network there is not in CIDR form.
    """

    def __init__(self, policy: NetworkPolicy) -> None:
        self._allowed = _networks(policy.allow_private)

    def refusal(self, ip: str, port: int) -> str | None:
        """Say in a clause why an address may not be dialled; None if it may.

        `ip` is a canonical literal; anything else is refused.
        """
        try:
            address = ip_address(ip)
        except ValueError:
            return f"{ip[:60]} is not an address"
        if any(form in net for form in (address, unwrapped(address)) for net in self._allowed):
            return None
        why = why_not_public(address)
        if why is not None:
            return f"{ip} {why}"
        return None if port in WEB_PORTS else f"port {port} is not one of the web's"

    def is_allowed_literal(self, host: str) -> bool:
        """Tell whether a host is written as an address that `allow_private` opens."""
        address = literal_address(host)
        return address is not None and any(unwrapped(address) in net for net in self._allowed)

    def open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """Make the socket for an address, or raise `AddressRefusedError`."""
        family, kind, protocol, _, target = info
        reason = self.refusal(str(target[0]), int(target[1]))
        if reason is not None:
            raise AddressRefusedError(str(target[0]), reason)
        return socket.socket(family, kind, protocol)


def guarded_connector(
    guard: AddressGuard,
    *,
    ssl_context: ssl.SSLContext,
    resolver: AbstractResolver | None = None,
    is_proxied: bool = False,
    connections: int = CONNECTIONS,
) -> aiohttp.TCPConnector:
    """Make a connector that dials only what the guard lets through.

    With `is_proxied` it dials the operator's proxy and nothing else, so the guard is not asked
    here; the session asks it about the URL instead.
    """
    return aiohttp.TCPConnector(
        limit=connections,
        ssl=ssl_context,
        resolver=resolver or DaemonResolver(),
        ttl_dns_cache=DNS_CACHE_SECONDS,
        socket_factory=None if is_proxied else guard.open_socket,
    )


def cure_for(ip: str, host: str) -> str:
    """Say what opens the guard for an address."""
    width = 128 if ":" in ip else 32
    return f"if {host} is yours, add {ip.partition('%')[0]}/{width} to network.allow_private"


def _networks(cidrs: tuple[str, ...]) -> tuple[Network, ...]:
    networks, problems = [], []
    for cidr in cidrs:
        try:
            networks.append(parse_network(cidr))
        except ValueError:
            problems.append(_bad_network(cidr))
    if problems:
        raise ConfigError(tuple(problems))
    return tuple(networks)


def _bad_network(cidr: str) -> Problem:
    return Problem(
        file="network.allow_private",
        what=f"'{cidr[:60]}' is not a network",
        cure="write it like 10.1.0.0/16 or fd00::/8",
        code="bad-network",
    )
