"""Render what a delivery says: webhooks here, mails where a hostile template can be killed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from monitor.errors import ChildError
from monitor.model.delivery import Channel, ChannelKind, DeliveryKind, Message
from monitor.model.keys import DeliveryKey
from monitor.model.notice import AlertNotice, Digest
from monitor.pipeline.ports import Ports
from monitor.render.email import render_alert_mail, render_digest_mail
from monitor.render.templates import Templates
from monitor.render.webhook import render_webhook
from monitor.store import json
from monitor.store.outbox import ClaimedDelivery

Content = AlertNotice | Digest


def content_of(kind: DeliveryKind, stored: dict[str, Any]) -> Content:
    """Read a delivery's content; raises ValueError if the column holds something else."""
    if kind is DeliveryKind.DIGEST or "slot" in stored:
        return json.load(Digest, stored)
    return json.load(AlertNotice, stored)


async def render(ports: Ports, channel: Channel, delivery: ClaimedDelivery) -> Message:
    """Render a delivery's message; raises RenderError or ValueError if it cannot be."""
    content = content_of(delivery.kind, delivery.content)
    public_url = ports.terms.public_url
    if channel.kind is ChannelKind.WEBHOOK:
        return render_webhook(content, delivery=delivery.key, public_url=public_url)
    facts = (content, delivery.key, delivery.recipient, channel.sender, channel.zone, public_url)
    user = ports.current.templates
    if not user:
        return draw_mail({}, *facts)
    try:
        return await ports.network.children.run(draw_mail, dict(user), *facts)
    except ChildError as error:
        reason = f"the templates could not be rendered: {error}"
        return replace(draw_mail({}, *facts), fallback_reason=reason)


def draw_mail(  # noqa: PLR0917 - called by position across a process boundary
    user: Mapping[str, str],
    content: Content,
    key: DeliveryKey,
    recipient: str,
    sender: str,
    zone: str,
    public_url: str | None,
) -> Message:
    """Draw a mail by these templates of the user's, or by the plain ones if there are none."""
    templates = Templates(user)
    if isinstance(content, Digest):
        return render_digest_mail(
            content,
            to=recipient,
            sender=sender,
            message_id=key,
            public_url=public_url,
            templates=templates,
        )
    return render_alert_mail(
        content,
        to=recipient,
        sender=sender,
        message_id=key,
        public_url=public_url,
        templates=templates,
        zone=zone,
    )
