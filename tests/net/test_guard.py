"""The guard: what is not public gets no connection."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from monitor.errors import ConfigError, FetchError
from monitor.model.network import NetworkPolicy
from monitor.net.faults import EXCHANGE_ERRORS, fault_of
from monitor.net.guard import AddressGuard
from monitor.net.session import open_session
from tests.net.loopback import LOOPBACK, PATIENT, PUBLIC_ONLY, raw_serving, serving, silence

NOT_PUBLIC = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.255.0.1
169.254.169.254 169.254.0.1 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.1
192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1
198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe
::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b:1::1
64:ff9b:1::808:808 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1
2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1:: 2002:a9fe:a9fe:: 2002:808:808:: 2620:4f:8000::1
3fff::1 3fff:fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 febf::1 fec0::1 feff::1
ff02::1 ff0e::1 4000::1 8000::1 1::1
""".split()  # noqa: SIM905
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
2606:4700::1111 2a00:1450:4001::1 2001:200::1 2003::1 ::ffff:8.8.8.8 64:ff9b::808:808
""".split()  # noqa: SIM905
NO_ADDRESSES = ["", "localhost", "0x7f000001", "2130706433", "127.1", "0177.0.0.1", "127.0.0.1\n"]


@pytest.mark.parametrize("ip", NOT_PUBLIC)
def test_what_is_not_public_is_refused(ip: str) -> None:
    assert AddressGuard(PUBLIC_ONLY).refusal(ip, 443)


@pytest.mark.parametrize("ip", PUBLIC)
def test_what_is_public_is_let_through_on_web_ports(ip: str) -> None:
    guard = AddressGuard(PUBLIC_ONLY)
    assert [guard.refusal(ip, port) for port in (80, 443, 8080, 8443)] == [None] * 4
    for port in (0, 22, 25, 6379, 5432, 11211, 65535):
        assert guard.refusal(ip, port) == f"port {port} is not one of the web's"


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert AddressGuard(PUBLIC_ONLY).refusal(text, 443)


def test_the_allow_list_opens_its_networks_on_any_port_and_nothing_else() -> None:
    guard = AddressGuard(NetworkPolicy(allow_private=("10.1.0.0/16", "fd00::/8")))
    assert guard.refusal("10.1.2.3", 9000) is None
    assert guard.refusal("::ffff:10.1.2.3", 9000) is None
    assert guard.refusal("fd00::1", 22) is None
    assert guard.refusal("10.2.0.1", 80)
    assert guard.refusal("127.0.0.1", 80)


def test_all_bad_networks_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        AddressGuard(NetworkPolicy(allow_private=("10.0.0.0/33", "fd00::/8", "office")))
    assert [problem.code for problem in caught.value.problems] == ["bad-network"] * 2


class Scripted(AbstractResolver):
    """Answer each look-up with the next list of addresses."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=ip, port=port, family=family, proto=0, flags=0)
            for ip in answer
        ]

    async def close(self) -> None: ...


async def ask(session: aiohttp.ClientSession, url: str | URL) -> FetchError:
    """Give the fault that a request ends in."""
    target = URL(url)
    try:
        async with session.get(target, timeout=aiohttp.ClientTimeout(total=2)) as response:
            raise AssertionError(f"answered with {response.status}")
    except FetchError as error:
        return error
    except EXCHANGE_ERRORS as error:
        return fault_of(error, target.host or "?")


SPELLINGS = """
http://127.0.0.1:{port}/ http://127.0.0.1.:{port}/ http://localhost:{port}/ http://localhost.:{port}/
http://127.1:{port}/ http://127.0.1:{port}/ http://2130706433:{port}/ http://0x7f000001:{port}/
http://0x7f.0.0.1:{port}/ http://0177.0.0.1:{port}/ http://017700000001:{port}/ http://0:{port}/
http://0.0.0.0:{port}/ http://[::1]:{port}/ http://[::]:{port}/ http://[::ffff:127.0.0.1]:{port}/
http://[::ffff:7f00:1]:{port}/ http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/ http://[::127.0.0.1]:{port}/
http://[64:ff9b::7f00:1]:{port}/ http://[2002:7f00:1::]:{port}/ http://127。0。0。1:{port}/
http://①②⑦.⓪.⓪.①:{port}/ http://ⓛocalhost:{port}/ http://ok.example@127.0.0.1:{port}/
http://127.0.0.1:{port}\\@ok.example/ http://127.127.127.127:{port}/ http://LOCALHOST:{port}/
http://user:pass@localhost:{port}/ http://%31%32%37.0.0.1:{port}/ http://169.254.169.254/
""".split()  # noqa: SIM905


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_of_this_machine_gets_a_connection(spelling: str) -> None:
    async with (
        raw_serving(silence, reads_request=False) as canary,
        open_session(PUBLIC_ONLY, PATIENT, user_agent="t") as session,
    ):
        try:
            url = URL(spelling.format(port=canary.port))
        except ValueError:
            return
        fault = await ask(session, url)
        assert fault.kind in ("refused_address", "dns", "protocol")
        assert canary.connects == 0


async def test_the_canary_is_reachable_when_allowed() -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async with (
        serving(hello) as site,
        open_session(LOOPBACK, PATIENT, user_agent="t") as session,
        session.get(site.url()) as response,
    ):
        assert await response.text() == "hello"


async def test_a_name_that_answers_public_first_and_private_next_is_refused() -> None:
    """Answer 1 is what a checking resolver would have seen; answer 2 is what gets dialled."""
    resolver = Scripted(["93.184.216.34"], ["127.0.0.1"])
    async with (
        raw_serving(silence, reads_request=False) as canary,
        open_session(PUBLIC_ONLY, PATIENT, user_agent="t", resolver=resolver) as session,
    ):
        await resolver.resolve("rebind.example", canary.port)
        fault = await ask(session, f"http://rebind.example:{canary.port}/")
        assert resolver.asked == 2
        assert fault.kind == "refused_address"
        assert canary.connects == 0


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "::1"], ["::1", "fe80::1", "127.0.0.1"]],
)
async def test_of_many_private_addresses_none_is_dialled(addresses: list[str]) -> None:
    async with (
        raw_serving(silence, reads_request=False) as canary,
        open_session(
            PUBLIC_ONLY, PATIENT, user_agent="t", resolver=Scripted(addresses)
        ) as session,
    ):
        fault = await ask(session, f"http://mixed.example:{canary.port}/")
        assert fault.kind == "refused_address"
        assert canary.connects == 0


async def test_of_mixed_addresses_only_the_allowed_one_is_dialled() -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    policy = NetworkPolicy(allow_private=("127.0.0.2/32",))
    async with (
        serving_at("127.0.0.2", hello) as port,
        raw_serving(silence, reads_request=False) as canary,
        open_session(
            policy, PATIENT, user_agent="t", resolver=Scripted(["127.0.0.1", "127.0.0.2"])
        ) as session,
        session.get(f"http://mixed.example:{port}/") as response,
    ):
        assert await response.text() == "hello"
        assert canary.connects == 0


def serving_at(host: str, handler: Any) -> Any:
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def run() -> Any:
        runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, host, 0).start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()

    return run()


async def test_a_refusal_names_the_host_and_the_cure() -> None:
    resolver = Scripted(["10.1.2.3"])
    async with open_session(PUBLIC_ONLY, PATIENT, user_agent="t", resolver=resolver) as session:
        fault = await ask(session, "http://intranet.example/feed")
    assert fault.reason == (
        "intranet.example may not be asked: 10.1.2.3 is private; if intranet.example is yours, "
        "add 10.1.2.3/32 to network.allow_private."
    )


async def test_an_unknown_name_is_a_dns_fault() -> None:
    async with open_session(PUBLIC_ONLY, PATIENT, user_agent="t") as session:
        fault = await ask(session, "http://no-such-host.invalid/")
    assert fault.kind == "dns"
    assert "no-such-host.invalid" in fault.reason


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="direct")

    async with raw_serving(silence, reads_request=False) as canary, serving(hello) as site:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        async with (
            open_session(LOOPBACK, PATIENT, user_agent="t") as session,
            session.get(site.url()) as response,
        ):
            assert await response.text() == "direct"
        assert canary.connects == 0


async def test_the_operators_proxy_is_exempt_and_gets_every_request() -> None:
    async def proxy(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.method} {request.raw_path}")

    async with serving(proxy) as site:
        policy = NetworkPolicy(proxy=site.url(""))
        async with open_session(policy, PATIENT, user_agent="t") as session:
            async with session.get("http://dawn.example/feed") as response:
                assert await response.text() == "GET http://dawn.example/feed"
            for target in (
                "http://127.0.0.1/",
                "http://2130706433/",
                "http://localhost/",
                "http://a.localhost./",
                "http://[::1]/",
                "http://169.254.169.254/latest",
                "http://0x7f.1/",
                "http://dawn.example:22/",
            ):
                assert (await ask(session, target)).kind == "refused_address", target
        assert len(site.requests) == 1


async def test_a_ca_file_that_cannot_be_read_is_a_config_error(tmp_path: Any) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("no certificate")
    for path in (str(empty), str(tmp_path / "absent.pem")):
        with pytest.raises(ConfigError):
            open_session(NetworkPolicy(ca_file=path), PATIENT, user_agent="t")


async def test_an_own_authority_is_trusted_only_if_named(tmp_path: Any) -> None:
    import ssl

    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    async def hello(request: web.BaseRequest) -> web.Response:
        return web.Response(text="hello")

    runner = web.ServerRunner(web.Server(hello), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}/"
    async with open_session(LOOPBACK, PATIENT, user_agent="t") as session:
        fault = await ask(session, url)
    assert fault.kind == "tls"
    assert "network.ca_file" in fault.reason
    policy = NetworkPolicy(allow_private=LOOPBACK.allow_private, ca_file=str(tmp_path / "ca.pem"))
    async with (
        open_session(policy, PATIENT, user_agent="t") as session,
        session.get(url) as response,
    ):
        assert response.status == 200
    await runner.cleanup()


def test_the_guard_holds_under_uvloop() -> None:
    import uvloop

    async def go() -> None:
        async def hello(request: web.Request) -> web.Response:
            return web.Response(text="hello")

        async with serving(hello) as site:
            async with (
                open_session(LOOPBACK, PATIENT, user_agent="t") as session,
                session.get(site.url()) as response,
            ):
                assert await response.text() == "hello"
            async with open_session(PUBLIC_ONLY, PATIENT, user_agent="t") as session:
                assert (await ask(session, site.url())).kind == "refused_address"
            async with open_session(
                PUBLIC_ONLY, PATIENT, user_agent="t", resolver=Scripted(["127.0.0.1", "::1"])
            ) as session:
                fault = await ask(session, f"http://rebind.example:{site.port}/")
                assert fault.kind == "refused_address"
            assert len(site.requests) == 1

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(go())


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("10.1.2.3", True),
        ("10.1.3.3", False),
        ("[fd00::1]", True),
        ("dawn.example", False),
        ("127.0.0.1", False),
    ],
)
def test_an_own_host_is_one_written_as_an_allowed_address(host: str, is_allowed: bool) -> None:
    guard = AddressGuard(NetworkPolicy(allow_private=("10.1.2.0/24", "fd00::/8")))
    assert guard.is_allowed_literal(host) is is_allowed
