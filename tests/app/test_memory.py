"""What the process asks of the C library's allocator."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

THREADS = 6
PROGRAM = f"""
import ctypes, sys, threading
from monitor.memory import share_heaps

if sys.argv[1] == "shared":
    share_heaps()
together = threading.Barrier({THREADS})

def allocate():
    together.wait()
    kept = [bytes(10_000) for _ in range(100)]
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range({THREADS})]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


LEFT = """
import sys
from pathlib import Path
from monitor.memory import give_back

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

blocks = [bytes(3_600) for _ in range(20_000)]
stay = blocks[::200]
del blocks
before = resident_mb()
give_back()
print(before, resident_mb())
"""


LARGE = """
import sys
from pathlib import Path
from monitor.memory import share_heaps

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

if sys.argv[1] == "apart":
    share_heaps()
bytes(20_000_000)
before, stay = resident_mb(), []
for _ in range(8):
    body = b"x" * 8_000_000
    stay.append(bytes(3_600))
    del body
print(resident_mb() - before)
"""


def bare() -> dict[str, str]:
    """Give the environment without what it says of the allocator."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}


def heaps(how: str, **environ: str) -> int:
    """Let threads allocate at the same time; count the heaps that glibc gave them."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how],
        env=bare() | environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.count("Arena ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_threads_share_two_heaps_unless_the_environment_says_otherwise() -> None:
    assert heaps("apart") > 2, "the test tells nothing: threads share heaps by themselves"
    assert heaps("shared") == 2
    assert heaps("shared", MALLOC_ARENA_MAX="1") == 1


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_is_free_between_what_stays_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, check=True)
    before, after = map(float, done.stdout.split())
    assert before - after > 50, "72 MB were let go"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_is_large_goes_back_to_the_system_when_it_is_let_go() -> None:
    left = [
        float(subprocess.check_output([sys.executable, "-c", LARGE, how], env=bare(), text=True))
        for how in ("within", "apart")
    ]
    assert left[0] > 6, "the test tells nothing: what is large goes back by itself"
    assert left[1] < 2
