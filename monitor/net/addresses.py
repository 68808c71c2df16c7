"""Tell public addresses from all others, also where an IPv4 address hides in an IPv6 one."""

from __future__ import annotations

import socket
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's special-purpose registries, and what Svix denies besides. `ipaddress.is_global` is no
# filter: it lets NAT64, 6to4, fec0::/10, 5f00::/16, multicast and 192.88.99.0/24 through.
_SPECIAL_V4 = tuple(
    (IPv4Network(cidr), what)
    for cidr, what in (
        ("0.0.0.0/8", "names this machine itself"),
        ("10.0.0.0/8", "is private"),
        ("100.64.0.0/10", "is inside a provider's network"),
        ("127.0.0.0/8", "is this machine itself"),
        ("169.254.0.0/16", "is link-local (cloud machines keep their secrets there)"),
        ("172.16.0.0/12", "is private"),
        ("192.0.0.0/24", "is reserved for protocols"),
        ("192.0.2.0/24", "is reserved for documentation"),
        ("192.31.196.0/24", "is reserved for name servers of private networks"),
        ("192.52.193.0/24", "is reserved for multicast relays"),
        ("192.88.99.0/24", "is reserved for 6to4 relays"),
        ("192.168.0.0/16", "is private"),
        ("192.175.48.0/24", "is reserved for name servers of private networks"),
        ("198.18.0.0/15", "is reserved for benchmarks"),
        ("198.51.100.0/24", "is reserved for documentation"),
        ("203.0.113.0/24", "is reserved for documentation"),
        ("224.0.0.0/4", "is a multicast address"),
        ("240.0.0.0/4", "is reserved"),
    )
)
_SPECIAL_V6 = tuple(
    (IPv6Network(cidr), what)
    for cidr, what in (
        ("::/128", "names this machine itself"),
        ("::1/128", "is this machine itself"),
        ("::/96", "hides an IPv4 address in an outdated form"),
        ("64:ff9b:1::/48", "is a local translator to IPv4"),
        ("2001::/32", "is a Teredo tunnel that hides an IPv4 address"),
        ("2001::/23", "is reserved for protocols"),
        ("2001:db8::/32", "is reserved for documentation"),
        ("2002::/16", "is a 6to4 tunnel that hides an IPv4 address"),
        ("2620:4f:8000::/48", "is reserved for name servers of private networks"),
        ("3fff::/20", "is reserved for documentation"),
        ("fc00::/7", "is private"),
        ("fe80::/10", "is link-local"),
        ("fec0::/10", "is private (site-local)"),
        ("ff00::/8", "is a multicast address"),
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")  # all that IANA has given out as global unicast
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: how IPv6-only networks reach public IPv4


def unwrapped(address: Address) -> Address:
    """Give the IPv4 address that a v4-mapped or well-known NAT64 one stands for, else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    # comparing integers ignores a scope id ("fe80::1%eth0"), which `in` handles too
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address


def why_not_public(address: Address) -> str | None:
    """Say in a clause why an address is not public; None if it is."""
    plain = unwrapped(address)
    if isinstance(plain, IPv4Address):
        return next((what for network, what in _SPECIAL_V4 if plain in network), None)
    for network, what in _SPECIAL_V6:
        if plain in network:
            return what
    return None if plain in _GLOBAL_V6 else "is reserved"


def literal_address(host: str) -> Address | None:
    """Read a URL's host as an address; None for a name.

    Also reads what C libraries read ("0x7f.1", "2130706433", "0177.0.0.1"): a proxy would.
    """
    bare = host.strip("[]").rstrip(".").replace("%25", "%")
    try:
        return ip_address(bare)
    except ValueError:
        pass
    if not bare or not set(bare.lower()) <= set("0123456789abcdefx.") or not bare[0].isdigit():
        return None
    try:
        return IPv4Address(socket.inet_aton(bare))
    except OSError:
        return None


def parse_network(cidr: str) -> Network:
    """Read a network in CIDR form; raise ValueError if it is none."""
    return ip_network(cidr.strip(), strict=False)
