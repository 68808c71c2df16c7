"""SQLite on a disk that is full, fails, is held by another, or loses power."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from services.http_server import Answer
from services.http_site import HttpSite
from services.in_process import asked
from services.press import Press
from services.product import Workspace
from services.running import GRACE_SECONDS, answers, ask, started
from services.webhook_sink import WebhookSink

HELD_SECONDS = 31.0

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


def press_at(
    folder: Path,
    site: HttpSite,
    sink: WebhookSink,
    limits: str = "limits: {lease_seconds: 6}",
) -> Press:
    press = Press(Workspace(folder, {"MONITOR_PORT": "0"}), site, sink, extra=limits)
    press.baseline()
    return press


@pytest.fixture
def press(tmp_path: Path, site: HttpSite, sink: WebhookSink) -> Press:
    return press_at(tmp_path, site, sink)


def sent_once(press: Press) -> None:
    """Check that all was told once, and that nothing else is owed."""
    assert press.told() == press.once
    assert asked(press.made, "status")["deliveries"]["pending"] == 0
    file = press.made.folder / "data/monitor.db"
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]


# Full


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a disk of a few megabytes, in memory; skips where we may not."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Gate:
    """Be a feed's answer that is given when the test says so."""

    def __init__(self, press: Press) -> None:
        self._press, self._go = press, threading.Event()
        self.arrived = threading.Event()
        press.site.answer("/dawn", Answer(behaviour=self._answer))

    async def _answer(self, _: web.Request) -> web.Response:
        self.arrived.set()
        await asyncio.to_thread(self._go.wait, 60)
        return web.Response(body=self._press.document().encode())

    def open(self) -> None:
        """Answer now."""
        self._go.set()


def fill(file: Path) -> None:
    """Write until nothing more goes onto the disk."""
    with file.open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(bytes(4096))


@pytest.mark.slow
def test_a_disk_that_is_full_is_said_and_work_goes_on_when_there_is_room(
    tmp_path: Path, site: HttpSite, sink: WebhookSink
) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        press = press_at(disk, site, sink)
        gate = Gate(press)
        press.publish("a")
        with started(press.made) as service:
            assert gate.arrived.wait(30), service.text
            answers(f"{service.base}/readyz", 200)
            fill(disk / "ballast")
            gate.open()
            service.until("database or disk is full")
            assert "failed" in answers(f"{service.base}/readyz", 503)
            assert ask(f"{service.base}/healthz")[0] == 200
            assert sink.hits.all == ()
            (disk / "ballast").unlink()
            sink.hits.wait_for(1, 60)
            answers(f"{service.base}/readyz", 200)
            assert service.process.poll() is None
            assert service.stop() < GRACE_SECONDS
            assert "Traceback" not in service.text
        sent_once(press)


# Failing


@contextmanager
def failing(number: int, call: str, log: Path) -> Iterator[None]:
    """Let a system call of a running process fail with EIO from now on."""
    inject = ("-e", f"trace={call}", "-e", f"inject={call}:error=EIO")
    command = ["strace", "-f", "-o", str(log), *inject, "-p", str(number)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr
        assert "attached" in tracer.stderr.readline()
        try:
            yield
        finally:
            tracer.terminate()


@needs_strace
@pytest.mark.slow
@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
def test_a_disk_that_fails_ends_the_process_and_a_new_one_loses_nothing(
    press: Press, tmp_path: Path, call: str
) -> None:
    with started(press.made) as service:
        answers(f"{service.base}/readyz", 200)
        with failing(service.process.pid, call, tmp_path / "trace"):
            press.publish("a")
            assert service.process.wait(60) == 1, service.text
        service.until("the disk failed under .*monitor.db.*disk I/O error")
        assert "Traceback" not in service.text
    press.settle()
    sent_once(press)


@pytest.mark.slow
def test_a_file_that_may_not_grow_ends_the_process_and_loses_nothing(press: Press) -> None:
    """RLIMIT_FSIZE stands in for a disk that fails: SQLite tells both as an I/O error."""
    press.publish("a")
    limited = ("prlimit", "--fsize=2048", "--")
    with started(press.made, under=limited) as service:
        service.process.wait(60)
        assert service.process.returncode == 1, service.text
        assert "disk I/O error" in service.text
        assert "Traceback" not in service.text
    press.settle()
    sent_once(press)


# Held by another


@pytest.mark.slow
def test_a_backup_that_holds_the_file_for_half_a_minute_is_waited_for(
    tmp_path: Path, site: HttpSite, sink: WebhookSink
) -> None:
    press = press_at(tmp_path, site, sink, limits="")
    with started(press.made) as service:
        answers(f"{service.base}/readyz", 200)
        press.publish("a")
        file = press.made.folder / "data/monitor.db"
        with closing(sqlite3.connect(file, isolation_level=None)) as backup:
            backup.execute("BEGIN IMMEDIATE")
            held = threading.Event()
            held.wait(HELD_SECONDS)
            backup.execute("ROLLBACK")
        assert "refuses" not in service.text
        press.sink.hits.wait_for(1, 60)
        answers(f"{service.base}/readyz", 200)
        assert service.process.poll() is None
        assert service.stop() < GRACE_SECONDS
        assert "Traceback" not in service.text
    sent_once(press)
    assert press.repeated == 0
