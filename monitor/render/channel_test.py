"""Render what `monitor channels test` sends."""

from __future__ import annotations

from datetime import datetime

from monitor.model.delivery import Channel, ChannelKind, Message
from monitor.model.keys import DeliveryKey
from monitor.model.notice import Digest, Window
from monitor.render import webhook_models as models
from monitor.render.email import render_digest_mail
from monitor.render.templates import Templates
from monitor.render.webhook import CONTENT_TYPE, body_bytes
from monitor.render.webhook_parts import moment

SENTENCE = "This is a test. The channel {name} works if you can read it; no story is behind it."


def test_message(
    channel: Channel,
    *,
    recipient: str,
    delivery: DeliveryKey,
    now: datetime,
    public_url: str | None,
    templates: Templates,
) -> Message:
    """Render a test for a channel: a `channel.test` body, or a mail by the digest templates.

    Raises `RenderError` if an address cannot be used.
    """
    sentence = SENTENCE.format(name=channel.name)
    if channel.kind is ChannelKind.WEBHOOK:
        data = models.TestData(channel=channel.name, message=sentence)
        payload = models.ChannelTest(timestamp=moment(now), id=delivery, test=True, data=data)
        return Message(content_type=CONTENT_TYPE, body=body_bytes(payload), subject="channel.test")
    digest = Digest(
        channel=channel.name,
        slot="test",
        window=Window(start=now, end=now, zone=channel.zone),
        composed_at=now,
        entries=(),
        health=(sentence,),
        is_test=True,
    )
    return render_digest_mail(
        digest,
        to=recipient,
        sender=channel.sender,
        message_id=delivery,
        public_url=public_url,
        templates=templates,
    )


test_message.__test__ = False  # type: ignore[attr-defined]  # not a test of pytest's
