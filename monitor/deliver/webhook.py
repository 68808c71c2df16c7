"""Post a webhook: one signed request, bounded in time and in what is read back."""

from __future__ import annotations

import asyncio
from datetime import datetime

import aiohttp
from yarl import URL

from monitor.deliver.answers import clean_answer
from monitor.deliver.connections import Connections
from monitor.deliver.http_verdict import judge_answer
from monitor.deliver.signing import signed_headers
from monitor.errors import FetchError
from monitor.model.delivery import Outcome, Owed, Result
from monitor.model.network import Limits
from monitor.net.faults import EXCHANGE_ERRORS, fault_of


async def post_webhook(owed: Owed, connections: Connections, *, now: datetime) -> Outcome:
    """Post the message once; `now` is signed as its time.

    The status decides as soon as it is read: what comes after it is only kept for the log, so an
    endless or broken answer changes nothing.
    """
    try:
        signed = signed_headers(owed.channel.secret, owed.key, now, owed.message.body)
    except ValueError:
        return Outcome(result=Result.DEAD, reason=_UNSIGNABLE)
    try:
        return await _exchange(owed, connections, signed, now)
    except (FetchError, *EXCHANGE_ERRORS) as error:
        return _failed(owed, error, connections.limits)


_UNSIGNABLE = (
    "The channel's secret is not whsec_ and base64: set it in monitor.yaml, "
    "then `monitor deliveries resend`."
)
_REVIVE = "Change monitor.yaml, then `monitor deliveries resend`."


async def _exchange(
    owed: Owed, connections: Connections, signed: dict[str, str], now: datetime
) -> Outcome:
    limits = connections.limits
    end = asyncio.get_running_loop().time() + limits.webhook_total_seconds
    # not compressed, and not inflated either: what is kept is small, and a bomb stays folded
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", **signed}
    async with asyncio.timeout_at(end):
        response = await connections.session.post(
            owed.channel.url,
            data=owed.message.body,
            headers=headers,
            allow_redirects=False,
            auto_decompress=False,
            timeout=_timeout(limits),
        )
    async with response:
        answer = await _read_answer(response, end, limits)
    return judge_answer(response.status, response.headers, answer, now=now)


def _timeout(limits: Limits) -> aiohttp.ClientTimeout:
    connect = limits.webhook_connect_seconds
    return aiohttp.ClientTimeout(total=None, sock_connect=connect, connect=None)


async def _read_answer(response: aiohttp.ClientResponse, end: float, limits: Limits) -> str:
    """Read up to the limit, until `end` of the loop's clock; then cut the connection."""
    kept = bytearray()
    try:
        async with asyncio.timeout_at(end):
            while len(kept) < limits.webhook_answer_bytes:
                chunk = await response.content.readany()
                if not chunk:
                    break
                kept += chunk
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        kept += f"\n[the answer broke off: {type(error).__name__}]".encode()
    if not response.content.at_eof():
        response.close()
    return clean_answer(bytes(kept), limits.webhook_answer_bytes)


def _failed(owed: Owed, error: Exception, limits: Limits) -> Outcome:
    fault = error if isinstance(error, FetchError) else fault_of(error, _host(owed.channel.url))
    if fault.kind == "refused_address":
        return Outcome(result=Result.DEAD, reason=f"{fault.reason} {_REVIVE}")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return Outcome(result=Result.DEAD, reason=f"The channel's url is not one. {_REVIVE}")
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
        return _unanswered(limits)
    return Outcome(
        result=Result.RETRY,
        reason=fault.reason,
        slows_channel=fault.kind == "timeout",
        is_possible_duplicate=not _is_unsent(error),
    )


def _unanswered(limits: Limits) -> Outcome:
    return Outcome(
        result=Result.RETRY,
        reason=f"The receiver did not answer within {limits.webhook_total_seconds:g} s.",
        slows_channel=True,
        is_possible_duplicate=True,
    )


def _is_unsent(error: Exception) -> bool:
    """Tell whether the connection failed before anything could be sent."""
    before = (FetchError, aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
    return isinstance(error, before)


def _host(url: str) -> str:
    """Name the receiver in a reason; never the whole address, whose path may hold a token."""
    try:
        return URL(url).host or "the receiver"
    except ValueError:
        return "the receiver"
