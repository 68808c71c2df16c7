"""Owe the messages that leave at once: one for each alert, channel and recipient."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.digest.compose import alert_notice
from monitor.model.alert import Alert
from monitor.model.delivery import Channel, DeliveryKind
from monitor.model.notice import AlertNotice
from monitor.model.rule import Rule, Tell
from monitor.pipeline.candidates import alert_delivery, gather, read_story
from monitor.pipeline.ports import Ports
from monitor.store import alerts, deliveries, json
from monitor.store.engine import Tx
from monitor.store.workspace import workspace_id


def owe_notices(tx: Tx, ports: Ports, raised: Sequence[tuple[Rule, Alert]], now: datetime) -> None:
    """Owe what these alerts tell `now`; quiet ones wait for the digest."""
    for rule, alert in raised:
        if not alert.is_quiet:
            for channel in _told_now(ports, rule):
                _owe(tx, channel, rule, alert, now)


def _told_now(ports: Ports, rule: Rule) -> list[Channel]:
    modes = dict(rule.tell)
    return [c for c in ports.terms.channels if modes.get(c.name) in {Tell.NOW, Tell.BOTH}]


def _owe(tx: Tx, channel: Channel, rule: Rule, alert: Alert, now: datetime) -> None:
    telling = gather(tx, channel, read_story(tx, alert.story), {rule.id: rule})
    if telling is None or (rule.id, alert.article) in telling.told_elsewhere:
        return  # told in another story, which was split
    workspace = workspace_id(tx)
    matched_at = alerts.first_matched_at(tx, rule.id, alert.story) or alert.raised_at
    earlier = [key for key in alerts.keys_of(tx, alert.story) if key != alert.key]
    for recipient in channel.recipients:
        keys = [alert_delivery(workspace, channel.name, recipient, key) for key in earlier]
        root = deliveries.root_of(tx, channel.name, recipient, keys) or ""
        notice = alert_notice(
            telling.candidate,
            alert=alert,
            rule=rule,
            channel=channel.name,
            first_matched_at=matched_at,
            root=root,
        )
        deliveries.add(
            tx,
            alert_delivery(workspace, channel.name, recipient, alert.key),
            channel=channel.name,
            recipient=recipient,
            kind=DeliveryKind.ALERT,
            content=json.dump(AlertNotice, notice),
            title=f"{notice.entry.change}: {notice.entry.story.title}",
            now=now,
        )
    alerts.tell(tx, channel.name, alert.story, telling.told, alert=alert.key, now=now)
