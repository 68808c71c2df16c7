"""A real SMTP server (aiosmtpd) that keeps every message and fails on request.

with SmtpSink() as sink:                      # or: async with
    sink.script(Fault("RCPT", "451 4.7.1 later"), Fault("MESSAGE", drop=True))
    ...                                       # the product sends to sink.host, sink.port
    mail, = sink.mails.wait_for(1)
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from services.loop_thread import Arrivals, Service

Stage = Literal["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "MESSAGE"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Say where a connection goes wrong and how.

    CONNECT is the greeting; DATA the command; BODY the moment after 354 went out, before the
    message is read; MESSAGE the final answer, when the message has been read and kept. One of
    `reply` (the line to answer), `drop` (reset the connection) or `hang` (never answer).
    """

    at: Stage
    reply: str = ""
    drop: bool = False
    hang: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """Keep a message as it arrived; `is_acked` is False if its sender was never told."""

    sender: str
    recipients: tuple[str, ...]
    body: bytes
    options: tuple[str, ...]
    is_over_tls: bool
    login: str
    is_acked: bool


@dataclass(slots=True)
class _Script:
    faults: deque[Fault | None] = field(default_factory=deque)
    by_recipient: dict[str, str] = field(default_factory=dict)


class SmtpSink(Service):
    """Accept mail on loopback; `security` is none, starttls (offered) or tls (implicit).

    `users` maps names to passwords; if given, AUTH is required. `names` are those in the
    certificate, `ca_file` the PEM of its authority. Each connection takes the next scripted
    fault; when the script is empty everything is accepted.
    """

    def __init__(
        self,
        *,
        security: Literal["none", "starttls", "tls"] = "none",
        users: dict[str, str] | None = None,
        names: tuple[str, ...] = ("localhost", "127.0.0.1"),
        has_smtputf8: bool = True,
        port: int = 0,
    ) -> None:
        super().__init__()
        self.host, self.port = "localhost", port
        self.security, self.users = security, users or {}
        self.mails: Arrivals[Mail] = Arrivals()
        self.commands: Arrivals[str] = Arrivals()
        self.cleartext = bytearray()
        self.connections = 0
        self.has_smtputf8 = has_smtputf8
        self._script = _Script()
        self._live: set[_Dialogue] = set()
        self._names = names
        self._dir = tempfile.TemporaryDirectory(prefix="smtp-sink-")
        self.ca_file = str(Path(self._dir.name) / "ca.pem")
        self._tls = None if security == "none" else self._certify()

    def script(self, *faults: Fault | None) -> None:
        """Queue what happens to the next connections; None lets one succeed."""
        self._script.faults.extend(faults)

    def refuse(self, recipient: str, reply: str) -> None:
        """Answer RCPT for this address with `reply` from now on."""
        self._script.by_recipient[recipient.lower()] = reply

    def _certify(self) -> ssl.SSLContext:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*self._names).configure_cert(context)
        return context

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        implicit = self._tls if self.security == "tls" else None
        self._server = await loop.create_server(
            lambda: _Dialogue(self), "127.0.0.1", self.port, ssl=implicit
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for dialogue in tuple(self._live):
            dialogue.abort()
        await asyncio.sleep(0)
        self._dir.cleanup()

    def _authenticate(
        self, _server: object, _session: object, _envelope: object, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        name, password = data.login.decode(), data.password.decode()
        return AuthResult(success=self.users.get(name) == password, handled=False, auth_data=name)


class _Hooks:
    """Answer aiosmtpd's hooks as the dialogue's fault says."""

    async def handle_RCPT(
        self, server: _Dialogue, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        refusal = server.sink._script.by_recipient.get(address.lower())
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: _Dialogue, session: Any, envelope: Any) -> str:
        answer = server.fault.reply if server.fault and server.fault.at == "MESSAGE" else ""
        is_lost = server.fault is not None and server.fault.at == "MESSAGE"
        server.sink.mails.add(
            Mail(
                sender=envelope.mail_from,
                recipients=tuple(envelope.rcpt_tos),
                body=envelope.original_content,
                options=tuple(envelope.mail_options),
                is_over_tls=server.is_over_tls,
                login=session.auth_data or "",
                is_acked=not is_lost,
            )
        )
        await server.suffer("MESSAGE")
        return answer or "250 2.0.0 kept"


class _Dialogue(SMTP):
    """Be one connection."""

    def __init__(self, sink: SmtpSink) -> None:
        needs_login = bool(sink.users)
        super().__init__(
            _Hooks(),
            hostname="mail.example.test",
            enable_SMTPUTF8=sink.has_smtputf8,
            tls_context=sink._tls if sink.security == "starttls" else None,
            require_starttls=sink.security == "starttls",
            authenticator=sink._authenticate if needs_login else None,
            auth_required=needs_login and sink.security == "starttls",
            auth_require_tls=sink.security == "starttls",
        )
        self.sink = sink
        self.fault: Fault | None = None
        self._mails_seen = 0

    @property
    def is_over_tls(self) -> bool:
        """Tell whether what is said now is encrypted."""
        return self.sink.security == "tls" or self._tls_protocol is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self not in self.sink._live:
            self.sink._live.add(self)
            self.sink.connections += 1
            self._take_fault()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.sink._live.discard(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if not self.is_over_tls:
            self.sink.cleartext += data
        super().data_received(data)

    def abort(self) -> None:
        """Reset the connection."""
        transport = self._original_transport or self.transport
        if transport is not None:
            transport.abort()

    def _take_fault(self) -> None:
        faults = self.sink._script.faults
        self.fault = faults.popleft() if faults else None

    async def suffer(self, stage: Stage) -> None:
        """Drop or hang here if the script says so."""
        if self.fault is None or self.fault.at != stage:
            return
        if self.fault.drop:
            self.abort()
            raise ConnectionResetError
        if self.fault.hang:
            await asyncio.Event().wait()

    async def push(self, status: Any) -> None:
        text = status.decode() if isinstance(status, bytes) else status
        stage: Stage | None = {"220 mail": "CONNECT", "354 End ": "BODY"}.get(text[:8])  # type: ignore[assignment]
        if stage:
            await self.suffer_after(stage, text)
        else:
            await super().push(status)

    async def suffer_after(self, stage: Stage, text: str) -> None:
        """Greet or invite the body, with the fault that belongs there."""
        if stage == "CONNECT":
            await self.suffer(stage)
        is_here = self.fault is not None and self.fault.at == stage
        await super().push(
            self.fault.reply if is_here and self.fault and self.fault.reply else text
        )
        if stage == "BODY":
            await self.suffer(stage)

    async def _command(self, stage: Stage, arg: str | None, go_on: Any) -> None:
        self.sink.commands.add(f"{stage} {arg or ''}".strip())
        await self.suffer(stage)
        if self.fault and self.fault.at == stage and self.fault.reply:
            await self.push(self.fault.reply)
            return
        await go_on(arg)

    async def smtp_EHLO(self, hostname: str) -> None:
        await self._command("EHLO", hostname, super().smtp_EHLO)

    async def smtp_STARTTLS(self, arg: str) -> None:
        await self._command("STARTTLS", arg, super().smtp_STARTTLS)

    async def smtp_AUTH(self, arg: str) -> None:
        await self._command("AUTH", arg, super().smtp_AUTH)

    async def smtp_MAIL(self, arg: str | None) -> None:
        self._mails_seen += 1
        if self._mails_seen > 1:
            self._take_fault()
        await self._command("MAIL", arg, super().smtp_MAIL)

    async def smtp_RCPT(self, arg: str | None) -> None:
        await self._command("RCPT", arg, super().smtp_RCPT)

    async def smtp_DATA(self, arg: str) -> None:
        await self._command("DATA", arg, super().smtp_DATA)
