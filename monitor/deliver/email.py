"""Send a mail: one recipient a message, over a connection of its own."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohappyeyeballs  # aiohttp brings it
import aiosmtplib

from monitor.deliver.connections import Connections, tls_context
from monitor.deliver.envelope import Envelope, seal
from monitor.deliver.smtp_verdict import Stage, accepted, broken, judge_refusal
from monitor.model.delivery import Outcome, Owed, Result
from monitor.model.network import Smtp, SmtpSecurity

_COMMANDS_AT_ONCE = 5  # all commands together may take this many times the limit of one

_NO_SERVER = "No mail server is set: add smtp to monitor.yaml."
_NO_STARTTLS = (
    "The mail server offers no STARTTLS, so nothing was sent: set smtp.security to tls or none "
    "in monitor.yaml, or repair the server."
)
_NO_AUTH = "The mail server offers no login that is known here: remove smtp.username, or use TLS."
_NO_UTF8 = (
    "The mail server cannot take addresses with characters outside ASCII (it offers no "
    "SMTPUTF8): use another address or another mail server."
)


class _RefusedError(Exception):
    """Carry an outcome decided in the middle of a dialogue."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


async def send_email(owed: Owed, connections: Connections) -> Outcome:
    """Send the message to its one recipient and say how it ended; see `smtp_verdict`."""
    smtp = connections.smtp
    if smtp is None:
        return Outcome(result=Result.RETRY, reason=_NO_SERVER, slows_channel=True)
    header = owed.message.body.partition(b"\r\n\r\n")[0]
    try:
        envelope = seal(
            owed.channel.sender,
            owed.recipient,
            header,
            key=owed.key,
            return_path=smtp.return_path,
        )
    except ValueError as error:
        return Outcome(result=Result.DEAD, reason=f"Cannot be addressed: {error}.")
    try:
        context = tls_context(connections.ca_file)
    except OSError as error:
        reason = f"network.ca_file cannot be used: {error.strerror or error}."
        return Outcome(result=Result.RETRY, reason=reason, slows_channel=True)
    dialogue = _Dialogue(smtp, context, connections)
    return await dialogue.run(envelope, owed.message.body)


class _Dialogue:
    """Be one SMTP conversation; `stage` is where it stands, for the reason if it breaks."""

    def __init__(self, smtp: Smtp, context: ssl.SSLContext, connections: Connections) -> None:
        self._smtp, self._context = smtp, context
        self._connect_seconds = connections.smtp_connect_seconds
        self._command_seconds = connections.smtp_command_seconds
        self._final_seconds = connections.limits.smtp_final_seconds
        self.stage = Stage.CONNECT

    async def run(self, envelope: Envelope, body: bytes) -> Outcome:
        """Converse to the end, whatever the end is."""
        try:
            async with self._connected() as client:
                async with asyncio.timeout(self._command_seconds * _COMMANDS_AT_ONCE):
                    await self._introduce(client)
                    await self._address(client, envelope, is_ascii=body.isascii())
                return await self._hand_over(client, body)
        except _RefusedError as refused:
            return refused.outcome
        except aiosmtplib.SMTPResponseException as error:
            if self.stage is Stage.BODY:  # an answer that is none: it may have taken the message
                return broken(self.stage, error.message)
            return judge_refusal(self.stage, error.code, error.message)
        except TimeoutError:
            return broken(self.stage, "it did not answer in time")
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return broken(self.stage, _cause(error))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        is_tls = self._smtp.security is SmtpSecurity.TLS
        client = aiosmtplib.SMTP(
            hostname=self._smtp.host,
            port=None,
            sock=await _open_socket(self._smtp.host, self._smtp.port, self._connect_seconds),
            use_tls=is_tls,
            start_tls=False,
            tls_context=self._context,
            local_hostname=_own_name(),
            timeout=self._command_seconds,
        )
        try:
            await client.connect()
            yield client
        except (TimeoutError, asyncio.CancelledError):
            _abort(client)
            raise
        finally:
            _say_goodbye(client)

    async def _introduce(self, client: aiosmtplib.SMTP) -> None:
        self.stage = Stage.EHLO
        await client.ehlo()
        if self._smtp.security is SmtpSecurity.STARTTLS:
            await self._encrypt(client)
        if self._smtp.username:
            self.stage = Stage.AUTH
            await self._log_in(client)

    async def _encrypt(self, client: aiosmtplib.SMTP) -> None:
        if not client.supports_extension("starttls"):
            outcome = Outcome(result=Result.RETRY, reason=_NO_STARTTLS, slows_channel=True)
            raise _RefusedError(outcome)
        self.stage = Stage.STARTTLS
        await client.starttls()
        self.stage = Stage.EHLO
        await client.ehlo()

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        """Log in by one method: trying each of them would count as that many wrong passwords."""
        offered = client.supported_auth_methods
        name, password = self._smtp.username, self._smtp.password
        is_clear = self._smtp.security is SmtpSecurity.NONE
        if "cram-md5" in offered and is_clear:
            await client.auth_crammd5(name, password)
        elif "plain" in offered:
            await client.auth_plain(name, password)
        elif "login" in offered:
            await client.auth_login(name, password)
        elif "cram-md5" in offered:
            await client.auth_crammd5(name, password)
        else:
            raise _RefusedError(Outcome(result=Result.RETRY, reason=_NO_AUTH, slows_channel=True))

    async def _address(
        self, client: aiosmtplib.SMTP, envelope: Envelope, *, is_ascii: bool
    ) -> None:
        options = []
        if envelope.needs_utf8:
            if not client.supports_extension("smtputf8"):
                raise _RefusedError(Outcome(result=Result.DEAD, reason=_NO_UTF8))
            options.append("SMTPUTF8")
        if not is_ascii and client.supports_extension("8bitmime"):
            options.append("BODY=8BITMIME")
        self.stage = Stage.MAIL
        await client.mail(envelope.return_path, options=options, encoding="utf-8")
        self.stage = Stage.RCPT
        await client.rcpt(envelope.recipient, encoding="utf-8")
        self.stage = Stage.DATA
        answer = await client.execute_command(b"DATA")
        if answer.code != 354:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)

    async def _hand_over(self, client: aiosmtplib.SMTP, body: bytes) -> Outcome:
        """Send the body and wait for the one answer that counts.

        Not `client.data()`: it has one time limit for both answers, and does not tell whether
        the connection was lost before or after the body went out.
        """
        protocol = client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        self.stage = Stage.BODY
        protocol.write(_wire_form(body))
        answer = await protocol.read_response(timeout=self._final_seconds)
        if not 200 <= answer.code <= 299:
            self.stage = Stage.DATA
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        return accepted(answer.message)


def _abort(client: aiosmtplib.SMTP) -> None:
    """Drop the connection: one that hangs would not answer a polite end of TLS either."""
    if isinstance(client.transport, asyncio.WriteTransport):
        client.transport.abort()


def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    """Send QUIT and close, without waiting: nothing may come between acceptance and its record."""
    if client.protocol is not None and client.protocol.is_connected:
        client.protocol.write(b"QUIT\r\n")
    client.close()


async def _open_socket(host: str, port: int, seconds: float) -> socket.socket:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(seconds):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=0.25)


def _own_name() -> str:
    """Give the name to say in EHLO: the host's if it is a full one, else an address literal.

    Not `getfqdn`, which asks the DNS and can take seconds.
    """
    name = socket.gethostname()
    is_full = "." in name and re.fullmatch(r"[A-Za-z0-9.-]{1,253}", name)
    return name if is_full else "[127.0.0.1]"


def _wire_form(body: bytes) -> bytes:
    """End every line with CRLF, double leading dots (RFC 5321, 4.5.2), end with the lone dot.

    A lone CR or LF would let a hostile text end the message early on lenient servers.
    """
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", body)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


def _cause(error: Exception) -> str:
    """Say what went wrong in the words of the deepest cause: the library's own hide it."""
    link: BaseException = error
    while link.__cause__ is not None:
        link = link.__cause__
    if isinstance(link, ssl.SSLCertVerificationError):
        return f"its certificate was refused ({link.verify_message}); see network.ca_file"
    return str(link) or type(link).__name__
