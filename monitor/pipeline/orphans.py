"""Say what is owed to channels that are gone, and give it up in the end; cancel a rule's alerts.

A channel that is missing from monitor.yaml may be a slip of the pen: what is owed to it waits, is
shown, and is given up only after a week, when it is no news any more. A rule that was taken out
while we run was taken out on purpose: what it still owes is given up at once. Both can be revived.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import structlog

from monitor.model.keys import RuleId
from monitor.pipeline.ports import Ports
from monitor.store import deliveries, problems
from monitor.store.deliveries import Orphans
from monitor.store.engine import Tx

log = structlog.get_logger()

GIVEN_UP_AFTER = timedelta(days=7)
"""How long what is owed to a channel waits for it to come back: as long as `backfill`."""

_KIND = "missing channel"


def tend_orphans(ports: Ports) -> None:
    """Name the channels that are gone and owed something; give up what has waited for too long."""
    known = [channel.name for channel in ports.terms.channels]
    with ports.store.read() as tx:
        owed = deliveries.orphans(tx, known)
        reported = {one.subject: one for one in problems.listed(tx) if one.kind == _KIND}
    changed = {one.channel for one in owed} != set(reported)
    late = [
        one
        for one in owed
        if one.channel in reported
        and reported[one.channel].first_at <= ports.now() - GIVEN_UP_AFTER
    ]
    if not (changed or late):
        return  # looked at every second: no write transaction for nothing
    with ports.store.write() as tx:
        problems.keep_only(tx, _KIND, [one.channel for one in owed if one not in late])
        for one in owed:
            if one in late:
                _give_up(tx, ports, one)
            elif one.channel not in reported:
                _report(tx, ports, one)


def _report(tx: Tx, ports: Ports, owed: Orphans) -> None:
    now = ports.now()
    until = (now + GIVEN_UP_AFTER).date()
    reason = "it is not in monitor.yaml any more, and messages wait for it"
    cure = f"put it back, or they are given up on {until}; to see them: monitor deliveries list"
    problems.report(tx, _KIND, owed.channel, reason, cure=cure, now=now)
    log.warning("channel is gone", channel=owed.channel, deliveries=owed.count)


def _give_up(tx: Tx, ports: Ports, owed: Orphans) -> None:
    reason = f"channel '{owed.channel}' is not in monitor.yaml any more"
    count = deliveries.cancel_of_channel(tx, owed.channel, reason, now=ports.now())
    log.error("deliveries given up", channel=owed.channel, deliveries=count, reason=reason)


def cancel_rules(ports: Ports, gone: Collection[RuleId]) -> None:
    """Give up the alerts of rules that were taken out; a digest they stand in goes out."""
    for rule in gone:
        reason = f"rule '{rule}' is not in rules/ any more"
        with ports.store.write() as tx:
            count = deliveries.cancel_of_rule(tx, rule, reason, now=ports.now())
        if count:
            log.warning("deliveries given up", rule=rule, deliveries=count, reason=reason)
