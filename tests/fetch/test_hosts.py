"""Turns at a host: bounded, fair, spaced, and forgotten afterwards."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from monitor.clock import monotonic_seconds
from monitor.errors import FetchError, HostBusy
from monitor.fetch import HostGate


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_at_most_two_run_at_a_host_first_come_first_served() -> None:
    gate = HostGate(2, 0.0)
    running, peak, order = 0, 0, []

    async def one(number: int) -> None:
        nonlocal running, peak
        async with gate.turn(f"https://dawn.example/{number}"):
            running += 1
            peak = max(peak, running)
            order.append(number)
            await asyncio.sleep(0)
            running -= 1

    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(one(number))
    assert peak == 2
    assert order == list(range(50))
    assert len(gate._hosts) == 0


async def test_a_slow_host_does_not_hold_up_another() -> None:
    gate = HostGate(1, 0.0)
    async with gate.turn("https://slow.example/"), gate.turn("https://quick.example/"):
        assert len(gate._hosts) == 2


async def test_www_and_case_and_port_do_not_make_another_host() -> None:
    gate = HostGate(1, 0.0)
    async with gate.turn("https://www.Dawn.example/a"):
        second = asyncio.create_task(enter(gate, "http://dawn.example.:8080/b"))  # noqa: TID251
        await settled()
        assert not second.done()
    await second


async def enter(gate: HostGate, url: str) -> float:
    async with gate.turn(url):
        return monotonic_seconds()


async def test_starts_keep_their_gap() -> None:
    gate, begin = HostGate(2, 0.03), monotonic_seconds()
    starts = await asyncio.gather(*(enter(gate, "https://dawn.example/") for _ in range(4)))
    # from the beginning, not from each other: a late wake-up must not count as a short gap
    assert all(at - begin >= 0.029 * place for place, at in enumerate(sorted(starts)))


async def test_a_host_is_remembered_for_its_gap_and_then_forgotten() -> None:
    gate = HostGate(2, 0.02)
    await enter(gate, "https://dawn.example/")
    assert len(gate._hosts) == 1
    while len(gate._hosts):  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def paused_for(gate: HostGate, url: str) -> float:
    """Give how long a host's turn must be waited for; 0.0 if it can be had at once."""
    try:
        async with gate.turn(url, max_wait_seconds=0.0001):
            return 0.0
    except HostBusy as busy:
        return busy.wait_seconds


async def test_a_pause_holds_all_of_a_host_back() -> None:
    gate = HostGate(2, 0.0)
    gate.pause("https://geo.example/feed", 60.0)
    assert 0.0 < await paused_for(gate, "https://www.geo.example/") <= 60.0
    start = monotonic_seconds()
    gate.pause("https://dawn.example/feed", 0.05)
    assert await paused_for(gate, "https://other.example/") == 0.0
    assert await enter(gate, "https://dawn.example/x") - start >= 0.05


async def test_a_pause_is_at_most_a_day_and_none_is_none() -> None:
    gate = HostGate(2, 0.0)
    gate.pause("https://dawn.example/", 400 * 86_400)
    assert 86_000 < await paused_for(gate, "https://dawn.example/") <= 86_400
    gate.pause("https://other.example/", -1.0)
    assert await paused_for(gate, "https://other.example/") == 0.0


async def test_who_waits_when_a_turn_ends_in_retry_after_is_told_how_long_it_takes() -> None:
    gate, told = HostGate(1, 0.0), []

    async def wait() -> None:
        with pytest.raises(HostBusy) as caught:
            async with gate.turn("https://dawn.example/", max_wait_seconds=60):
                pass
        told.append(caught.value.wait_seconds)

    async with asyncio.TaskGroup() as group:
        with suppress(FetchError):
            async with gate.turn("https://dawn.example/"):
                group.create_task(wait())
                await settled()
                raise FetchError("busy", kind="status", status=503, retry_after_seconds=3600.0)
    assert told == [3600.0]
    assert await paused_for(gate, "https://dawn.example/") == pytest.approx(3600, abs=60)


async def test_a_queue_is_waited_in_no_longer_than_asked() -> None:
    gate = HostGate(1, 0.0)
    async with gate.turn("https://dawn.example/"):
        with pytest.raises(HostBusy) as caught:
            async with gate.turn("https://dawn.example/", max_wait_seconds=0.01):
                pass
    assert caught.value.wait_seconds == 0.0
    assert len(gate._hosts) == 0


async def test_a_failing_block_gives_its_turn_back() -> None:
    gate = HostGate(1, 0.0)
    for _ in range(3):
        with suppress(ZeroDivisionError):
            async with gate.turn("https://dawn.example/"):
                raise ZeroDivisionError
    assert len(gate._hosts) == 0


async def test_cancelled_waiters_leave_no_trace() -> None:
    gate = HostGate(1, 0.0)
    async with gate.turn("https://dawn.example/"):
        tasks = [asyncio.create_task(enter(gate, "https://dawn.example/")) for _ in range(5)]  # noqa: TID251
        await settled()
        for task in tasks[:4]:
            task.cancel()
        await settled()
    await tasks[4]  # the last one still gets its turn
    assert len(gate._hosts) == 0


async def test_a_waiter_cancelled_in_the_moment_of_its_turn_gives_it_back() -> None:
    gate = HostGate(1, 0.0)
    async with gate.turn("https://dawn.example/"):
        task = asyncio.create_task(enter(gate, "https://dawn.example/"))  # noqa: TID251
        await settled()
    task.cancel()  # admitted by the line before, not yet woken
    with suppress(asyncio.CancelledError):
        await task
    assert len(gate._hosts) == 0
    await enter(gate, "https://dawn.example/")


async def test_a_thousand_hosts_leave_nothing_behind() -> None:
    gate = HostGate(2, 0.0)
    for number in range(1_000):
        async with gate.turn(f"https://host-{number}.example/"):
            pass
    assert len(gate._hosts) == 0


async def test_hosts_of_our_own_need_no_gap() -> None:
    gate = HostGate(2, 60.0, is_ours=lambda host: host == "10.1.2.3")
    for _ in range(3):
        await enter(gate, "http://10.1.2.3/feed")
    await enter(gate, "https://dawn.example/feed")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await enter(gate, "https://dawn.example/feed")
