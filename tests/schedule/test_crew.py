"""Crews: what a stop leaves undone is known, and nothing starts after it."""

from __future__ import annotations

import asyncio

from monitor.schedule.crew import Crew


async def wait_for_ever(_: str) -> None:
    await asyncio.Event().wait()


def crew_of(group: asyncio.TaskGroup) -> Crew[str]:
    return Crew(group, 2, wait_for_ever, lambda: None)


async def test_what_is_cancelled_is_known_even_if_it_had_not_begun() -> None:
    async with asyncio.TaskGroup() as group:
        crew = crew_of(group)
        crew.start("begun")
        await asyncio.sleep(0)
        crew.start("not begun")
        assert crew.free == 0
        crew.cancel()
        await crew.drain()
    assert sorted(crew.cut) == ["begun", "not begun"]
    assert crew.is_idle


async def test_a_closed_crew_starts_nothing() -> None:
    async with asyncio.TaskGroup() as group:
        crew = crew_of(group)
        crew.close()
        crew.start("late")
    assert crew.cut == ["late"]


async def test_a_defect_costs_one_claim_and_is_kept_as_the_failure() -> None:
    async def work(claimed: str) -> None:
        if claimed == "bad":
            raise ZeroDivisionError("by nought")
        done.append(claimed)

    done: list[str] = []
    async with asyncio.TaskGroup() as group:
        crew: Crew[str] = Crew(group, 2, work, lambda: None)
        crew.start("good")
        crew.start("bad")
        await crew.drain()
    assert done == ["good"]
    assert crew.failure == "ZeroDivisionError: by nought"


async def test_a_failure_is_cured_only_by_a_claim_that_began_after_it() -> None:
    async def work(claimed: str) -> None:
        if claimed == "slow":
            await go_on.wait()
        if claimed == "bad":
            raise ZeroDivisionError("by nought")

    go_on = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        crew: Crew[str] = Crew(group, 3, work, lambda: None)
        crew.start("slow")
        crew.start("bad")
        await asyncio.sleep(0)
        go_on.set()
        await crew.drain()
        assert crew.failure
        crew.start("good")
        await crew.drain()
    assert crew.failure == ""
