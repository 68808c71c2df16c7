"""Work in children: it can be killed, and the next job works."""

from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import ChildError, ExtractError, ParseError
from monitor.model.article import Page, Precision
from monitor.net.child import ChildPool

MEMORY = 256 * 1024 * 1024


@asynccontextmanager
async def pool(size: int = 1, wall: float = 60.0, **facts: Any) -> AsyncIterator[ChildPool]:
    made = ChildPool(size, 1, MEMORY, wall, **facts)
    try:
        yield made
    finally:
        await made.aclose()


async def reason(made: ChildPool, function: Any, *args: Any) -> str:
    """Give why a job failed, after the next job was seen to work."""
    with pytest.raises(ChildError) as caught:
        await made.run(function, *args)
    assert await made.run(pow, 2, 10) == 1024
    return str(caught.value)


async def test_every_way_to_fail_is_named_and_the_next_job_works() -> None:
    async with pool() as made:
        assert await reason(made, os._exit, 3) == (
            "The process that did the work ended by itself (exit code 3)."
        )
        assert await reason(made, ctypes.string_at, 1) == (
            "The process that did the work crashed (SIGSEGV)."
        )
        assert await reason(made, bytearray, 10**9) == (
            "The work needed more than 268 MB of memory and was stopped."
        )
        assert "ValueError: invalid literal" in await reason(made, int, "x")
        assert "may not come out" in await reason(made, eval, "__import__('os').system")
        assert "may not come out" in await reason(made, eval, "__import__('pathlib').Path('x')")


async def test_a_job_that_computes_too_long_is_stopped() -> None:
    async with pool(wall=300) as made:
        assert await reason(made, eval, "sum(i for i in iter(int, 1))") == (
            "The work took more than 1 s of computing and was stopped."
        )


async def test_a_job_that_hangs_is_stopped() -> None:
    async with pool(wall=0.3) as made:
        with pytest.raises(ChildError, match=r"longer than 0\.3 s"):
            await made.run(time.sleep, 60)
        with pytest.raises(ChildError, match=r"longer than 0\.3 s"):
            await made.run(time.sleep, 60)
        assert made.deaths == 2


async def test_a_result_that_is_too_large_is_refused_and_the_child_lives() -> None:
    async with pool(max_result_bytes=10_000) as made:
        before = await made.run(os.getpid)
        assert "bytes" in await reason(made, bytes, 20_000)
        assert await made.run(os.getpid) == before


async def test_a_child_is_used_again_and_retired_after_its_jobs() -> None:
    async with pool(max_jobs=3) as made:
        pids = [await made.run(os.getpid) for _ in range(6)]
    assert pids[0] == pids[1] == pids[2] != pids[3] == pids[4] == pids[5]


async def test_a_child_that_grew_is_retired() -> None:
    async with pool(retire_bytes=60_000_000) as made:
        first = await made.run(os.getpid)
        assert await made.run(eval, "len(b'x' * 80_000_000)") == 80_000_000
        assert await made.run(os.getpid) != first


async def test_an_idle_child_is_retired() -> None:
    async with pool(idle_seconds=0.05) as made:
        pid = await made.run(os.getpid)
        while is_running(pid):
            await asyncio.sleep(0.01)
            made._reap()
        assert await made.run(pow, 2, 3) == 8


async def test_many_tasks_share_few_children() -> None:
    async with pool(2) as made:
        pids = await asyncio.gather(*(made.run(os.getpid) for _ in range(40)))
    assert 1 <= len(set(pids)) <= 2
    assert os.getpid() not in pids


async def test_our_nouns_and_errors_come_back_as_themselves() -> None:
    page = Page(title="کراچی", text="body", lang="ur")
    async with pool() as made:
        assert await made.run(Page, title="کراچی", text="body", lang="ur") == page
        assert await made.run(Precision, "day") is Precision.DAY
        for error in (ExtractError, ParseError):
            code = "raise_ = (_ for _ in ()).throw(error('no text'))"
            scope = {"error": error}
            with pytest.raises(error, match="no text"):
                await made.run(exec, code, scope)


async def test_a_cancelled_job_is_killed_and_its_turn_given_back() -> None:
    async with pool() as made:
        pid = await made.run(os.getpid)
        task = asyncio.create_task(made.run(time.sleep, 60))  # noqa: TID251
        while not made._busy:  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await made.run(os.getpid) != pid


async def test_nothing_is_left_running_after_closing() -> None:
    made = ChildPool(2, 1, MEMORY, 60.0)
    pids = set(await asyncio.gather(made.run(os.getpid), made.run(os.getpid)))
    task = asyncio.create_task(made.run(time.sleep, 60))  # noqa: TID251
    while not made._busy:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await made.aclose()
    with pytest.raises(ChildError, match="was killed"):  # not: took longer than 60 s
        await task
    assert not [pid for pid in pids if is_running(pid)]
    with pytest.raises(ChildError, match="stopping"):
        await made.run(pow, 2, 3)


async def test_a_child_holds_no_file_and_no_secret_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_DATABASE_URL", "postgresql://user:hunter2@db/monitor")
    with (tmp_path / "monitor.db").open("w") as database:
        os.set_inheritable(database.fileno(), True)
        async with pool() as made:
            names = "[os.path.realpath(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')]"
            open_files = await made.run(eval, names, {"os": Importer("os")})
            environment = await made.run(eval, "dict(__import__('os').environ)")
    assert not [name for name in open_files if "monitor.db" in name]
    assert not [name for name in environment if name.startswith("MONITOR_")]


class Importer:
    """Pickle as a module."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> tuple[Any, ...]:
        return __import__, (self.name,)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_children_die_with_a_killed_parent_even_amid_a_job() -> None:
    code = (
        "import asyncio, os, time\n"
        "from monitor.net.child import ChildPool\n"
        "async def main():\n"
        "    pool = ChildPool(1, 1, 2**28, 60.0)\n"
        "    print(await pool.run(os.getpid), flush=True)\n"
        "    await pool.run(time.sleep, 60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 30
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_children_work_under_uvloop() -> None:
    import uvloop

    async def go() -> None:
        async with pool() as made:
            assert await reason(made, os._exit, 3)
            assert len(await made.run(bytes, 5_000_000)) == 5_000_000
            assert await made.run(len, b"x" * 5_000_000) == 5_000_000

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(go())
