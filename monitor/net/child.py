"""Run hostile work in child processes that can be killed: doubtful feeds, page extraction.

A child is a fresh interpreter (never a fork: no database, no sockets, no secrets of ours inside),
started when first needed, used again for later jobs, replaced after a kill, a crash, many jobs,
much memory, or idle for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import signal
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from monitor import errors
from monitor.errors import ChildError, MonitorError
from monitor.net.child_process import Child, start_child
from monitor.net.child_wire import answer_of, framed, receive_frame, send_frame

P = ParamSpec("P")
T = TypeVar("T")

_START_SECONDS = 60.0  # a loaded machine needs seconds; not counted as the job's time
_REAP_SECONDS = 0.005
_REAP_TRIES = 400


class ChildPool:
    """Run functions in at most `size` children at once; further callers wait their turn.

    `cpu_seconds` and `wall_seconds` are per job (the CPU limit is exact to a second),
    `memory_bytes` bounds a child's address space, `max_result_bytes` the pickled result. A child
    is retired after `max_jobs`, when it ever needed more than `retire_bytes`, or when it was idle
    for `idle_seconds`.
    """

    def __init__(
        self,
        size: int,
        cpu_seconds: int,
        memory_bytes: int,
        wall_seconds: float,
        *,
        max_result_bytes: int = 32_000_000,
        max_jobs: int = 500,
        retire_bytes: int = 200_000_000,
        idle_seconds: float = 120.0,
    ) -> None:
        self._limits = (cpu_seconds, memory_bytes, max_result_bytes)
        self._wall_seconds = wall_seconds
        self._max_result = max_result_bytes
        self._max_jobs = max_jobs
        self._retire_bytes = retire_bytes
        self._idle_seconds = idle_seconds
        self._turns = asyncio.Semaphore(size)
        self._idle: list[Child] = []
        self._busy: set[Child] = set()
        self._dying: list[Child] = []
        self._is_closed = False
        self.deaths = 0
        """How many children died of their job: killed at a limit, or crashed."""

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a module-level function in a child and give its result.

        Arguments and results are pickled; a result may hold plain values and `monitor.model`
        types only. Raises `ExtractError` or `ParseError` as the function raised it, `ChildError`
        for everything else: the function's other errors, a crash, a limit that was hit.
        """
        job = framed((function, args, kwargs))
        async with self._turns:
            if self._is_closed:
                raise ChildError("The work was given up: the program is stopping.")
            child = self._take()
            try:
                payload = await self._exchange(child, job)
            except BaseException as error:
                self.deaths += isinstance(error, ChildError)  # a stop is none
                self._bury(child)
                raise
            return cast("T", self._settle(child, payload))

    async def aclose(self) -> None:
        """Kill all children, busy ones too, and wait until none is left."""
        self._is_closed = True
        for child in self._idle:
            self._bury(child)
        self._idle.clear()
        for child in self._busy:  # whoever waits for it reads the end of its line, and buries it
            child.process.kill()
        for _ in range(_REAP_TRIES):
            if not self._reap() and not self._busy:
                return
            await asyncio.sleep(_REAP_SECONDS)

    def _take(self) -> Child:
        self._reap()
        while self._idle:
            child = self._idle.pop()
            child.cancel_retirement()
            if child.process.poll() is None:
                self._busy.add(child)
                return child
            self._bury(child)  # it died while idle
        child = start_child(*self._limits)
        self._busy.add(child)
        return child

    async def _exchange(self, child: Child, job: bytes) -> bytes:
        try:
            if not child.is_ready:
                async with asyncio.timeout(_START_SECONDS):
                    await receive_frame(child.line, self._max_result)
                child.is_ready = True
            async with asyncio.timeout(self._wall_seconds):
                # if it dies on us, reading says so too
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    await send_frame(child.line, job)
                return await receive_frame(child.line, self._max_result)
        except TimeoutError as error:
            what = (
                f"took longer than {self._wall_seconds:g} s" if child.is_ready else "never began"
            )
            raise ChildError(f"The work {what} and was stopped.") from error
        except ValueError as error:
            raise ChildError("The work gave more than may be taken in.") from error
        except (EOFError, OSError) as error:
            raise ChildError(await self._cause_of_death(child)) from error

    async def _cause_of_death(self, child: Child) -> str:
        for _ in range(_REAP_TRIES):
            code = child.process.poll()
            if code is not None:
                return _death_sentence(code, cpu_seconds=self._limits[0])
            await asyncio.sleep(_REAP_SECONDS)
        return "The process that did the work hung up."

    def _settle(self, child: Child, payload: bytes) -> object:
        try:
            outcome, value, peak_bytes = answer_of(payload)
        except (
            pickle.UnpicklingError,
            ValueError,
            TypeError,
            AttributeError,
            EOFError,
        ) as error:
            self._bury(child)
            raise ChildError(f"The work's result cannot be read: {error}.") from error
        child.jobs += 1
        is_worn = child.jobs >= self._max_jobs or peak_bytes > self._retire_bytes
        self.deaths += outcome == "memory"
        if self._is_closed or is_worn or outcome == "memory":
            self._bury(child)
        else:
            self._shelve(child)
        if outcome == "done":
            return value
        raise _error_of(outcome, str(value), memory_bytes=self._limits[1])

    def _shelve(self, child: Child) -> None:
        self._busy.discard(child)
        self._idle.append(child)
        child.retire_after(self._idle_seconds, self._retire)

    def _retire(self, child: Child) -> None:
        if child in self._idle:
            self._idle.remove(child)
            self._bury(child)

    def _bury(self, child: Child) -> None:
        self._busy.discard(child)
        if child in self._dying or child.process.returncode is not None:
            child.kill()
            return
        child.kill()
        self._dying.append(child)

    def _reap(self) -> int:
        """Collect the dead and count those still dying."""
        self._dying = [child for child in self._dying if child.process.poll() is None]
        return len(self._dying)


def _error_of(outcome: str, reason: str, *, memory_bytes: int) -> MonitorError:
    if outcome == "memory":
        megabytes = memory_bytes // 1_000_000
        return ChildError(f"The work needed more than {megabytes} MB of memory and was stopped.")
    if outcome in ("error ExtractError", "error ParseError"):
        raised: type[MonitorError] = getattr(errors, outcome.removeprefix("error "))
        return raised(reason)
    return ChildError(f"The work failed: {reason}")


def _death_sentence(code: int, *, cpu_seconds: int) -> str:
    if code == -signal.SIGXCPU:
        return f"The work took more than {cpu_seconds} s of computing and was stopped."
    if code == -signal.SIGKILL:
        return "The process that did the work was killed, probably because memory ran out."
    if code < 0:
        return f"The process that did the work crashed ({signal.Signals(-code).name})."
    return f"The process that did the work ended by itself (exit code {code})."
