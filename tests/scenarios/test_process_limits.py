"""What a process is given to live with: few file handles, a second one of itself, no output."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from services.http_site import HttpSite
from services.in_process import told
from services.ports import free_port
from services.product import Workspace, item, rss
from services.waiting import until
from services.webhook_sink import WebhookSink

from monitor.clock import system_clock

FEW_FILES = 64
STORE_THREADS = 4  # each comes to have a connection of its own
STOP_SECONDS = 30
"""How long a stop may take here, where other tests want the processors as well."""


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path, {"MONITOR_PORT": "0"})
    workspace.configure()
    return workspace


@contextmanager
def started(words: list[str], made: Workspace, **streams: Any) -> Iterator[subprocess.Popen[str]]:
    kept = {name: value for name, value in os.environ.items() if "MONITOR" not in name}
    environ = {**kept, **made.environment}
    process = subprocess.Popen(words, cwd=made.folder, env=environ, text=True, **streams)
    with process:
        try:
            yield process
        finally:
            process.kill()


def port_of(process: subprocess.Popen[str], later: list[str] | None = None) -> int:
    """Wait until the log tells where it listens; `later` gets what it says from then on."""
    assert process.stdout is not None
    for line in process.stdout:
        if (event := json.loads(line))["event"] == "running":
            heard: list[str] = [] if later is None else later
            threading.Thread(target=heard.extend, args=(process.stdout,), daemon=True).start()
            return int(event["address"].rsplit(":", 1)[1])
    raise AssertionError("it ended before it ran")


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=8) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def handles(process: subprocess.Popen[str]) -> int:
    return len(os.listdir(f"/proc/{process.pid}/fd"))  # noqa: PTH208


def connections(process: subprocess.Popen[str]) -> int:
    """Count the connections that a process has to its database."""
    names = []
    for file in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            names.append(file.readlink().name)
    return names.count("monitor.db")


@pytest.mark.slow
def test_without_a_free_file_handle_it_lives_on_and_does_its_work_once_there_are_some(
    made: Workspace, site: HttpSite, sink: WebhookSink
) -> None:
    feeds = {"dawn": site.put("/dawn", rss())}
    made.configure(feeds=feeds, webhook=sink.url, tell="newsroom: now")
    assert made.run("run", "--once").returncode == 0
    day = format_datetime(system_clock())
    site.put("/dawn", rss(item("a", host="dawn.test", title="Acme", body=told("a"), day=day)))
    limited = ["sh", "-c", f'ulimit -n {FEW_FILES} && exec "$@"', "sh", *made.command("run")]
    with started(limited, made, stdout=subprocess.PIPE) as process:
        said: list[str] = []
        port = port_of(process, said)
        until(lambda: is_ready(port))  # or it could not even load all of itself
        until(lambda: connections(process) >= STORE_THREADS)  # or one lane alone has its turn
        with ExitStack() as clients:
            for _ in range(2 * FEW_FILES):
                clients.enter_context(socket.create_connection(("127.0.0.1", port)))
            until(lambda: handles(process) == FEW_FILES)
            asked = site.count("/dawn")
            assert made.run("ingest").returncode == 0
            until(lambda: any('"feed failed"' in line for line in said), else_say=lambda: said)
            assert process.poll() is None
            assert site.count("/dawn") == asked, "a handle was free: nothing is shown"
        until(lambda: is_ready(port))
        assert made.run("ingest").returncode == 0  # a poll that found no handle waits its turn
        sink.hits.wait_for(1, 60)
        process.terminate()
        assert process.wait(STOP_SECONDS) == 0
    assert len(sink.hits.all) == 1


def test_a_second_run_on_one_file_exits_2_and_the_first_goes_on(made: Workspace) -> None:
    with started(made.command("run"), made, stdout=subprocess.PIPE) as first:
        port = port_of(first)
        second = made.run("run")
        assert second.returncode == 2
        assert f"`kill {first.pid}` stops it" in second.stderr
        assert "Traceback" not in second.stderr
        assert is_ready(port)
        first.terminate()
        assert first.wait(STOP_SECONDS) == 0


@pytest.mark.parametrize("way", [">/dev/full 2>/dev/full", ">&- 2>&-", ">&-", "2>&-", "<&- >&-"])
def test_output_that_goes_nowhere_does_not_end_the_service(made: Workspace, way: str) -> None:
    port = free_port()
    deaf = Workspace(made.folder, {"MONITOR_PORT": str(port)})
    words = ["sh", "-c", f'exec "$@" {way}', "sh", *made.command("run")]
    with started(words, deaf, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: is_ready(port))
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0


def test_who_reads_the_log_may_go_away(made: Workspace) -> None:
    with started(made.command("run"), made, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if '"running"' in line)
        port = int(json.loads(line)["address"].rsplit(":", 1)[1])
        process.stdout.close()
        process.send_signal(signal.SIGHUP)  # it logs what it reloads: into a closed pipe
        until(lambda: is_ready(port))
        process.terminate()
        assert process.wait(STOP_SECONDS) == 0
