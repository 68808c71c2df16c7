"""Measure the product's queue beside procrastinate and pgqueuer: the same insert, in turns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

from _lab import cpu_of, program
from _postgres import DurableServer
from _scale import say

from monitor.store import migrate
from monitor.store.engine import Store

ENGINES = ("ours", "procrastinate", "pgqueuer")
QUEUES = Path(__file__).with_name("_queues.py")
EMPTY = "empty"


def beside(
    server: DurableServer, jobs: int, counts: Sequence[int], rounds: int
) -> dict[str, object]:
    """Give medians by number of workers and engine."""
    found: dict[str, object] = {name: version(name) for name in ENGINES[1:]}
    with _template(server):
        for count in counts:
            runs: dict[str, list[dict[str, float]]] = {name: [] for name in ENGINES}
            for number in range(rounds):
                for name in ENGINES[number % 3 :] + ENGINES[: number % 3]:
                    with server.copy(EMPTY, "queue") as database:
                        runs[name].append(_one(server, server.url(database), name, jobs, count))
                        say(f"{count} workers, {name}: {runs[name][-1]}")
            found[str(count)] = {name: _median(ones) for name, ones in runs.items()}
    return found


@contextmanager
def _template(server: DurableServer) -> Iterator[None]:
    """Have a database with the product's tables and nothing in them."""
    server.execute(f'create database "{EMPTY}"')
    store = Store(server.product_url(EMPTY))
    migrate.upgrade(store)
    store.close()
    try:
        yield
    finally:
        server.execute(f'drop database "{EMPTY}" with (force)')


def _one(server: DurableServer, url: str, name: str, jobs: int, count: int) -> dict[str, float]:
    """Fill, let all workers connect, measure from the word until the last job is complete."""
    subprocess.run([sys.executable, QUEUES, "fill", name, url, str(jobs)], check=True)
    database = url.rpartition("/")[2]
    server.execute("vacuum analyze", database)
    server.execute("checkpoint")
    with ExitStack() as stack:
        workers = [stack.enter_context(program(QUEUES, "work", name, url)) for _ in range(count)]
        for worker in workers:
            _answer(worker)
        pids = [server.pid, *(worker.pid for worker in workers)]
        before, start = cpu_of(pids), time.monotonic()
        for worker in workers:
            _say(worker)
        ends = [_answer(worker).split() for worker in workers]
        after = cpu_of(pids)
    if (done := sum(int(number) for number, _ in ends)) != jobs:
        raise SystemExit(f"{name} did {done} of {jobs} jobs")
    stored = server.one("select count(*) from match", database)
    if stored != jobs:
        raise SystemExit(f"{name} stored {stored} of {jobs} matches")
    seconds = max(float(at) for _, at in ends) - start
    spent = [now - was for now, was in zip(after, before, strict=True)]
    return {
        "jobs_per_s": round(jobs / seconds, 1),
        "client_cpu_ms": round(1000 * sum(spent[1:]) / jobs, 3),
        "database_cpu_ms": round(1000 * spent[0] / jobs, 3),
    }


def _say(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()


def _answer(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise SystemExit("a worker of the queue ended")
    return line


def _median(ones: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in ones) for name in ones[0]}
