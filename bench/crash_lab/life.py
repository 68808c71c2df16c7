"""Live one life of the product: `monitor run` on a workspace, as the command line composes it.

A life is told apart by its label: it introduces itself by it to mail servers and web servers, so
that the world knows which life a message came from.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from crash_lab import ROOT, bugs
from crash_lab.swaps import PATCH_FAILED, PatchError, swap, wrap
from crash_lab.zygote import Spec

CORE = (f"{ROOT}/monitor/pipeline/", f"{ROOT}/monitor/store/")
"""Where the lines are that the line mode counts."""

MEDDLE_EVERY_SECONDS = 0.002

FROZEN = "frozen"
"""What a life says before it stops itself."""


def live(spec: Spec, report: Callable[[], None]) -> int:
    """Run a command of the product, `run` by default, as the spec says; give its exit code.

    `report` is called when `run` is ready and its lanes begin.

    `log` takes what it says, `environ` is set besides, `bug` names a planted bug, `fittings` maps
    instruments to their argument.
    """
    _redirect(spec["log"])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
    os.environ.clear()
    os.environ.update({**kept, "MONITOR_PORT": "0", **spec.get("environ", {})})
    try:
        _introduce_as(spec["label"])
        _report_ready(report)
        bugs.plant(spec.get("bug", ""))
        for name, argument in spec.get("fittings", {}).items():
            _FITTINGS[name](argument)
    except PatchError as error:
        print(error, file=sys.stderr)
        return PATCH_FAILED
    return _command(spec["folder"], spec.get("command", ["run"]))


def _redirect(log: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    talk = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(null, 0)
    os.dup2(talk, 1)
    os.dup2(talk, 2)


def _introduce_as(label: str) -> None:
    from monitor.app import ports
    from monitor.deliver import email

    swap(ports, "PRODUCT", label)
    swap(email, "_own_name", lambda: f"{label}.test", takes=())


def _report_ready(report: Callable[[], None]) -> None:
    from monitor.schedule import Lanes

    def reporting(schedule: Any) -> Any:
        def begin(self: Lanes, scheduler: Any) -> None:
            report()
            schedule(self, scheduler)

        return begin

    wrap(Lanes, "schedule", reporting, takes=("self", "scheduler"))


def _command(folder: str, words: list[str]) -> int:
    import typer

    from monitor.cli.main import app
    from monitor.cli.run import run_command

    if words == ["run"]:  # without building the parser of all commands: a third of the start
        try:
            run_command(workspace=Path(folder), once=False, verbose=False)
        except typer.Exit as leaving:
            return leaving.exit_code
        return 0
    if words == ["meddle"]:
        _meddle(Path(folder))
    app([*words, "--workspace", folder])
    return 0


def _meddle(folder: Path) -> None:
    """Write a line of `status` again and again, until killed: a second writer."""
    from monitor.app import open_store
    from monitor.clock import system_clock
    from monitor.settings import load_settings
    from monitor.store import problems

    store = open_store(load_settings(folder, os.environ))
    while True:
        with store.write() as tx:
            problems.report(tx, "test", "meddler", "it writes", cure="", now=system_clock())
        time.sleep(MEDDLE_EVERY_SECONDS)


def _kill_at_line(argument: list[Any]) -> None:
    """Kill this process at the k-th executed line of the core, in whatever thread it is."""
    wanted, book = argument
    count = itertools.count(1)  # one step of the interpreter: threads cannot lose a number

    def at_line(frame: FrameType, event: str, _: object) -> Any:
        if event == "line" and next(count) == wanted:
            with Path(book).open("a") as file:
                file.write(f"{frame.f_code.co_filename}:{frame.f_lineno}\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return at_line

    def at_call(frame: FrameType, _event: str, _: object) -> Any:
        return at_line if frame.f_code.co_filename.startswith(CORE) else None

    threading.settrace(at_call)
    sys.settrace(at_call)


def _freeze_at(argument: list[str]) -> None:
    """Stop this process, as SIGSTOP does, when it passes a failpoint while a file is there.

    It says so and takes the file away: it freezes once.
    """
    from monitor.pipeline.failpoints import NAMES, Failpoints

    name, flag = argument[0], Path(argument[1])
    if name not in NAMES:
        raise PatchError(f"there is no failpoint {name}")

    def freezing(hit: Any) -> Any:
        def passed(self: Failpoints, point: str, subject: str = "") -> None:
            if point == name and flag.exists():
                flag.unlink()
                print(FROZEN, file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGSTOP)
            hit(self, point, subject)

        return passed

    wrap(Failpoints, "hit", freezing, takes=("self", "name", "subject"))


def _die_of_poison(token: str) -> None:
    """Kill this process whenever it is about to send a message that holds this token."""
    from monitor.pipeline import dispatch

    def poisoned(deliver: Any) -> Any:
        async def send(owed: Any, connections: Any, *, now: Any) -> Any:
            if token.encode() in owed.message.body:
                os.kill(os.getpid(), signal.SIGKILL)
            return await deliver(owed, connections, now=now)

        return send

    wrap(dispatch, "deliver", poisoned, takes=("owed", "connections", "now"))


def _watch_syncs(folder: str) -> None:
    from crash_lab import power

    power.watch(Path(folder))


_FITTINGS: dict[str, Callable[[Any], None]] = {
    "line": _kill_at_line,
    "freeze": _freeze_at,
    "poison": _die_of_poison,
    "syncs": _watch_syncs,
}
