"""Translate the errors of an exchange into one sentence that a newsroom person understands."""

from __future__ import annotations

import errno
import ssl

import aiohttp

from monitor.errors import FetchError
from monitor.net.guard import AddressRefusedError
from monitor.net.session import refused

EXCHANGE_ERRORS = (aiohttp.ClientError, OSError, ValueError)
"""What an exchange may raise besides `FetchError`: OSError covers TimeoutError, ValueError a URL
or a header that cannot be sent."""


def fault_of(error: Exception, host: str) -> FetchError:
    """Give the `FetchError` that says what an error of `EXCHANGE_ERRORS` means."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return FetchError(
            f"The name {host} could not be looked up: it does not exist, or this machine is "
            "not connected.",
            kind="dns",
        )
    if isinstance(error, ssl.SSLError | aiohttp.ClientSSLError | ssl.CertificateError):
        return _tls_fault(error, host)
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return FetchError(
            f"The proxy (network.proxy) could not pass us on to {host}: {_detail(error)}.",
            kind="connect",
        )
    if isinstance(error, TimeoutError):
        return _timeout_fault(error, host)
    if isinstance(error, OSError):
        return _connect_fault(error, host)
    return _protocol_fault(error, host)


def _tls_fault(error: Exception, host: str) -> FetchError:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        text = (
            f"The certificate of {host} is not trusted ({cause.verify_message}); if your office "
            "network has its own authority, set network.ca_file."
        )
    else:
        text = f"No secure connection to {host} could be made: {_detail(cause or error)}."
    return FetchError(text, kind="tls")


def _timeout_fault(error: Exception, host: str) -> FetchError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return FetchError(f"{host} did not take up the connection in time.", kind="timeout")
    return FetchError(f"{host} did not answer in time.", kind="timeout")


def _connect_fault(error: OSError, host: str) -> FetchError:
    cause = getattr(error, "os_error", error)
    if isinstance(cause, AddressRefusedError):
        return refused(host, cause.ip, cause.reason)
    if isinstance(cause, TimeoutError):
        return _timeout_fault(cause, host)
    if cause.errno == errno.EACCES and "Multiple exceptions" in str(cause):
        return refused(host, host, "none of its addresses is public")
    if cause.errno == errno.ECONNREFUSED:
        return FetchError(f"{host} refuses connections.", kind="connect")
    if isinstance(error, aiohttp.ClientConnectorError):
        return FetchError(f"{host} cannot be reached: {_detail(cause)}.", kind="connect")
    return FetchError(f"{host} broke the connection off.", kind="connect")


def _protocol_fault(error: Exception, host: str) -> FetchError:
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        return FetchError(f"{host} broke the connection off amid its answer.", kind="connect")
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return FetchError(
            f"The address or a header cannot be sent: {_detail(error)}.",
            kind="protocol",
        )
    return FetchError(
        f"{host} does not answer as a web server does: {_detail(error)}.",
        kind="protocol",
    )


def _detail(error: BaseException) -> str:
    """Give an error's own words on one short line."""
    text = getattr(error, "strerror", None) or getattr(error, "message", None) or str(error)
    return " ".join(str(text).split())[:200].rstrip(".") or type(error).__name__
