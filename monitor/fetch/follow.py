"""Send a GET and follow redirects by hand: few, http only, secrets dropped on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from monitor.errors import FetchError
from monitor.fetch.address import may_keep_secrets, read_url, without_login
from monitor.net.faults import EXCHANGE_ERRORS, fault_of
from monitor.net.hosts import host_of

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Be an answer that is no redirect; its body is not read yet.

    `permanent_url` is where it came from if every redirect on the way was permanent, else None.
    """

    response: aiohttp.ClientResponse
    url: URL
    permanent_url: str | None


@asynccontextmanager
async def following(
    session: aiohttp.ClientSession,
    url: str,
    *,
    headers: Mapping[str, str],
    secrets: Mapping[str, str] | None = None,
    max_redirects: int,
) -> AsyncIterator[Arrival]:
    """Arrive at the answer for `url`, and close it at the end.

    `secrets` go to the host of `url` only. The total deadline is the caller's. Raises
    `FetchError`, also for what breaks inside the block.
    """
    start, login = without_login(read_url(url))
    route = _Route(start, {**login, **(secrets or {})})
    try:
        for _ in range(max_redirects + 1):
            response = await session.get(
                route.url, headers={**headers, **route.secrets}, allow_redirects=False
            )
            async with response:
                if not _is_redirect(response):
                    permanent = str(route.url) if route.is_permanent else None
                    yield Arrival(response=response, url=route.url, permanent_url=permanent)
                    return
                response.close()  # its body may be endless
                route.turn(response)
    except EXCHANGE_ERRORS as error:
        raise fault_of(error, host_of(route.url) or "the server") from error
    raise FetchError(
        f"{host_of(start)} redirects more than {max_redirects} times.", kind="redirects"
    )


class _Route:
    """Keep where a chain of redirects stands."""

    def __init__(self, url: URL, secrets: dict[str, str]) -> None:
        self.url = url
        self.secrets = secrets
        self._seen = {url}
        self._hops = 0
        self._are_all_permanent = True

    @property
    def is_permanent(self) -> bool:
        return self._hops > 0 and self._are_all_permanent

    def turn(self, response: aiohttp.ClientResponse) -> None:
        """Go where a redirect points."""
        target = self._target(response.headers["Location"])
        if target in self._seen:
            raise FetchError(f"{host_of(self.url)} redirects in a circle.", kind="redirects")
        if not may_keep_secrets(self.url, target):
            self.secrets = {}
        self._seen.add(target)
        self._hops += 1
        self._are_all_permanent &= response.status in _PERMANENT
        self.url = target

    def _target(self, location: str) -> URL:
        location = location.strip()
        if "://" not in location.split("?", 1)[0]:
            try:
                location = str(self.url.join(URL(location)))
            except ValueError as error:
                raise _bad_target(self.url) from error
        try:
            # a login in a redirect is a stranger's: it is dropped
            return without_login(read_url(location))[0]
        except FetchError as error:
            raise _bad_target(self.url) from error


def _bad_target(url: URL) -> FetchError:
    return FetchError(
        f"{host_of(url)} redirects to something that is no web address.", kind="redirects"
    )


def _is_redirect(response: aiohttp.ClientResponse) -> bool:
    return response.status in _REDIRECTS and "Location" in response.headers
