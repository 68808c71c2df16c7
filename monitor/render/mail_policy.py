"""Write mail headers and bodies that no title can break (RFC 5322, 2045, 2047).

The standard library's policies are not used to write: they turn an encoded word in a title into a
real header (CVE-2024-6923, Python 3.11.7), encode long List-* and References lines, and lose
spaces between scripts. Headers are encoded here and joined as bytes; the same input gives the
same bytes on every Python.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Sequence
from email.header import Header
from email.utils import parseaddr

from monitor.errors import RenderError

MAX_HEADER_CHARS = 200
LINE_CHARS = 76

_BLANKED = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
_ADDRESS = re.compile(r"[^\s<>()\[\]\\,;:@\"\x00-\x20\x7f]+@[^\s<>()\[\]\\,;:@\"\x00-\x20\x7f]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")

Headers = Sequence[tuple[str, str]]
"""Names with values that are ASCII, folded where needed, and ready to be written."""


def clean(text: str, limit: int = MAX_HEADER_CHARS) -> str:
    """Make text safe for a header: no controls, no bidi overrides, no encoded words."""
    kept = (
        " " if unicodedata.category(char) in _BLANKED else char
        for char in text[: 4 * limit]
        if char not in _BIDI_CONTROLS
    )
    # "=?" opens an encoded word: a relay that decodes and writes it again would inject
    return " ".join("".join(kept).replace("=?", "= ?").split())[:limit].rstrip()


def unstructured(name: str, text: str) -> str:
    """Encode a free text such as Subject; mixed scripts come back with all their spaces."""
    text = clean(text)
    if text.isascii() and len(name) + 2 + len(text) <= LINE_CHARS:
        return text
    return _encoded(text, len(name) + 2)


def phrase(name: str, text: str, before: int = 0) -> str:
    """Encode a display name or a List-Id phrase; "" stays empty."""
    text = clean(text)
    if text.isascii() and len(text) <= 50:
        if _ATOMS.fullmatch(text) or not text:
            return text
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return _encoded(text, len(name) + 2 + before)


def address(name: str, mailbox: str) -> str:
    """Encode one address with its display name: "Desk <desk@example.org>".

    The domain becomes ASCII; a non-ASCII local part stays as it is and needs SMTPUTF8. Raises
    `RenderError` if it is no address.
    """
    shown, _ = parseaddr(mailbox)
    bare = bare_address(mailbox)
    label = phrase(name, shown)
    if not label:
        return bare
    gap = "\r\n " if len(name) + len(label.rsplit("\r\n", 1)[-1]) + len(bare) > 70 else " "
    return f"{label}{gap}<{bare}>"


def bare_address(mailbox: str) -> str:
    """Give the address alone, its domain in ASCII; raises `RenderError` if there is none."""
    # parseaddr drops what follows a line end
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in mailbox):
        raise RenderError("headers", f"{clean(mailbox)!r} is no mail address")
    return ascii_domain(parseaddr(mailbox)[1])


def domain_of(mailbox: str) -> str:
    """Give the domain of an address in ASCII and lower case; raises `RenderError`."""
    return bare_address(mailbox).rpartition("@")[2].lower()


def ascii_domain(bare: str) -> str:
    """Write an address's domain in ASCII (IDNA); raises `RenderError` if it is no address."""
    local, _, domain = bare.rpartition("@")
    if not _ADDRESS.fullmatch(bare) or clean(bare) != bare:
        raise RenderError("headers", f"{clean(bare)!r} is no mail address")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise RenderError("headers", f"{clean(domain)!r} is no domain: {error}") from error


def message_bytes(headers: Headers, *, boundary: str, text: str, html: str) -> bytes:
    """Write a whole multipart/alternative mail, text first, with CRLF throughout."""
    kinds = (("plain", text), ("html", html))
    lines = [
        *(f"{name}: {value}" for name, value in headers),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
    ]
    body = b"".join(_part(boundary, kind, content) for kind, content in kinds)
    head = "\r\n".join(lines).encode("utf-8")
    return head + b"\r\n" + body + f"--{boundary}--\r\n".encode("ascii")


def _part(boundary: str, kind: str, content: str) -> bytes:
    head = (
        f"--{boundary}\r\n"
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode("ascii") + quoted_printable(content) + b"\r\n"


def quoted_printable(text: str) -> bytes:
    """Encode text so that no line passes 76 bytes; all line ends become CRLF."""
    lines = re.split(r"\r\n|\r|\n", text)
    raw = "\n".join(lines).encode("utf-8", "replace")
    return binascii.b2a_qp(raw, istext=True).replace(b"\n", b"\r\n")


def _encoded(text: str, used: int) -> str:
    header = Header(text, "utf-8", header_name="x" * max(0, used - 2), maxlinelen=LINE_CHARS)
    return header.encode(linesep="\r\n")
