"""Fetching a feed: validators, redirects, packing, and everything hostile."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import resource
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import brotli
import pytest
from aiohttp import web

from monitor.errors import FetchError
from monitor.fetch import FeedRequest, Fetched, Unchanged, fetch_feed
from monitor.model.network import Limits, NetworkPolicy
from monitor.net.session import open_session
from tests.net.loopback import LOOPBACK, PATIENT, QUICK, raw_serving, reset, serving, silence

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
FEED = b"<rss version='2.0'><channel><title>Dawn</title></channel></rss>"
ODD_ETAGS = ['"abc"', 'W/"a,b"', "bare", '"a\\"b"', '""', 'W/"\u00e9"', '"x y"  z', "'single'"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def fetch(
    url: str,
    limits: Limits = PATIENT,
    policy: NetworkPolicy = LOOPBACK,
    **facts: Any,
) -> Fetched | Unchanged:
    async with open_session(policy, limits, user_agent="MediaMonitor/test") as session:
        return await fetch_feed(session, FeedRequest(url=url, **facts), limits, now=NOW)


async def fail(url: str, limits: Limits = PATIENT, **facts: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetch(url, limits, **facts)
    error = caught.value
    assert error.reason[0].isupper() or error.reason.startswith("127.0.0.1")
    assert error.reason.endswith(".")
    assert "\n" not in error.reason
    return error


def always(body: bytes = FEED, status: int = 200, **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers=named)

    return answer


@asynccontextmanager
async def bytes_site(*parts: bytes) -> AsyncIterator[str]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        writer.close()

    async with raw_serving(talk) as site:
        yield site.url()


async def test_a_feed_comes_with_its_facts() -> None:
    handler = always(
        Content_Type="Application/RSS+xml; Charset=UTF-8",
        ETag='W/"1"',
        Last_Modified="Mon, 23 Nov 2026 07:00:00 GMT",
        Cache_Control="public, max-age=600",
        Age="100",
    )
    async with serving(handler) as site:
        got = await fetch(site.url())
    assert got == Fetched(
        url=site.url(),
        final_url=site.url(),
        status=200,
        body=FEED,
        content_type="application/rss+xml",
        charset="utf-8",
        etag='W/"1"',
        last_modified="Mon, 23 Nov 2026 07:00:00 GMT",
        permanent_url=None,
        max_age_seconds=500,
        body_hash=hashlib.sha256(FEED).hexdigest(),
    )
    headers = site.requests[0].headers
    assert headers["User-Agent"] == "MediaMonitor/test"
    assert headers["Accept"].startswith("application/atom+xml, application/rss+xml")
    assert headers["Accept-Encoding"] == "gzip, deflate, br"
    assert not {"Cookie", "Referer", "If-None-Match", "If-Modified-Since"} & set(headers)


@pytest.mark.parametrize("etag", ODD_ETAGS)
async def test_validators_go_back_byte_for_byte(etag: str) -> None:
    seen: list[tuple[bytes, bytes]] = []
    date = "  Mon, 23 nov 2026  7:00 +0000".strip()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nETag: "
            + etag.encode()
            + b"\r\nLast-Modified: "
            + date.encode()
            + b"\r\n\r\nok"
        )
        writer.write(head)
        await writer.drain()

    async with raw_serving(talk) as site:
        got = await fetch(site.url())
    assert isinstance(got, Fetched)
    assert (got.etag, got.last_modified) == (etag, date)

    async def not_changed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        named = dict(line.split(b": ", 1) for line in lines if b": " in line)
        seen.append((named[b"If-None-Match"], named[b"If-Modified-Since"]))
        writer.write(b"HTTP/1.1 304 Not Modified\r\nETag: " + etag.encode() + b"\r\n\r\n")
        await writer.drain()

    async with raw_serving(not_changed, reads_request=False) as site:
        again = await fetch(site.url(), etag=got.etag, last_modified=got.last_modified)
    assert again == Unchanged(
        etag=etag, last_modified=None, max_age_seconds=None, permanent_url=None
    )
    assert seen == [(etag.encode(), date.encode())]


async def test_an_etag_that_cannot_be_sent_back_is_not_kept() -> None:
    head = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: "\xff\xfe"\r\n\r\nok'
    async with bytes_site(head) as url:
        got = await fetch(url)
    assert isinstance(got, Fetched)
    assert got.etag is None
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: " + b"x" * 2000 + b"\r\n\r\nok"
    async with bytes_site(long) as url:
        got = await fetch(url)
    assert isinstance(got, Fetched)
    assert got.etag is None


async def test_304_to_an_unconditional_request_is_an_error() -> None:
    async with serving(always(b"", 304)) as site:
        assert (await fail(site.url())).status == 304


def zipped(body: bytes) -> bytes:
    """Pack by gzip, the same bytes each time: they name tests, and workers must agree on names."""
    return gzip.compress(body, mtime=0)


def packed(body: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(body) + packer.flush()


PACKED = [
    ("gzip", zipped(FEED)),
    ("x-gzip", zipped(FEED)),
    ("gzip", zipped(FEED[:20]) + zipped(FEED[20:])),
    ("gzip", zipped(FEED) + b"\0" * 512),
    ("gzip", zipped(FEED) + b"junk"),
    ("deflate", packed(FEED, 15)),
    ("deflate", packed(FEED, -15)),
    ("br", brotli.compress(FEED)),
    ("identity", FEED),
    ("", FEED),
]


@pytest.mark.parametrize(("encoding", "body"), PACKED)
@pytest.mark.parametrize("step", [1, 7, 10_000])
async def test_packed_bodies_are_unpacked_however_they_are_cut(
    encoding: str, body: bytes, step: int
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": encoding} if encoding else {})
        await response.prepare(request)
        for start in range(0, len(body), step):
            await response.write(body[start : start + step])
        return response

    async with serving(answer) as site:
        got = await fetch(site.url())
    assert isinstance(got, Fetched)
    assert got.body == FEED


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", FEED),
        ("br", FEED),
        ("deflate", b"\xff" + FEED),
        ("gzip", zipped(FEED * 20)[:-30]),
        ("br", brotli.compress(FEED * 20)[:-5]),
        ("zstd", FEED),
        ("gzip, gzip", zipped(zipped(FEED))),
    ],
)
async def test_a_wrong_packing_is_asked_for_once_more_unpacked(encoding: str, body: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.headers["Accept-Encoding"] == "identity":
            return web.Response(body=FEED)
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    async with serving(answer) as site:
        got = await fetch(site.url())
        assert isinstance(got, Fetched)
        assert got.body == FEED
        assert len(site.requests) == 2
    async with serving(always(body, Content_Encoding=encoding)) as site:
        assert (await fail(site.url())).kind == "encoding"
        assert len(site.requests) == 2


def bomb(encoding: str, megabytes: int) -> bytes:
    block = b"\0" * 1_000_000
    if encoding == "br":
        squeezer = brotli.Compressor(quality=1)
        parts = [squeezer.process(block) for _ in range(megabytes)] + [squeezer.finish()]
        return b"".join(parts)
    packer = zlib.compressobj(9, wbits={"gzip": 31, "deflate": 15}[encoding])
    return b"".join([packer.compress(block) for _ in range(megabytes)] + [packer.flush()])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_a_bomb_is_stopped_before_it_has_grown(encoding: str) -> None:
    body = bomb(encoding, 100)
    async with serving(always(body, Content_Encoding=encoding)) as site:
        await fail(site.url())  # what is loaded once is loaded now
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        error = await fail(site.url())
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert error.kind == "too_compressed"
    assert grown < 20_000, f"{grown} kB"


async def test_a_small_and_very_regular_feed_is_no_bomb() -> None:
    body = b"<rss>" + b" " * 900_000 + b"</rss>"
    async with serving(always(zipped(body), Content_Encoding="gzip")) as site:
        got = await fetch(site.url())
    assert isinstance(got, Fetched)
    assert got.body == body


async def test_an_endless_body_is_cut_at_the_limit() -> None:
    limits = replace(PATIENT, feed_max_bytes=300_000)
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)
            sent += 10_000

    async with serving(endless) as site:
        error = await fail(site.url(), limits)
    assert error.kind == "too_large"
    assert "0.3 MB" in error.reason
    assert sent < 20_000_000


async def test_the_limit_itself_is_allowed() -> None:
    limits = replace(PATIENT, feed_max_bytes=len(FEED))
    async with serving(always()) as site:
        assert isinstance(await fetch(site.url(), limits), Fetched)
    async with serving(always(FEED + b" ")) as site:
        assert (await fail(site.url(), limits)).kind == "too_large"


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
async def test_a_server_that_drips_is_left_at_the_deadline(head: bytes) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for byte in (b"HTTP/1.1 200 OK\r\nX-Header: " + b"a" * 9000)[:9000]:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_serving(drip) as site:
        error = await fail(site.url(), QUICK)
    assert error.kind == "timeout"
    assert "0.5 s" in error.reason


async def test_a_server_that_never_answers_is_left_at_the_deadline() -> None:
    async with raw_serving(silence) as site:
        assert (await fail(site.url(), QUICK)).kind == "timeout"


async def test_a_reset_amid_the_body_is_a_fault() -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>")
        await writer.drain()
        reset(writer)

    async with raw_serving(broken) as site:
        assert (await fail(site.url())).kind == "connect"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5_000 + b"\r\n",
        b"\0" * 100,
        b"",
    ],
)
async def test_a_broken_answer_is_a_fault(head: bytes) -> None:
    async with bytes_site(head) as url:
        assert (await fail(url)).kind in ("connect", "protocol")


async def test_a_closed_port_is_a_fault() -> None:
    async with raw_serving(silence) as site:
        url = site.url()
    error = await fail(url)
    assert (error.kind, error.reason) == ("connect", "127.0.0.1 refuses connections.")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed",
        "file:///etc/passwd",
        "ftp://dawn.example/feed",
        "gopher://127.0.0.1:70/",
        "javascript:alert(1)",
        "http://",
        "http:///feed",
        "http://[::1/feed",
        "http://dawn.example:99999/feed",
        "http://dawn.example:x/feed",
        "http://" + "a" * 9000,
        "//dawn.example/feed",
    ],
)
async def test_what_is_no_web_address_is_not_asked(url: str) -> None:
    assert (await fail(url)).kind == "protocol"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
async def test_a_header_with_a_line_break_is_not_sent(value: str) -> None:
    async with serving(always()) as site:
        error = await fail(site.url(), headers=(("X-Token", value),))
        assert error.kind == "protocol"
        assert site.requests == []


async def test_html_comes_as_it_is_for_the_parser_to_refuse() -> None:
    async with serving(always(b"<html>", Content_Type="text/html")) as site:
        got = await fetch(site.url())
    assert isinstance(got, Fetched)
    assert got.content_type == "text/html"


STATUSES = [
    (401, "127.0.0.1 asks for a login (401)."),
    (403, "127.0.0.1 forbids us to read this (403)."),
    (404, "127.0.0.1 has nothing at this address (404)."),
    (410, "127.0.0.1 says that this is gone for good (410)."),
    (429, "127.0.0.1 asks us to come less often (429)."),
    (500, "127.0.0.1 has trouble of its own at the moment (500)."),
    (503, "127.0.0.1 has trouble of its own at the moment (503)."),
    (204, "127.0.0.1 gives an answer that is of no use here (204)."),
    (206, "127.0.0.1 gives an answer that is of no use here (206)."),
    (300, "127.0.0.1 gives an answer that is of no use here (300)."),
]


@pytest.mark.parametrize(("status", "reason"), STATUSES)
async def test_each_status_has_its_sentence(status: int, reason: str) -> None:
    async with serving(always(b"", status, Retry_After="120")) as site:
        error = await fail(site.url())
    assert (error.kind, error.status, error.reason) == ("status", status, reason)
    assert error.retry_after_seconds == 120.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Mon, 23 Nov 2026 08:02:00 GMT", 120.0),
        ("Mon, 23 Nov 2026 07:00:00 GMT", 0.0),
        ("316800", 316800.0),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("9" * 400, float("inf")),
        ("Mon, 99 Nov 2026 99:00:00 GMT", None),
    ],
)
async def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    async with serving(always(b"", 503, Retry_After=value)) as site:
        assert (await fail(site.url())).retry_after_seconds == seconds


async def test_a_cloudflare_check_is_named() -> None:
    async with serving(always(b"", 403, cf_mitigated="challenge")) as site:
        assert "Cloudflare" in (await fail(site.url())).reason


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Cache-Control": "max-age=60"}, 60),
        ({"Cache-Control": "max-age=99999999"}, 86_400),
        ({"Cache-Control": "no-cache, max-age=60"}, None),
        ({"Cache-Control": "s-maxage=60"}, None),
        ({"Cache-Control": "max-age=60", "Age": "90"}, 0),
        (
            {"Expires": "Mon, 23 Nov 2026 09:00:00 GMT", "Date": "Mon, 23 Nov 2026 08:30:00 GMT"},
            1800,
        ),
        ({"Expires": "0"}, None),
        ({}, None),
    ],
)
async def test_how_long_an_answer_may_be_kept(
    headers: dict[str, str], seconds: int | None
) -> None:
    async with serving(always(**{k.replace("-", "_"): v for k, v in headers.items()})) as site:
        got = await fetch(site.url())
    assert isinstance(got, Fetched)
    assert got.max_age_seconds == seconds


def redirecting(table: dict[str, tuple[int, str]]) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        if request.path not in table:
            return web.Response(body=FEED)
        status, target = table[request.path]
        return web.Response(status=status, headers={"Location": target})

    return answer


@pytest.mark.parametrize(
    ("table", "permanent"),
    [
        ({"/feed": (301, "/new")}, "/new"),
        ({"/feed": (308, "/new")}, "/new"),
        ({"/feed": (302, "/new")}, None),
        ({"/feed": (307, "/new")}, None),
        ({"/feed": (303, "/new")}, None),
        ({"/feed": (301, "/b"), "/b": (308, "/new")}, "/new"),
        ({"/feed": (301, "/b"), "/b": (302, "/new")}, None),
        ({"/feed": (302, "/b"), "/b": (301, "/new")}, None),
    ],
)
async def test_only_a_wholly_permanent_chain_is_permanent(
    table: dict[str, tuple[int, str]], permanent: str | None
) -> None:
    async with serving(redirecting(table)) as site:
        got = await fetch(site.url())
    assert isinstance(got, Fetched)
    assert got.final_url == site.url("/new")
    assert got.permanent_url == (site.url(permanent) if permanent else None)


async def test_five_redirects_are_followed_and_six_are_not() -> None:
    table = {f"/{n}": (302, f"/{n + 1}") for n in range(6)}
    async with serving(redirecting(table)) as site:
        assert isinstance(await fetch(site.url("/1")), Fetched)
        assert (await fail(site.url("/0"))).kind == "redirects"


@pytest.mark.parametrize(
    "table", [{"/feed": (301, "/feed")}, {"/feed": (302, "/b"), "/b": (302, "/feed")}]
)
async def test_a_circle_is_left(table: dict[str, tuple[int, str]]) -> None:
    async with serving(redirecting(table)) as site:
        error = await fail(site.url())
        assert (error.kind, error.reason) == ("redirects", "127.0.0.1 redirects in a circle.")
        assert len(site.requests) == len(table)


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://x/",
        "http://",
        "http://[::1",
        "javascript:alert(1)",
        "gopher://x/",
    ],
)
async def test_a_redirect_out_of_the_web_is_refused(target: str) -> None:
    async with serving(redirecting({"/feed": (302, target)})) as site:
        assert (await fail(site.url())).kind == "redirects"


async def test_a_redirect_to_a_private_address_opens_no_connection() -> None:
    only_one = NetworkPolicy(allow_private=("127.0.0.1/32",))
    async with raw_serving(silence, reads_request=False) as canary:
        for host in ("127.0.0.2", "[::1]", "127.2", "2130706434", "0x7f.2", "[::ffff:7f00:2]"):
            target = f"http://ok@{host}:{canary.port}/"
            async with (
                serving(redirecting({"/feed": (302, target)})) as site,
                open_session(only_one, PATIENT, user_agent="t") as session,
            ):
                with pytest.raises(FetchError) as caught:
                    await fetch_feed(session, FeedRequest(url=site.url()), PATIENT, now=NOW)
            assert caught.value.kind == "refused_address", host
            assert canary.connects == 0, host


async def test_secrets_stay_with_their_host_and_validators_go_along() -> None:
    async with serving(always()) as stranger:
        table = {"/feed": (302, "/same"), "/same": (302, stranger.url("/other"))}
        async with serving(redirecting(table)) as site:
            got = await fetch(
                f"http://user:pa%20ss@127.0.0.1:{site.port}/feed",
                etag='"1"',
                headers=(("X-Token", "secret"),),
            )
    assert isinstance(got, Fetched)
    for request in site.requests:
        assert request.headers["Authorization"] == "Basic dXNlcjpwYSBzcw=="
        assert request.headers["X-Token"] == "secret"
    (request,) = stranger.requests
    assert not {"Authorization", "X-Token"} & set(request.headers)
    assert request.headers["If-None-Match"] == '"1"'
    assert "user" not in got.final_url


async def test_no_reason_and_no_repr_shows_a_login() -> None:
    async with raw_serving(silence) as site:
        port = site.port
    request = FeedRequest(
        url=f"http://user:hunter2@127.0.0.1:{port}/feed?token=hunter2",
        headers=(("X-Token", "hunter2"),),
    )
    error = await fail(request.url, headers=request.headers)
    assert "hunter2" not in error.reason + str(error) + repr(error) + repr(request)


async def test_a_signed_address_is_sent_as_written() -> None:
    path = "/feed?sig=a%2Fb%7E+c&q=%e9&x=~"
    async with serving(always()) as site:
        await fetch(site.url(path))
        assert site.requests[0].raw_path == path
        await fetch(site.url("/کراچی feed"))
        assert site.requests[1].path == "/کراچی feed"


async def test_cookies_are_not_kept() -> None:
    async with serving(always(Set_Cookie="id=1; Path=/")) as site:
        async with open_session(LOOPBACK, PATIENT, user_agent="t") as session:
            for _ in range(2):
                await fetch_feed(session, FeedRequest(url=site.url()), PATIENT, now=NOW)
        assert "Cookie" not in site.requests[1].headers


async def test_cancelling_passes_through() -> None:
    async with raw_serving(silence) as site:
        task = asyncio.create_task(fetch(site.url()))  # noqa: TID251
        while not site.connects:  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
