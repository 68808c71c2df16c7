"""Open the one HTTP session through which everything goes out."""

from __future__ import annotations

import ssl
from functools import lru_cache

import aiohttp
from aiohttp import ClientRequest, ClientResponse
from aiohttp.abc import AbstractResolver
from yarl import URL

from monitor.errors import ConfigError, FetchError
from monitor.model.network import Limits, NetworkPolicy
from monitor.model.problem import Problem
from monitor.net.addresses import Address, literal_address
from monitor.net.guard import WEB_PORTS, AddressGuard, cure_for, guarded_connector

_HEADER_BYTES = 32_768  # sites send security policies longer than aiohttp's 8,190


def open_session(
    policy: NetworkPolicy,
    limits: Limits,
    *,
    user_agent: str,
    resolver: AbstractResolver | None = None,
) -> aiohttp.ClientSession:
    """Open a session; use it as `async with open_session(...) as session`.

    It is guarded, keeps no cookies, takes nothing from the environment, follows no redirect by
    itself unless asked to, and hands out bodies as sent (read them with `read_bounded`). Each
    exchange still needs its total deadline. Raises `ConfigError` for a CA file or a network that
    cannot be used.
    """
    guard = AddressGuard(policy)
    connector = guarded_connector(
        guard,
        ssl_context=_ssl_context(policy.ca_file),
        resolver=resolver,
        is_proxied=policy.proxy is not None,
    )
    return aiohttp.ClientSession(
        connector=connector,
        proxy=policy.proxy,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": user_agent},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.feed_connect_seconds),
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
        middlewares=(_UrlCheck(guard, is_proxied=policy.proxy is not None),),
    )


class _UrlCheck:
    """Refuse literal addresses before they are dialled, or handed to a proxy to dial."""

    def __init__(self, guard: AddressGuard, *, is_proxied: bool) -> None:
        self._guard = guard
        self._is_proxied = is_proxied

    async def __call__(
        self, request: ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> ClientResponse:
        self._check(request.url)
        return await handler(request)

    def _check(self, url: URL) -> None:
        host, port = url.host or "", url.port or 0
        address = literal_address(host)
        if address is None and self._is_proxied:
            address = _check_name(host, port)
        if address is None:
            return
        reason = self._guard.refusal(str(address), port)
        if reason is not None:
            raise refused(host, str(address), reason)


def refused(host: str, ip: str, reason: str) -> FetchError:
    """Say that a host may not be dialled, and what would open it."""
    cure = "" if reason.startswith("port ") else f"; {cure_for(ip, host)}"
    return FetchError(
        f"{host} may not be asked: {reason}{cure}.",
        kind="refused_address",
    )


def _check_name(host: str, port: int) -> Address | None:
    """Judge a name that only the proxy will look up; give an address if it stands for one."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return literal_address("127.0.0.1")
    if port not in WEB_PORTS:
        raise refused(host, host, f"port {port} is not one of the web's")
    return None


@lru_cache(maxsize=4)  # reading the system's authorities costs 20 ms of CPU
def _ssl_context(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:  # SSLError: a file without a certificate
        problem = Problem(
            file=ca_file,
            what=f"the certificates cannot be read: {error.strerror or error}",
            cure="network.ca_file must name a PEM file",
            code="bad-ca-file",
        )
        raise ConfigError((problem,)) from error
    return context
