"""Read an answer's body with a bound on what it may become."""

from __future__ import annotations

import aiohttp

from monitor.errors import FetchError
from monitor.net.inflate import inflater_for

# A short text of one repeated word packs tighter than any ratio: below this size none is judged.
RATIO_FREE_BYTES = 1_000_000
# What is unpacked at once: the ratio counts bytes used, not those that merely have arrived.
_SLICE_BYTES = 8_192


async def read_bounded(
    response: aiohttp.ClientResponse, *, max_bytes: int, max_ratio: int
) -> bytes:
    """Read and inflate a body while bounding it; the session must not decompress by itself.

    `max_bytes` bounds the inflated size, `max_ratio` inflated to wire bytes once more than
    `RATIO_FREE_BYTES` came out. Raises FetchError of kind too_large, too_compressed or encoding;
    the response is then closed, not read on. Deadlines are the caller's.
    """
    try:
        return await _read(response, max_bytes, max_ratio)
    except FetchError:
        response.close()
        raise


async def read_prefix(response: aiohttp.ClientResponse, *, max_bytes: int) -> bytes:
    """Read at most the first `max_bytes` of a body, unpacked; what follows is left unread.

    Raises FetchError(kind="encoding") as `read_bounded` does.
    """
    inflater = inflater_for(",".join(response.headers.getall("Content-Encoding", [])))
    body = bytearray()
    async for chunk in response.content.iter_any():
        for piece in inflater.feed(chunk):
            body += piece
            if len(body) >= max_bytes:
                response.close()
                return bytes(body[:max_bytes])
    return bytes(body)


async def _read(response: aiohttp.ClientResponse, max_bytes: int, max_ratio: int) -> bytes:
    host = response.url.host or "The server"
    inflater = inflater_for(",".join(response.headers.getall("Content-Encoding", [])))
    # no look at Content-Length: it is a claim, and what counts arrives here anyway
    body, wire_bytes = bytearray(), 0
    async for chunk in response.content.iter_any():
        for start in range(0, len(chunk), _SLICE_BYTES):
            packed = chunk[start : start + _SLICE_BYTES]
            wire_bytes += len(packed)
            for piece in inflater.feed(packed):
                body += piece
                _check_size(host, len(body), wire_bytes, max_bytes, max_ratio)
    if not inflater.is_complete():
        raise FetchError(f"The packed answer of {host} is cut off.", kind="encoding")
    return bytes(body)


def _check_size(host: str, size: int, wire: int, max_bytes: int, max_ratio: int) -> None:
    if size > max_bytes:
        raise FetchError(
            f"{host} sends more than {_amount(max_bytes)}; reading was stopped there.",
            kind="too_large",
        )
    if size > RATIO_FREE_BYTES and size > wire * max_ratio:
        raise FetchError(
            f"The answer of {host} unpacks to more than {max_ratio} times its size; it looks "
            "like an attack.",
            kind="too_compressed",
        )


def _amount(count: int) -> str:
    return f"{count / 1_000_000:g} MB" if count >= 100_000 else f"{count:,} bytes"
