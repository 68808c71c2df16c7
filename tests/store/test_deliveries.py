"""The outbox: owed once, bytes kept, tries logged, revived with the same key."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from monitor.clock import system_clock
from monitor.errors import LeaseLost, WorkError
from monitor.model.delivery import Attempt, DeliveryKind, DeliveryState, Message, Result
from monitor.model.keys import ChannelName, DeliveryKey, WorkspaceId, delivery_key
from monitor.store import attempts, channels, deliveries, outbox
from monitor.store.engine import Store
from monitor.store.lease import lease_clock
from monitor.store.outbox import ClaimedDelivery

DESK = ChannelName("desk")
LEASE = timedelta(seconds=60)
MESSAGE = Message(content_type="application/json", body=b'{"a": "\xd9\x81"}', subject="s")


@pytest.fixture
def moment() -> datetime:
    return system_clock()


def owe(store: Store, now: datetime, name: str = "alert 1") -> DeliveryKey:
    key = delivery_key(WorkspaceId("ours"), DESK, "desk", name)
    with store.write() as tx:
        deliveries.add(
            tx,
            key,
            channel=DESK,
            recipient="desk",
            kind=DeliveryKind.ALERT,
            content={"title": "فیس بک"},
            title=name,
            now=now,
        )
    return key


def claim(store: Store, now: datetime, lease: timedelta = LEASE) -> tuple[ClaimedDelivery, ...]:
    with store.write() as tx:
        return outbox.claim_due(tx, now=now, lease=lease, limit=9, channels=[DESK], per_channel=9)


def settle(
    store: Store, held: ClaimedDelivery, state: DeliveryState, now: datetime, due_at: datetime
) -> None:
    with store.write() as tx:
        number = attempts.count(tx, held.key) + 1
        attempt = Attempt(
            delivery=held.key,
            number=number,
            started_at=now,
            ended_at=now,
            result=Result.SENT if state is DeliveryState.SENT else Result.RETRY,
            code=None,
            reason="reason",
            answer="",
        )
        outbox.settle(tx, held, attempt, state=state, due_at=due_at, error="no", now=now)


def test_a_message_is_owed_once(store: Store, moment: datetime) -> None:
    assert owe(store, moment) == owe(store, moment)
    with store.read() as tx:
        assert len(deliveries.listed(tx)) == 1
    (held,) = claim(store, moment)
    assert held.content == {"title": "فیس بک"}
    assert held.message is None


def test_later_tries_send_the_bytes_of_the_first(store: Store, moment: datetime) -> None:
    owe(store, moment)
    (held,) = claim(store, moment)
    with store.write() as tx:
        outbox.keep_message(tx, held, MESSAGE)
    settle(store, held, DeliveryState.PENDING, moment, moment)
    (again,) = claim(store, moment)
    assert again.message == MESSAGE
    assert again.attempts == 1


def test_bytes_rendered_under_a_lost_claim_are_not_kept(store: Store, moment: datetime) -> None:
    owe(store, moment)
    (late,) = claim(store, moment, lease=timedelta(microseconds=1))
    claim(store, moment + timedelta(seconds=1))
    with pytest.raises(LeaseLost), store.write() as tx:
        outbox.keep_message(tx, late, MESSAGE)


def test_a_renewed_lease_keeps_others_out(store: Store, moment: datetime) -> None:
    owe(store, moment)
    (held,) = claim(store, moment, lease=timedelta(seconds=1))
    with store.write() as tx:
        outbox.renew(tx, held, now=moment, lease=timedelta(hours=1))
    assert claim(store, moment + timedelta(seconds=30)) == ()


def test_a_failed_try_comes_back_when_due_and_a_sent_one_never(
    store: Store, moment: datetime
) -> None:
    key = owe(store, moment)
    (held,) = claim(store, moment)
    later = moment + timedelta(minutes=5)
    settle(store, held, DeliveryState.PENDING, moment, later)
    assert claim(store, moment) == ()
    (again,) = claim(store, later)
    settle(store, again, DeliveryState.SENT, later, later)
    assert claim(store, later + timedelta(days=9)) == ()
    with store.read() as tx:
        assert [attempt.number for attempt in attempts.listed(tx, key)] == [1, 2]
        line = deliveries.find(tx, key[:9])
    assert line is not None
    assert (line.state, line.sent_at) == (DeliveryState.SENT, later)


def test_a_start_that_several_keys_share_finds_none(store: Store, moment: datetime) -> None:
    keys = [owe(store, moment, f"alert {number}") for number in range(20)]
    with store.write() as tx:
        for key in keys:
            assert deliveries.find(tx, key) is not None
        for start in ("", "dl-"):
            with pytest.raises(WorkError, match="several deliveries begin with"):
                deliveries.find(tx, start)
        assert deliveries.find(tx, "dl-none") is None


def test_a_dead_delivery_is_revived_with_its_key_and_bytes(store: Store, moment: datetime) -> None:
    key = owe(store, moment)
    (held,) = claim(store, moment)
    with store.write() as tx:
        outbox.keep_message(tx, held, MESSAGE)
    settle(store, held, DeliveryState.DEAD, moment, moment)
    with store.write() as tx:
        assert deliveries.revive(tx, key, now=moment)
        assert not deliveries.revive(tx, key, now=moment)
    (again,) = claim(store, moment)
    assert (again.key, again.message, again.attempts) == (key, MESSAGE, 0)


def test_paused_stopped_and_unknown_channels_take_nothing(store: Store, moment: datetime) -> None:
    owe(store, moment)
    with store.write() as tx:
        channels.pause(tx, DESK, moment + timedelta(minutes=1))
    assert claim(store, moment) == ()
    with store.write() as tx:
        channels.disable(tx, DESK, "410", now=moment)
    assert claim(store, moment + timedelta(hours=1)) == ()
    with store.write() as tx:
        assert channels.enable(tx, DESK)
        assert not channels.enable(tx, DESK)
    with store.write() as tx:
        none = outbox.claim_due(tx, now=moment, lease=LEASE, limit=9, channels=[], per_channel=9)
    assert none == ()
    assert len(claim(store, moment)) == 1


def test_a_thread_hangs_on_the_first_message_a_recipient_was_owed(
    store: Store, moment: datetime
) -> None:
    first = owe(store, moment, "alert 1")
    second = owe(store, moment + timedelta(seconds=1), "alert 2")
    with store.read() as tx:
        assert deliveries.root_of(tx, DESK, "desk", [second, first]) == first
        assert deliveries.root_of(tx, DESK, "someone", [second, first]) is None


def test_a_thread_hangs_on_no_message_that_was_given_up(store: Store, moment: datetime) -> None:
    first = owe(store, moment, "alert 1")
    (held,) = claim(store, moment)
    settle(store, held, DeliveryState.DEAD, moment, moment)
    second = owe(store, moment + timedelta(seconds=1), "alert 2")
    keys = [first, second, DeliveryKey("dl-none")]
    with store.read() as tx:
        assert deliveries.root_of(tx, DESK, "desk", keys) == second
        stand = {first: DeliveryState.DEAD, second: DeliveryState.PENDING}
        assert deliveries.states(tx, keys) == stand


def test_a_claim_says_until_when_it_holds(store: Store, moment: datetime) -> None:
    owe(store, moment)
    (held,) = claim(store, moment)
    with store.read() as tx:
        assert timedelta(0) < held.claimed_until - lease_clock(tx, moment) <= LEASE


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_process_whose_clock_is_late_takes_over_from_a_dead_one(
    store: Store, moment: datetime
) -> None:
    late = moment - timedelta(hours=1)
    owe(store, late)
    assert claim(store, moment, lease=timedelta(microseconds=1))  # and die
    (held,) = claim(store, late)
    assert held.crashes == 1


def test_all_processes_together_send_so_many_at_a_time_to_a_channel(
    store: Store, moment: datetime
) -> None:
    for number in range(5):
        owe(store, moment, f"alert {number}")

    def claim_some(limit: int = 9) -> tuple[ClaimedDelivery, ...]:
        with store.write() as tx:
            return outbox.claim_due(
                tx, now=moment, lease=LEASE, limit=limit, channels=[DESK], per_channel=3
            )

    first = claim_some(limit=2)
    assert (len(first), len(claim_some()), claim_some()) == (2, 1, ())
    settle(store, first[0], DeliveryState.SENT, moment, moment)
    assert len(claim_some()) == 1


def test_a_busy_channel_does_not_starve_the_others(store: Store, moment: datetime) -> None:
    hour, quiet = timedelta(hours=1), ChannelName("quiet")
    for number in range(5):
        owe(store, moment, f"alert {number}")
    key = delivery_key(WorkspaceId("ours"), quiet, "quiet", "alert")
    with store.write() as tx:
        deliveries.add(
            tx, key, channel=quiet, recipient="quiet", kind=DeliveryKind.ALERT, content={},
            title="alert", now=moment - hour,
        )  # fmt: skip
        (longest,) = outbox.claim_due(
            tx, now=moment, lease=LEASE, limit=1, channels=[DESK, quiet], per_channel=3
        )
    assert longest.channel == quiet
