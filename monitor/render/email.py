"""Render mails: the page by templates, the headers by us; the same input gives the same bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from monitor.model.delivery import Message
from monitor.model.keys import DeliveryKey, digest_of
from monitor.model.notice import AlertNotice, Digest
from monitor.render import mail_policy as policy
from monitor.render.fit import fit
from monitor.render.page_view import (
    alert_page,
    alert_subject,
    digest_page,
    digest_subject,
)
from monitor.render.templates import Rendered, Templates
from monitor.render.words import safe_url

CONTENT_TYPE = "message/rfc822"
DEFAULT_SENDER = "Media Monitor <media-monitor@localhost>"
"""Stands in mails of a channel that has no sender: the file channel's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Be what the headers of a mail say, apart from its subject."""

    to: str
    sender: str
    message_id: DeliveryKey
    list_name: str
    list_id: str
    sent_at: datetime
    root: str = ""


def render_digest_mail(
    digest: Digest,
    *,
    to: str,
    sender: str,
    message_id: DeliveryKey,
    public_url: str | None,
    templates: Templates,
) -> Message:
    """Render a digest as a whole RFC 5322 mail to one recipient.

    `to` and `sender` are addresses, with a name or without; a file channel gives its name and "".
    Raises `RenderError` if an address cannot be used.
    """
    sender = sender or DEFAULT_SENDER
    contact, home = _contact(sender), safe_url(public_url or "")
    rendered = templates.render(
        "digest",
        lambda draw: fit(
            len(digest.entries),
            lambda plan: draw(digest_page(digest, plan, contact=contact, home=home)),
        ),
    )
    envelope = Envelope(
        to=to,
        sender=sender,
        message_id=message_id,
        list_name=f"Media Monitor digest {digest.channel}",
        list_id="digest-" + _label(digest.channel),
        sent_at=digest.composed_at,
    )
    return _mail(envelope, digest_subject(digest), rendered)


def render_alert_mail(
    notice: AlertNotice,
    *,
    to: str,
    sender: str,
    message_id: DeliveryKey,
    public_url: str | None,
    templates: Templates,
    zone: str = "UTC",
) -> Message:
    """Render an alert as a mail; it hangs in the thread of `notice.root`, with its subject.

    `zone` is the IANA zone in which the reader's times are written. Raises `RenderError`.
    """
    sender = sender or DEFAULT_SENDER
    contact, home = _contact(sender), safe_url(public_url or "")

    rendered = templates.render(
        "alert",
        lambda draw: fit(
            1, lambda plan: draw(alert_page(notice, plan, zone=zone, contact=contact, home=home))
        ),
    )
    envelope = Envelope(
        to=to,
        sender=sender,
        message_id=message_id,
        list_name=notice.rule.name,
        list_id="rule-" + _label(notice.rule.id),
        sent_at=notice.raised_at,
        root=notice.root,
    )
    return _mail(envelope, alert_subject(notice), rendered)


def _mail(envelope: Envelope, subject: str, rendered: Rendered) -> Message:
    body = policy.message_bytes(
        mail_headers(envelope, subject),
        # "=_" cannot stand in quoted-printable text, so no line of the mail is taken for it
        boundary=f"=_{envelope.message_id}",
        text=rendered.text,
        html=rendered.html,
    )
    return Message(
        content_type=CONTENT_TYPE,
        body=body,
        subject=policy.clean(subject),
        html=rendered.html,
        fallback_reason=rendered.fallback_reason,
    )


def mail_headers(envelope: Envelope, subject: str) -> policy.Headers:
    """Write all headers but those of MIME, in order; raises `RenderError`."""
    domain = policy.domain_of(envelope.sender)
    list_id = f"<{envelope.list_id}.{domain}>"
    name = policy.phrase("List-Id", envelope.list_name)
    headers = [
        ("Date", format_datetime(envelope.sent_at)),
        ("From", policy.address("From", envelope.sender)),
        ("To", policy.address("To", _recipient(envelope.to))),
        ("Subject", policy.unstructured("Subject", subject)),
        ("Message-ID", f"<{envelope.message_id}@{domain}>"),
        ("List-Id", f"{name}\r\n {list_id}" if name else list_id),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    ]
    if envelope.root and envelope.root != envelope.message_id:
        root = f"<{envelope.root}@{domain}>"
        headers[5:5] = [("In-Reply-To", root), ("References", root)]
    contact = _contact(envelope.sender)
    if contact:
        subject = quote(f"unsubscribe {envelope.list_id}")
        headers.append(("List-Unsubscribe", f"<mailto:{contact}?subject={subject}>"))
    return headers


def _contact(sender: str) -> str:
    """Give the address that a reader may write to, "" if mail to it goes nowhere."""
    bare = policy.bare_address(sender)
    is_reachable = bare.isascii() and not bare.endswith("@localhost")
    return bare if is_reachable else ""


def _recipient(to: str) -> str:
    """Make an address of a file channel's name: it has no other."""
    return to if "@" in to else f"{_label(to)}@localhost"


def _label(name: str) -> str:
    """Make a host label of a name: as it is where that is possible, else with a hash of it."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")
    return plain if plain == name else f"{plain or 'x'}-{digest_of('label', name)[:8]}"
