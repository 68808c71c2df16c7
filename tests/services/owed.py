"""Make deliveries for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from monitor.model.delivery import Channel, ChannelKind, DeliveryKind, Message, Owed
from monitor.model.keys import ChannelName, DeliveryKey, WorkspaceId, delivery_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OURS = WorkspaceId("ours")
SENDER = "Media Monitor <monitor@example.test>"
MAIL = (
    b"From: Media Monitor <monitor@example.test>\r\nTo: desk@example.test\r\n"
    b"Subject: Floods: 1 new\r\nMessage-ID: <dl-1@example.test>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
    b"One story.\r\n.hidden dot\r\n..two\r\nend\r\n"
)


def owed_mail(to: str = "desk@example.test", *, body: bytes = MAIL, sender: str = SENDER) -> Owed:
    """Make a mail owed to one recipient."""
    channel = Channel(name=ChannelName("desk"), kind=ChannelKind.EMAIL, to=(to,), sender=sender)
    return _owed(channel, to, Message(content_type="message/rfc822", body=body))


def owed_webhook(
    url: str, *, body: bytes = b'{"type":"story.matched"}', secret: str = SECRET
) -> Owed:
    """Make a webhook owed to an address."""
    name = ChannelName("newsroom")
    channel = Channel(name=name, kind=ChannelKind.WEBHOOK, url=url, secret=secret)
    return _owed(channel, name, Message(content_type="application/json", body=body))


def owed_file(
    path: Path,
    *,
    key: str = "",
    body: bytes = MAIL,
    html: str = "",
    kind: DeliveryKind = DeliveryKind.DIGEST,
) -> Owed:
    """Make a mail owed to a Maildir."""
    name = ChannelName("mailbox")
    channel = Channel(name=name, kind=ChannelKind.FILE, path=str(path))
    message = Message(content_type="message/rfc822", body=body, html=html)
    return replace(_owed(channel, name, message, key), kind=kind)


def _owed(channel: Channel, recipient: str, message: Message, key: str = "") -> Owed:
    return Owed(
        key=DeliveryKey(key) if key else delivery_key(OURS, channel.name, recipient, "occasion"),
        channel=channel,
        recipient=recipient,
        kind=DeliveryKind.DIGEST,
        message=message,
        attempts=0,
    )
